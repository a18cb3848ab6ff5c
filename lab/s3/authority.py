"""The authority that signs the certificate of a lab's S3: hosts trust it from their first boot on."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.cloud.store import write_atomically
from lab.s3.paths import alone, server_names

LIFE = datetime.timedelta(days=3650)
SKEW = datetime.timedelta(days=1)
"""A test may set a host's clock back."""
Key = ec.EllipticCurvePrivateKey


def ensure(folder: Path) -> Path:
    """Return the authority's certificate, made at the first call.

    Args:
        folder: a lab's s3/, which has its key too.
    """
    certificate, private = folder / "authority.crt", folder / "authority.key"
    with alone(folder):
        if certificate.exists():
            return certificate
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(f"lab s3 authority {x509.random_serial_number():x}"[:40])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        signed = (
            _unsigned(name, name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        write_atomically(private, _text(key))
        write_atomically(certificate, signed.public_bytes(Encoding.PEM).decode(), mode=0o644)
    return certificate


def issue(folder: Path, region: str) -> tuple[Path, Path]:
    """Return certificate and key of a region's S3, made anew."""
    authority = x509.load_pem_x509_certificate(ensure(folder).read_bytes())
    signer = load_pem_private_key((folder / "authority.key").read_bytes(), None)
    assert isinstance(signer, Key)  # noqa: S101  a file of the lab's own
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName(name) for name in server_names(region)]
    signed = (
        _unsigned(_name(names[0].value), authority.subject, key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    certificate, private = folder / "server.crt", folder / "server.key"
    write_atomically(private, _text(key))
    write_atomically(certificate, signed.public_bytes(Encoding.PEM).decode(), mode=0o644)
    return certificate, private


def openssl_hash(certificate: Path) -> str:
    """Return what OpenSSL calls a certificate by in /etc/ssl/certs, without the number after it.

    Source: openssl, crypto/x509/x509_cmp.c, X509_NAME_hash_ex: SHA-1 of the names in lower case, without the
    sequence around them. The authority's name is in lower case already.
    """
    name = x509.load_pem_x509_certificate(certificate.read_bytes()).subject.public_bytes()
    digest = hashlib.sha1(name[2:], usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text, _ASN1Type.UTF8String)])


def _unsigned(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), now - SKEW, now + LIFE)


def _text(key: Key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
