"""A folder of stand-ins for the programs that the agent calls."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FIRST_BOOT = Path(__file__).resolve().parents[3] / "scripts" / "host" / "first_boot"


class Bench:
    """A folder of stand-ins that is first on PATH, and the lines they were called with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._calls = folder / "calls"

    @classmethod
    def on_path(cls, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
        """Return one in a new folder that is first on PATH for the length of a test."""
        folder.mkdir()
        # A host's python3 is a Python; a developer's may be a script that looks for one.
        monkeypatch.setenv("PATH", f"{folder}:{Path(sys.base_prefix) / 'bin'}:{os.environ['PATH']}")
        return cls(folder)

    def stand_in(self, name: str, script: str = "") -> None:
        """Put a shell script in the place of a program."""
        path = self.folder / name
        # Unquoted: a call is one line, whatever is in its arguments.
        path.write_text(f"#!/bin/sh\nset -f; echo {name} $* >>{self._calls}; set +f\n{script}\n")
        path.chmod(0o755)

    def calls(self) -> list[str]:
        """Return what was called since the last time."""
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        self._calls.unlink(missing_ok=True)
        return lines

    def run(self, script: str, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a script of the first boot."""
        argv = ["bash", str(FIRST_BOOT / script), *args]
        return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, timeout=30)
