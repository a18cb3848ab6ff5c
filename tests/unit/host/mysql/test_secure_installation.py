"""mysql/secure_installation.py and time_zones.py: what is dropped, what is refused, and when zones are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from scripts.host.common.errors import HostError
from scripts.host.mysql import secure_installation, time_zones
from scripts.host.mysql.server import Session
from tests.unit.host.stand_ins import Bench


class Server:
    """A server's users and databases, as far as the queries ask for them."""

    def __init__(self) -> None:
        self.root = {"localhost": "auth_socket"}
        self.anonymous: list[str] = []
        self.in_test = 0
        self.zones = 0
        self.statements: list[str] = []

    def rows(self, statement: str, _args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer the query for users."""
        assert "IN ('', 'root')" in statement
        roots = [("root", part, plugin) for part, plugin in self.root.items()]
        return [*(("", part, "caching_sha2_password") for part in self.anonymous), *roots]

    def one(self, statement: str) -> Any:
        """Answer a query for a number."""
        return self.zones if "time_zone_name" in statement else self.in_test

    def do(self, statement: str, args: Sequence[Any] = ()) -> None:
        """Remember a statement."""
        self.statements.append(" ".join([statement, *args]))


@pytest.fixture
def server(state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Server:  # noqa: ARG001  # it is used
    """A server as it should be."""
    server = Server()
    monkeypatch.setattr(secure_installation, "Session", lambda: server)
    monkeypatch.setattr(time_zones, "Session", lambda: server)
    return server


def test_an_empty_test_database_goes_once(server: Server) -> None:
    secure_installation.converge()
    assert server.statements == ["DROP DATABASE IF EXISTS test"]
    secure_installation.converge()
    assert server.statements == ["DROP DATABASE IF EXISTS test"]


def test_a_test_database_with_something_in_it_stays(server: Server) -> None:
    server.in_test = 1
    secure_installation.converge()
    assert server.statements == []


def test_nobody_is_anonymous(server: Server) -> None:
    server.anonymous = ["localhost", "%"]
    secure_installation.converge()
    assert server.statements[:2] == ["DROP USER ''@%s localhost", "DROP USER ''@%s %"]


def test_root_elsewhere_is_refused_and_not_dropped(server: Server) -> None:
    server.root["10.%"] = "caching_sha2_password"
    with pytest.raises(HostError, match=r"MySQL has 'root'@'10\.%'"):
        secure_installation.converge()
    assert not any("root" in statement for statement in server.statements)


def test_root_logs_in_by_the_socket(server: Server) -> None:
    server.root["localhost"] = "caching_sha2_password"
    secure_installation.converge()
    assert server.statements[-1] == "ALTER USER root@localhost IDENTIFIED WITH auth_socket"


def test_time_zones_are_loaded_once_and_again_for_another_tzdata(server: Server, bench: Bench) -> None:
    script = bench.folder / "script"
    bench.stand_in("dpkg-query", "printf 'tzdata\\t2026a\\tinstall ok installed\\n'")
    bench.stand_in(
        "mysql_tzinfo_to_sql", "printf 'TRUNCATE TABLE time_zone;\\nSTART TRANSACTION;\\nROWS;\\nCOMMIT;\\n'"
    )
    bench.stand_in("mysql", f"cat >{script}")
    time_zones.converge()
    lines = script.read_text().splitlines()
    assert lines == ["SET SESSION sql_log_bin = 0;", "START TRANSACTION;", "DELETE FROM time_zone;", "ROWS;", "COMMIT;"]
    server.zones = 1
    script.unlink()
    time_zones.converge()
    assert not script.exists()
    bench.stand_in("dpkg-query", "printf 'tzdata\\t2026b\\tinstall ok installed\\n'")
    time_zones.converge()
    assert script.exists()


def test_zones_that_are_gone_are_loaded_again(server: Server, bench: Bench) -> None:
    bench.stand_in("dpkg-query", "printf 'tzdata\\t2026a\\tinstall ok installed\\n'")
    bench.stand_in("mysql_tzinfo_to_sql")
    bench.stand_in("mysql")
    time_zones.converge()
    server.zones = 0
    bench.calls()
    time_zones.converge()
    assert "mysql_tzinfo_to_sql /usr/share/zoneinfo" in bench.calls()


# users without a name, root's plugins by host part, zones, what is found: name and found
DIFFERENCES: list[tuple[list[str], dict[str, str], int, list[tuple[str, str]]]] = [
    ([], {"localhost": "auth_socket"}, 1, []),
    (["%"], {"localhost": "auth_socket"}, 1, [("''@'%'", "present")]),
    ([], {"localhost": "caching_sha2_password"}, 1, [("'root'@'localhost'", "caching_sha2_password")]),
    ([], {"localhost": "auth_socket", "%": "auth_socket"}, 1, [("'root'@'%'", "present")]),
    ([], {"localhost": "auth_socket"}, 0, [("mysql.time_zone_name", "none")]),
]


@pytest.mark.parametrize(("anonymous", "root", "zones", "found"), DIFFERENCES)
def test_what_is_not_right_is_told_and_left(
    server: Server, anonymous: list[str], root: dict[str, str], zones: int, found: list[tuple[str, str]]
) -> None:
    server.anonymous, server.root, server.zones = anonymous, root, zones
    asked = cast(Session, server)
    rows = secure_installation.differences(asked) + time_zones.differences(asked)
    assert [(row.name, row.found) for row in rows] == found
    assert server.statements == []
