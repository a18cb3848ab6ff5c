"""A lab of its own for each test, with a network, a role and an S3 that runs; no host boots."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.s3.control import Control
from lab.tests.network.world import world
from lab.tests.s3.site import REGION, Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A lab with a role, a bucket and an S3 that serves; all of it gone afterwards."""
    assert os.geteuid() == 0, "network namespaces need root: run the tests with sudo"
    with world(tmp_path / "lab") as made:
        control = Control(made.lab.folder, made.slot)
        try:
            site = Site(made, control)
            site.put_role()
            control.ensure(REGION)
            site.make_bucket()
            yield site
        finally:
            control.stop()
            assert not list(control.paths.lock.parent.glob(f"{made.slot.number}.*"))
