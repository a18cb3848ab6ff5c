"""backups/replay.py: which base and which files of the log a moment needs, and why one cannot be had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from scripts.host.backups import replay
from scripts.host.backups.replay import Plan, Wanted
from scripts.host.backups.repository import Repository
from scripts.host.common.errors import HostError
from scripts.host.mysql.server import Session
from tests.unit.host.backups.conftest import SERVER, MemoryRepository, log_file, manifest

EARLY, LATE = "20241201T100000Z", "20241201T120000Z"


class Sets:
    """A session that compares sets of GTIDs of the form uuid:1-N."""

    def rows(self, _query: str, args: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Answer GTID_SUBSET."""
        return [(int(args[0].rsplit(":")[-1]) <= int(args[1].rsplit("-")[-1]),)]


def at(clock: str) -> str:
    """Return a moment of the day of the bases."""
    return f"2024-12-01T{clock}Z"


@pytest.fixture
def repo(memory: MemoryRepository) -> MemoryRepository:
    """Two bases of a day, the log up to 12:30, and a gap."""
    memory.add(
        manifest(EARLY, "binlog.000003", gtid_executed=f"{SERVER}:1-10"),
        manifest(LATE, "binlog.000005", gtid_executed=f"{SERVER}:1-20"),
    )
    ends = [(3, "10:30:00"), (4, "12:00:00"), (5, "12:10:00"), (6, "12:20:00"), (7, "12:30:00")]
    memory.log = [log_file(number, end) for number, end in ends]
    return memory


def planned(repo: MemoryRepository, wanted: Wanted) -> Plan:
    """Return the plan for a moment."""
    return replay.plan(cast("Repository", repo), wanted, cast("Session", Sets()))


@pytest.mark.parametrize(
    ("wanted", "base", "numbers", "restored_to"),
    [
        (Wanted(), LATE, [5, 6, 7], at("12:30:00")),
        (Wanted(EARLY), EARLY, [3, 4, 5, 6, 7], at("12:30:00")),
        (Wanted(at=at("10:10:00")), EARLY, [3], at("10:10:00")),
        (Wanted(at=at("11:59:59")), EARLY, [3, 4], at("11:59:59")),
        # A file has what was committed up to its end.
        (Wanted(at=at("12:10:00")), LATE, [5], at("12:10:00")),
        (Wanted(at=at("12:10:01")), LATE, [5, 6], at("12:10:01")),
        (Wanted(gtid=f"{SERVER}:15"), EARLY, [3, 4, 5, 6, 7], f"before {SERVER}:15"),
        (Wanted(gtid=f"{SERVER}:21"), LATE, [5, 6, 7], f"before {SERVER}:21"),
    ],
)
def test_the_newest_base_before_a_moment_and_no_more_of_the_log_than_it_needs(
    repo: MemoryRepository, wanted: Wanted, base: str, numbers: list[int], restored_to: str
) -> None:
    plan = planned(repo, wanted)
    assert (plan.manifest["id"], [file.number for file in plan.files]) == (base, numbers)
    assert plan.restored_to == restored_to


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(at=at("09:00:00")), f"is before base {EARLY}: the earliest moment is {at('10:00:00')}"),
        (Wanted(at="2999-01-01T00:00:00Z"), "is in the future"),
        (Wanted(at=at("12:30:01")), f"is after the end of the log: base {LATE} can be restored up to {at('12:30:00')}"),
        (Wanted("20250101T000000Z"), f"has no base 20250101T000000Z; the last ones are {EARLY}, {LATE}"),
        (Wanted(LATE, at=at("11:00:00")), f"is before base {LATE}"),
        (Wanted(gtid=f"{SERVER}:5"), f"is in base {EARLY} already"),
    ],
)
def test_a_moment_that_cannot_be_had_is_refused_with_those_that_can(
    repo: MemoryRepository, wanted: Wanted, words: str
) -> None:
    with pytest.raises(HostError) as error:
        planned(repo, wanted)
    assert words in str(error.value)


def test_a_moment_behind_a_gap_says_so(repo: MemoryRepository) -> None:
    repo.log = [file for file in repo.log if file.number != 6]
    with pytest.raises(HostError, match=r"up to 2024-12-01T12:10:00Z, because binlog.000006 of the log is missing"):
        planned(repo, Wanted(at=at("12:25:00")))


def test_an_empty_repository_is_told(memory: MemoryRepository) -> None:
    with pytest.raises(HostError, match="the repository has no base"):
        planned(memory, Wanted())


@pytest.mark.parametrize(
    ("version", "lower_case", "words"), [("8.0.45", 0, "of an older series"), ("9.7.4", 1, "lower_case")]
)
def test_a_server_that_could_not_take_the_base_is_refused(version: str, lower_case: int, words: str) -> None:
    with pytest.raises(HostError, match=words):
        replay.check_version(manifest(LATE), version, lower_case)


def test_a_later_server_takes_a_base() -> None:
    replay.check_version(manifest(LATE, mysql_version="8.0.45-0ubuntu0.24.04.1"), "8.4.3", 0)


@pytest.mark.parametrize(
    ("version", "statement"),
    [("8.0.45", "RESET MASTER"), ("8.2.0", "RESET BINARY LOGS AND GTIDS"), ("9.7.4-2", "RESET B")],
)
def test_what_is_forgotten_before_a_restore_is_said_in_the_words_of_the_version(version: str, statement: str) -> None:
    assert replay.reset_statements(manifest(LATE), version)[0].startswith(statement)
