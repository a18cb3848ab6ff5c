"""Without a majority nothing is written and nothing is changed; an operator's verb ends it where all were down."""

from __future__ import annotations

import time

from tests.group.stack import WHOLE_SECONDS, Group, first_write, status
from tests.lab.pair import verb
from tests.torture.members import waited

INSERT = "insert into app.torture_append (writer, number) values (999, 999)"
THERE = "select count(*) from app.torture_append where writer = 999"
REFUSED_SECONDS = 60
"""Within which a write ends that no majority agrees to."""


def test_with_one_server_of_three_nothing_is_written_nor_changed_until_an_operator_starts_the_group(
    group: Group,
) -> None:
    members, (left, *lost) = group.members, group.members_in_order
    with group.written("two of three servers were lost, and the group was started again"):
        for name in lost:
            members.plane.crash(members.instances[name].id)
        assert waited(lambda: not status()["majority"], WHOLE_SECONDS)
        code, _ = group.login().tried(group.pair, statement=INSERT)
        assert code != 0 and members.execute(left, "mysql", "-e", INSERT, seconds=REFUSED_SECONDS).returncode == 1
        with group.pair.config_kept():
            group.pair.configure({"mysqlSettings": {"back_log": 99}})
            said = group.pair.failing_up()
        assert "nothing of it was changed" in said and "start-group" in said, said
        assert members.sql(left, "select @@back_log") != "99"
        for name in lost:
            members.ec2.start(members.instances[name].id)
        assert waited(lambda: "`start-group`" in status()["advice"], WHOLE_SECONDS), status()
        done = verb("start-group", "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
    assert group.answer(THERE) == ["0"] and len(group.checksums()) == 1


def test_a_primary_that_is_cut_off_takes_no_writes(group: Group) -> None:
    members, primary = group.members, group.primary
    with group.written(f"{primary}, the primary, was cut off") as clients:
        members.plane.cut(members.instances[primary].id)
        cut = time.monotonic()
        try:
            done = members.execute(primary, "mysql", "-e", INSERT, seconds=REFUSED_SECONDS)
            print(f"\nthe others took a write {first_write(clients, cut):.1f} s later at most")
        finally:
            members.plane.join(members.instances[primary].id)
        assert done.returncode == 1, "refused, not still waiting"
        group.require_whole()
    assert group.answer(THERE) == ["0"] and group.primary != primary
