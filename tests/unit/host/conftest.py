"""The scripts that run on a host, run here with stand-ins for what they call."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.unit.host.bench import SCRIPTS, Bench

# On a host they lie in one folder and import each other by name.
sys.path.insert(0, str(SCRIPTS))

import host


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Stand-ins on PATH."""
    return Bench.on_path(tmp_path / "bin", monkeypatch)


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The memory of a host that was never converged; what is root's there is the tester's here."""
    folder = tmp_path / "memory"
    folder.mkdir()
    monkeypatch.setattr(host, "MEMORY", folder)
    monkeypatch.setattr(host, "ROOT", (os.getuid(), os.getgid()))
    return folder
