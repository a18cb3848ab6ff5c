"""One server of a group makes the bases, all of them send their log, the log goes on whoever is the primary, and out of
them a group is made again.
"""

from __future__ import annotations

from collections.abc import Sequence

from lab.cloud.model import VolumeAttachment
from tests.group.stack import Group
from tests.lab.backed import LOG_SECONDS, Backed
from tests.lab.pair import drift, verb
from tests.torture.members import waited

WRITE = "create table app.switched (id int primary key); drop table app.switched"
UUID = "select @@server_uuid"


def backed(group: Group) -> Backed:
    outputs = group.pair.outputs()
    return Backed(group.pair, outputs["backup_bucket"], outputs["backup_prefix"])


def uuids(group: Group, names: Sequence[str] = ()) -> set[str]:
    """Return what some of the servers, or all, call themselves."""
    return {group.members.sql(name, UUID) for name in names or group.members_in_order}


def test_a_secondary_makes_the_base_and_rehearses_its_restore(group: Group) -> None:
    of_backups = backed(group)
    of_backups.well("backup")
    base = of_backups.listed()["bases"][0]
    assert base["server_uuid"] in uuids(group, group.secondaries)
    print(f"\n{of_backups.well('drill')}")


def test_the_log_has_no_gap_where_the_primary_was_switched(group: Group) -> None:
    of_backups = backed(group)
    done = verb("switch-over")
    assert done.returncode == 0, done.stderr
    # The proxy leaves the former primary within a second.
    assert waited(lambda: group.login().tried(group.pair, statement=WRITE)[0] == 0, LOG_SECONDS)
    of_backups.sent(of_backups.now())
    assert waited(lambda: drift() == (0, [], []), LOG_SECONDS), drift()


def lose(group: Group) -> None:
    """Have all servers and their volumes gone."""
    members, ids = group.members, [member.id for member in group.members.instances.values()]
    store = members.ec2.store
    volumes = [attachment.volume_id for attachment in store.all(VolumeAttachment) if attachment.instance_id in ids]
    for instance in ids:
        members.plane.crash(instance)
        members.ec2.terminate(instance)
    for volume in volumes:
        members.ec2.delete_volume(volume)


def test_all_servers_and_volumes_are_lost_and_a_backup_becomes_a_group(group: Group) -> None:
    pair, of_backups = group.pair, backed(group)
    former, strings = uuids(group), pair.outputs()["connection_strings"]
    group.answer("create table app.restored (id int primary key); insert into app.restored values (1); select 1")
    of_backups.well("backup")
    group.answer("insert into app.restored values (2); select 2")
    of_backups.sent(of_backups.now())
    (begun,) = (urn for urn in pair.done("stack", "--show-urns").split() if urn.endswith("::group-begun"))
    lose(group)
    with pair.config_kept():
        pair.configure({"restoreFrom": {"base": "newest"}})
        pair.done("up", "--yes", "--skip-preview", "--refresh", "--replace", begun)
        assert pair.unchanged()
    pair.up()
    group.require_whole()
    assert pair.outputs()["connection_strings"] == strings
    assert group.answer("select group_concat(id order by id) from app.restored", "read_connection_strings") == ["1,2"]
    assert len(group.checksums()) == 1
    group.answer("drop table app.restored; select 1")
    now = uuids(group)
    assert not former & now
    assert waited(lambda: of_backups.listed()["bases"][0]["server_uuid"] in now, LOG_SECONDS)
    assert waited(lambda: drift() == (0, [], []), LOG_SECONDS), drift()
