"""The authority that the members of a group share: which one counts on a host; what a member's certificate is for."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest

from scripts.host.common.errors import HostError
from scripts.host.mysql import authority, certificate
from scripts.host.mysql.spec import CertificateSpec

ALONE = CertificateSpec(("10.20.0.10",), ("db.example.org",))


def made(folder: Path) -> str:
    """Return an authority that was made on another host."""
    path = folder / authority.AUTHORITY
    own = path.read_text() if path.exists() else None
    path.unlink(missing_ok=True)
    other = authority.pair()
    path.unlink()
    if own:
        path.write_text(own)
    return other


def certified_again(folder: Path, days: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the host's authority as it is once its key has a certificate for so many days."""
    with monkeypatch.context() as late:
        late.setattr(authority, "AUTHORITY_DAYS", days)
        late.setattr(authority, "_lasts", lambda *_: False)
        authority.ensure()
    return (folder / authority.AUTHORITY).read_text()


def member(given: str) -> CertificateSpec:
    """Return whom a member's certificate is for."""
    return CertificateSpec(("10.20.0.11", "127.0.0.1"), ("server-2.internal",), given)


def verified(pair: Path, given: str, purpose: str, folder: Path) -> bool:
    """Return whether a certificate of this authority is good for a purpose."""
    (folder / "ca.pem").write_text(authority.certificate_of(given))
    argv = ["openssl", "verify", "-CAfile", str(folder / "ca.pem"), "-purpose", purpose, str(pair)]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def test_a_host_without_an_authority_has_the_one_that_is_given(state_folder: Path) -> None:
    given = made(state_folder)
    authority.adopt(given)
    assert (state_folder / authority.AUTHORITY).read_text() == given
    assert (state_folder / authority.AUTHORITY).stat().st_mode & 0o777 == 0o600


def test_an_authority_with_another_key_gives_way_to_the_one_that_is_given(state_folder: Path) -> None:
    authority.ensure()
    given = made(state_folder)
    assert (state_folder / authority.AUTHORITY).read_text() != given
    authority.adopt(given)
    assert (state_folder / authority.AUTHORITY).read_text() == given


@pytest.mark.parametrize(("days_on_the_host", "own_stays"), [(5000, True), (1000, False)])
def test_of_one_key_the_certificate_that_lasts_longer_counts(
    state_folder: Path, monkeypatch: pytest.MonkeyPatch, days_on_the_host: int, own_stays: bool
) -> None:
    given = authority.pair()
    own = certified_again(state_folder, days_on_the_host, monkeypatch)
    authority.adopt(given)
    assert (state_folder / authority.AUTHORITY).read_text() == (own if own_stays else given)


def test_what_has_no_key_is_refused_and_not_repeated(state_folder: Path) -> None:
    given = authority.certificate_of(made(state_folder))
    with pytest.raises(HostError, match="no private key") as refused:
        authority.adopt(given)
    assert given not in str(refused.value) and not (state_folder / authority.AUTHORITY).exists()


def test_a_member_s_certificate_is_for_logging_in_too_and_its_subject_is_its_own_address(
    state_folder: Path, tmp_path: Path
) -> None:
    given = made(state_folder)
    authority.adopt(given)
    pair = tmp_path / "pair.pem"
    pair.write_text(authority.issue(member(given)))
    assert authority.why_due(pair, member(given)) is None
    assert [verified(pair, given, purpose, tmp_path) for purpose in ("sslserver", "sslclient")] == [True, True]
    argv = ["openssl", "x509", "-in", str(pair), "-noout", "-subject", "-nameopt", "RFC2253"]
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == "subject=CN=10.20.0.11\n"
    assert authority.names_of(pair) == {"10.20.0.11", "127.0.0.1", "server-2.internal"}


def test_the_certificate_of_a_server_that_is_alone_is_for_no_login(state_folder: Path, tmp_path: Path) -> None:
    given, pair = authority.pair(), tmp_path / "pair.pem"
    assert state_folder.exists()
    pair.write_text(authority.issue(ALONE))
    assert [verified(pair, given, purpose, tmp_path) for purpose in ("sslserver", "sslclient")] == [True, False]


def test_a_server_that_becomes_a_member_needs_another_certificate(state_folder: Path, tmp_path: Path) -> None:
    given, pair = authority.pair(), tmp_path / "pair.pem"
    assert state_folder.exists()
    pair.write_text(authority.issue(ALONE))
    due = authority.why_due(pair, dataclasses.replace(ALONE, authority=given))
    assert due == "it was not one by which a member of a group logs in to the others"


def test_the_certificate_of_another_member_is_not_this_one_s(state_folder: Path, tmp_path: Path) -> None:
    spec = member(authority.pair())
    assert state_folder.exists()
    pair = tmp_path / "pair.pem"
    pair.write_text(authority.issue(dataclasses.replace(spec, addresses=spec.addresses[::-1])))
    assert "a member of a group" in (authority.why_due(pair, spec) or "")


def test_a_member_whose_authority_is_gone_makes_none_of_its_own(
    state_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = made(state_folder)
    monkeypatch.setattr(certificate, "DATA", tmp_path)
    with pytest.raises(HostError, match="shares with the others is gone"):
        certificate.ensure(member(authority.certificate_of(given)))
    assert not (state_folder / authority.AUTHORITY).exists()
