"""mysql/authority.py with the real openssl, certificate.py on a stand-in of the server: what is due, what is loaded."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from scripts.host.common import state_file
from scripts.host.common.errors import HostError
from scripts.host.mysql import authority, certificate, timers
from scripts.host.mysql.server import Error, Session
from scripts.host.mysql.spec import CertificateSpec
from tests.unit.host.conftest import state_in

DESIRED = CertificateSpec(("10.20.0.10",), ("ip-10-20-0-10.eu-central-1.compute.internal",))
OTHER = CertificateSpec(("10.20.0.11", "fd00::1"), ())


def shown(path: Path) -> str:
    """Return a certificate in words."""
    argv = ["openssl", "x509", "-in", str(path), "-noout", "-text"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a first run leaves in `state` and `data`: it calls openssl a dozen times, and is made once for all tests."""
    folder = tmp_path_factory.mktemp("first-run")
    with pytest.MonkeyPatch.context() as patched:
        state_in(folder / "state", patched)
        serve(folder / "data", patched)
        certificate.certify(DESIRED)
    return folder


@pytest.fixture
def pair(tmp_path: Path, state_folder: Path, first_run: Path) -> Path:
    """A pair as issued for the wanted identity, and the authority alone beside it."""
    shutil.copytree(first_run / "state", state_folder, ignore=shutil.ignore_patterns("*.json"), dirs_exist_ok=True)
    return Path(shutil.copy(first_run / "data" / "server-key.pem", tmp_path / "pair.pem"))


def test_a_certificate_says_who_the_server_is_and_no_more(pair: Path, state_folder: Path) -> None:
    text = shown(pair)
    assert "IP Address:10.20.0.10, DNS:ip-10-20-0-10.eu-central-1.compute.internal" in text
    assert "CA:FALSE" in text and "TLS Web Server Authentication" in text and "CRL Sign" not in text
    text = shown(state_folder / authority.AUTHORITY)
    assert "X509v3 Basic Constraints: critical\n                CA:TRUE" in text
    assert "Certificate Sign, CRL Sign" in text


def test_the_authority_s_key_is_root_s_alone_and_not_in_what_is_handed_out(pair: Path, state_folder: Path) -> None:
    assert pair.exists()
    assert (state_folder / authority.AUTHORITY).stat().st_mode & 0o777 == 0o600
    assert (state_folder / "tls").stat().st_mode & 0o777 == 0o700
    assert [path.name for path in (state_folder / "tls").iterdir()] == ["authority.pem"]
    assert "PRIVATE" not in authority.ensure()


def test_a_good_certificate_is_not_due(pair: Path) -> None:
    assert authority.why_due(pair, DESIRED) is None


def test_a_client_whose_clock_is_hours_behind_takes_a_new_certificate(pair: Path, state_folder: Path) -> None:
    behind = str(int(time.time()) - 23 * 3600)
    argv = ["openssl", "verify", "-attime", behind, "-CAfile", str(state_folder / authority.AUTHORITY), str(pair)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_certificate_is_issued_anew_only_to_put_its_beginning_back(
    pair: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as former:
        former.setattr(authority, "BACK_DAYS", 0)
        pair.write_text(authority.issue(DESIRED))
    assert authority.why_due(pair, DESIRED) is None


def test_names_are_compared_in_any_order_and_spelling(pair: Path) -> None:
    pair.write_text(authority.issue(OTHER))
    assert authority.why_due(pair, CertificateSpec(("FD00:0:0::1", "10.20.0.11"), ())) is None


def missing(pair: Path) -> None:
    """Take the pair away."""
    pair.unlink()


def garbled(pair: Path) -> None:
    """Leave half of the pair."""
    pair.write_text(pair.read_text()[:300])


def mixed(pair: Path) -> None:
    """Put another key with the certificate."""
    pair.write_text(
        authority.issue(DESIRED).partition("-----BEGIN CERT")[0] + authority.certificate_of(pair.read_text())
    )


def strange(pair: Path) -> None:
    """Have the pair from an authority that is no longer ours."""
    assert pair.exists()
    (state_file.FOLDER / authority.AUTHORITY).unlink()
    authority.ensure()


def old(pair: Path) -> None:
    """Have the pair near its end."""
    pair.write_text(authority.issue(DESIRED, authority.RENEW_DAYS - 1))


def elsewhere(pair: Path) -> None:
    """Have the pair for another address."""
    pair.write_text(authority.issue(OTHER))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (missing, "there was none"),
        (garbled, "could not be read"),
        (mixed, "did not belong together"),
        (strange, "not from this host's authority"),
        (old, "less than 30 days left"),
        (elsewhere, "other addresses or names"),
    ],
)
def test_a_certificate_is_due_for_a_reason(pair: Path, state: Any, words: str) -> None:
    state(pair)
    assert words in (authority.why_due(pair, DESIRED) or "")


