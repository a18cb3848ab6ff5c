"""group/restart.py: a member is stopped only while the others are a majority of the whole group."""

import os
import time
from pathlib import Path

import pytest

from scripts.host.common.errors import HostError
from scripts.host.group import membership, restart
from scripts.host.group.view import View
from scripts.host.mysql import kept, server
from scripts.host.mysql.server import Error
from tests.unit.host.group.members import MySql, told, view


def asked(monkeypatch: pytest.MonkeyPatch, shown: View) -> None:
    """Have a member with this view."""
    monkeypatch.setattr(restart, "Session", lambda: MySql(shown))
    monkeypatch.setattr(membership, "told", lambda: told(shown.uuid))


def test_a_member_may_be_stopped_while_all_others_are_online(monkeypatch: pytest.MonkeyPatch) -> None:
    asked(monkeypatch, view("server"))
    restart.require_spare()


@pytest.mark.parametrize(
    "states", [{"server_3": "RECOVERING"}, {"server_3": "UNREACHABLE"}, {"server_3": "GONE"}, {"server_2": "ERROR"}]
)
def test_a_member_stays_while_another_is_away(monkeypatch: pytest.MonkeyPatch, states: dict[str, str]) -> None:
    asked(monkeypatch, view("server", **states))
    with pytest.raises(HostError, match=r"would leave 1 of 3 servers ONLINE.*nothing was changed"):
        restart.require_spare()


def test_a_member_that_is_out_of_the_group_or_down_takes_nothing_away(monkeypatch: pytest.MonkeyPatch) -> None:
    asked(monkeypatch, view("server", server="ERROR"))
    restart.require_spare()

    def down() -> None:
        raise Error(server.CANNOT_CONNECT, "no such file")

    monkeypatch.setattr(restart, "Session", down)
    restart.require_spare()


@pytest.mark.parametrize(
    ("up_for", "joined_before", "state", "restarted"),
    [
        (100, 90, "ONLINE", ["anew"]),
        (10, 90, "ONLINE", []),  # mysqld was started after it got the certificate
        (100, 10, "ONLINE", []),  # it was not in the group before
        (100, 90, "OFFLINE", []),
    ],
)
def test_a_member_that_got_another_certificate_in_the_group_is_started_anew(
    monkeypatch: pytest.MonkeyPatch,
    state_folder: Path,
    up_for: int,
    joined_before: int,
    state: str,
    restarted: list[str],
) -> None:
    """Group Replication goes on to show the former one to the others, until it has expired."""
    assert state_folder
    membership.mark_joined(told())
    now = time.time()
    os.utime(kept.find(membership.JOINED), (now - joined_before,) * 2)
    done: list[str] = []
    monkeypatch.setattr(restart, "Session", lambda: MySql(view("server", server=state), {"'Uptime'": str(up_for)}))
    monkeypatch.setattr(restart, "restart", lambda: done.append("anew"))
    restart.renew(now - 50)
    assert done == restarted


def test_a_server_that_is_alone_is_started_anew_and_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(membership, "told", lambda: None)
    monkeypatch.setattr(server, "restart", lambda: started.append("anew"))
    restart.restart()
    assert started == ["anew"]
