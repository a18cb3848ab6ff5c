"""group/join.py, watch.py: how a server comes into the group, and what keeps it out."""

from pathlib import Path
from typing import Any, cast

import pytest

from scripts.host.common import lock
from scripts.host.common.errors import HostError
from scripts.host.group import join, membership, peers, roles, waiting, watch
from scripts.host.group.peers import Answer
from scripts.host.group.view import View
from scripts.host.mysql import server, service
from scripts.host.mysql.server import Session
from tests.unit.host.group.members import GROUPS, MEMBERS, NAME, Asked, MySql, join_before, seen, told, view

OUTSIDE = View("server-2", (seen("server-2", "OFFLINE", ""),))
FELL_OUT = View("server-2", (seen("server-2", "ERROR", ""),))


def test_a_new_server_takes_the_groups_data_by_clone(asked: Asked, state_folder: Path) -> None:
    (state_folder / "not-yet.cnf").touch()
    session = asked(OUTSIDE)
    join.join(told("server-2"))
    assert session.did == [
        "RESET BINARY LOGS AND GTIDS",
        "SET GLOBAL group_replication_clone_threshold = 1",
        "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'mysql_pair_member' FOR CHANNEL 'group_replication_recovery'",
        "START GROUP_REPLICATION",
    ]
    # From now on every start joins the group.
    assert not (state_folder / "not-yet.cnf").exists()
    assert membership.has_joined(told("server-2"))


def test_mysql_8_0_has_another_word_for_it(asked: Asked) -> None:
    session = asked(OUTSIDE, **{"VERSION()": "8.0.46-0ubuntu0.24.04.1"})
    assert join.reset(cast("Session", session)) == "RESET MASTER"


def test_a_new_server_of_another_series_is_left_alone(asked: Asked) -> None:
    session = asked(OUTSIDE, **{"VERSION()": "8.4.13-0ubuntu0.26.04.2"})
    with pytest.raises(HostError, match=r"server-2 has MySQL 8\.4\.13-.*, and server has 9\.7\.4: CLONE takes no data"):
        join.join(told("server-2"))
    assert session.did == []


def test_a_new_server_with_databases_of_its_own_is_left_alone(asked: Asked) -> None:
    session = asked(OUTSIDE, schemata=[("mysql",), ("shop",), ("sys",)])
    with pytest.raises(HostError, match=r"databases of its own: shop\. CLONE would replace them"):
        join.join(told("server-2"))
    assert session.did == []
    assert not membership.has_joined(told("server-2"))


def test_a_member_that_was_away_joins_with_what_it_has(asked: Asked) -> None:
    membership.mark_joined(told("server-2"))
    session = asked(FELL_OUT)
    join.join(told("server-2"))
    # Sessions that it had end before: their locks would keep it from what it has missed.
    assert session.did[:2] == ["STOP GROUP_REPLICATION", "SET GLOBAL offline_mode = ON"]
    assert session.did[-1] == "START GROUP_REPLICATION"
    assert not any("RESET" in statement for statement in session.did)


@pytest.mark.parametrize(
    ("refuses", "number"), [("START GROUP_REPLICATION", 3093), ("CHANGE REPLICATION SOURCE", 3021)]
)
def test_a_member_that_mysqld_brings_back_itself_meanwhile_is_waited_for(
    asked: Asked, refuses: str, number: int
) -> None:
    membership.mark_joined(told("server-2"))
    session = asked(OUTSIDE)
    session.refuses, session.number = refuses, number
    join.join(told("server-2"))
    with pytest.raises(HostError, match=str(number)):
        join.start(cast("Session", session), bootstrap=True)


def test_a_clone_that_was_cut_off_is_begun_anew_and_not_taken_for_one_that_ended(asked: Asked) -> None:
    """mysqld comes back by itself, and recovers by the log, which may lack what was there before the group."""
    asked(view("server-2"))
    inside = cast("MySql", waiting.until_online())
    inside.answers = {**inside.answers, "clone_status": []}
    join.join(told("server-2"))
    assert inside.did[:3] == [
        "STOP GROUP_REPLICATION",
        "SET GLOBAL super_read_only = OFF",
        "RESET BINARY LOGS AND GTIDS",
    ]
    assert inside.did[-1] == "START GROUP_REPLICATION"
    assert membership.has_joined(told("server-2"))
    again = len(inside.did)
    join.join(told("server-2"))
    assert len(inside.did) == again


