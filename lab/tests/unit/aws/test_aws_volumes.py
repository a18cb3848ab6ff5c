"""The aws stand-in's volumes, attachments, snapshots and lifecycle policies, and the functions that find them."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pulumi_aws as aws
import pytest
from pulumi.runtime.rpc import UNKNOWN

from lab.aws import functions, provider
from lab.aws.schema import Cloud
from lab.aws.wire import Values
from lab.cloud.model import Snapshot, Volume
from lab.cloud.rules import AwsError
from lab.settings import LabError
from lab.tests.unit.aws.inputs import SEED, VALUES, checked, instance_of, refusals, urn
from lab.tests.unit.ec2_world import World


def made(cloud: Cloud, kind: str, **changes: Any) -> tuple[str, Values, Values]:
    """Create a resource and return its id, its state and its inputs."""
    inputs = checked(cloud, kind, changes)
    return *provider.create(cloud, urn(kind), inputs, preview=False), inputs


def attached(world: World, cloud: Cloud, **changes: Any) -> tuple[str, Values, Values]:
    """Attach a new volume to a new instance."""
    volume, instance = made(cloud, "Volume")[0], instance_of(world, cloud)[0]
    return made(cloud, "VolumeAttachment", volumeId=volume, instanceId=instance, **changes)


def test_a_volume_has_what_the_real_provider_returns(cloud: Cloud) -> None:
    record_id, state, inputs = made(cloud, "Volume", encrypted=True, tags={"Name": "data"})
    assert state["arn"] == f"arn:aws:ec2:eu-central-1:000000000000:volume/{record_id}"
    assert (state["iops"], state["throughput"], state["size"], state["type"]) == (3000, 125, 8, "gp3")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", state["createTime"])
    assert state["kmsKeyId"].startswith("arn:aws:kms:eu-central-1:000000000000:key/")
    assert state["snapshotId"] == ""
    assert provider.read(cloud, urn("Volume"), record_id, inputs)[2] == inputs


def test_what_ebs_decides_is_no_change_where_it_is_left_out(cloud: Cloud) -> None:
    record_id, state, inputs = made(cloud, "Volume", iops=4000, throughput=250, encrypted=True)
    less = checked(cloud, "Volume")
    assert provider.diff(cloud, urn("Volume"), inputs, state, less).changes == {}
    after = provider.update(cloud, urn("Volume"), record_id, state, inputs, {**less, "size": 9}, False)
    assert (after["iops"], after["throughput"], after["size"]) == (4000, 250, 9)


def test_a_volume_is_given_a_size_or_a_snapshot(world: World, cloud: Cloud) -> None:
    assert "one of `size,snapshotId`" in refusals(cloud, "Volume", {"size": None})["size"]
    assert "too large" in refusals(cloud, "Volume", {"size": 65537})["size"]
    checked(cloud, "Volume", {"size": UNKNOWN, "iops": UNKNOWN})
    checked(cloud, "Volume", {"size": None, "snapshotId": UNKNOWN})
    snapshot = made(cloud, "Snapshot", volumeId=made(cloud, "Volume")[0])[0]
    state = made(cloud, "Volume", size=None, snapshotId=snapshot)[1]
    assert (state["size"], state["snapshotId"]) == (8, snapshot)
    assert world.plane.volumes[snapshot] == 8


def test_a_key_without_encryption_and_a_zone_of_another_region_are_refused(cloud: Cloud) -> None:
    with pytest.raises(AwsError, match="InvalidParameterDependency"):
        made(cloud, "Volume", kmsKeyId="arn:aws:kms:eu-central-1:000000000000:key/k")
    with pytest.raises(AwsError, match=r"InvalidZone\.NotFound: The zone 'us-east-1a' does not exist"):
        made(cloud, "Volume", availabilityZone="us-east-1a")


def test_an_attachments_id_is_the_providers(world: World, cloud: Cloud) -> None:
    """Source: Terraform's aws provider, volumeAttachmentID: "vai-" and the CRC-32 of name, instance and volume."""
    record_id, _, inputs = attached(world, cloud)
    assert re.fullmatch(r"vai-\d+", record_id)
    assert provider.read(cloud, urn("VolumeAttachment"), record_id, inputs)[2] == inputs
    name = f"/dev/sdf:{inputs['volumeId']}:{inputs['instanceId']}"
    imported = provider.read(cloud, urn("VolumeAttachment"), name, {})
    assert imported[0] == record_id
    again, failures = provider.check(cloud, urn("VolumeAttachment"), imported[2], imported[2], SEED)
    assert failures == []
    assert provider.diff(cloud, urn("VolumeAttachment"), imported[2], imported[1], again).changes == {}


