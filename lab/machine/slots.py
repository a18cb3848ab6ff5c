"""Which part of this machine's names and addresses a lab has, so that two labs never meet.

A slot is a number that a lab holds from its first namespace to `lab down`. Everything that the machine
shares (namespaces, links, containers, public addresses) carries the slot's number.
"""

from __future__ import annotations

import fcntl
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from lab.machine import namespaces
from lab.settings import RUN_FOLDER, Lab, LabError

REGISTRY = RUN_FOLDER / "slots"
"""A file a slot, with the lab's folder in it; on tmpfs, as after a reboot namespaces and links are gone too."""

SLOTS = 64
PUBLIC_RANGE = ipaddress.IPv4Network("198.18.0.0/15")
"""RFC 2544's range for tests of network gear: routed nowhere, and no EC2 address."""


@dataclass(frozen=True)
class Slot:
    """One lab's part of the machine."""

    number: int

    @property
    def prefix(self) -> str:
        """What the names of the lab's namespaces and containers begin with."""
        return f"lab{self.number}-"

    @property
    def public_pool(self) -> ipaddress.IPv4Network:
        """The lab's public addresses; .1 is the machine itself, .2 the far end of every VPC's uplink."""
        return ipaddress.IPv4Network((PUBLIC_RANGE[256 * self.number], 24))

    @property
    def machine_address(self) -> ipaddress.IPv4Address:
        """The address from which the machine, which is the lab's internet, speaks to hosts."""
        return self.public_pool[1]

    @property
    def uplink_address(self) -> ipaddress.IPv4Address:
        """The address that every VPC's router has on its uplink, each in a namespace of its own."""
        return self.public_pool[2]

    @property
    def vpc_cidr(self) -> str:
        """A CIDR for the VPC of the lab's project: another one in each lab."""
        return f"10.{100 + self.number}.0.0/16"


def _holder(path: Path) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:  # released since it was listed
        return ""


def find(lab: Lab) -> Slot | None:
    """Return the slot that the lab holds, or None."""
    for path in sorted(REGISTRY.glob("[0-9]*")):
        if _holder(path) == str(lab.folder):
            return Slot(int(path.name))
    return None


def claim(lab: Lab) -> Slot:
    """Return the lab's slot, taking a free one if it has none; makes the lab's folder.

    A slot whose lab's folder is gone (the checkout was deleted) is free once its namespaces are.

    Raises:
        LabError: every slot is taken.
    """
    REGISTRY.mkdir(parents=True, exist_ok=True)
    with (REGISTRY / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lab.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if slot := find(lab):
            return slot
        for slot in map(Slot, range(SLOTS)):
            if _free(slot):
                (REGISTRY / str(slot.number)).write_text(str(lab.folder))
                return slot
    raise LabError(
        f"all {SLOTS} labs of this machine are taken ({REGISTRY}): end one that you do not need, `python -m lab down`"
    )


def _free(slot: Slot) -> bool:
    holder = _holder(REGISTRY / str(slot.number))
    if not holder:
        return True
    return not Path(holder).exists() and not any(name.startswith(slot.prefix) for name in namespaces.listed())


def release(lab: Lab) -> None:
    """Give the lab's slot back; nothing happens if it has none."""
    if slot := find(lab):
        (REGISTRY / str(slot.number)).unlink(missing_ok=True)
