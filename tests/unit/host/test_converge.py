"""converge.py and certify.py: what they read, print and say; and the units that renew a certificate."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import certify
import converge
import host
from tests.unit.host.bench import SCRIPTS, Bench

CLIENT: dict[str, Any] = {"commands": [], "packages": [], "files": [], "authorized_keys": None, "mysql": None}


@pytest.fixture(autouse=True)
def stage(bench: Bench, memory: Path) -> Bench:  # noqa: ARG001  # the memory is used
    """A host with nothing on it."""
    return bench


def given(text: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the script with that on standard input; return the exit code."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return converge.main()


def test_a_client_needs_no_driver_and_prints_an_empty_object(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mysql_server", None)
    assert given(json.dumps(CLIENT), monkeypatch) == 0
    assert json.loads(capsys.readouterr().out) == {}


def test_the_commands_of_every_boot_run_first_and_a_failing_one_is_told(
    stage: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.stand_in("boot-step", 'echo "no way" >&2; exit 3')
    assert given(json.dumps(CLIENT | {"commands": [["boot-step", "one"]]}), monkeypatch) == 1
    assert "`boot-step one` failed (3): no way" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"), [("", "no JSON"), (json.dumps(CLIENT | {"authorized_keys": "x"}), "no public key")]
)
def test_a_fault_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    assert given(text, monkeypatch) == 1
    said = capsys.readouterr()
    assert words in said.err and "Traceback" not in said.err and said.out == ""


def test_a_run_waits_for_another_one_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "LOCK_SECONDS", 0)
    with host.alone(), pytest.raises(host.HostError, match="another run on this host"), host.alone():
        pass


@pytest.mark.parametrize(
    ("linked", "active", "enabled"), [(False, 0, True), (True, 3, True), (True, 0, False), (False, 3, True)]
)
def test_the_timer_is_enabled_only_if_it_is_not(
    stage: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: bool, active: int, enabled: bool
) -> None:
    monkeypatch.setattr(certify, "UNITS", tmp_path)
    (tmp_path / certify.TIMER).touch()
    if linked:
        (tmp_path / "timers.target.wants").mkdir()
        (tmp_path / "timers.target.wants" / certify.TIMER).touch()
    stage.stand_in("systemctl", f'[ "$1" = enable ] || exit {active}')
    certify.enable_timer()
    assert (f"systemctl enable --now {certify.TIMER}" in stage.calls()) is enabled


def test_a_server_without_the_timer_s_unit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certify, "UNITS", tmp_path)
    with pytest.raises(host.HostError, match="nothing would renew the certificate"):
        certify.enable_timer()


def test_the_timer_s_unit_runs_a_script_that_is_there() -> None:
    service = (SCRIPTS / "units" / "mysql-pair-certificate.service").read_text()
    argv = next(line for line in service.splitlines() if line.startswith("ExecStart=")).split()
    folder, script = argv[-1].rsplit("/", 1)
    assert folder == "/usr/local/lib/mysql-pair/current" and (SCRIPTS / script).is_file()
    assert (SCRIPTS / "units" / certify.TIMER).read_text().count("Persistent=true") == 1
