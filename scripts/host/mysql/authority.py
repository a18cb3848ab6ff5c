"""A certificate authority of the host's own, and certificates from it: their making, and what one is good for.

P-256 with SHA-256: every TLS library that MySQL 8.0 to 9.7, OpenSSL, Java and Node come with takes it. The authority's
key never leaves its file, which is root's alone and lies beside the data: a replaced host has the same authority. The
members of a group share one: its key is read on the first of them and handed to the others, in the state as a secret.
Their certificates are for clients too, as which they log in to each other, by a subject that is their own address.
"""

import ipaddress
import re
import secrets
import shutil
import socket
import ssl
import time
from collections.abc import Mapping
from pathlib import Path

from scripts.host.common import atomic_write, process, state_file
from scripts.host.common.errors import HostError
from scripts.host.mysql import kept
from scripts.host.mysql.spec import CertificateSpec

AUTHORITY = "tls/authority.pem"
"""Beside the data: key and certificate in one, so that they are replaced together."""
AUTHORITY_DAYS = 3650
DAYS = 396
"""Of a server certificate; what browsers and some libraries take at most is 398, with BACK_DAYS."""
BACK_DAYS = 1
"""A certificate is good since before it was made: a client whose clock is behind would refuse it otherwise."""
RENEW_DAYS = 30
DAY_SECONDS = 86400

_CONFIG = """
[ca]
default_ca = signing
[signing]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = subject_policy
[subject_policy]
commonName = supplied
[req]
distinguished_name = subject
prompt = no
[subject]
CN = {name}
[extensions]
subjectKeyIdentifier = hash
"""
AUTHORITY_CONFIG = f"""{_CONFIG}
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
"""
SERVER_CONFIG = f"""{_CONFIG}
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = {{usage}}
authorityKeyIdentifier = keyid
subjectAltName = {{alternatives}}
"""
NEW_KEY = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]


def ensure() -> str:
    """Return the authority's certificate; the authority is made if there is none, and certified anew in its time."""
    path = kept.path(AUTHORITY)
    if not path.exists():
        # A name of its own: whoever holds another server's certificate hears of an unknown issuer.
        name = f"mysql-pair {socket.gethostname()[:32]} {secrets.token_hex(4)}"
        _make_authority(process.must(NEW_KEY), name)
    elif not _lasts(path, DAYS + RENEW_DAYS):
        # The same key and name: who holds the old certificate accepts what is signed from now on.
        _make_authority(_block("PRIVATE KEY", path.read_text()), _common_name(path))
    return certificate_of(path.read_text())


def adopt(given: str) -> None:
    """Make a shared authority, key and certificate, this host's; of one key the certificate that lasts longer counts.

    Any other authority of this host is replaced, and what it signed is due.
    """
    path = kept.path(AUTHORITY)
    key, own = _block("PRIVATE KEY", given), path.read_text() if path.exists() else ""
    # A member certifies the key that all of them have by itself, in its time.
    if key not in own or _end(own) < _end(given):
        atomic_write.write(path, (key + certificate_of(given)).encode(), 0o600)


def pair() -> str:
    """Return the authority's key and certificate, as adopt takes them: a secret."""
    ensure()
    return kept.path(AUTHORITY).read_text()


def current() -> str | None:
    """Return the authority's certificate as it is, or None; nothing is made or renewed."""
    path = kept.find(AUTHORITY)
    return certificate_of(path.read_text()) if path.exists() else None


def subject() -> str:
    """Return the authority's name as MySQL writes it in REQUIRE ISSUER."""
    return f"/CN={_common_name(kept.find(AUTHORITY))}"


def issue(spec: CertificateSpec, days: int = DAYS) -> str:
    """Return a new key and its certificate from the authority, as one PEM text."""
    ensure()
    alternatives = [f"IP:{address}" for address in spec.addresses] + [f"DNS:{name}" for name in spec.names]
    if not alternatives:
        raise HostError("a server certificate needs an address or a name to be for")
    # At most 64 characters, and clients do not read it where there are alternative names (RFC 6125); of a member's,
    # which is its address, the other members do.
    subject = alternatives[0].partition(":")[2][:64]
    usage = "serverAuth, clientAuth" if spec.is_member else "serverAuth"
    fields = {"name": subject, "usage": usage, "alternatives": ", ".join(alternatives)}
    return _certified(process.must(NEW_KEY), SERVER_CONFIG, fields, days, kept.path(AUTHORITY))


