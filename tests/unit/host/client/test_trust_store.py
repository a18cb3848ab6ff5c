"""client/trust_store.py: the authority's certificate as Java reads it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.host.client import trust_store


@pytest.fixture
def authority(tmp_path: Path, state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: ARG001  it is used
    """A host's certificate."""
    path = tmp_path / "ca.pem"
    monkeypatch.setattr(trust_store, "CA_FILE", path)
    monkeypatch.setattr(trust_store, "STORE", tmp_path / "ca.jks")
    argv = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=ours"]
    subprocess.run([*argv, "-out", str(path)], check=True, capture_output=True)
    return path


def test_the_store_has_each_certificate_of_the_file_and_a_digest(authority: Path) -> None:
    authority.write_text("a comment\n" + authority.read_text() * 2)
    store = trust_store.jks(authority.read_text())
    argv = ["openssl", "x509", "-in", str(authority), "-outform", "der"]
    der = subprocess.run(argv, check=True, capture_output=True).stdout
    assert store.startswith(bytes.fromhex("feedfeed 00000002 00000002 00000002"))
    assert store.count(len(der).to_bytes(4, "big") + der) == 2
    assert store.endswith(hashlib.sha1(b"Mighty Aphrodite" + store[:-20]).digest())  # noqa: S324  the format's


@pytest.mark.skipif(shutil.which("keytool") is None, reason="no Java here")
def test_javas_own_tool_reads_it(authority: Path) -> None:
    trust_store.converge()
    store = authority.with_name("ca.jks")
    argv = ["keytool", "-list", "-v", "-keystore", str(store)]
    done = subprocess.run(argv, input="\n", capture_output=True, text=True)
    assert "mysql-pair-1" in done.stdout and "CN=ours" in done.stdout, done.stdout


def test_it_is_written_once_and_anew_when_it_or_the_certificate_differs(authority: Path) -> None:
    store = authority.with_name("ca.jks")
    trust_store.converge()
    first, content = store.stat(), store.read_bytes()
    assert (first.st_mode & 0o777, content) == (0o644, trust_store.jks(authority.read_text()))
    trust_store.converge()
    assert store.stat().st_ino == first.st_ino
    store.write_bytes(b"other")
    trust_store.converge()
    assert store.read_bytes() == content
    store.chmod(0o600)
    trust_store.converge()
    assert store.stat().st_mode & 0o777 == 0o644
    authority.write_text(authority.read_text() * 2)
    trust_store.converge()
    assert store.read_bytes() != content


def test_a_host_without_a_certificate_gets_no_store(authority: Path) -> None:
    authority.unlink()
    trust_store.converge()
    assert not authority.with_name("ca.jks").exists()