def test_an_authority_near_its_end_is_certified_anew_and_its_former_certificate_still_counts(
    pair: Path, state_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (state_folder / authority.AUTHORITY).unlink()
    with monkeypatch.context() as short:
        short.setattr(authority, "AUTHORITY_DAYS", 100)
        short.setattr(authority, "DAYS", 10)
        former = authority.ensure()
    pair.write_text(authority.issue(DESIRED))
    assert authority.ensure() != former
    (tmp_path / "former.pem").write_text(former)
    verified = subprocess.run(["openssl", "verify", "-CAfile", str(tmp_path / "former.pem"), str(pair)], check=False)
    assert verified.returncode == 0


class Loaded:
    """A server that loads what is in its folder when it is told to, and can refuse."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.reloads = 0
        self.refusing = False
        self.dates = ("", "")

    def do(self, statement: str) -> None:
        """Load the pair."""
        assert statement == "ALTER INSTANCE RELOAD TLS"
        if self.refusing:
            self.refusing = False
            raise Error(3888, "Failed to set up SSL")
        self.reloads += 1
        self.dates = authority.validity(self.data / "server-cert.pem")

    def rows(self, statement: str, _args: Sequence[Any] = ()) -> list[tuple[str, ...]]:
        """Tell the dates of what is loaded."""
        assert "tls_channel_status" in statement
        return [("Ssl_server_not_before", self.dates[0]), ("Ssl_server_not_after", self.dates[1])]


def serve(data: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """Return a server with the files that mysqld makes for itself in a new folder."""
    data.mkdir()
    for name in ("ca.pem", "ca-key.pem", "client-cert.pem", "client-key.pem", "server-cert.pem", "server-key.pem"):
        (data / name).write_text("mysqld's own\n")
    loaded = Loaded(data)
    monkeypatch.setattr(certificate, "DATA", data)
    monkeypatch.setattr(certificate, "Session", lambda: loaded)
    monkeypatch.setattr(certificate, "_shake_hands", lambda *_: None)
    monkeypatch.setattr(timers, "enable", lambda _: None)
    return loaded


@pytest.fixture
def new(tmp_path: Path, state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:  # noqa: ARG001  # it is used
    """A server before the first run."""
    return serve(tmp_path / "data", monkeypatch)


@pytest.fixture
def server(new: Loaded, state_folder: Path, first_run: Path) -> Loaded:
    """A server after the first run."""
    shutil.copytree(first_run / "state", state_folder, dirs_exist_ok=True)
    shutil.rmtree(new.data)
    shutil.copytree(first_run / "data", new.data, symlinks=True)
    new.do("ALTER INSTANCE RELOAD TLS")
    return new


def test_the_first_run_puts_a_certificate_in_and_mysqld_s_own_go(new: Loaded) -> None:
    ca_certificate = certificate.certify(DESIRED).ca_certificate
    assert sorted(path.name for path in new.data.iterdir()) == ["ca.pem", "server-cert.pem", "server-key.pem"]
    assert (new.data / "ca.pem").read_text() == ca_certificate
    assert (new.data / "server-key.pem").stat().st_mode & 0o777 == 0o600
    assert authority.why_due(new.data / "server-cert.pem", DESIRED) is None
    assert new.reloads == 1


def test_a_second_run_does_nothing(server: Loaded) -> None:
    before = (server.data / "server-key.pem").stat().st_ino
    certificate.certify(DESIRED)
    assert (server.reloads, (server.data / "server-key.pem").stat().st_ino) == (1, before)


def test_another_identity_is_issued_for_and_loaded(server: Loaded) -> None:
    certificate.certify(OTHER)
    assert server.reloads == 2
    assert authority.names_of(server.data / "server-cert.pem") == {"10.20.0.11", "fd00::1"}


def test_a_run_cut_off_before_the_load_loads_the_next_time(server: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(certificate, "_present", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        certificate.ensure(DESIRED, days=300)
    assert "not due" in certificate.ensure(DESIRED)
    assert server.reloads == 2


def test_a_refused_certificate_leaves_the_old_one_in_place(server: Loaded) -> None:
    before = (server.data / "server-key.pem").read_text()
    server.refusing = True
    with pytest.raises(HostError, match="has the old one: ERROR 3888: Failed to set up SSL"):
        certificate.certify(OTHER)
    assert (server.data / "server-key.pem").read_text() == before


def test_key_and_certificate_come_in_together(server: Loaded) -> None:
    assert os.readlink(server.data / "server-cert.pem") == "server-key.pem"  # noqa: PTH115


def test_a_short_certificate_is_due_the_next_day(server: Loaded) -> None:
    assert "issued (asked for)" in certificate.ensure(DESIRED, days=5)
    assert "issued (it had less than 30 days left)" in certificate.ensure(DESIRED)
    assert server.reloads == 3


def presented_other(server: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the running server present something else than its folder has."""
    assert server.reloads == 1

    def refuse(*_: object) -> None:
        raise HostError("another certificate is presented")

    monkeypatch.setattr(certificate, "_shake_hands", refuse)


def replaced(server: Loaded, _monkeypatch: pytest.MonkeyPatch) -> None:
    """Have somebody put a certificate of their own in."""
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519"], capture_output=True, text=True, check=True)
    (server.data / "own.key").write_text(key.stdout)
    argv = ["openssl", "req", "-x509", "-days", "90", "-subj", "/CN=own", "-key", str(server.data / "own.key")]
    made = subprocess.run(argv, capture_output=True, text=True, check=True)
    (server.data / "server-key.pem").write_text(key.stdout + made.stdout)


def two_files(server: Loaded, _monkeypatch: pytest.MonkeyPatch) -> None:
    """Have key and certificate in two files, as MySQL's documentation puts them."""
    text = (server.data / "server-cert.pem").read_text()
    (server.data / "server-cert.pem").unlink()
    (server.data / "server-cert.pem").write_text(text)


def other_authority(server: Loaded, _monkeypatch: pytest.MonkeyPatch) -> None:
    """Have another ca.pem beside it."""
    (server.data / "ca.pem").write_text("another\n")


def lost_authority(_server: Loaded, _monkeypatch: pytest.MonkeyPatch) -> None:
    """Have lost the authority, and with it all that it signed."""
    (state_file.FOLDER / authority.AUTHORITY).unlink()


def nothing(_server: Loaded, _monkeypatch: pytest.MonkeyPatch) -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    ("done", "found"),
    [
        (nothing, []),
        (replaced, [("server-key.pem", "it was not from this host's authority")]),
        (two_files, [("server-cert.pem", "none")]),
        (other_authority, [("ca.pem", "sha256 ")]),
        (lost_authority, [("the authority", "missing"), ("server-key.pem", "it was not from this host's authority")]),
        (presented_other, [("server-key.pem", "another certificate is presented")]),
    ],
)
def test_a_certificate_that_is_not_the_stack_s_is_told_and_left(
    server: Loaded, monkeypatch: pytest.MonkeyPatch, done: Any, found: list[tuple[str, str]]
) -> None:
    ca_certificate = (server.data / "ca.pem").read_text()
    done(server, monkeypatch)
    before = {path.name: path.read_bytes() for path in server.data.iterdir()}
    rows = certificate.differences(cast(Session, server), DESIRED, ca_certificate)
    assert [(Path(row.name).name, row.found[: len(said)]) for row, (_, said) in zip(
        rows, found, strict=True
    )] == found  # fmt: skip
    assert "PRIVATE" not in str(rows)
    assert ({path.name: path.read_bytes() for path in server.data.iterdir()}, server.reloads) == (before, 1)
    assert (state_file.FOLDER / authority.AUTHORITY).exists() == (done is not lost_authority)