def why_due(pair: Path, spec: CertificateSpec) -> str | None:
    """Return in words why the key and certificate in a file must be issued anew, or None."""
    if not pair.exists():
        return "there was none"
    try:
        # The empty password keeps an encrypted key from asking at a terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pair, password="")
    except (ssl.SSLError, OSError):
        return "its key or certificate could not be read, or did not belong together"
    # One question for both: `openssl x509` takes longer than all else here.
    shown = process.run([*_shown(pair), "-ext", "subjectAltName", "-checkend", str(RENEW_DAYS * DAY_SECONDS)])
    if shown.returncode != 0:
        return f"it had less than {RENEW_DAYS} days left"
    signer = ["-CAfile", str(kept.find(AUTHORITY))]
    if process.run(["openssl", "verify", *signer, "-purpose", "sslserver", str(pair)]).returncode != 0:
        return "it was not from this host's authority"
    if _names_in(shown.stdout) != {*map(_canonical, spec.addresses), *spec.names}:
        return "it was for other addresses or names"
    if spec.is_member:
        client = process.run(["openssl", "verify", *signer, "-purpose", "sslclient", str(pair)])
        if client.returncode != 0 or _common_name(pair) != spec.addresses[0]:
            return "it was not one by which a member of a group logs in to the others"
    return None


def names_of(pair: Path) -> set[str]:
    """Return the addresses and names that a certificate is for."""
    return _names_in(process.must([*_shown(pair), "-ext", "subjectAltName"]))


def _names_in(shown: str) -> set[str]:
    addresses = re.findall(r"IP Address:([0-9A-Fa-f:.]+)", shown)
    return {*map(_canonical, addresses), *re.findall(r"DNS:([^,\s]+)", shown)}


def validity(pair: Path) -> tuple[str, str]:
    """Return the first and the last moment of a certificate, as OpenSSL and MySQL write them."""
    shown = process.must([*_shown(pair), "-startdate", "-enddate"])
    first, last = (line.partition("=")[2] for line in shown.splitlines())
    return first, last


def certificate_of(pair: str) -> str:
    """Return the certificate of a PEM text that has a key too."""
    return _block("CERTIFICATE", pair)


def _canonical(address: str) -> str:
    return str(ipaddress.ip_address(address))


def _common_name(pair: Path) -> str:
    subject = process.must([*_shown(pair), "-subject"])
    return re.split(r"CN\s*=\s*", subject.strip())[1]


def _end(pair: str) -> float:
    """Return the last moment of a certificate, in seconds since 1970."""
    shown = process.must(["openssl", "x509", "-noout", "-enddate"], stdin=certificate_of(pair))
    return ssl.cert_time_to_seconds(shown.strip().partition("=")[2])


def _lasts(pair: Path, days: int) -> bool:
    seconds = str(days * DAY_SECONDS)
    return process.run([*_shown(pair), "-checkend", seconds]).returncode == 0


def _shown(pair: Path) -> list[str]:
    """Return the command line to which what is asked of a certificate is added."""
    return ["openssl", "x509", "-in", str(pair), "-noout"]


def _make_authority(key: str, name: str) -> None:
    pair = _certified(key, AUTHORITY_CONFIG, {"name": name}, AUTHORITY_DAYS)
    atomic_write.write(kept.path(AUTHORITY), pair.encode(), 0o600)


def _certified(key: str, config: str, fields: Mapping[str, str], days: int, signer: Path | None = None) -> str:
    """Return a key and a new certificate for it, signed by itself or by the pair of the signer.

    By `openssl ca`: `openssl req` and `x509` know no -not_before until OpenSSL 3.4.
    """
    folder = state_file.FOLDER / "tls" / "new"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    path, request = folder / "key.pem", folder / "request.pem"
    text = config.format(folder=folder, **fields)
    try:
        (folder / "index.txt").touch()
        (folder / "serial").write_text(f"7F{secrets.token_hex(18)}")
        atomic_write.write(path, key.encode(), 0o600)
        argv = ["openssl", "req", "-new", "-sha256", "-config", "/dev/stdin", "-key", str(path), "-out", str(request)]
        process.must(argv, stdin=text)
        argv = ["openssl", "ca", "-batch", "-notext", "-config", "/dev/stdin", "-in", str(request)]
        argv += ["-cert", str(signer)] if signer else ["-selfsign"]
        argv += ["-keyfile", str(signer or path), "-extensions", "extensions"]
        return key + process.must([*argv, "-startdate", _day(-BACK_DAYS), "-enddate", _day(days)], stdin=text)
    finally:
        shutil.rmtree(folder)


def _day(days: int) -> str:
    """Return a moment so many days from now, as `openssl ca` reads it."""
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * DAY_SECONDS))


def _block(label: str, text: str) -> str:
    match = re.search(rf"-----BEGIN {label}-----.*?-----END {label}-----\n", text, re.DOTALL)
    if match is None:
        raise HostError(f"there is no {label.lower()} in what should have one")
    return match[0]
