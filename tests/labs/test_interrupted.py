"""`up` killed at three points and run again ends in the same place; `down` then leaves nothing of the lab."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cloud.model import Instance, Subnet, Vpc
from lab.cloud.store import Store
from lab.machine import hosts, network, slots
from lab.machine.podman import CGROUPS
from lab.machine.slots import Slot
from lab.settings import Lab
from tests.lab.killed_up import killed_when
from tests.lab.pair import Pair, lab_command

pytestmark = pytest.mark.usefixtures("plain_image")

NAME = "killed"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    yield Lab.named(NAME)
    lab_command("down", name=NAME)


def _checkpoint_has(lab: Lab, word: str) -> bool:
    stack = lab.backend / ".pulumi/stacks/mysql-pair" / f"{NAME}.json"
    return stack.exists() and word in stack.read_text()


@pytest.mark.timeout(600)
def test_up_killed_at_three_points_ends_in_the_same_place(lab: Lab) -> None:
    store = Store(lab.cloud)
    killed_when(lambda: bool(store.all(Subnet)), NAME)  # the network half made
    killed_when(lambda: bool(store.all(Instance)), NAME)  # an instance recorded, its host perhaps not yet there
    killed_when(lambda: _checkpoint_has(lab, "accounts-applied"), NAME)  # the accounts on their way
    done = lab_command("up", name=NAME)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(store.all(Vpc)) == 1
    running = [hosts.state(f"{_slot(lab).prefix}{instance.id}") for instance in store.all(Instance)]
    assert running == ["running", "running"]
    again = Pair(lab).pulumi("preview", "--expect-no-changes", "--stack", NAME)
    assert again.returncode == 0, again.stdout + again.stderr


def _slot(lab: Lab) -> Slot:
    found = slots.find(lab)
    assert found is not None
    return found


@pytest.mark.timeout(300)
def test_down_leaves_nothing(lab: Lab) -> None:
    slot, folder = _slot(lab), str(lab.folder)
    before = _of_the_lab(slot)
    assert before["namespaces"] and before["links"] and before["containers"]
    names = [*before["containers"], folder]
    done = lab_command("down", name=NAME)
    assert done.returncode == 0, done.stdout + done.stderr
    # By name: the lab's number may be another lab's already.
    left = {kind: found & before[kind] for kind, found in _of_the_lab(slot).items()}
    assert not any(left.values()), left
    assert folder not in Path("/proc/self/mountinfo").read_text()
    assert slots.find(lab) is None
    assert not lab.folder.exists()
    told = {path.parent.name: _read(path).decode(errors="replace") for path in Path("/proc").glob("[0-9]*/cmdline")}
    assert [pid for pid, words in told.items() if any(name in words for name in names)] == []


def _of_the_lab(slot: Slot) -> dict[str, set[str]]:
    """Return the names of what carries a lab's number on this machine."""
    spaces, links = network.leftovers(slot)
    groups = {path.name for path in CGROUPS.glob(f"*/{slot.prefix}*")}
    return {
        "namespaces": set(spaces), "links": set(links), "containers": set(hosts.named(slot.prefix)), "groups": groups,
    }  # fmt: skip


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def test_down_of_a_lab_that_is_not_up_says_so() -> None:
    done = lab_command("down", name="neverup")
    assert done.returncode == 0
    assert "nothing is up" in done.stdout
