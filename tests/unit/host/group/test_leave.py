"""group/leave.py: how the first server goes on alone."""

from __future__ import annotations

from typing import Any, cast

import pytest

from scripts.host.common.errors import HostError
from scripts.host.group import leave, membership, peers, roles, units
from scripts.host.group.view import View
from scripts.host.mysql import server
from scripts.host.mysql.server import Error
from tests.unit.host.group.members import MySql, join_before, seen, view

PLUGINS = [("group_replication",), ("clone",), ("auth_socket",)]


@pytest.fixture
def others(state_folder: object, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the other members were told to do, by name; server-3 does not answer."""
    assert state_folder
    did: dict[str, list[str]] = {}

    class Peer:
        def __init__(self, _group: Any, member: Any) -> None:
            if member.name == "server-3":
                raise Error(2003, "no answer")
            self.name = member.name

        def do(self, statement: str) -> None:
            did.setdefault(self.name, []).append(statement)
            gone(self.name)

    monkeypatch.setattr(peers, "Peer", Peer)
    # The group puts out whoever does not answer.
    monkeypatch.setattr("time.sleep", lambda _seconds: gone("server-3"))
    monkeypatch.setattr(units, "disable", lambda: None)
    return did


def gone(name: str) -> None:
    """Have a member leave what the server sees."""
    session = cast("MySql", server.Session())
    session.view = View(session.view.uuid, tuple(one for one in session.view.members if one.uuid != name))


def alone(monkeypatch: pytest.MonkeyPatch, session: MySql) -> MySql:
    monkeypatch.setattr(server, "Session", lambda: session)
    return session


ANSWERS = {"information_schema.plugins": PLUGINS, "SELECT host FROM mysql.user": [("10.0.64.10",)]}


def test_a_server_that_was_never_told_of_a_group_leaves_none(
    others: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = alone(monkeypatch, MySql(view("server"), {"information_schema.plugins": PLUGINS[2:]}))
    leave.converge()
    assert session.did == [] and others == {}


def test_the_others_leave_first_and_nothing_of_the_group_is_left(
    others: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    join_before()
    session = alone(monkeypatch, MySql(view("server", server_3="UNREACHABLE"), ANSWERS))
    leave.converge()
    assert others == {"server-2": ["STOP GROUP_REPLICATION"]}
    first, *_ = session.did
    assert first == "STOP GROUP_REPLICATION"
    for statement in ("SET GLOBAL read_only = OFF", "UNINSTALL PLUGIN clone", "UNINSTALL PLUGIN group_replication"):
        assert statement in session.did
    assert any("DROP USER 'mysql_pair_member'@'10.0.64.10'" in statement for statement in session.did)
    assert membership.told() is None


def test_a_secondary_takes_the_writes_before_it_goes_on_alone(
    others: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    join_before()
    made: list[str] = []
    monkeypatch.setattr(roles, "make_primary", lambda _session, chosen: made.append(chosen.uuid))
    alone(monkeypatch, MySql(view("server", primary="server-2"), ANSWERS))
    leave.converge()
    assert made == ["server"] and "server-2" in others


def test_one_that_comes_back_meanwhile_is_taken_out_again(
    others: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its timer, which would make it the primary of what it is left with."""
    join_before()
    session = alone(monkeypatch, MySql(view("server", server_3="GONE"), ANSWERS))
    views = [view("server", server_3="GONE"), View("server", (seen("server", role="PRIMARY"),))]
    monkeypatch.setattr("time.sleep", lambda _seconds: setattr(session, "view", views.pop(0)))
    monkeypatch.setitem(globals(), "gone", lambda _name: None)
    leave.converge()
    assert others == {"server-2": ["STOP GROUP_REPLICATION"] * 2} and session.did[0] == "STOP GROUP_REPLICATION"


def test_who_does_not_leave_keeps_the_group(others: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    join_before()
    session = alone(monkeypatch, MySql(view("server"), ANSWERS))
    monkeypatch.setattr(leave, "ALONE_SECONDS", 0)
    monkeypatch.setitem(globals(), "gone", lambda _name: None)
    with pytest.raises(HostError, match="the others do not leave the group"):
        leave.converge()
    assert session.did == [] and membership.told() is not None and "server-2" in others


def test_a_server_whose_host_has_just_booted_is_waited_for(
    others: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where another instance type came in the same `up`."""
    join_before()
    session = alone(monkeypatch, MySql(view("server", server="RECOVERING"), ANSWERS))
    views = [view("server"), View("server", (seen("server", role="PRIMARY"),))]
    monkeypatch.setattr("time.sleep", lambda _seconds: setattr(session, "view", views.pop(0)))
    monkeypatch.setitem(globals(), "gone", lambda _name: None)
    leave.converge()
    assert "server-2" in others and membership.told() is None


@pytest.mark.parametrize("states", [{"server": "RECOVERING"}, {"server_2": "UNREACHABLE", "server_3": "UNREACHABLE"}])
def test_a_server_that_may_not_have_all_data_does_not_go_on_alone(
    others: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch, states: dict[str, str]
) -> None:
    join_before()
    session = alone(monkeypatch, MySql(view("server", primary="server-2", **states), ANSWERS))
    monkeypatch.setattr(leave, "ONLINE_SECONDS", 0)
    with pytest.raises(HostError, match="it may not have all data: nothing was changed"):
        leave.converge()
    assert session.did == [] and others == {}
    assert membership.told() is not None
