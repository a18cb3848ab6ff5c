"""The server's certificate, at MySQL's default paths in the data directory, so that no setting is needed for it.

Verb `certify` gives the server one, renewed from now on by a timer, and tells its authority's. It is apart from
`converge`, so that the authority is known to stay when a setting changes. Verb `renew-certificate` is the timer's.
Verb `authority` tells the whole of it, key too, for the members of a group that are to share it.
server-key.pem has key and certificate, and server-cert.pem is a link to it: a new pair comes in by one rename, and
no moment exists at which a starting mysqld would find a key and a certificate that do not belong together.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.host.common import atomic_write, codec, difference, lock, process, state_file, stdin
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.group import restart as restarting
from scripts.host.mysql import authority, service, timers
from scripts.host.mysql.server import Error, Session
from scripts.host.mysql.service import DATA
from scripts.host.mysql.spec import AuthorityFacts, CertificateFacts, CertificateSpec

REQUEST = "tls/request.json"
"""A state file: the spec that the renewal's timer issues for."""
LOADED = "tls/loaded.json"
"""A state file: the digest of the pair that the server was last seen to present."""
CA, CERTIFICATE, PAIR = "ca.pem", "server-cert.pem", "server-key.pem"
"""In the data directory."""
LEFT_BY_MYSQL = ("ca-key.pem", "client-cert.pem", "client-key.pem")
HANDSHAKE_SECONDS = 15


def certify(spec: CertificateSpec) -> CertificateFacts:
    """Give the server a certificate as the spec says, and have it renewed."""
    if spec.is_member:
        authority.adopt(spec.authority)
        # Its key is in one place, beside the data.
        spec = dataclasses.replace(spec, authority=authority.certificate_of(spec.authority))
    state_file.save(REQUEST, codec.as_data(spec))
    ensure(spec)
    timers.enable(timers.CERTIFICATE)
    return CertificateFacts(authority.ensure())


