"""What the tests of the host agent share: stand-ins for the programs that it calls, a folder for its state files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scripts.host.common import atomic_write, state_file
from scripts.host.mysql import kept
from scripts.host.system import file_systems
from tests.unit.host.stand_ins import Bench


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Stand-ins on PATH."""
    return Bench.on_path(tmp_path / "bin", monkeypatch)


@pytest.fixture
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state files of a host that was never converged, without file systems; what is root's is the tester's here."""
    return state_in(tmp_path / "state", monkeypatch)


def state_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the state files in a new folder, and return it."""
    folder.mkdir()
    monkeypatch.setattr(state_file, "FOLDER", folder)
    monkeypatch.setattr(kept, "FOLDER", folder)
    monkeypatch.setattr(atomic_write, "ROOT", (os.getuid(), os.getgid()))
    monkeypatch.setattr(file_systems, "MOUNTS", Path(os.devnull))
    return folder
