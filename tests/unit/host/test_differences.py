"""differences.py: what a document says is compared with the host, and nothing of the host changes."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import certify
import differences
import host
import mysql_server
from tests.unit.host.bench import Bench


def document(**parts: Any) -> dict[str, Any]:
    """Return a document that says nothing but these parts."""
    converged = {"commands": [["false"]], "packages": [], "files": [], "authorized_keys": None, "mysql": None}
    return {"converged": converged | parts, "certificate": None, "tools": {}}


def run(monkeypatch: pytest.MonkeyPatch, wanted: object) -> int:
    """Run the script on a document."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(wanted)))
    return differences.main()


@pytest.mark.usefixtures("memory")
def test_a_host_as_described_has_no_differences_and_no_command_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (run(monkeypatch, document()), capsys.readouterr().out) == (0, "[]\n")


@pytest.mark.usefixtures("memory")
def test_all_parts_are_told_in_one_list(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bench: Bench, tmp_path: Path
) -> None:
    bench.stand_in("dpkg-query", "exit 1")
    lost = {"path": str(tmp_path / "a"), "content": "secret", "permissions": "0644", "on_change": None}
    wanted = document(packages=["jq"], files=[lost]) | {"tools": {"host.py": "another"}}
    assert run(monkeypatch, wanted) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["kind"], row["name"], row["what"]) for row in rows] == [
        ("file", str(differences.TOOLS / "host.py"), "content"),
        ("package", "jq", "package"),
        ("file", str(tmp_path / "a"), "file"),
    ]
    assert "secret" not in str(rows)


@pytest.mark.usefixtures("memory")
def test_a_server_that_is_down_is_a_difference_and_what_only_it_knows_is_left_out(
    monkeypatch: pytest.MonkeyPatch, bench: Bench, tmp_path: Path
) -> None:
    bench.stand_in("systemctl", "echo failed; exit 3")
    monkeypatch.setattr(mysql_server, "is_up", lambda: False)
    wanted = document(mysql={"option_file": str(tmp_path / "zz.cnf"), "content": "x", "settings": {"port": 3306}})
    rows = differences.differences(wanted)  # type: ignore[arg-type]
    assert [(row["kind"], row["found"]) for row in rows] == [("file", "missing"), ("service", "failed")]


@pytest.mark.usefixtures("memory")
def test_what_cannot_be_told_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> bool:
        raise mysql_server.Error(1698, "Access denied for user 'root'@'localhost'")

    monkeypatch.setattr(mysql_server, "is_up", refuse)
    wanted = document(mysql={"option_file": "/nowhere/zz.cnf", "content": "", "settings": {}})
    assert run(monkeypatch, wanted) == 1
    assert "ERROR 1698: Access denied" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.StringIO("{"))
    assert differences.main() == 1
    assert "no JSON document" in capsys.readouterr().err


# whether the timer is enabled, what is-active says, what is found
TIMERS = [(True, "active", []), (False, "active", ["not enabled"]), (True, "inactive", ["inactive"])]


@pytest.mark.parametrize(("enabled", "state", "found"), TIMERS)
def test_a_timer_that_would_not_renew_the_certificate_is_told(
    monkeypatch: pytest.MonkeyPatch, bench: Bench, tmp_path: Path, enabled: bool, state: str, found: list[str]
) -> None:
    monkeypatch.setattr(certify, "UNITS", tmp_path)
    (tmp_path / "timers.target.wants").mkdir()
    if enabled:
        (tmp_path / "timers.target.wants" / certify.TIMER).touch()
    bench.stand_in("systemctl", f"echo {state}; [ {state} = active ]")
    assert [row["found"] for row in certify.differences()] == found


def test_a_digest_tells_contents_apart_and_shows_none() -> None:
    assert host.digest(b"a") != host.digest(b"b")
    assert host.digest(b"password") == "sha256 5e884898da280471"
