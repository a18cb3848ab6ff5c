"""client/proxy.py: the proxy runs where the spec has it, is gone where not, and its faults are told in words."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from components.mysql.proxy import ProxySpec, config
from scripts.host import constants
from scripts.host.client import proxy
from scripts.host.group.spec import MemberSpec
from scripts.host.system import units
from scripts.host.system.spec import FileSpec
from tests.unit.host.stand_ins import Bench

FILES = [FileSpec(constants.PROXY_FILE, "")]
UNIT = constants.PROXY_UNIT
CLOSED = "Lost connection to MySQL server at 'reading initial communication packet', system error: 0"


@pytest.fixture
def wants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of what a boot starts."""
    folder = tmp_path / "units" / "multi-user.target.wants"
    folder.mkdir(parents=True)
    monkeypatch.setattr(units, "FOLDER", folder.parent)
    return folder


# whether it is enabled, what is-active says, what is found
STATES = [(True, "active", []), (False, "active", ["not enabled"]), (True, "failed", ["failed"])]


@pytest.mark.parametrize(("enabled", "state", "found"), STATES)
def test_a_proxy_that_does_not_run_or_would_not_is_told_and_started(
    bench: Bench, wants: Path, enabled: bool, state: str, found: list[str]
) -> None:
    if enabled:
        (wants / UNIT).touch()
    bench.stand_in("systemctl", f'[ "$1" = enable ] || {{ echo {state}; [ {state} = active ]; }}')
    assert [(row.name, row.found) for row in proxy.differences(FILES)] == [(UNIT, words) for words in found]
    proxy.converge(FILES)
    assert (f"systemctl enable --now {UNIT}" in bench.calls()) is bool(found)


def test_a_proxy_that_the_spec_has_no_more_is_stopped_once(bench: Bench, wants: Path) -> None:
    bench.stand_in("systemctl")
    (wants / UNIT).symlink_to("/nonexistent/mysql-pair-proxy.service")
    proxy.converge([])
    assert bench.calls() == [f"systemctl stop {UNIT}"] and not (wants / UNIT).is_symlink()
    proxy.converge([])
    assert (bench.calls(), proxy.differences([])) == ([], [])


@contextmanager
def answering(status: int, reason: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a member answer at 127.0.0.1, where whoever asks for a role looks."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(f"{reason} ({self.path})\n".encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setattr(proxy, "ROLE_PORT", server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client host of a group, whose other member does not answer."""
    path = tmp_path / "proxy.cfg"
    members = (MemberSpec("server", "127.0.0.1"), MemberSpec("server-2", "127.0.0.2"))
    path.write_text(config(ProxySpec(members, 3306)))
    monkeypatch.setattr(proxy, "FILE", path)


# status and reason of the member, port, what is told
ANSWERS = [
    (
        503,
        "not in the group: OFFLINE",
        3306,
        "no primary (server: not in the group: OFFLINE (/primary); server-2: no answer",
    ),
    (503, "the primary", 3307, "no reader (server: the primary (/reader); server-2: "),
    (200, "the primary", 3306, "server is a primary, but its MySQL cannot be reached from here; "),
]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(("status", "reason", "port", "words"), ANSWERS)
def test_a_connection_that_is_closed_at_once_is_told_by_what_the_members_say(
    monkeypatch: pytest.MonkeyPatch, status: int, reason: str, port: int, words: str
) -> None:
    with answering(status, reason, monkeypatch):
        assert proxy.fault("2013", CLOSED, port).startswith(words)


@pytest.mark.usefixtures("configured")
def test_a_member_that_does_not_answer_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        monkeypatch.setattr(proxy, "ROLE_PORT", port)
        assert proxy.fault("2013", CLOSED, 3306).startswith(f"no primary (server: no answer on port {port} (")


def test_a_single_server_is_not_asked_for_its_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "proxy.cfg"
    path.write_text(config(ProxySpec((MemberSpec("server", "127.0.0.2"),), 3306)))
    monkeypatch.setattr(proxy, "FILE", path)
    assert proxy.fault("2013", CLOSED, 3306) == "MySQL on server (127.0.0.2) cannot be reached from here"


def test_a_proxy_that_does_not_listen_is_told_and_what_mysql_says_is_not_the_proxys() -> None:
    assert proxy.fault("2003", "(111)", 3306).startswith("nothing listens on port 3306 of this host: `systemctl status")
    assert proxy.fault("2013", "Lost connection to MySQL server during query", 3306) == ""
    assert proxy.fault("1045", "Access denied", 3306) == ""
