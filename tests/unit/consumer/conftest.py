"""The example's modules, which lie in one folder where they run: on a host, or where Pulumi starts the program."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.consumer_project import EXAMPLE
from tests.unit.host.stand_ins import Bench

sys.path[:0] = [str(EXAMPLE / part) for part in ("", "app", "host")]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Stand-ins on PATH."""
    return Bench.on_path(tmp_path / "bin", monkeypatch)
