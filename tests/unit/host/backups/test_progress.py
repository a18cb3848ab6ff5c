"""backups/progress.py: what an operator is told of a restore that is under way."""

from __future__ import annotations

import json
import syslog
from pathlib import Path

import pytest

from scripts.host.backups import progress


def test_the_status_says_how_far_it_is_and_nothing_afterwards(
    status_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(syslog, "syslog", told.append)
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.0)
    with progress.told():
        counted = progress.Progress("load base x", 4 << 30)
        counted.add(1 << 30)
        assert json.loads(status_file.read_text())["progress"]["text"].startswith("load base x: 25% of 4.00 GiB")
    assert counted.text(600.0) == "load base x: 25% of 4.00 GiB, about 30 min to go"
    assert json.loads(status_file.read_text())["progress"] is None
    assert len(told) == 2
