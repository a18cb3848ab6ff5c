"""group/recovery.py: what only an operator decides, and what is refused all the same."""

from __future__ import annotations

import pytest

from scripts.host.common.errors import HostError
from scripts.host.group import membership, peers, recovery, waiting
from scripts.host.group.recovery import ForceSpec, RejoinSpec, StartSpec
from scripts.host.group.view import View
from tests.unit.host.group.members import ADDRESSES, Asked, seen, told, view

OUT = View("server-2", (seen("server-2", "ERROR", ""),))
ALONE = view("server-2", server="UNREACHABLE", server_3="UNREACHABLE")


@pytest.fixture(autouse=True)
def _a_member(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(OUT)
    membership.tell(told("server-2"))
    monkeypatch.setattr(peers, "make_accounts", lambda _session, _group: None)


def test_after_an_outage_the_group_starts_from_a_member_that_was_in_it(asked: Asked) -> None:
    membership.mark_joined(told("server-2"))
    session = asked(OUT, group=False)
    assert recovery.start(StartSpec())["was"] == "down"
    assert session.did[0] == "STOP GROUP_REPLICATION"
    assert session.did[2:] == [
        "SET GLOBAL group_replication_bootstrap_group = ON",
        "START GROUP_REPLICATION",
        "SET GLOBAL group_replication_bootstrap_group = OFF",
    ]


def test_no_second_group_starts_beside_one_that_is_there(asked: Asked) -> None:
    membership.mark_joined(told("server-2"))
    session = asked(OUT)
    with pytest.raises(HostError, match="server is in the group with a majority: server-2 rejoins it by itself"):
        recovery.start(StartSpec())
    assert session.did == []


def test_a_server_that_was_never_in_the_group_does_not_start_it(asked: Asked) -> None:
    session = asked(OUT, group=False)
    with pytest.raises(HostError, match="server-2 was never in the group"):
        recovery.start(StartSpec())
    assert session.did == []


def test_the_group_goes_on_with_those_who_are_left(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "until", lambda _condition, _seconds: True)
    session = asked(ALONE)
    recovery.force(ForceSpec((ADDRESSES["server-2"],)))
    assert session.did == [
        "SET GLOBAL group_replication_force_members = '10.0.64.10:33061'",
        "SET GLOBAL group_replication_force_members = ''",
    ]


# the view, the addresses that are to go on, what is said
REFUSED = [
    (OUT, ["server-2"], "server-2 is ERROR: it has left the group, .* start-group"),
    (ALONE, ["server-2", "server"], r"10\.0\.0\.10 cannot be reached from server-2"),
]


@pytest.mark.parametrize(("shown", "names", "said"), REFUSED)
def test_who_has_left_or_cannot_be_reached_does_not_go_on(
    asked: Asked, shown: View, names: list[str], said: str
) -> None:
    session = asked(shown)
    with pytest.raises(HostError, match=said):
        recovery.force(ForceSpec(tuple(ADDRESSES[name] for name in names)))
    assert session.did == []


def test_a_quorum_that_does_not_come_about_is_told_with_the_members_states(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "until", lambda _condition, _seconds: False)
    session = asked(ALONE)
    with pytest.raises(HostError, match="no majority: server UNREACHABLE, server-2 ONLINE, server-3 UNREACHABLE"):
        recovery.force(ForceSpec((ADDRESSES["server-2"],)))
    assert session.did[-1] == "SET GLOBAL group_replication_force_members = ''"


def test_transactions_of_its_own_are_given_up_only_where_that_is_said(asked: Asked) -> None:
    membership.mark_joined(told("server-2"))
    session = asked(OUT, GTID_SUBTRACT="0a1b2c3d-0000-1111-2222-333333333333:5")
    with pytest.raises(HostError, match="has transactions that the group does not have"):
        recovery.rejoin(RejoinSpec())
    assert session.did == []
    recovery.rejoin(RejoinSpec(discard=True))
    assert "RESET BINARY LOGS AND GTIDS" in session.did and session.did[-1] == "START GROUP_REPLICATION"
    assert "SET GLOBAL group_replication_clone_threshold = 1" in session.did


def test_nothing_is_given_up_where_there_is_no_group_to_copy(asked: Asked) -> None:
    session = asked(OUT, group=False)
    with pytest.raises(HostError, match="none of server, server-3 is in a group with a majority"):
        recovery.rejoin(RejoinSpec(discard=True))
    assert session.did == []
