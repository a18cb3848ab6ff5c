"""mysql/certificate.py: its verbs, the timer, its units, and whom the certificate is renewed for."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.host import constants, entry
from scripts.host.common import codec, state_file
from scripts.host.mysql import authority, certificate, timers
from scripts.host.mysql.spec import AuthorityFacts, CertificateSpec
from scripts.host.system import units as systemd
from tests.unit.host.stand_ins import FIRST_BOOT, Bench

SPEC = CertificateSpec(("10.0.0.1",), ("db.example.org",))
SHARED = "".join(f"-----BEGIN {part}-----\nMA==\n-----END {part}-----\n" for part in ("PRIVATE KEY", "CERTIFICATE"))


@pytest.fixture
def units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of units, with the timer's."""
    folder = tmp_path / "units"
    (folder / "timers.target.wants").mkdir(parents=True)
    (folder / timers.CERTIFICATE).touch()
    monkeypatch.setattr(systemd, "FOLDER", folder)
    return folder


# whether the timer is enabled, what is-active says, what is found
TIMERS = [(True, "active", []), (False, "active", ["not enabled"]), (True, "inactive", ["inactive"])]


@pytest.mark.parametrize(("enabled", "state", "found"), TIMERS)
def test_a_timer_that_would_not_renew_the_certificate_is_told_and_enabled(
    bench: Bench, units: Path, enabled: bool, state: str, found: list[str]
) -> None:
    if enabled:
        (units / "timers.target.wants" / timers.CERTIFICATE).touch()
    bench.stand_in("systemctl", f'[ "$1" = enable ] || {{ echo {state}; [ {state} = active ]; }}')
    assert [row.found for row in timers.differences(timers.CERTIFICATE)] == found
    timers.enable(timers.CERTIFICATE)
    assert (f"systemctl enable --now {timers.CERTIFICATE}" in bench.calls()) is bool(found)


def test_the_timer_s_unit_runs_a_verb_of_the_current_agent() -> None:
    service = (FIRST_BOOT / "units" / "mysql-pair-certificate.service").read_text()
    _, *flags, agent, verb = next(line for line in service.splitlines() if line.startswith("ExecStart=")).split()
    assert (flags, agent) == (["-B"], f"{constants.AGENT_DIR}/current")
    assert verb in entry.VERBS
    assert (FIRST_BOOT / "units" / timers.CERTIFICATE).read_text().count("Persistent=true") == 1


@pytest.fixture
def issued(state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:  # noqa: ARG001  it is used
    """What was issued: the spec and the days."""
    issues: list[Any] = []

    def ensure(spec: CertificateSpec, days: int | None = None) -> str:
        issues.append((spec, days))
        return "good"

    monkeypatch.setattr(certificate, "ensure", ensure)
    monkeypatch.setattr(authority, "ensure", lambda: "PEM\n")
    monkeypatch.setattr(timers, "enable", lambda _: None)
    return issues


def test_the_timer_renews_what_was_certified(
    issued: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(codec.encode(SPEC)))
    assert certificate.certify_verb([]) == 0
    assert json.loads(capsys.readouterr().out) == {"ca_certificate": "PEM\n"}
    # As former agents left it.
    state_file.save(certificate.REQUEST, {"addresses": ["10.0.0.1"], "names": ["db.example.org"]})
    assert [certificate.renew_verb([]), certificate.renew_verb(["--issue-days", "5"])] == [0, 0]
    assert issued == [(SPEC, None), (SPEC, None), (SPEC, 5)]
    assert capsys.readouterr().out == "good\ngood\n"


def test_a_member_s_authority_is_kept_in_one_place_and_its_renewal_knows_that_it_is_one(
    issued: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], state_folder: Path
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(codec.encode(replace(SPEC, authority=SHARED))))
    assert certificate.certify_verb([]) == 0
    assert certificate.renew_verb([]) == 0
    assert {spec.is_member for spec, _ in issued} == {True}
    assert "PRIVATE" not in repr(issued) + (state_folder / certificate.REQUEST).read_text()
    assert (state_folder / authority.AUTHORITY).read_text() == SHARED
    printed = capsys.readouterr()
    assert "PRIVATE" not in printed.out + printed.err


def test_the_authority_is_told_with_its_key_and_stays_the_same(
    state_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [entry.main(["authority"]), entry.main(["authority"])] == [0, 0]
    first, second = (codec.decode(AuthorityFacts, line).pem for line in capsys.readouterr().out.splitlines())
    assert first == second == (state_folder / authority.AUTHORITY).read_text()
    assert "PRIVATE KEY" in first and "CERTIFICATE" in first


def test_a_host_that_was_never_certified_says_so(issued: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert certificate.renew_verb([]) == 1
    assert "no certificate was ever issued" in capsys.readouterr().err and issued == []