def test_a_host_is_stopped_before_its_volume_is_detached_if_that_is_asked_for(world: World, cloud: Cloud) -> None:
    record_id, _, inputs = attached(world, cloud, stopInstanceBeforeDetaching=True)
    provider.delete(cloud, urn("VolumeAttachment"), record_id, inputs)
    assert world.plane.state(inputs["instanceId"]) == "stopped"
    assert world.ec2.attachment(inputs["volumeId"]) is None


def test_an_attachment_that_is_not_to_be_destroyed_stays(world: World, cloud: Cloud) -> None:
    record_id, _, inputs = attached(world, cloud, skipDestroy=True)
    provider.delete(cloud, urn("VolumeAttachment"), record_id, inputs)
    assert world.ec2.attachment(inputs["volumeId"])


def test_an_attachment_to_a_lost_host_is_read_as_gone_and_its_volume_is_not(world: World, cloud: Cloud) -> None:
    record_id, _, inputs = attached(world, cloud)
    world.plane.hosts.clear()
    assert provider.read(cloud, urn("VolumeAttachment"), record_id, inputs) == ("", {}, {})
    assert world.store.find(Volume, inputs["volumeId"])


def test_a_snapshot_has_what_the_real_provider_returns_and_outlives_its_volume(world: World, cloud: Cloud) -> None:
    volume = made(cloud, "Volume", encrypted=True)[0]
    record_id, state, inputs = made(cloud, "Snapshot", volumeId=volume, tags={"a": "b"})
    assert state["arn"] == f"arn:aws:ec2:eu-central-1::snapshot/{record_id}"
    assert (state["volumeSize"], state["encrypted"], state["storageTier"]) == (8, True, "standard")
    provider.delete(cloud, urn("Volume"), volume, checked(cloud, "Volume"))
    tagged = provider.update(cloud, urn("Snapshot"), record_id, state, inputs, {**inputs, "tags": {"a": "c"}}, False)
    assert (tagged["volumeSize"], tagged["tags"]) == (8, {"a": "c"})
    provider.delete(cloud, urn("Snapshot"), record_id, inputs)
    assert world.store.all(Snapshot) == []
    assert world.plane.volumes == {}


DETAILS = VALUES["LifecyclePolicy"]["policyDetails"]
SCHEDULE = DETAILS["schedules"][0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"resourceTypes": ["INSTANCE"]}, "resourceTypes ['INSTANCE']: the lab's stand-in for aws does not support it"),
        ({"policyType": "IMAGE_MANAGEMENT"}, "policyType"),
        ({"targetTags": {}}, "targetTags is missing"),
        ({"schedules": []}, "schedules is missing"),
        (
            {"schedules": [{**SCHEDULE, "createRule": {"interval": 5, "times": "03:00"}}]},
            "one of [1, 2, 3, 4, 6, 8, 12, 24], got 5",
        ),
        ({"schedules": [{**SCHEDULE, "createRule": {"interval": 24, "times": "3:00"}}]}, "a time of the day"),
        ({"schedules": [{**SCHEDULE, "createRule": {"cronExpression": "0 3 * * *"}}]}, "expected cron(…)"),
        (
            {"schedules": [{**SCHEDULE, "createRule": {"interval": 1, "times": "03:00", "scripts": {}}}]},
            "createRule.scripts",
        ),
        ({"schedules": [{**SCHEDULE, "retainRule": {"count": 1001}}]}, "range (1 - 1000), got 1001"),
        ({"schedules": [{**SCHEDULE, "retainRule": {"interval": 1}}]}, "retainRule.intervalUnit"),
        ({"schedules": [{**SCHEDULE, "retainRule": {"interval": 1, "count": 1}}]}, "either count, or interval"),
        ({"schedules": [{**SCHEDULE, "fastRestoreRule": {}}]}, "schedules.fastRestoreRule: the lab's stand-in"),
        (
            {"schedules": [{"createRule": SCHEDULE["createRule"], "retainRule": {"count": 1}}]},
            "schedules.name is missing",
        ),
    ],
)
def test_what_dlm_refuses_of_a_policy(cloud: Cloud, changes: Values, says: str) -> None:
    assert says in refusals(cloud, "LifecyclePolicy", {"policyDetails": {**DETAILS, **changes}})["policyDetails"]


