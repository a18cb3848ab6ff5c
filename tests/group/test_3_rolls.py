"""Members are changed one after another, and the role of the primary is handed on: clients go on to write meanwhile."""

from __future__ import annotations

import pytest

from lab.cloud.model import Instance
from lab.cloud.store import Store
from tests.group.stack import SERVERS, Group, best
from tests.lab.killed_up import killed_when
from tests.lab.pair import LAB, lab_command, verb

SPARED = SERVERS - 1
"""How many servers are ONLINE throughout."""
TYPE = "t3.medium"
BACK_LOG = "select @@back_log"
"""A variable that mysqld has from its start on."""


def test_a_setting_that_needs_a_restart_rolls(group: Group) -> None:
    first = group.primary
    group.pair.configure({"mysqlSettings": {"back_log": 123}})
    with group.written("a setting that needs a restart"), group.watched() as seen:
        group.pair.up()
    assert {group.members.sql(name, BACK_LOG) for name in group.members_in_order} == {"123"}
    assert seen.least >= SPARED and len(seen.primaries) > 1, seen
    print(f"\nthe primary was {first}, and then {', '.join(seen.primaries)}")
    assert group.pair.unchanged()


def test_the_primary_is_restarted_by_hand_and_an_operator_switches_over(group: Group) -> None:
    primary = group.primary
    with group.written(f"mysqld of {primary}, the primary, was restarted by hand, then a switch-over"):
        with group.watched() as seen:
            group.execute(primary, "systemctl restart mysql")
            group.require_whole()
        assert seen.least >= SPARED and group.primary != primary, seen
        chosen = group.secondaries[-1]
        with group.watched() as seen:
            done = verb("switch-over", chosen)
        assert done.returncode == 0, done.stdout + done.stderr
        assert group.primary == chosen and seen.least == SERVERS


@pytest.mark.timeout(600)
def test_an_up_that_is_killed_between_two_servers_is_finished_by_the_next_one(group: Group) -> None:
    """Another instance type stops and starts each host."""
    members, store = group.members, Store(group.pair.lab.cloud)
    hosts = members.instances
    group.pair.configure({"serverInstanceType": TYPE})

    def types() -> list[str]:
        return [store.get(Instance, host.id).instance_type for host in hosts.values()]

    def second_is_away() -> bool:
        return types()[0] == TYPE and best(members).states.get(hosts["server-2"].private_ip) != "ONLINE"

    with group.written("an `up` that changes the instance type, killed and run again"), group.watched() as seen:
        killed_when(second_is_away, LAB)
        done = lab_command("up")
        assert done.returncode == 0, done.stdout + done.stderr
    assert seen.least >= SPARED, seen
    assert types() == [TYPE] * SERVERS
    assert group.pair.unchanged()