def renew_verb(words: Sequence[str]) -> int:
    """Renew the certificate if it is due, print in a line what was done, and return the exit code.

    No spec is read: `certify` has left on the host whom the certificate is for.
    """
    parser = argparse.ArgumentParser("renew-certificate", description="Renew the server's certificate when it is due.")
    # A short one is due the next time.
    parser.add_argument("--issue-days", type=int, metavar="DAYS", help="issue one in any case, for so many days")
    days = parser.parse_args(words).issue_days
    try:
        with lock.exclusive():
            request = state_file.load(REQUEST)
            if request is None:
                raise HostError("no certificate was ever issued on this host, so nobody has said whom it is for")
            # A former agent's says nothing of an authority.
            print(ensure(codec.from_data(CertificateSpec, {"authority": "", **request}), days))
    except (HostError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def authority_verb(_words: Sequence[str]) -> int:
    """Print the authority's key and certificate, made if there is none, and return the exit code.

    Standard input has nothing for it; what it prints is a secret.
    """
    try:
        with lock.exclusive():
            print(stdin.as_json(AuthorityFacts(authority.pair())))
    except (HostError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def ensure(spec: CertificateSpec, days: int | None = None) -> str:
    """Issue what is due, or one for so many days in any case, and see to it that the running server presents it.

    What was done is returned in words.

    Raises:
        HostError: the server does not take or present the new one, and has the old one again; or a member's authority
            is gone, which the others would not know another one by.
    """
    if spec.is_member and authority.current() is None:
        raise HostError("the authority that this server shares with the others is gone: `repair` hands it out again")
    owner = (DATA.stat().st_uid, DATA.stat().st_gid)
    ca_certificate = authority.ensure().encode()
    if _content(DATA / CA) != ca_certificate:
        atomic_write.write(DATA / CA, ca_certificate, 0o644, owner)
    _join(owner)
    reason = "asked for" if days else authority.why_due(DATA / PAIR, spec)
    before = _content(DATA / PAIR)
    if reason:
        atomic_write.write(DATA / PAIR, authority.issue(spec, days or authority.DAYS).encode(), 0o600, owner)
    for name in LEFT_BY_MYSQL:
        (DATA / name).unlink(missing_ok=True)
    try:
        _present(Session(), spec)
    except HostError as error:
        if reason and before:
            atomic_write.write(DATA / PAIR, before, 0o600, owner)
            with contextlib.suppress(Error):
                Session().do("ALTER INSTANCE RELOAD TLS")
        kept = "the new certificate and has the old one" if reason else "the certificate in its folder"
        raise HostError(f"MySQL does not take {kept}: {error}") from error
    if spec.is_member:
        restarting.renew((DATA / PAIR).stat().st_mtime)
    last = authority.validity(DATA / PAIR)[1]
    return f"certificate issued ({reason}), good until {last}" if reason else f"certificate good until {last}, not due"


def differences(session: Session | None, spec: CertificateSpec, ca_certificate: str) -> list[Difference]:
    """Return where files and running server are not as they should be; nothing is changed.

    Args:
        session: None if the server is down.
        spec: whom the certificate should be for.
        ca_certificate: the PEM of the authority that clients know.
    """

    def row(name: object, what: str, expected: str, found: str) -> Difference:
        return Difference("certificate", str(name), what, expected, found)

    rows = []
    expected = difference.digest(ca_certificate.strip().encode())
    for name, text in (("the authority", authority.current()), (DATA / CA, _content(DATA / CA).decode())):
        found = difference.digest(text.strip().encode()) if text else "missing"
        if found != expected:
            rows.append(row(name, "content", expected, found))
    if not (DATA / CERTIFICATE).is_symlink():
        rows.append(row(DATA / CERTIFICATE, "file", f"a link to {PAIR}", "none"))
    if reason := authority.why_due(DATA / PAIR, spec):
        for_whom = ", ".join([*spec.addresses, *spec.names])
        rows.append(row(DATA / PAIR, "certificate", f"this host's authority's, for {for_whom}", reason))
    if session and not rows:
        try:
            _shake_hands(spec)
        except HostError as error:
            rows.append(row(DATA / PAIR, "presented to clients", "this certificate", str(error)))
    return rows


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _join(owner: tuple[int, int]) -> None:
    """Turn two files, as MySQL makes them, into one and a link; key and certificate stay what they are."""
    certificate = DATA / CERTIFICATE
    if certificate.is_symlink():
        return
    atomic_write.write(DATA / PAIR, _content(DATA / PAIR) + _content(certificate), 0o600, owner)
    link = certificate.with_suffix(".new")
    link.unlink(missing_ok=True)
    link.symlink_to(PAIR)
    link.replace(certificate)
    atomic_write.sync_folder(DATA)


def _present(session: Session, spec: CertificateSpec) -> None:
    """Have the server read its certificate unless it did, and look at it as a client would."""
    digest = hashlib.sha256(_content(DATA / PAIR)).hexdigest()
    # The dates alone do not tell two certificates of one second from each other.
    if state_file.load(LOADED) == digest and _presented(session) == authority.validity(DATA / PAIR):
        return
    session.do("ALTER INSTANCE RELOAD TLS")
    _shake_hands(spec)
    state_file.save(LOADED, digest)


def _presented(session: Session) -> tuple[str, str]:
    """Return the first and last moment of the certificate that the server has loaded."""
    table = "performance_schema.tls_channel_status"
    where = "channel = 'mysql_main' AND property LIKE 'Ssl_server_not_%%'"
    shown = dict(session.rows(f"SELECT property, value FROM {table} WHERE {where}", ()))  # noqa: S608
    return shown.get("Ssl_server_not_before", ""), shown.get("Ssl_server_not_after", "")


def _shake_hands(spec: CertificateSpec) -> None:
    """Connect by TLS and check the server's identity: an error if it presents something else.

    By the socket: a server that looks no names up turns a client of 127.0.0.1 away before any TLS, for to it that
    is not the localhost of root.
    """
    argv = ["openssl", "s_client", "-starttls", "mysql", "-unix", service.SOCKET, "-verify_return_error"]
    argv += ["-CAfile", str(DATA / CA)]
    argv += ["-verify_ip", spec.addresses[0]] if spec.addresses else ["-verify_hostname", spec.names[0]]
    done = process.run(argv, seconds=HANDSHAKE_SECONDS)
    if done.returncode != 0:
        reasons = re.findall(r"verify error:num=\d+:(.*)", done.stderr)
        raise HostError(f"a client refuses it: {', '.join(reasons) or process.last_lines(done, 3)}")
    if authority.certificate_of(done.stdout) != authority.certificate_of((DATA / PAIR).read_text()):
        raise HostError("another certificate is presented")


certify_verb = stdin.verb(CertificateSpec, certify)