def test_a_policy_is_changed_in_place_and_read_as_it_was_given(cloud: Cloud) -> None:
    record_id, state, inputs = made(cloud, "LifecyclePolicy")
    assert state["arn"] == f"arn:aws:dlm:eu-central-1:000000000000:policy/{record_id}"
    assert provider.read(cloud, urn("LifecyclePolicy"), record_id, inputs)[2] == inputs
    cron = {**SCHEDULE, "createRule": {"cronExpression": "cron(0 3 * * ? *)"}}
    new = checked(cloud, "LifecyclePolicy", {"policyDetails": {**DETAILS, "schedules": [cron]}})
    changes = provider.diff(cloud, urn("LifecyclePolicy"), inputs, state, new).changes
    assert {path: change.replaces for path, change in changes.items()} == {"policyDetails.schedules": False}


# Functions

GET_VOLUME, GET_SNAPSHOT = "aws:ebs/getVolume:getVolume", "aws:ebs/getSnapshot:getSnapshot"


def filters(**wanted: str) -> list[Values]:
    return [{"name": name.replace("_", "-"), "values": [value]} for name, value in wanted.items()]


def test_a_volume_is_found_by_id_tags_and_state(world: World, cloud: Cloud) -> None:
    _, _, inputs = attached(world, cloud)
    free = made(cloud, "Volume", tags={"Name": "free"})[0]
    by_id = functions.call(cloud, GET_VOLUME, {"filters": filters(volume_id=inputs["volumeId"])})
    assert (by_id["id"], by_id["volumeType"], by_id["size"]) == (inputs["volumeId"], "gp3", 8)
    assert functions.call(cloud, GET_VOLUME, {"filters": filters(status="available")})["id"] == free
    assert functions.call(cloud, GET_VOLUME, {"tags": {"Name": "free"}})["id"] == free
    assert functions.call(cloud, GET_VOLUME, {"mostRecent": True})["id"] == free
    with pytest.raises(LabError, match="more than one result"):
        functions.call(cloud, GET_VOLUME, {})
    with pytest.raises(LabError, match="returned no results"):
        functions.call(cloud, GET_VOLUME, {"filters": filters(volume_id="vol-0")})
    ids = functions.call(
        cloud, "aws:ebs/getEbsVolumes:getEbsVolumes", {"filters": [{"name": "tag:Name", "values": ["f*"]}]}
    )
    assert ids["ids"] == [free]
    names = {re.sub("([A-Z])", r"_\1", name).lower() for name in by_id}
    assert names <= set(inspect.signature(aws.ebs.GetVolumeResult).parameters)


def test_a_snapshot_is_found_by_id_volume_and_age(cloud: Cloud) -> None:
    volume = made(cloud, "Volume")[0]
    older, newer = (made(cloud, "Snapshot", volumeId=volume, description=text)[0] for text in ("older", "newer"))
    by_id = functions.call(cloud, GET_SNAPSHOT, {"snapshotIds": [older]})
    assert (by_id["id"], by_id["volumeId"], by_id["volumeSize"], by_id["state"]) == (older, volume, 8, "completed")
    of_volume = {"filters": filters(volume_id=volume), "owners": ["self"]}
    assert functions.call(cloud, GET_SNAPSHOT, {**of_volume, "mostRecent": True})["id"] == newer
    assert functions.call(cloud, "aws:ebs/getSnapshotIds:getSnapshotIds", of_volume)["ids"] == [newer, older]
    with pytest.raises(AwsError, match=r"InvalidSnapshot\.NotFound: The snapshot 'snap-0' does not exist"):
        functions.call(cloud, GET_SNAPSHOT, {"snapshotIds": ["snap-0"]})
    with pytest.raises(LabError, match="returned no results"):
        functions.call(cloud, GET_SNAPSHOT, {"owners": ["amazon"], "mostRecent": True})
    with pytest.raises(LabError, match=r"filter 'progress'.*does not support it"):
        functions.call(cloud, GET_SNAPSHOT, {"filters": filters(progress="100%")})
    names = {re.sub("([A-Z])", r"_\1", name).lower() for name in by_id}
    assert names <= set(inspect.signature(aws.ebs.GetSnapshotResult).parameters)
