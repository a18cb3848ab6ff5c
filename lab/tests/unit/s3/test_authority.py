"""The authority of a lab's S3: one a lab, by the name OpenSSL looks for, and a certificate that clients accept."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography import x509

from lab.s3 import authority
from lab.s3.identities import own_keys


def test_the_authority_stays_and_signs_for_s3_and_its_buckets(tmp_path: Path) -> None:
    first = authority.ensure(tmp_path).read_bytes()
    certificate, key = authority.issue(tmp_path, "eu-central-1")
    assert authority.ensure(tmp_path).read_bytes() == first
    assert key.stat().st_mode & 0o077 == 0 == (tmp_path / "authority.key").stat().st_mode & 0o077
    signed = x509.load_pem_x509_certificate(certificate.read_bytes())
    signed.verify_directly_issued_by(x509.load_pem_x509_certificate(first))
    names = signed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [
        "s3.eu-central-1.amazonaws.com",
        "*.s3.eu-central-1.amazonaws.com",
    ]


def test_hosts_that_boot_at_once_get_one_authority(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(lambda _: authority.ensure(tmp_path).read_bytes(), range(8)))
        keys = set(pool.map(lambda _: own_keys(tmp_path, "root"), range(8)))
    assert len(seen) == len(keys) == 1
    authority.issue(tmp_path, "eu-central-1")
    signed = x509.load_pem_x509_certificate((tmp_path / "server.crt").read_bytes())
    signed.verify_directly_issued_by(x509.load_pem_x509_certificate(seen.pop()))


def test_openssl_finds_it_by_the_name_that_it_is_given(tmp_path: Path) -> None:
    certificate = authority.ensure(tmp_path)
    server, _ = authority.issue(tmp_path, "eu-central-1")
    folder = tmp_path / "certs"
    folder.mkdir()
    (folder / f"{authority.openssl_hash(certificate)}.0").write_bytes(certificate.read_bytes())
    checked = subprocess.run(
        ["openssl", "verify", "-no-CAfile", "-CApath", str(folder), str(server)], capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