def test_accounts_of_new_members_are_made_by_whoever_notices_that_they_lack(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The primary's role may have moved past each member's turn: nobody could join then."""
    membership.mark_joined(told("server-2"))
    asked(view("server-2"))
    inside = cast("MySql", waiting.until_online())
    inside.answers = {**inside.answers, "mysql.user": [(MEMBERS[0].address,)]}

    def make_primary(_session: Any, chosen: Any) -> None:
        inside.view = view("server-2", primary=chosen.uuid)

    made: list[str] = []
    monkeypatch.setattr(roles, "make_primary", make_primary)
    monkeypatch.setattr(peers, "make_accounts", lambda _session, group: made.append(group.own))
    join.join(told("server-2"))
    assert made == ["server-2"]


def test_a_member_that_joins_never_begins_a_second_group(asked: Asked) -> None:
    """A run that was killed as it began the group may have left the variable on."""
    membership.mark_joined(told("server-2"))
    session = asked(OUTSIDE, bootstrap_group=1)
    join.join(told("server-2"))
    assert session.did[-2:] == ["SET GLOBAL group_replication_bootstrap_group = OFF", "START GROUP_REPLICATION"]


def test_the_timer_ends_what_an_upgrade_left_that_lost_its_power(
    asked: Asked, state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = state_folder / "installing.cnf"
    left.touch()
    monkeypatch.setattr(membership, "INSTALLING", left)
    monkeypatch.setattr(service, "state", lambda: "inactive")
    join_before("server-2")
    asked(view("server-2"))
    assert watch.watch() == 0
    assert not left.exists()


def test_a_member_that_recovers_has_not_joined_before_it_is_online(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(view("server-2", server_2="RECOVERING"))

    def still() -> Any:
        raise HostError("still RECOVERING")

    monkeypatch.setattr(waiting, "until_online", still)
    with pytest.raises(HostError, match="still RECOVERING"):
        join.join(told("server-2"))


def test_transactions_of_a_members_own_keep_it_out_and_are_named(asked: Asked) -> None:
    membership.mark_joined(told("server-2"))
    session = asked(FELL_OUT, GTID_SUBTRACT="0a1b2c3d-0000-1111-2222-333333333333:5,\n" + f"{NAME}:21")
    with pytest.raises(HostError, match=r"does not have: 0a1b2c3d-0000-1111-2222-333333333333:5\. It stays out"):
        join.join(told("server-2"))
    assert session.did == []


def test_nobody_makes_a_group_of_what_is_left(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    membership.mark_joined(told("server-2"))
    session = asked(FELL_OUT)
    others = [
        Answer(member, View(member.name, (seen(member.name, "ERROR", ""),)), GROUPS)
        for member in (MEMBERS[0], MEMBERS[2])
    ]
    monkeypatch.setattr(peers, "ask", lambda _group: others)
    with pytest.raises(HostError, match=r"none of server, server-3 is in a group with a majority.*start-group"):
        join.join(told("server-2"))
    assert session.did == []


def test_after_a_loss_of_all_hosts_they_are_made_again_before_anybody_decides(asked: Asked) -> None:
    membership.mark_joined(told("server-2"))
    session = asked(FELL_OUT, group=False)
    assert join.join(told("server-2"))["outage"] == "not all servers answer"
    assert session.did == []


def test_a_group_is_not_begun_beside_another(asked: Asked) -> None:
    session = asked(OUTSIDE)
    with pytest.raises(HostError, match="server is in the group already"):
        join.begin(told("server-2"))
    assert session.did == []


def test_the_first_server_begins_the_group_and_never_again(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "make_accounts", lambda _session, _group: None)
    session = asked(OUTSIDE, group=False)
    join.begin(told("server-2"))
    assert session.did[1:] == [
        "SET GLOBAL group_replication_bootstrap_group = ON",
        "START GROUP_REPLICATION",
        "SET GLOBAL group_replication_bootstrap_group = OFF",
    ]
    again = asked(view("server-2"))
    join.begin(told("server-2"))
    assert again.did == []


def test_the_timer_brings_a_member_back_and_lets_clients_in_as_soon_as_it_is_online(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group may make it the primary from then on, and clients have no other one."""
    join_before("server-2")
    session = asked(FELL_OUT, offline_mode=1)
    shown = [view("server-2", server_2="RECOVERING"), view("server-2")]

    def go_on(_seconds: float) -> None:
        session.view = shown.pop(0)
        with lock.exclusive():  # an `up` need not wait
            assert session.did[-1] == "START GROUP_REPLICATION"

    monkeypatch.setattr("time.sleep", go_on)
    started = MySql.do

    def start(self: MySql, statement: str, *more: Any) -> list[tuple[int, str]]:
        done = started(self, statement, *more)
        if statement == "START GROUP_REPLICATION":
            self.view = shown[0]
        return done

    monkeypatch.setattr(MySql, "do", start)
    assert watch.watch() == 0
    assert session.did[-1] == "SET GLOBAL offline_mode = OFF" and shown == []


def test_the_timer_does_not_wait_for_a_member_that_falls_out_again_or_is_down(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    join_before("server-2")
    session = asked(FELL_OUT, offline_mode=1)
    assert watch.watch() == 0
    assert session.did[-1] == "START GROUP_REPLICATION"
    session = asked(view("server-2", server_2="RECOVERING"))
    answers = [True, False]
    monkeypatch.setattr(server, "is_up", lambda: answers.pop(0))
    assert watch.watch() == 0
    assert answers == [] and session.did == []


def test_the_timer_notes_why_a_member_stays_out(asked: Asked) -> None:
    join_before("server-2")
    asked(FELL_OUT, GTID_SUBTRACT="0a1b2c3d-0000-1111-2222-333333333333:5")
    assert watch.watch() == 1
    assert "rejoin server-2 --discard" in membership.noted()
    asked(view("server-2"))
    assert watch.watch() == 0
    assert membership.noted() == ""


def test_the_timer_leaves_a_server_alone_that_never_joined(asked: Asked) -> None:
    membership.tell(told("server-2"))
    session = asked(OUTSIDE)
    assert watch.watch() == 0
    assert session.did == []
