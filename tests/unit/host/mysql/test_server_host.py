"""mysql/host.py: the order of a server's parts, on stand-ins of them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts.host.common import codec
from scripts.host.common.errors import HostError
from scripts.host.group import membership, plugins
from scripts.host.group import settings as group_settings
from scripts.host.mysql import host, initialization, secure_installation, server, settings, time_zones, timers
from scripts.host.mysql.spec import MySqlSpec, ServerSpec, Setting
from scripts.host.system.spec import FileSpec
from tests.unit.host.group.members import join_before, told

SETTINGS: Mapping[str, Setting] = {"max_connections": 77, "sql_mode": "ANSI", "mysqlx": False, "long_query_time": 0.5}


class Session:
    """A server that tells its version, and has an account that somebody made by hand."""

    looks_names_up = True
    running = True

    def __init__(self) -> None:
        """Be let in, if it runs."""
        if not self.running:
            raise server.Error(server.CANNOT_CONNECT, "Can't connect to MySQL server on 'localhost'")

    def one(self, statement: str) -> str | int:
        """Tell it."""
        if statement == "SELECT @@GLOBAL.skip_name_resolve":
            return int(not self.looks_names_up)
        assert statement == "SELECT VERSION()"
        return "9.7.4"

    def rows(self, statement: str) -> list[tuple[str, str]]:
        """Return the accounts whose host part is a name, and no plugin of a group's."""
        if "information_schema.plugins" in statement:
            return []
        assert "mysql.user" in statement
        return [("report", "%.example.org")]


@pytest.fixture
def done(state_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:  # noqa: ARG001  it is used
    """What was done, part by part."""
    parts: list[Any] = []
    file = tmp_path / "a"

    def converge_settings(spec: MySqlSpec) -> tuple[str, ...]:
        parts.append(("settings", spec, file.exists()))
        Session.running = True
        return ()

    monkeypatch.setattr(initialization, "install", lambda names: parts.append(("packages", names, file.exists())))
    monkeypatch.setattr(settings, "converge", converge_settings)
    monkeypatch.setattr(time_zones, "converge", lambda _in_group: parts.append("time zones"))
    monkeypatch.setattr(secure_installation, "converge", lambda: parts.append("secure installation"))
    monkeypatch.setattr(timers, "enable", parts.append)
    monkeypatch.setattr(server, "Session", Session)
    monkeypatch.setattr(Session, "running", True)
    return parts


def put_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a server that comes up with its settings, and not before."""
    monkeypatch.setattr(Session, "running", False)
    monkeypatch.setattr(server, "start", lambda: False)


@pytest.mark.parametrize("running", [True, False])
def test_packages_come_before_files_and_files_before_settings(
    done: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], running: bool
) -> None:
    if running:
        monkeypatch.setattr(server, "start", lambda: True)
    else:
        put_down(monkeypatch)
    mysql = MySqlSpec(SETTINGS)
    spec = ServerSpec(packages=("mysql-server",), files=(FileSpec(str(tmp_path / "a"), "one"),), mysql=mysql)
    monkeypatch.setattr("sys.stdin", io.StringIO(codec.encode(spec)))
    assert host.converge_verb([]) == 0
    assert json.loads(capsys.readouterr().out) == {"mysql_version": "9.7.4", "warnings": []}
    first, timer, *parts = done
    assert (first, timer) == (("packages", ("mysql-server",), False), "logrotate.timer")
    # A setting may name a time zone; a server that is down may be so for its settings.
    both = ["time zones", ("settings", mysql, True)]
    assert parts == [*([] if running else both[1:]), *both, "secure installation"]


@pytest.mark.parametrize("joined", [True, False])
def test_a_server_that_is_down_has_a_groups_settings_once_it_has_the_plugins(
    done: list[Any], monkeypatch: pytest.MonkeyPatch, joined: bool
) -> None:
    put_down(monkeypatch)
    monkeypatch.setattr(membership, "prepare", lambda _mysql, _group: None)
    monkeypatch.setattr(plugins, "converge", lambda _group: done.append("plugins"))
    if joined:
        membership.mark_joined(told())
    own, of_group = MySqlSpec(SETTINGS), group_settings.completed(MySqlSpec(SETTINGS), told())
    host.converge(ServerSpec(mysql=own, group=told()))
    first = of_group if joined else own
    parts = ["time zones", "plugins", ("settings", of_group, False), "secure installation"]
    assert done[2:] == [("settings", first, False), *parts]


def test_a_member_that_is_down_does_not_go_on_alone(done: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    join_before()
    put_down(monkeypatch)
    with pytest.raises(HostError, match="MySQL of server is down, so it cannot be the one that goes on alone"):
        host.converge(ServerSpec())
    assert not Session.running
    assert not any(part[0] == "settings" for part in done)


def test_an_account_by_hand_that_can_no_longer_log_in_is_told(done: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "start", lambda: True)
    monkeypatch.setattr(Session, "looks_names_up", False)
    (warning,) = host.converge(ServerSpec()).warnings
    assert warning.startswith("nobody can log in as 'report'@'%.example.org'")
    assert done


def test_what_mysql_refuses_is_told_with_its_number(
    done: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> bool:
        raise server.Error(1698, "Access denied for user 'root'@'localhost'")

    monkeypatch.setattr(server, "start", refuse)
    monkeypatch.setattr("sys.stdin", io.StringIO(codec.encode(ServerSpec())))
    assert host.converge_verb([]) == 1
    assert capsys.readouterr().err == "ERROR 1698: Access denied for user 'root'@'localhost'\n"
    assert [part[0] for part in done[:1]] == ["packages"] and done[1:] == ["logrotate.timer"]
