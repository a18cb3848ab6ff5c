"""Which part of the machine a lab gets, and when it is free again."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from lab.machine import namespaces, slots
from lab.machine.slots import Slot
from lab.settings import Lab, LabError


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without labs: an empty registry and no namespaces."""
    monkeypatch.setattr(slots, "REGISTRY", tmp_path / "slots")
    monkeypatch.setattr(namespaces, "FOLDER", tmp_path / "netns")
    (tmp_path / "netns").mkdir()
    return tmp_path


def a_lab(machine: Path, name: str) -> Lab:
    return Lab(name, machine / name)


def test_each_lab_gets_a_slot_of_its_own_and_keeps_it(machine: Path) -> None:
    lab, two = a_lab(machine, "lab"), a_lab(machine, "two")
    first, second = slots.claim(lab), slots.claim(two)
    assert first != second
    assert slots.claim(lab) == first == slots.find(lab)
    assert slots.find(two) == second


def test_lab_that_was_never_up_has_no_slot(machine: Path) -> None:
    slots.claim(a_lab(machine, "one"))
    assert slots.find(a_lab(machine, "two")) is None


def test_released_slot_is_given_to_the_next(machine: Path) -> None:
    lab = a_lab(machine, "lab")
    first = slots.claim(lab)
    for _ in range(2):
        slots.release(lab)
    assert slots.find(lab) is None
    assert slots.claim(a_lab(machine, "two")) == first


def test_slot_of_a_deleted_checkout_is_free_once_its_namespaces_are_gone(machine: Path) -> None:
    lab = a_lab(machine, "lab")
    first = slots.claim(lab)
    lab.folder.rmdir()
    left = machine / "netns" / f"{first.prefix}i-0123"
    left.touch()
    assert slots.claim(a_lab(machine, "two")) != first
    left.unlink()
    assert slots.claim(a_lab(machine, "three")) == first


def test_no_slot_left_says_what_to_do(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "SLOTS", 1)
    slots.claim(a_lab(machine, "one"))
    with pytest.raises(LabError, match=r"all 1 labs of this machine are taken .* `python -m lab down`"):
        slots.claim(a_lab(machine, "two"))


def test_first_and_last_slot_have_their_own_addresses() -> None:
    first, last = Slot(0), Slot(slots.SLOTS - 1)
    assert [str(first.public_pool), first.vpc_cidr, first.prefix] == ["198.18.0.0/24", "10.100.0.0/16", "lab0-"]
    assert [str(last.public_pool), last.vpc_cidr, last.prefix] == ["198.18.63.0/24", "10.163.0.0/16", "lab63-"]
    assert str(last.machine_address) == "198.18.63.1"
    assert str(last.uplink_address) == "198.18.63.2"


def test_no_two_slots_share_an_address_or_the_beginning_of_a_name() -> None:
    every = [Slot(number) for number in range(slots.SLOTS)]
    assert len({slot.public_pool for slot in every} | {slot.vpc_cidr for slot in every}) == 2 * len(every)
    assert all(slot.public_pool.subnet_of(slots.PUBLIC_RANGE) for slot in every)
    names = sorted(slot.prefix for slot in every)
    assert not any(later.startswith(earlier) for earlier, later in pairwise(names))
