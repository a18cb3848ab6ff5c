"""Sockets inside network namespaces, made without a process: a socket stays where it was opened."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyroute2 import netns

QUIET, LONGEST = 0.25, 3.0
"""Seconds after which a silent peer counts as one that drops; a round trip here takes a millisecond."""

ECHO, TIMESTAMP = (8, 0), (13, 14)
"""ICMP: the type of a request and of its answer."""


def deadline() -> float:
    """Return the seconds to wait for a peer: more on a machine that is busy with other things."""
    return min(LONGEST, QUIET * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


@contextmanager
def at(namespace: str) -> Iterator[None]:
    """Open sockets in a namespace; "" is the machine's own."""
    if not namespace:
        yield
        return
    with Path("/proc/thread-self/ns/net").open("rb") as here:
        netns.setns(namespace, flags=0)
        try:
            yield
        finally:
            netns.setns(here, flags=0)


@contextmanager
def listening(namespace: str, port: int, address: str = "") -> Iterator[socket.socket]:
    """Listen for TCP in a namespace."""
    with at(namespace):
        server = socket.create_server((address, port))
    with server:
        server.settimeout(deadline())
        yield server


def dial(namespace: str, address: str, port: int, source: str = "", source_port: int = 0) -> socket.socket:
    """Open a TCP connection from a namespace.

    Raises:
        OSError: nothing answered in time, or something refused.
    """
    with at(namespace):
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.settimeout(deadline())
    try:
        if source:
            client.bind((source, source_port))
        client.connect((address, port))
    except OSError:
        client.close()
        raise
    return client


def connects(namespace: str, address: str, port: int) -> bool:
    """Tell whether a TCP connection opens before the deadline. What listens is the caller's."""
    try:
        dial(namespace, address, port).close()
    except OSError:
        return False
    return True


def reaches(source: str, target: str, address: str, port: int) -> bool:
    """Tell whether namespace `source` opens a TCP connection to a listener in `target` by that address."""
    with listening(target, port):
        return connects(source, address, port)


def peer_seen(source: str, target: str, address: str, port: int) -> str:
    """Connect, and return the address that the listener in `target` sees its peer by."""
    with listening(target, port) as server, dial(source, address, port):
        connection, peer = server.accept()
        connection.close()
    return str(peer[0])


def echoes(client: socket.socket, server: socket.socket) -> bool:
    """Tell whether an open connection still carries data both ways."""
    client.settimeout(deadline())
    server.settimeout(deadline())
    try:
        client.sendall(b"ping")
        server.sendall(server.recv(4))
        return client.recv(4) == b"ping"
    except OSError:
        return False


def udp_reaches(source: str, target: str, address: str, port: int) -> bool:
    """Tell whether a datagram arrives and its answer comes back."""
    with at(target):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with at(source):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with server, client:
        server.bind(("", port))
        for end in (server, client):
            end.settimeout(deadline())
        try:
            client.connect((address, port))
            client.send(b"ping")
            data, peer = server.recvfrom(16)
            server.sendto(data, peer)
            return client.recv(16) == b"ping"
        except OSError:
            return False


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def icmp_answers(namespace: str, address: str, kind: tuple[int, int] = ECHO) -> bool:
    """Tell whether an ICMP request (by default an echo, ping's) is answered."""
    request, answer = kind
    body = struct.pack("!HH", 77, 1) + bytes(12)
    message = struct.pack("!BBH", request, 0, _checksum(struct.pack("!BBH", request, 0, 0) + body)) + body
    with at(namespace):
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with raw:
        try:
            raw.sendto(message, (address, 0))
        except OSError:
            return False
        end = time.monotonic() + deadline()
        while (left := end - time.monotonic()) > 0 and select.select([raw], [], [], left)[0]:
            packet, peer = raw.recvfrom(256)
            if peer[0] == address and packet[20] == answer:
                return True
    return False


@contextmanager
def datagrams(namespace: str, port: int) -> Iterator[socket.socket]:
    """Wait for UDP in a namespace."""
    with at(namespace):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with server:
        server.bind(("", port))
        yield server


def send_as(namespace: str, source: str, address: str, port: int) -> None:
    """Send a datagram whose source address is somebody else's, as root of a host can."""
    data = b"forged"
    udp = struct.pack("!HHHH", 5353, port, 8 + len(data), 0) + data
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0)
    with at(namespace):
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    with raw:
        raw.sendto(head + socket.inet_aton(source) + socket.inet_aton(address) + udp, (address, 0))


def arrives(server: socket.socket) -> bool:
    """Tell whether a datagram comes in before the deadline."""
    return bool(select.select([server], [], [], deadline())[0])
