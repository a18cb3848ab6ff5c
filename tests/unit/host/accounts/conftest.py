"""What the tests of the accounts' room share."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.host.common import state_file


@pytest.fixture
def agents_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent's lock, where a tester may take it."""
    monkeypatch.setattr(state_file, "FOLDER", tmp_path)
