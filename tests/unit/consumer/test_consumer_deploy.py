"""The example's host script with stand-ins for systemd and apt: it restarts for a change, and for nothing else."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import deploy
from deploy import Fault
from tests.unit.host.stand_ins import Bench

URL = "mysql+pymysql://app:s3cret@10.20.0.10/app"
CREDS = 'case $1 in encrypt) base64 -w0;; decrypt) base64 -d "$3";; esac'

Do = Callable[..., int]


@pytest.fixture
def host(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host that has the packages, and whose application is well."""
    for name in ("APPLICATION", "UNITS", "CREDENTIAL", "PLAIN_CREDENTIAL", "STARTED"):
        path = Path(getattr(deploy, name))
        monkeypatch.setattr(deploy, name, tmp_path / path.relative_to("/"))
    for folder in (deploy.UNITS, deploy.STARTED.parent):
        folder.mkdir(parents=True)
    deploy.CREDENTIAL.parent.parent.mkdir(parents=True, exist_ok=True)
    bench.stand_in("dpkg-query", f'cat "{tmp_path}/versions"')
    (tmp_path / "versions").write_text("gunicorn 26 install ok installed\n")
    bench.stand_in("systemd-creds", CREDS)
    bench.stand_in("journalctl", "echo line one; echo line two")
    for name in ("systemctl", "apt-get"):
        bench.stand_in(name)
    monkeypatch.setattr(deploy, "health", lambda _: None)
    return tmp_path


def document(url: str = URL, port: int = 8080, app: str = "app = 1") -> dict[str, Any]:
    files = {
        deploy.APPLICATION / "notes.py": app,
        deploy.UNITS / "notes.socket": f"ListenStream=127.0.0.1:{port}",
        deploy.UNITS / "notes.service": f"LoadCredentialEncrypted=notes.url:{deploy.CREDENTIAL}",
    }
    return {
        "packages": ["gunicorn"],
        "port": port,
        "url": url,
        "files": {str(path): text for path, text in files.items()},
    }


def done(monkeypatch: pytest.MonkeyPatch, given: object, verb: str = "apply") -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(given)))
    return deploy.main(verb)


def interrupts(bench: Bench) -> list[str]:
    """Return what was done since the last time that a request could notice."""
    return [call for call in bench.calls() if call.startswith(("systemctl stop", "systemctl restart"))]


RESTART, CLOSE = "systemctl restart notes.service", "systemctl stop notes.service notes.socket"
# what is new in the document, what that does to the service
CHANGES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"url": f"{URL}?x"}, [RESTART]),
    ({"app": "app = 2"}, [RESTART]),
    ({"port": 8081}, [CLOSE, RESTART]),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_it_restarts_for_a_change_and_for_nothing_else(
    host: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], expected: list[str]
) -> None:
    assert host and done(monkeypatch, document()) == 0
    assert interrupts(bench) == [CLOSE, RESTART]
    assert done(monkeypatch, document(**change)) == 0
    assert interrupts(bench) == expected
    assert done(monkeypatch, document(**change)) == 0
    assert interrupts(bench) == []


