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
def test_members_are_changed_one_after_another_and_an_up_that_is_killed_is_finished(group: Group) -> None:
    """Another instance type stops and starts each host, and a setting needs a restart of each mysqld."""
    members, store = group.members, Store(group.pair.lab.cloud)
    hosts = members.instances
    group.pair.configure({"serverInstanceType": TYPE, "mysqlSettings": {"back_log": 123}})

    def types() -> list[str]:
        return [store.get(Instance, host.id).instance_type for host in hosts.values()]

    def second_is_away() -> bool:
        return types()[0] == TYPE and best(members).states.get(hosts["server-2"].private_ip) != "ONLINE"

    with group.written("an `up` that changes every server, killed and run again"), group.watched() as seen:
        killed_when(second_is_away, LAB)
        done = lab_command("up")
        assert done.returncode == 0, done.stdout + done.stderr
    assert types() == [TYPE] * SERVERS
    assert {members.sql(name, "select @@back_log") for name in hosts} == {"123"}
    assert seen.least >= SPARED and len(seen.primaries) > 1, seen
    print(f"\none after another, these took the writes: {', '.join(seen.primaries)}")
    assert group.pair.unchanged()
