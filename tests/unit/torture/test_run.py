"""The run of faults: one after another, none before all is as it was, and what does not come back is a finding."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import pytest

from tests.torture import __main__ as torture
from tests.torture import members
from tests.torture.clients import Clients
from tests.torture.faults import FaultError, Nemesis
from tests.torture.schedule import Kind, Step

KILLED = Kind("primary's mysqld is killed", "kill", "PRIMARY")
STEP = Step(KILLED, 0.0, 0.0, 0.0)


@dataclass
class Group:
    """A group, its faults and its clients, on paper; what happens is noted."""

    comes_back_after: int = 1
    """Looks; 0: never."""
    writes: bool = True
    is_gone: bool = False
    refuses: bool = False
    happened: list[str] = field(default_factory=list)

    @property
    def members(self) -> Group:
        """The members."""
        return self

    def target(self, step: Step) -> str:
        """Return the one that it happens to."""
        if self.refuses:
            raise FaultError(f"{step.kind.name}: there is no member in that role")
        return "server"

    @contextmanager
    def made(self, step: Step, target: str) -> Iterator[None]:
        """Note it."""
        self.happened.append(f"{target} {step.kind.act}")
        self.looks = 0
        yield

    def is_whole(self) -> bool:
        """Tell whether it came back."""
        self.looks += 1
        if self.looks == self.comes_back_after:
            self.happened.append("whole")
            return True
        return False

    def have_written_since(self, moment: float) -> bool:
        """Tell whether clients write."""
        assert moment <= time.monotonic()
        return self.writes

    def are_gone(self) -> bool:
        """Tell whether clients have ended."""
        return self.is_gone


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torture, "WHOLE_SECONDS", 0.2)
    monkeypatch.setattr(members, "LOOK_SECONDS", 0.0)


def broken(group: Group, steps: list[Step], budget: float = 60) -> tuple[int, list[str]]:
    """Return how many faults there were, and what was found."""
    faults, wrong = torture.broken(cast("Nemesis", group), cast("Clients", group), steps, budget)
    return len(faults), wrong


def test_next_fault_comes_when_all_members_are_there_again() -> None:
    group = Group(comes_back_after=3)
    assert broken(group, [STEP, STEP]) == (2, [])
    assert group.happened == ["server kill", "whole", "server kill", "whole"]


def test_no_fault_begins_after_the_budget() -> None:
    group = Group()
    assert broken(group, [STEP, STEP], budget=-1) == (0, [])
    assert group.happened == []


@pytest.mark.parametrize(
    ("group", "count", "words"),
    [
        (
            Group(comes_back_after=0),
            1,
            "not all members are there 0.2 s after this: primary's mysqld is killed, server",
        ),
        (Group(writes=False), 1, "no write is acknowledged 0.2 s after this: primary's mysqld is killed"),
        (Group(is_gone=True), 1, "client-1 writes no more after this: primary's mysqld is killed"),
        (Group(refuses=True), 0, "primary's mysqld is killed: there is no member in that role"),
    ],
)
def test_what_does_not_come_back_is_a_finding_and_ends_the_run(group: Group, count: int, words: str) -> None:
    assert broken(group, [STEP, STEP]) == (count, [words])
