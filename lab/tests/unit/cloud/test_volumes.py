"""EBS's operations: volumes that grow, are attached and detached, snapshots, and what EC2 refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lab.cloud import volume_rules, volumes
from lab.cloud.model import Snapshot, Subnet, Volume, VolumeAttachment
from lab.cloud.rules import AwsError
from lab.settings import LabError
from lab.tests.unit.ec2_world import CALL, World, code_of

ZONE = "eu-central-1a"


def volume(world: World, **changes: Any) -> Volume:
    """Make a volume of 8 GiB."""
    return world.ec2.create_volume(replace(Volume("", ZONE, 8, iops=3000, throughput=125), **changes))


def attach(world: World, made: Volume, instance_id: str, device: str = "/dev/sdf") -> VolumeAttachment:
    """Attach a volume."""
    return world.ec2.attach_volume(
        VolumeAttachment(f"vai-{made.id}-{instance_id}-{device[-1]}", made.id, instance_id, device)
    )


# Volumes


@pytest.mark.parametrize(
    ("size", "iops", "throughput", "says"),
    [
        (0, 3000, 125, "Volume of 0GiB is too small for volume type gp3; minimum is 1GiB."),
        (65537, 3000, 125, "Volume of 65537GiB is too large for volume type gp3; maximum is 65536GiB."),
        (8, 2999, 125, "Volume iops of 2999 is too low; minimum is 3000."),
        (1000, 80001, 125, "Volume iops of 80001 is too high; maximum is 80000."),
        (8, 4001, 125, "Iops to volume size ratio of 500.125000 is too high; maximum is 500.000000 iops per GiB."),
        (8, 3000, 124, "Volume throughput of 124 is too low; minimum is 125."),
        (100, 10000, 2001, "Volume throughput of 2001 is too high; maximum is 2000."),
        (8, 3000, 751, "Throughput (MiBps) to iops ratio of 0.250333 is too high; maximum is 0.250000 MiBps per iops."),
    ],
)
def test_what_gp3_cannot_do_is_refused(size: int, iops: int, throughput: int, says: str) -> None:
    with pytest.raises(AwsError) as refusal:
        volume_rules.check_volume(Volume("", ZONE, size, "gp3", iops, throughput))
    assert str(refusal.value) == f"InvalidParameterValue: {says}"


@pytest.mark.parametrize(("size", "iops", "throughput"), [(1, 3000, 750), (6, 3000, 125), (65536, 80000, 2000)])
def test_what_gp3_can_do_is_taken(size: int, iops: int, throughput: int) -> None:
    volume_rules.check_volume(Volume("", ZONE, size, "gp3", iops, throughput))


def test_a_volume_grows_where_it_is_and_does_not_shrink(world: World) -> None:
    made = volume(world)
    assert world.plane.volumes == {made.id: 8}
    world.ec2.modify_volume(replace(made, size=10))
    assert world.plane.volumes == {made.id: 10}
    with pytest.raises(AwsError, match="New size cannot be smaller than existing size"):
        world.ec2.modify_volume(made)
    assert world.store.get(Volume, made.id).size == 10


def test_a_volume_that_the_machine_cannot_make_leaves_no_record(world: World) -> None:
    world.plane.refuse = {"create"}
    with pytest.raises(LabError):
        volume(world)
    assert world.store.all(Volume) == []


def test_a_create_repeated_after_a_kill_makes_one_volume_and_one_snapshot(world: World) -> None:
    world.engine_writes_down()
    made = [volume(world, **CALL) for _ in range(2)]
    assert made[0].id == made[1].id
    snapshots = [world.ec2.create_snapshot(Snapshot("", made[0].id, 0, **CALL)) for _ in range(2)]
    assert snapshots[0] == snapshots[1]


# Attachments


def test_an_attached_volume_is_given_to_its_host_and_is_not_deleted(world: World) -> None:
    made, instance = volume(world), world.run()
    attachment = attach(world, made, instance.id)
    assert ("devices", instance.id) in world.plane.calls
    with pytest.raises(AwsError, match=f"VolumeInUse: Volume {made.id} is currently attached to {instance.id}"):
        world.ec2.delete_volume(made.id)
    world.ec2.detach_volume(attachment.id)
    world.ec2.delete_volume(made.id)
    assert world.plane.volumes == {}


def test_attaching_twice_is_one_attachment(world: World) -> None:
    made, instance = volume(world), world.run()
    assert attach(world, made, instance.id) == attach(world, made, instance.id)
    assert len(world.store.all(VolumeAttachment)) == 1


def test_what_cannot_be_attached_is_refused(world: World) -> None:
    here, instance, other = volume(world), world.run(), world.run()
    away = volume(world, availability_zone="eu-central-1b")
    attach(world, here, instance.id)
    cases = [
        (away, instance.id, "/dev/sdg", "InvalidVolume.ZoneMismatch"),
        (here, other.id, "/dev/sdg", "VolumeInUse"),
        (volume(world), instance.id, "/dev/sdf", "InvalidParameterValue"),
        (volume(world), instance.id, "/dev/sda", "InvalidParameterValue"),
        (volume(world), "i-0", "/dev/sdg", "InvalidInstanceID.NotFound"),
        (replace(here, id="vol-0"), instance.id, "/dev/sdg", "InvalidVolume.NotFound"),
    ]
    for made, instance_id, device, code in cases:
        assert code_of(lambda m=made, i=instance_id, d=device: attach(world, m, i, d)) == code  # type: ignore[misc]
    assert len(world.store.all(VolumeAttachment)) == 1


def test_an_attachment_that_the_machine_cannot_make_leaves_no_record(world: World) -> None:
    made, instance = volume(world), world.run()
    world.plane.refuse = {"devices"}
    with pytest.raises(LabError):
        attach(world, made, instance.id)
    assert world.store.all(VolumeAttachment) == []


def test_a_detach_waits_for_the_host_and_says_so_in_the_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made, instance = volume(world), world.run()
    attachment = attach(world, made, instance.id)
    world.plane.mounted = {made.id}
    monkeypatch.setattr(volumes, "DETACH_SECONDS", 0)
    with pytest.raises(LabError, match=r"last state: 'busy'.*the host has the volume mounted"):
        world.ec2.detach_volume(attachment.id)
    assert world.ec2.attachment(made.id)
    world.ec2.detach_volume(attachment.id, force=True)
    assert world.ec2.attachment(made.id) is None


@pytest.mark.parametrize("lost", [False, True])
def test_an_instance_that_is_gone_sets_its_volumes_free(world: World, lost: bool) -> None:
    made, instance = volume(world), world.run()
    attach(world, made, instance.id)
    if lost:
        world.plane.hosts.clear()
        world.ec2.find_instance(instance.id)
    else:
        world.ec2.terminate(instance.id)
    assert world.ec2.attachment(made.id) is None
    attach(world, made, world.run().id)


# Snapshots


def test_a_volume_from_a_snapshot_is_as_large_at_least(world: World) -> None:
    made = volume(world, encrypted=True, kms_key_id="k")
    snapshot = world.ec2.create_snapshot(Snapshot("", made.id, 0, "before"))
    assert (snapshot.volume_size, snapshot.encrypted, snapshot.kms_key_id) == (8, True, "k")
    world.ec2.delete_volume(made.id)
    with pytest.raises(AwsError, match=r"is smaller than snapshot 'snap-.*', expect size >= 8GB"):
        volume(world, size=7, snapshot_id=snapshot.id)
    assert code_of(lambda: volume(world, snapshot_id="snap-0")) == "InvalidSnapshot.NotFound"
    clone = volume(world, size=9, snapshot_id=snapshot.id)
    world.ec2.delete_snapshot(snapshot.id)
    world.ec2.modify_volume(replace(clone, size=10))  # its snapshot need not be there for that
    assert code_of(lambda: world.ec2.create_snapshot(Snapshot("", made.id, 0))) == "InvalidVolume.NotFound"


def test_a_volume_leaves_a_final_snapshot_where_it_is_asked_for(world: World) -> None:
    made = volume(world, tags={"Name": "data"})
    world.ec2.delete_volume(made.id, final_snapshot=True)
    (snapshot,) = world.store.all(Snapshot)
    assert (snapshot.volume_id, snapshot.tags) == (made.id, {"Name": "data"})


def test_a_volume_of_a_subnets_zone_fits_its_instances(world: World) -> None:
    other = world.ec2.create(Subnet("", world.vpc.id, "10.0.2.0/24", "eu-central-1b"), "subnet")
    made = volume(world, availability_zone="eu-central-1b")
    attach(world, made, world.run(subnet_id=other.id).id)
