"""lab.ahead: what is built while the lab's Python packages are still being installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab import ahead
from lab.settings import LabError

ROOT = Path(ahead.__file__).resolve().parents[1]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is built, on a machine with Go."""
    built: list[str] = []
    monkeypatch.setattr("shutil.which", lambda command: f"/usr/bin/{command}")
    monkeypatch.setattr("lab.engine.build.ensure_engine", lambda: built.append("engine"))
    monkeypatch.setattr("lab.s3.build.ensure", lambda: built.append("s3"))
    return built


def test_it_needs_no_package_but_the_standard_library() -> None:
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import lab.ahead"
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)


def test_both_are_built(built: list[str]) -> None:
    ahead.main()
    assert built == ["engine", "s3"]


def test_without_go_nothing_is_done(built: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    ahead.main()
    assert built == []


def test_a_build_that_fails_is_told(built: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise LabError("the disk is full")

    monkeypatch.setattr("lab.s3.build.ensure", full)
    with pytest.raises(SystemExit, match="lab: the disk is full"):
        ahead.main()
    assert built == ["engine"]
