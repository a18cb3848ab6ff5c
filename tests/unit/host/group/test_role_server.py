"""group/role_server.py: what it asks MySQL, what it answers over HTTP, and how it takes a MySQL that says nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from types import SimpleNamespace
from typing import Any

import pymysql  # type: ignore[import-untyped]  # ships no types
import pytest

from scripts.host import constants
from scripts.host.group import role_server, view
from scripts.host.group.role import Said
from scripts.host.group.role_server import Request, Session, Told
from scripts.host.group.view import Seen, View
from tests.unit.host.stand_ins import FIRST_BOOT

MEMBERS = (
    Seen("a", "10.0.0.10", "ONLINE", "PRIMARY", "9.7.4"),
    Seen("b", "10.0.64.10", "ONLINE", "SECONDARY", "9.7.4"),
)
PRIMARY = Said(View("a", MEMBERS), False, 0, 0)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def status(told: Told, path: str = "/primary") -> int:
    return told.answer(path).status


def test_what_mysql_said_counts_for_two_seconds() -> None:
    clock = Clock()
    told = Told(clock)
    told.said(PRIMARY)
    clock.now += 2
    assert (status(told), status(told, "/reader")) == (200, 503)
    clock.now += 0.1
    assert told.answer("/primary") == (503, "no answer from MySQL for 2.1 s")
    told.said(PRIMARY)
    assert status(told) == 200


def test_a_mysql_that_refuses_is_told_at_once_with_its_words() -> None:
    told = Told()
    assert told.answer("/primary") == (503, "no answer from MySQL: not asked yet")
    told.said(PRIMARY)
    told.silent("Can't connect")
    assert told.answer("/primary") == (503, "no answer from MySQL: Can't connect")


class Driver:
    """PyMySQL, connected to a MySQL that answers what the test says; what it says may be an error."""

    MySQLError = pymysql.MySQLError

    def __init__(self) -> None:
        self.own: Any = ("a", 1, 4, 12_300_000)
        self.members = [
            ("a", "10.0.0.10", "ONLINE", "SECONDARY", "9.7.4"),
            ("b", "10.0.64.10", "ONLINE", "PRIMARY", "9.7.4"),
        ]
        self.connections: list[dict[str, Any]] = []

    def connect(self, **options: Any) -> Any:
        self.connections.append(options)
        return SimpleNamespace(cursor=lambda: self, _force_close=lambda: None)

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def execute(self, statement: str) -> None:
        assert statement in (role_server.OWN, view.MEMBERS)
        if isinstance(self.own, Exception):
            raise self.own

    def fetchone(self) -> Any:
        return self.own

    def fetchall(self) -> Any:
        return self.members


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    stand_in = Driver()
    monkeypatch.setitem(sys.modules, "pymysql", stand_in)
    return stand_in


def test_mysql_is_asked_by_one_session_through_the_socket(driver: Driver) -> None:
    session, told = Session(), Told()
    session.ask(told)
    session.ask(told)
    assert told.answer("/reader") == (404, "a secondary, 12.3 s late, 4 transactions wait")
    (options,) = driver.connections
    assert (options["user"], options["unix_socket"]) == ("mysql_pair_role", "/run/mysqld/mysqld.sock")
    assert "password" not in options and options["read_timeout"] == 2


def test_a_member_that_applies_nothing_is_not_late(driver: Driver) -> None:
    told, driver.own = Told(), ("a", 1, None, None)
    Session().ask(told)
    assert status(told, "/reader") == 200


def test_a_clock_that_is_behind_the_primarys_is_no_lag(driver: Driver) -> None:
    told, driver.own = Told(), ("a", 1, 0, -3_000_000)
    Session().ask(told)
    assert status(told, "/reader") == 200


@pytest.mark.parametrize("failure", [pymysql.err.OperationalError(2013, "Lost connection"), TimeoutError("timed out")])
def test_after_a_failure_mysql_is_asked_by_a_new_session(driver: Driver, failure: Exception) -> None:
    session, told, good = Session(), Told(), driver.own
    session.ask(told)
    driver.own = failure
    session.ask(told)
    assert told.answer("/reader") == (503, f"no answer from MySQL: {failure.args[-1]}")
    driver.own = good
    session.ask(told)
    assert (status(told, "/reader"), len(driver.connections)) == (404, 2)


def exchange(*parts: bytes, path: str = "") -> bytes:
    """Send the parts of a request to a member that is the primary; return all that comes back before it is closed."""
    told = Told()
    told.said(PRIMARY)

    async def sent() -> bytes:
        server = await asyncio.get_running_loop().create_server(lambda: Request(told), "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            with contextlib.closing(writer), contextlib.suppress(ConnectionError):
                for part in parts or [f"GET {path} HTTP/1.0\r\n\r\n".encode()]:
                    writer.write(part)
                    await writer.drain()
                return await reader.read()
            return b""

    return asyncio.run(sent())


def test_the_answer_is_a_status_and_a_reason() -> None:
    head, _, body = exchange(path="/primary").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 OK\r\n") and f"Content-Length: {len(body)}".encode() in head
    assert body == b"the primary\n"
    assert exchange(path="/reader").startswith(b"HTTP/1.0 503 Service Unavailable\r\n")


@pytest.mark.parametrize("request_", [b"GET / HTTP/1.0", b"POST /primary HTTP/1.1", b"\xff", b"GET"])
def test_another_request_is_refused_with_what_there_is_to_ask(request_: bytes) -> None:
    answer = exchange(request_ + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 400 ") and answer.endswith(b"ask for GET /primary or GET /reader\n")


def test_a_request_may_come_in_parts_and_with_headers() -> None:
    assert exchange(b"GET /pri", b"mary HTTP/1.1\r\nHost: x", b"\r\n\r\n").startswith(b"HTTP/1.0 200")


def test_a_request_that_has_no_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert exchange(b"GET /primary HTTP/1.0\r\n" + b"x" * role_server.MAX_HEAD) == b""
    monkeypatch.setattr(role_server, "REQUEST_SECONDS", 0.05)
    assert exchange(b"GET /primary") == b""


def test_one_connection_too_many_is_closed_and_the_next_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(role_server, "MAX_OPEN", 0)
    assert exchange(path="/primary") == b""
    monkeypatch.undo()
    assert Request.open == 0
    assert exchange(path="/primary").startswith(b"HTTP/1.0 200")


def test_the_unit_runs_it_as_the_user_of_its_account_and_sees_no_data() -> None:
    unit = (FIRST_BOOT / "group_units" / constants.ROLE_UNIT).read_text().splitlines()
    assert f"ExecStart=/usr/bin/python3 -B {constants.AGENT_DIR}/current group serve" in unit
    assert "User=mysql" in unit and any(line.startswith("InaccessiblePaths=-/var/lib/mysql ") for line in unit)


def test_its_port_is_the_one_that_proxies_ask_and_outlives_the_service() -> None:
    name = constants.ROLE_UNIT.replace(".service", ".socket")
    assert f"ListenStream=0.0.0.0:{constants.ROLE_PORT}\n" in (FIRST_BOOT / "group_units" / name).read_text()
    assert f"Requires={name}\n" in (FIRST_BOOT / "group_units" / constants.ROLE_UNIT).read_text()


def test_it_asks_mysql_and_serves_on_the_socket_that_it_is_given(driver: Driver) -> None:
    driver.own, driver.members = ("a", 0, 0, None), [("a", "10.0.0.10", "ONLINE", "PRIMARY", "9.7.4")]

    async def until_it_is_the_primary(port: int) -> bytes:
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.closing(writer):
                writer.write(b"GET /primary HTTP/1.0\r\n\r\n")
                answer = await reader.read()
            if b" 200 " in answer:
                return answer
            await asyncio.sleep(0.01)

    async def main(listening: socket.socket) -> bytes:
        serving = asyncio.create_task(role_server._serve(listening))
        try:
            return await asyncio.wait_for(until_it_is_the_primary(listening.getsockname()[1]), 30)
        finally:
            serving.cancel()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert asyncio.run(main(listening)).endswith(b"\r\n\r\nthe primary\n")
