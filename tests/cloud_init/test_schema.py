"""What cloud-init itself, of the version that the hosts run, says of their user data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from components.host.user_data import FOLDER, user_data

ROOT = FOLDER.parents[1]


def schema(file: Path) -> subprocess.CompletedProcess[str]:
    """Run `cloud-init schema` of the hosts' image on a file."""
    argv = [sys.executable, "-m", "lab", "schema", str(file)]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.parametrize("role", ["server", "client"])
def test_user_data_is_valid_and_not_deprecated(role: str, tmp_path: Path) -> None:
    file = tmp_path / "user-data.yaml"
    file.write_text(user_data(role))
    done = schema(file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "deprecat" not in (done.stdout + done.stderr).lower()


def test_a_misspelt_key_is_found(tmp_path: Path) -> None:
    file = tmp_path / "user-data.yaml"
    file.write_text(user_data("server").replace("packages:", "package:"))
    assert schema(file).returncode != 0
