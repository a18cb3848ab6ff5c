"""certificate.py and the real openssl on a stand-in of MySQL's socket: whose certificate a client is shown."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.host.common.errors import HostError
from scripts.host.mysql import authority, certificate, service
from scripts.host.mysql.spec import CertificateSpec

DESIRED, OTHER = CertificateSpec(("10.20.0.10",), ()), CertificateSpec(("10.20.0.11",), ())
TLS_CAPABILITIES = 0x8A00
"""CLIENT_PROTOCOL_41, CLIENT_SSL and CLIENT_SECURE_CONNECTION (MySQL Internals, "Protocol::Handshake")."""
GREETING = struct.pack(
    "<B6sI8sxHBHHB10x13s", 10, b"9.7.4\0", 1, b"saltsalt", TLS_CAPABILITIES, 255, 2, 0x0008, 21, b"morepluginda\0"
) + (b"caching_sha2_password\0")
REFUSAL = b"\xff" + struct.pack("<H", 1130) + b"Host '127.0.0.1' is not allowed to connect to this MySQL server"


@contextlib.contextmanager
def listening(path: Path, pair: Path, greeting: bytes) -> Iterator[None]:
    """Answer one client as mysqld does: with a greeting, and then with TLS; or with a refusal."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(1)

        def serve() -> None:
            client, _ = server.accept()
            with client, contextlib.suppress(OSError):
                client.sendall(struct.pack("<I", len(greeting))[:3] + b"\0" + greeting)
                if greeting is REFUSAL:
                    return
                client.recv(36)
                with context.wrap_socket(client, server_side=True) as session:
                    session.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


@pytest.fixture
def socket_path(tmp_path: Path, state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: ARG001  it is used
    """Where the server of a host listens, whose folder has a pair of its own authority."""
    monkeypatch.setattr(certificate, "DATA", tmp_path)
    monkeypatch.setattr(service, "SOCKET", str(tmp_path / "s"))
    (tmp_path / certificate.PAIR).write_text(authority.issue(DESIRED))
    (tmp_path / certificate.CA).write_text(authority.ensure())
    return tmp_path / "s"


def test_a_server_on_which_no_account_has_the_address_127_0_0_1_shows_its_certificate(socket_path: Path) -> None:
    with listening(socket_path, socket_path.with_name(certificate.PAIR), GREETING):
        certificate._shake_hands(DESIRED)


def test_a_certificate_of_another_server_is_told(socket_path: Path) -> None:
    other = socket_path.with_name("other.pem")
    other.write_text(authority.issue(OTHER))
    with (
        listening(socket_path, other, GREETING),
        pytest.raises(HostError, match="a client refuses it: IP address mismatch"),
    ):
        certificate._shake_hands(DESIRED)


def test_a_server_that_turns_the_client_away_is_told(socket_path: Path) -> None:
    with (
        listening(socket_path, socket_path.with_name(certificate.PAIR), REFUSAL),
        pytest.raises(HostError, match="a client refuses it"),
    ):
        certificate._shake_hands(DESIRED)
