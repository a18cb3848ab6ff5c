"""Stands in the way of MySQL's socket on the server, and cuts or holds a session at one of its statements.

Usage: statement_gate.py NUMBER cut|hold, as root on the server. It takes the socket's place and passes on what comes
until its standard input ends; then the socket is where it was. Statements are counted from 1 over all sessions.
Statement NUMBER (0: none) is passed on to mysqld, which executes it, but its answer is not passed back: the line
`reached` is printed, and with `cut` both connections are closed; with `hold` everything waits until a line comes in on
standard input. At the end the first words of all statements are printed, one a line.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

SOCKET = Path("/run/mysqld/mysqld.sock")
ASIDE = Path("/run/mysqld/aside.sock")
QUERY = b"\x03"
"""COM_QUERY (MySQL internals manual, "Text Protocol")."""


class Gate:
    """Counts statements and knows where to stop."""

    def __init__(self, number: int, act: str) -> None:
        self.number, self.act = number, act
        self.seen: list[str] = []
        self.released = threading.Event()

    def passes(self, payload: bytes) -> bool:
        """Count a statement; tell whether its answer may be passed back."""
        self.seen.append(" ".join(payload.decode(errors="replace").split()[:2]))
        return len(self.seen) != self.number

    def session(self, client: socket.socket) -> None:
        """Pass on one session."""
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(ASIDE))
        closed = threading.Event()
        held = threading.Event()
        threading.Thread(target=self.answers, args=(server, client, held, closed), daemon=True).start()
        while packet := read_packet(client):
            first_of_a_command, payload = packet[3] == 0, packet[4:]
            if first_of_a_command and payload[:1] == QUERY and not self.passes(payload[1:]):
                held.set()
            try:
                server.sendall(packet)
            except OSError:
                break
        closed.set()
        server.close()
        client.close()

    def answers(
        self, server: socket.socket, client: socket.socket, held: threading.Event, closed: threading.Event
    ) -> None:
        """Pass mysqld's answers back, but not the one that is held."""
        while data := received(server):
            if held.is_set():
                held.clear()
                print("reached", flush=True)
                if self.act == "cut":
                    client.shutdown(socket.SHUT_RDWR)
                    return
                self.released.wait(60)
            try:
                client.sendall(data)
            except OSError:
                return
        if not closed.is_set():
            client.shutdown(socket.SHUT_RDWR)


def received(end: socket.socket) -> bytes:
    """Return what came, nothing at the end."""
    try:
        return end.recv(65536)
    except OSError:
        return b""


def read_packet(end: socket.socket) -> bytes:
    """Return one packet of the protocol with its head of four bytes, or nothing at the end."""
    head = exactly(end, 4)
    return head + exactly(end, int.from_bytes(head[:3], "little")) if head else b""


def exactly(end: socket.socket, count: int) -> bytes:
    """Return so many bytes, or nothing if they do not come."""
    data = b""
    while len(data) < count:
        more = received_some(end, count - len(data))
        if not more:
            return b""
        data += more
    return data


def received_some(end: socket.socket, most: int) -> bytes:
    """Return up to so many bytes."""
    try:
        return end.recv(most)
    except OSError:
        return b""


def main(number: int, act: str) -> None:
    """Stand there until standard input ends."""
    gate = Gate(number, act)
    SOCKET.rename(ASIDE)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(SOCKET))
            os.chmod(SOCKET, 0o777)  # noqa: S103, PTH101  as mysqld's own
            listener.listen()
            threading.Thread(target=accept, args=(listener, gate), daemon=True).start()
            print("ready", flush=True)
            for _ in sys.stdin:
                gate.released.set()
    finally:
        ASIDE.rename(SOCKET)
    print("\n".join(gate.seen), flush=True)


def accept(listener: socket.socket, gate: Gate) -> None:
    """Take sessions one by one."""
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=gate.session, args=(client,), daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
