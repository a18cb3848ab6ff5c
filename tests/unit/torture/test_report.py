"""tests/torture/report.py: what a run came to, and that one which tried nothing says so."""

from __future__ import annotations

from tests.torture.report import Broken, Report, untried
from tests.unit.torture.histories import append, latest, total, transfer

KILLED = "primary's mysqld is killed"
HISTORY = [append(1, 10), append(2, 11), append(3, 15), append(4, 20), append(5, 21.5)]
FAULTS = [
    Broken(KILLED, "server", 11, 11, 17),
    Broken(KILLED, "server-2", 19.5, 19.5, 21),
]


def test_report_has_the_pauses_of_each_kind_of_fault() -> None:
    lines = Report(7, HISTORY, FAULTS, 22.5, []).text().splitlines()
    row = next(line for line in lines if line.startswith(KILLED))
    assert row.split()[4:] == ["2", "3.0", "s", "4.5", "s", "4.5", "s", "6", "s"]
    assert "appends by the write port: 5 ok" in lines
    assert "Found with seed 7:" in lines


def test_report_has_what_was_found() -> None:
    assert Report(7, HISTORY, FAULTS, 22.5, ["append 1 is lost"]).text().splitlines()[-1] == "  append 1 is lost"


def test_run_in_which_nothing_was_tried_is_a_finding() -> None:
    everything = [append(1, 1), transfer(1, 1), latest(1, 1), total(800), total(800, port="write")]
    assert untried(everything, FAULTS) == []
    assert untried(everything, []) == ["nothing was broken"]
    assert untried(everything[:-2], FAULTS) == [
        "no total by the write port has ever come off",
        "no total by the read port has ever come off",
    ]