def test_a_newer_package_and_a_service_that_is_down_are_changes(
    host: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(monkeypatch, document())
    interrupts(bench)
    (host / "versions").write_text("gunicorn 27 install ok installed\n")
    assert done(monkeypatch, document()) == 0
    assert interrupts(bench) == [RESTART]
    bench.stand_in("systemctl", "[ $1 != is-active ]")
    assert done(monkeypatch, document()) == 0
    assert interrupts(bench) == [RESTART]


def test_a_host_whose_systemd_cannot_encrypt_keeps_the_credential_for_root_alone(
    host: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd-creds and LoadCredentialEncrypted= came with systemd 250 (its NEWS); Ubuntu 22.04 has 249."""
    kept, unit = deploy.PLAIN_CREDENTIAL, deploy.UNITS / "notes.service"
    with monkeypatch.context() as older:
        older.setattr("shutil.which", lambda _: None)
        assert host and done(older, document()) == 0
        assert (kept.read_text(), kept.stat().st_mode & 0o777) == (URL, 0o600)
        assert kept.parent.stat().st_mode & 0o777 == 0o700
        assert unit.read_text() == f"LoadCredential=notes.url:{kept}"
        interrupts(bench)
        assert done(older, document()) == 0
        assert interrupts(bench) == []
    assert done(monkeypatch, document()) == 0  # the host was upgraded
    assert interrupts(bench) == [RESTART]
    assert not kept.exists() and deploy.CREDENTIAL.exists() and unit.read_text().startswith("LoadCredentialEncrypted=")
    assert done(monkeypatch, document(), "remove") == 0
    assert not deploy.CREDENTIAL.exists()


@pytest.mark.parametrize("cut", ["seal", "start"])
def test_a_run_that_was_cut_off_is_finished_by_the_next(
    host: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    def interrupted(*_: object) -> None:
        raise OSError("cut off")

    assert host and done(monkeypatch, document()) == 0
    interrupts(bench)
    with monkeypatch.context() as patch:
        patch.setattr(deploy, cut, interrupted)
        assert done(patch, document(app="app = 2")) == 1
    assert interrupts(bench) == []
    assert done(monkeypatch, document(app="app = 2")) == 0
    assert interrupts(bench) == [RESTART]


def test_a_missing_package_is_installed(host: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (host / "versions").write_text("gunicorn 26 deinstall ok config-files\n")
    assert done(monkeypatch, document()) == 0
    calls = " ".join(call for call in bench.calls() if call.startswith("apt-get"))
    assert " update apt-get " in calls and calls.endswith("install --no-install-recommends gunicorn")


def test_the_secret_is_only_in_the_file_that_is_encrypted(
    host: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(monkeypatch, document())
    assert not any("s3cret" in call for call in bench.calls())
    assert deploy.CREDENTIAL.stat().st_mode & 0o777 == 0o600
    assert not [path for path in host.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]


def test_a_credential_that_this_host_cannot_read_is_made_anew(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert host and done(monkeypatch, document()) == 0
    sealed = deploy.CREDENTIAL.read_text()
    deploy.CREDENTIAL.write_text("of another host's key\n")
    assert done(monkeypatch, document()) == 0
    assert deploy.CREDENTIAL.read_text() == sealed


def test_a_file_that_is_no_longer_in_the_document_goes(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert host
    deploy.APPLICATION.mkdir(parents=True)
    (deploy.APPLICATION / "older.py").touch()
    assert done(monkeypatch, document()) == 0
    assert [path.name for path in deploy.APPLICATION.iterdir()] == ["notes.py"]


def test_removal_leaves_nothing_and_may_run_again(host: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = deploy.UNITS / "other.service"
    kept.touch()
    done(monkeypatch, document())
    for _ in range(2):
        assert done(monkeypatch, document(), "remove") == 0
        assert "systemctl disable --now notes.socket notes.service" in bench.calls()
        left = [path for path in host.rglob("*") if path.is_file() and path.parent != bench.folder]
        assert [path.name for path in left] == ["versions", "other.service"] and not deploy.APPLICATION.exists()


def test_a_fault_of_the_application_is_told_with_the_journal(
    host: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[int] = []

    def health(port: int) -> Fault:
        asked.append(port)
        return Fault("login", "MySQL refuses the user or the password (error 1045)")

    monkeypatch.setattr(deploy, "health", health)
    assert host and done(monkeypatch, document()) == 1
    told = capsys.readouterr().err
    assert told.startswith("Notes: login: MySQL refuses the user or the password (error 1045)\n")
    assert "notes.service said last:\n  line one\n  line two\n" in told and "s3cret" not in told
    assert asked == [8080], "a login that is refused is not waited for"


def test_a_service_that_starts_is_waited_for(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [Fault("service", "no answer"), Fault("network", "MySQL does not answer"), None]
    monkeypatch.setattr(deploy, "health", lambda _: answers.pop(0))
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert host and done(monkeypatch, document()) == 0 and not answers


# code and body of an answer, what it says
ANSWERS: list[tuple[int, bytes, Fault | None]] = [
    (200, b"", None),
    (503, b'{"layer": "tls", "words": "no"}', Fault("tls", "no")),
    (500, b"<html>", Fault("application", "GET /health answers 500")),
    (404, b"[]", Fault("application", "GET /health answers 404")),
    (503, b'{"layer": "tls"}', Fault("application", "GET /health answers 503")),
]


@pytest.mark.parametrize(("status", "body", "expected"), ANSWERS)
def test_an_answer_is_read(status: int, body: bytes, expected: Fault | None) -> None:
    assert deploy.fault_of(status, body) == expected


def test_a_port_that_nobody_listens_on_is_the_services_fault() -> None:
    found = deploy.health(1)
    assert found is not None and found.layer == "service" and "ConnectionRefusedError" in found.words


def test_a_program_that_fails_is_told_in_its_own_words(
    host: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.stand_in("systemd-creds", "cat >/dev/null; echo no key >&2; exit 1")
    assert host and done(monkeypatch, document()) == 1
    told = capsys.readouterr().err
    assert told.startswith("Notes: `systemd-creds encrypt --with-key=host --name=notes.url - -` failed (1): no key")
    assert "s3cret" not in told
