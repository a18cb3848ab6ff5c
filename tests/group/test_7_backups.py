"""One server of a group makes the bases, all of them send their log, and the log goes on whoever is the primary."""

from __future__ import annotations

from tests.group.stack import Group
from tests.lab.backed import LOG_SECONDS, Backed
from tests.lab.pair import drift, verb
from tests.torture.members import waited

WRITE = "create table app.switched (id int primary key); drop table app.switched"
UUID = "select @@server_uuid"


def backed(group: Group) -> Backed:
    outputs = group.pair.outputs()
    return Backed(group.pair, outputs["backup_bucket"], outputs["backup_prefix"])


def test_a_secondary_makes_the_base_and_rehearses_its_restore(group: Group) -> None:
    of_backups = backed(group)
    of_backups.well("backup")
    base = of_backups.listed()["bases"][0]
    assert base["server_uuid"] in {group.members.sql(name, UUID) for name in group.secondaries}
    print(f"\n{of_backups.well('drill')}")


def test_the_log_has_no_gap_where_the_primary_was_switched(group: Group) -> None:
    of_backups = backed(group)
    done = verb("switch-over")
    assert done.returncode == 0, done.stderr
    # The proxy leaves the former primary within a second.
    assert waited(lambda: group.login().tried(group.pair, statement=WRITE)[0] == 0, LOG_SECONDS)
    of_backups.sent(of_backups.now())
    assert waited(lambda: drift() == (0, [], []), LOG_SECONDS), drift()
