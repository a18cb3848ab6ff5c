"""Members are lost: the primary's host, a host with its volume, and one that has transactions of its own."""

from __future__ import annotations

import time

from lab.cloud.ec2 import Ec2
from lab.cloud.model import VolumeAttachment
from lab.cloud.store import Store
from lab.machine import hosts
from lab.machine.plane import Plane
from tests.group.stack import SERVERS, Group, first_write, status
from tests.lab.pair import Pair, drift, verb

STRAY = "stop group_replication; set global super_read_only = off; create table app.stray (id int primary key)"


def terminate(pair: Pair, name: str) -> None:
    """Have a server's host and its volume gone at once, as if their zone had burnt."""
    outputs, store = pair.outputs(), Store(pair.lab.cloud)
    instance = outputs["server_instance_ids"][outputs["server_names"].index(name)]
    (volume,) = [one.volume_id for one in store.all(VolumeAttachment) if one.instance_id == instance]
    plane = Plane(pair.lab, store)
    plane.crash(instance)
    ec2 = Ec2(pair.lab, store, plane)
    ec2.terminate(instance)
    ec2.delete_volume(volume)


def states() -> dict[str, str]:
    """Return each server's state, as `status` tells it."""
    return {row["server"]: row["state"] for row in status()["servers"]}


def test_the_primary_s_host_crashes_and_comes_back_by_itself(group: Group) -> None:
    members, primary = group.members, group.primary
    with group.written(f"the host of {primary}, the primary, has crashed and was started again") as clients:
        members.plane.crash(members.instances[primary].id)
        print(f"\nthe next write was acknowledged {first_write(clients):.1f} s after the crash")
        assert states()[primary] != "ONLINE" and status()["primary"] not in (primary, None)
        members.ec2.start(members.instances[primary].id)
        group.require_whole()
    assert len(group.checksums()) == 1


def test_a_member_lost_with_its_volume_is_made_again_while_the_group_serves(group: Group) -> None:
    lost, before = group.secondaries[-1], group.pair.outputs()
    with group.written(f"{lost} was lost with its volume and made again"):
        terminate(group.pair, lost)
        code, rows, unknown = drift()
        assert code and any(lost in row["where"] or lost in row["name"] for row in rows), (rows, unknown)
        begun = time.monotonic()
        group.pair.done("up", "--yes", "--skip-preview", "--refresh")
        print(f"\n`up --refresh` made {lost} again in {time.monotonic() - begun:.0f} s")
    assert len(group.checksums()) == 1
    after = group.pair.outputs()
    assert after["connection_strings"] == before["connection_strings"]
    assert after["server_private_ips"] == before["server_private_ips"]
    assert len(set(after["server_instance_ids"]) & set(before["server_instance_ids"])) == SERVERS - 1
    assert group.pair.unchanged() and states() == dict.fromkeys(group.members_in_order, "ONLINE")


def test_a_member_with_transactions_of_its_own_stays_out_until_they_are_given_up(group: Group) -> None:
    strayed = group.secondaries[0]
    group.execute(strayed, f'mysql -e "{STRAY}"')
    # What a timer does every 15 seconds.
    hosts.execute(group.host(strayed), "systemctl", "start", "mysql-pair-group.service")
    assert states()[strayed] == "OFFLINE"
    done = verb("status")
    assert "transactions that the group does not have" in done.stdout, done.stdout
    code, rows, _ = drift()
    assert code == 2 and ("group", strayed) in [(row["kind"], row["name"]) for row in rows]
    refused = verb("rejoin", strayed)
    assert refused.returncode != 0 and "--discard" in refused.stderr, refused
    assert group.execute(strayed, "mysql -BNe 'show tables from app like \"stray\"'").strip() == "stray"
    done = verb("rejoin", strayed, "--discard", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    group.require_whole()
    assert group.execute(strayed, "mysql -BNe 'show tables from app like \"stray\"'") == ""
    assert len(group.checksums()) == 1
