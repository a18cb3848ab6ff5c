"""tests/torture/schedule.py: faults by chance, the same for the same seed."""

from __future__ import annotations

import itertools

from tests.torture.schedule import KINDS, Step, steps


def first(seed: int, count: int) -> list[Step]:
    return list(itertools.islice(steps(seed), count))


def test_same_seed_has_the_same_faults_and_another_one_others() -> None:
    assert first(1, 40) == first(1, 40)
    assert first(1, 40) != first(2, 40)


def test_every_kind_comes_before_one_comes_again() -> None:
    for begin in (0, len(KINDS)):
        assert {step.kind for step in first(3, 100)[begin : begin + len(KINDS)]} == set(KINDS)


def test_fault_is_left_as_long_as_its_kind_says() -> None:
    assert all(step.kind.seconds[0] <= step.seconds <= step.kind.seconds[1] for step in first(4, 200))


def test_every_member_is_picked() -> None:
    members = ["server-2", "server-3"]
    assert {step.pick(members) for step in first(5, 100)} == set(members)
    assert {step.pick(["server"]) for step in first(5, 100)} == {"server"}
