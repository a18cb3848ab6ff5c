"""A lab of its own for each test, and a second one beside it where a test asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.network.world import World, world


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[World]:
    """A lab with a slot of this machine, empty; gone, and seen to be gone, afterwards."""
    assert os.geteuid() == 0, "network namespaces need root: run the tests with sudo"
    with world(tmp_path / "one") as one:
        yield one


@pytest.fixture
def other_lab(lab: World, tmp_path: Path) -> Iterator[World]:
    """A second lab on the same machine."""
    with world(tmp_path / "two") as two:
        assert two.slot != lab.slot
        yield two
