"""The server's certificate, at MySQL's default paths in the data directory, so that no setting is needed for it.

server-key.pem has key and certificate, and server-cert.pem is a link to it: a new pair comes in by one rename, and
no moment exists at which a starting mysqld would find a key and a certificate that do not belong together.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from scripts.host.common import atomic_write, difference, process, state_file
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.mysql import authority, server
from scripts.host.mysql.authority import Identity
from scripts.host.mysql.paths import DATA
from scripts.host.mysql.server import Server, said

REQUEST = "tls/request.json"
"""In the memory's folder: the identity that the renewal's timer issues for."""
LOADED = "tls/loaded.json"
"""In the memory's folder: the digest of the pair that the server was last seen to present."""
AUTHORITY, CERTIFICATE, PAIR = "ca.pem", "server-cert.pem", "server-key.pem"
LEFT_BY_MYSQL = ("ca-key.pem", "client-cert.pem", "client-key.pem")
HANDSHAKE_SECONDS = 15


def converge(identity: Identity) -> str:
    """Give the server a certificate for this identity, and return the authority's.

    Raises:
        HostError: see ensure.
    """
    state_file.save(REQUEST, identity)
    ensure(identity)
    return authority.authority_certificate()


def ensure(identity: Identity, days: int | None = None) -> str:
    """Issue what is due and see to it that the running server presents it; return in words what was done.

    Args:
        identity: what the certificate is for.
        days: issue one in any case, for so many days.

    Raises:
        HostError: the server does not take or present the new one, and has the old one again.
    """
    owner = (DATA.stat().st_uid, DATA.stat().st_gid)
    authority = authority.authority_certificate().encode()
    if _content(DATA / AUTHORITY) != authority:
        atomic_write.write(DATA / AUTHORITY, authority, 0o644, owner)
    _join(owner)
    reason = "asked for" if days else authority.why_due(DATA / PAIR, identity)
    before = _content(DATA / PAIR)
    if reason:
        atomic_write.write(DATA / PAIR, authority.issue(identity, days or authority.DAYS).encode(), 0o600, owner)
    for name in LEFT_BY_MYSQL:
        (DATA / name).unlink(missing_ok=True)
    try:
        _present(Server(), identity)
    except (HostError, server.Error) as error:
        if reason and before:
            atomic_write.write(DATA / PAIR, before, 0o600, owner)
            _reload_quietly()
        kept = "the new certificate and has the old one" if reason else "the certificate in its folder"
        raise HostError(f"MySQL does not take {kept}: {said(error)}") from error
    last = authority.validity(DATA / PAIR)[1]
    return f"certificate issued ({reason}), good until {last}" if reason else f"certificate good until {last}, not due"


def differences(server: Server | None, identity: Identity, authority: str) -> list[Difference]:
    """Return where files and running server are not as they are to be; nothing is changed.

    Args:
        server: the running server, or None if it is down.
        identity: what the certificate is to be for.
        authority: the certificate of the authority that clients know, PEM.

    Raises:
        HostError: openssl failed.
    """

    def row(name: object, what: str, expected: str, found: str) -> Difference:
        return Difference("certificate", str(name), what, expected, found)

    rows = []
    wanted = difference.digest(authority.strip().encode())
    held = {
        "the authority": authority.known_authority() or "",
        str(DATA / AUTHORITY): _content(DATA / AUTHORITY).decode(),
    }
    for name, text in held.items():
        if text.strip() != authority.strip():
            rows.append(row(name, "content", wanted, difference.digest(text.strip().encode()) if text else "missing"))
    if not (DATA / CERTIFICATE).is_symlink():
        rows.append(row(DATA / CERTIFICATE, "file", f"a link to {PAIR}", "none"))
    if reason := authority.why_due(DATA / PAIR, identity):
        for_whom = ", ".join([*identity["addresses"], *identity["names"]])
        rows.append(row(DATA / PAIR, "certificate", f"this host's authority's, for {for_whom}", reason))
    if server and not rows:
        try:
            _shake_hands(server, identity)
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


def _present(server: Server, identity: Identity) -> None:
    """Have the server read its certificate unless it did, and look at it as a client would."""
    digest = hashlib.sha256(_content(DATA / PAIR)).hexdigest()
    # The dates alone do not tell two certificates of one second from each other.
    if state_file.load(LOADED) == digest and _presented(server) == authority.validity(DATA / PAIR):
        return
    server.do("ALTER INSTANCE RELOAD TLS")
    _shake_hands(server, identity)
    state_file.save(LOADED, digest)


def _presented(server: Server) -> tuple[str, str]:
    """Return the first and last moment of the certificate that the server has loaded."""
    table = "performance_schema.tls_channel_status"
    where = "channel = 'mysql_main' AND property LIKE 'Ssl_server_not_%%'"
    shown = dict(server.rows(f"SELECT property, value FROM {table} WHERE {where}", ()))  # noqa: S608
    return shown.get("Ssl_server_not_before", ""), shown.get("Ssl_server_not_after", "")


def _shake_hands(server: Server, identity: Identity) -> None:
    """Connect by TLS and check the identity.

    Raises:
        HostError: the server presents something else.
    """
    bound, port, no_network = server.rows("SELECT @@GLOBAL.bind_address, @@GLOBAL.port, @@GLOBAL.skip_networking")[0]
    if no_network:
        return
    first = bound.partition(",")[0]
    address = {"*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(first, first)  # noqa: S104
    argv = ["openssl", "s_client", "-starttls", "mysql", "-connect", f"{address}:{port}", "-verify_return_error"]
    argv += ["-CAfile", str(DATA / AUTHORITY)]
    if identity["addresses"]:
        argv += ["-verify_ip", identity["addresses"][0]]
    else:
        argv += ["-verify_hostname", identity["names"][0]]
    done = process.run(argv, seconds=HANDSHAKE_SECONDS)
    if done.returncode != 0:
        reasons = re.findall(r"verify error:num=\d+:(.*)", done.stderr)
        raise HostError(f"a client of {address}:{port} refuses it: {', '.join(reasons) or process.last_lines(done, 3)}")
    if authority.certificate_of(done.stdout) != authority.certificate_of((DATA / PAIR).read_text()):
        raise HostError(f"at {address}:{port} another certificate is presented")


def _reload_quietly() -> None:
    try:
        Server().do("ALTER INSTANCE RELOAD TLS")
    except server.Error:
        return
