"""The S3 server's build: once, where there is a Go; without one a stack that needs no S3 is none the worse."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.s3 import build
from lab.settings import LabError


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of one empty folder before the system's tools, and an empty cache."""
    path = tmp_path / "path"
    path.mkdir()
    monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return path


def test_without_go_nothing_is_built_until_something_needs_it(machine: Path) -> None:
    build.prepare()
    with pytest.raises(LabError, match=r"install Go 1\.26 or newer: it is needed"):
        build.ensure()
    assert not list(machine.iterdir())


def test_with_go_it_is_built_once(machine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    go = machine / "go"
    calls, source = machine / "calls", tmp_path / "source"
    for package in ("cmd/internal/gwcli", "s3event"):
        (source / package).mkdir(parents=True)
    go.write_text(
        f'#!/bin/sh\necho "$*" >>{calls}\n[ "$1" != env ] || echo go1.26.8\n'
        f'[ "$1" != mod ] || echo \'{{"Dir": "{source}"}}\'\n'
        '[ "$1" = build ] || exit 0\nwhile [ "$1" != -o ]; do shift; done\necho server >"$2"\n'
    )
    go.chmod(0o755)
    build.prepare()
    build.prepare()
    assert os.access(build.ensure(), os.X_OK)
    assert build.ensure().parent.name.startswith("v1.8.0-"), "and what is left out"
    assert calls.read_text().count("build -v") == 1
    assert "building the S3 server 1.8.0" in capsys.readouterr().err
