"""A lab of its own for each test, and a second one beside it where a test asks for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.machine import internet
from lab.tests.network.world import MIRROR, OUTSIDE, OUTSIDE_MACHINE, STRANGER, World, ip, world


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[World]:
    """A lab with a slot of this machine, empty; gone, and seen to be gone, afterwards."""
    assert os.geteuid() == 0, "network namespaces need root: run the tests with sudo"
    with world(tmp_path / "lab") as lab:
        yield lab


@pytest.fixture
def other_lab(lab: World, tmp_path: Path) -> Iterator[World]:
    """A second lab on the same machine."""
    with world(tmp_path / "two") as two:
        assert two.slot != lab.slot
        yield two


@pytest.fixture
def outside(lab: World) -> Iterator[str]:
    """A namespace behind another link of the machine, with the mirror's address and a stranger's."""
    name, link = f"{lab.slot.prefix}outside", f"lab{lab.slot.number}out"
    ip("route", "add", "unreachable", OUTSIDE, "metric", "4294967294")
    ip("netns", "add", name)
    try:
        ip("link", "add", link, "type", "veth", "peer", "eth0", "netns", name)
        ip("address", "add", f"{OUTSIDE_MACHINE}/29", "dev", link)
        ip("link", "set", link, "up")
        for address in (MIRROR, STRANGER):
            ip("address", "add", f"{address}/29", "dev", "eth0", inside=name)
        ip("link", "set", "eth0", "up", inside=name)
        # So that what the machine lets out unmasked would be answered, and be seen.
        ip("route", "add", "default", "via", OUTSIDE_MACHINE, inside=name)
        yield name
    finally:
        (internet.SAVED_FORWARDING / link).unlink(missing_ok=True)
        subprocess.run(["ip", "link", "del", link], capture_output=True, check=False)
        ip("netns", "del", name)
        ip("route", "del", "unreachable", OUTSIDE, "metric", "4294967294")
