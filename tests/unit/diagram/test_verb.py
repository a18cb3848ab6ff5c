"""`python -m scripts diagram`: what it asks for, where it writes, and what it says of a stack that it cannot draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts.__main__ import main
from tests.unit.diagram.states import CANARY, StackState
from tests.unit.scripts.stand_ins import Bench
from tests.unit.scripts.stand_ins import bench as bench

PAIR = StackState()


@pytest.fixture
def pair(bench: Bench) -> Bench:
    """A stack `here` that is the pair."""
    bench.put("outputs.json", PAIR.outputs())
    bench.put("state.json", {"deployment": {"resources": PAIR.resources()}})
    return bench


def test_it_is_printed_and_no_secret_is_asked_for(pair: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagram", "--stack", "here"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("<svg ") and printed.endswith("</svg>\n")
    assert pair.asked("stack", "export") and "--show-secrets" not in pair.everything_shown()


@pytest.mark.usefixtures("pair")
def test_it_is_written_to_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["diagram", "--stack", "here"]) == 0
    assert main(["diagram", "--stack", "here", "--output", str(tmp_path / "pair.svg")]) == 0
    assert (tmp_path / "pair.svg").read_text() == capsys.readouterr().out
    assert CANARY not in (tmp_path / "pair.svg").read_text()


@pytest.mark.usefixtures("pair")
def test_a_file_that_cannot_be_written_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["diagram", "--stack", "here", "--output", str(tmp_path / "no" / "pair.svg")]) == 2
    assert "cannot be written: No such file or directory" in capsys.readouterr().err


def without(kind: str) -> list[dict[str, Any]]:
    return [it for it in PAIR.resources() if kind not in it["urn"]]


HALF = "stack 'here' is only half made: {}; run `pulumi up --stack here`"


@pytest.mark.parametrize(
    ("stack", "outputs", "resources", "said"),
    [
        ("gone", {}, [], "stack 'gone' cannot be read:\nerror: no stack named 'gone' found"),
        ("here", {}, [], "stack 'here' is not up: run `pulumi up --stack here`"),
        ("here", PAIR.outputs(), [], HALF.format("the server's instance is missing")),
        ("here", PAIR.outputs(), without("server-instance"), HALF.format("the server's instance is missing")),
        ("here", {"client_names": ["client-1"]}, PAIR.resources(), HALF.format("output server_instance_id is missing")),
        (
            "here",
            {key: value for key, value in PAIR.outputs().items() if key != "mysql_version"},
            PAIR.resources(),
            HALF.format("output mysql_version is missing"),
        ),
    ],
)
def test_a_stack_that_cannot_be_drawn_is_told_in_words(
    bench: Bench,
    capsys: pytest.CaptureFixture[str],
    stack: str,
    outputs: dict[str, Any],
    resources: list[dict[str, Any]],
    said: str,
) -> None:
    bench.put("outputs.json", outputs)
    bench.put("state.json", {"deployment": {"resources": resources}})
    assert main(["diagram", "--stack", stack]) == 2
    printed = capsys.readouterr()
    assert said in printed.err and printed.out == ""


@pytest.mark.parametrize(
    "part", ["Vpc::", "Subnet::", "securityGroup:", "Rule::", "NatGateway", "eipAssociation", "MySqlUser"]
)
def test_a_state_without_some_resources_is_drawn_all_the_same(pair: Bench, part: str) -> None:
    left = without(part)
    assert len(left) < len(PAIR.resources())
    pair.put("state.json", {"deployment": {"resources": left}})
    assert main(["diagram", "--stack", "here"]) == 0
