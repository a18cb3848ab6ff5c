"""Members are changed one after another, and the role of the primary is handed on: clients go on to write meanwhile."""

from __future__ import annotations

import pytest

from tests.group.stack import SERVERS, Group
from tests.lab.killed_up import killed_when
from tests.lab.pair import LAB, lab_command, verb

SPARED = SERVERS - 1
"""How many servers are ONLINE throughout."""
BACK_LOG = "select @@back_log"
"""A variable that mysqld has from its start on."""


def test_a_setting_that_needs_a_restart_rolls(group: Group) -> None:
    first = group.primary
    group.pair.configure({"mysqlSettings": {"back_log": 123}})
    with group.written("a setting that needs a restart"), group.watched() as seen:
        group.pair.up()
    assert {group.members.sql(name, BACK_LOG) for name in group.members_in_order} == {"123"}
    assert seen.least >= SPARED and len(seen.primaries) > 1
    print(f"\nthe primary was {first}, and then {', '.join(seen.primaries)}")
    assert group.pair.unchanged()


def test_the_primary_is_restarted_by_hand(group: Group) -> None:
    primary = group.primary
    with group.written(f"mysqld of {primary}, the primary, was restarted by hand"), group.watched() as seen:
        group.execute(primary, "systemctl restart mysql")
        group.require_whole()
    assert seen.least >= SPARED and group.primary != primary


def test_an_operator_switches_over(group: Group) -> None:
    chosen = group.secondaries[-1]
    with group.written("switch-over"), group.watched() as seen:
        done = verb("switch-over", chosen)
    assert done.returncode == 0, done.stdout + done.stderr
    assert group.primary == chosen and seen.least == SERVERS


@pytest.mark.timeout(600)
def test_an_up_that_is_killed_between_two_servers_is_finished_by_the_next_one(group: Group) -> None:
    """Another instance type stops and starts each host."""
    memory = group.execute("server", "cat /proc/sys/kernel/random/boot_id")
    group.pair.configure({"serverInstanceType": "t3.medium"})

    def second_is_away() -> bool:
        return group.has_rebooted("server", memory) and "server-2" not in group.online()

    with group.written("an `up` that changes the instance type, killed and run again"), group.watched() as seen:
        killed_when(second_is_away, LAB)
        done = lab_command("up")
        assert done.returncode == 0, done.stdout + done.stderr
    assert seen.least >= SPARED
    assert {group.pair.instance_type(name) for name in group.members_in_order} == {"t3.medium"}
    assert group.pair.unchanged()
