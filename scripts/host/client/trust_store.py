"""The authority's certificate as a Java key store too, as Connector/J reads no PEM.

The format is JKS, sun.security.provider.JavaKeyStore in OpenJDK: entries, then a digest of the password, a fixed text
and what is before. The password is empty: what is in it is public, and Java then reads it with none given.
"""

import hashlib
import re
import ssl
import struct
from pathlib import Path

from scripts.host import constants
from scripts.host.common import atomic_write

CA_FILE = Path(constants.CA_FILE)
STORE = Path(constants.TRUST_STORE)
MAGIC, VERSION, TRUSTED_CERTIFICATE = 0xFEEDFEED, 2, 2
MODE = 0o644
SALT = b"Mighty Aphrodite"
CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def converge() -> None:
    """Make the key store have the authority's certificate, if this host has one."""
    if not CA_FILE.exists():
        return
    content = jks(CA_FILE.read_text())
    if not STORE.is_file() or STORE.read_bytes() != content or STORE.stat().st_mode & 0o777 != MODE:
        atomic_write.write(STORE, content, MODE)


def jks(pem: str) -> bytes:
    """Return the certificates of a PEM text as a JKS that says nothing of when it was made."""
    certificates = [ssl.PEM_cert_to_DER_cert(text) for text in CERTIFICATE.findall(pem)]
    entries = [_entry(f"mysql-pair-{number}", der) for number, der in enumerate(certificates, 1)]
    content = struct.pack(">III", MAGIC, VERSION, len(entries)) + b"".join(entries)
    return content + hashlib.sha1(SALT + content).digest()  # noqa: S324  the format's; it protects nothing here


def _entry(alias: str, der: bytes) -> bytes:
    made = struct.pack(">Q", 0)  # milliseconds since 1970
    head = struct.pack(">I", TRUSTED_CERTIFICATE) + _text(alias) + made
    return head + _text("X.509") + struct.pack(">I", len(der)) + der


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode("ascii")
