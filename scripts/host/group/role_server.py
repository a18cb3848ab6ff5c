"""`group serve`: says over HTTP what this member is good for, as the proxies of client hosts ask it twice a second.

GET /primary and GET /reader answer with the status and the reason of role.py. MySQL is asked by one session of its own,
through the socket; whoever asks here is answered from memory, so that many proxies cost MySQL nothing.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from scripts.host.constants import ROLE_USER
from scripts.host.group import role
from scripts.host.group.role import NO, Answer, Said
from scripts.host.group.view import MEMBERS, Seen, View
from scripts.host.mysql import service

POLL_SECONDS = 0.4
MYSQL_SECONDS = 2
OLDEST_SECONDS = 2.0
"""What MySQL said longer ago counts as no answer."""
REQUEST_SECONDS = 2
MAX_HEAD = 4096
"""Bytes of a request."""
FROM_SYSTEMD = 3
"""The file number of the socket that listens (sd_listen_fds(3)), see the unit mysql-pair-role.socket."""
MAX_OPEN = 512
"""Connections at a time; a service has 1024 files."""
OWN = """\
SELECT @@GLOBAL.server_uuid, @@GLOBAL.super_read_only,
  (SELECT SUM(COUNT_TRANSACTIONS_REMOTE_IN_APPLIER_QUEUE) FROM performance_schema.replication_group_member_stats
   WHERE MEMBER_ID = @@GLOBAL.server_uuid),
  (SELECT MAX(TIMESTAMPDIFF(MICROSECOND, APPLYING_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP, NOW(6)))
   FROM performance_schema.replication_applier_status_by_worker
   WHERE CHANNEL_NAME = 'group_replication_applier' AND APPLYING_TRANSACTION <> '')"""
Roles = Mapping[str, Callable[[Said], Answer]]
ROLES: Roles = {"/primary": role.primary, "/reader": role.reader}


class Told:
    """What MySQL said last, and when."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing."""
        self._clock = clock
        self._answers: Mapping[str, Answer] = {}
        self._at = clock()
        self._silence = "not asked yet"

    def said(self, said: Said) -> None:
        """Take what MySQL said."""
        self._answers, self._at = {path: decide(said) for path, decide in ROLES.items()}, self._clock()

    def silent(self, why: str) -> None:
        """Take that MySQL did not answer."""
        self._answers, self._silence = {}, why

    def answer(self, path: str) -> Answer:
        """Return the answer for a path of ROLES."""
        if path not in self._answers:
            return Answer(NO, f"no answer from MySQL: {self._silence}")
        if (age := self._clock() - self._at) > OLDEST_SECONDS:
            return Answer(NO, f"no answer from MySQL for {age:.1f} s")
        return self._answers[path]


class Session:
    """A session with MySQL, which is opened when it is needed, and again after a failure."""

    def __init__(self) -> None:
        """Load the driver."""
        import pymysql  # type: ignore[import-untyped]  # the distribution's package has no types

        self._driver = pymysql
        self._connection: Any = None

    def ask(self, told: Told) -> None:
        """Ask MySQL, and tell what it said or that it said nothing."""
        try:
            said = self._said()
        except (self._driver.MySQLError, OSError) as error:
            told.silent(str(error.args[-1]) if error.args else "no reason given")
            if self._connection is not None:
                self._connection._force_close()
            self._connection = None
        else:
            told.said(said)

    def _said(self) -> Said:
        if self._connection is None:
            limits = dict.fromkeys(("connect_timeout", "read_timeout", "write_timeout"), MYSQL_SECONDS)
            # In UTC no hour comes twice, which would be an hour of lag.
            self._connection = self._driver.connect(
                unix_socket=service.SOCKET,
                user=ROLE_USER,
                autocommit=True,
                ssl_disabled=True,
                init_command="SET time_zone = '+00:00'",
                **limits,
            )
        with self._connection.cursor() as cursor:
            cursor.execute(OWN)
            own, super_read_only, queue, late = cursor.fetchone()
            cursor.execute(MEMBERS)
            view = View(own, tuple(Seen(*row) for row in cursor.fetchall()))
        return Said(view, bool(super_read_only), int(queue or 0), max(0, int(late or 0)) / 1e6)


class Request(asyncio.Protocol):
    """A connection: one request, one answer."""

    open = 0

    def __init__(self, told: Told) -> None:
        """Take what there is to say."""
        self._told, self._head = told, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; one too many ends at once."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  of a TCP server it is
        self._transport = transport
        self._deadline = asyncio.get_running_loop().call_later(REQUEST_SECONDS, transport.abort)
        Request.open += 1
        if Request.open > MAX_OPEN:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Answer as soon as the request is whole."""
        self._head += data
        if len(self._head) > MAX_HEAD:
            self._transport.abort()
        elif b"\r\n\r\n" in self._head and not self._transport.is_closing():
            self._transport.write(response(self._head, self._told))
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the name is the library's
        """End."""
        self._deadline.cancel()
        Request.open -= 1


def response(head: bytes, told: Told) -> bytes:
    """Return what is sent for a request."""
    method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    path = rest.partition(" ")[0]
    asks = method == "GET" and path in ROLES
    status, reason = told.answer(path) if asks else Answer(400, f"ask for GET {' or GET '.join(ROLES)}")
    body = f"{reason}\n".encode()
    lines = (
        f"HTTP/1.0 {status} {HTTPStatus(status).phrase}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode() + body


def serve() -> int:
    """Serve until the process is ended; a fault that nobody thought of ends it too, and systemd starts it anew."""
    with socket.socket(fileno=FROM_SYSTEMD) as listening:
        asyncio.run(_serve(listening))
    return 0


async def _serve(listening: socket.socket) -> None:
    told, session = Told(), Session()
    loop = asyncio.get_running_loop()
    async with await loop.create_server(lambda: Request(told), sock=listening, backlog=MAX_OPEN) as server:
        await asyncio.gather(server.serve_forever(), _poll(session, told))


async def _poll(session: Session, told: Told) -> None:
    while True:
        # In a thread: a mysqld that hangs is told of as well.
        await asyncio.to_thread(session.ask, told)
        await asyncio.sleep(POLL_SECONDS)
