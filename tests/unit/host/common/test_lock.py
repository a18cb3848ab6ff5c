"""common/lock.py: one run at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.host.common import lock
from scripts.host.common.errors import HostError


def test_a_run_waits_for_another_one_and_says_so(state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "SECONDS", 0)
    with lock.exclusive(), pytest.raises(HostError, match="another run on this host"), lock.exclusive():
        pass
    with lock.exclusive():
        assert state_folder.stat().st_mode & 0o777 == 0o700
