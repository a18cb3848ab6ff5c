"""The aws stand-in's tables: what it takes, what it refuses, what each change does."""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws
import pytest
from pulumi._types import resource_types
from pulumi.runtime.rpc import UNKNOWN

from lab.aws import provider, storage
from lab.aws.schema import Cloud, sdk_names
from lab.aws.wire import Values
from lab.cloud.model import Eip, EipAssociation
from lab.cloud.rules import AwsError
from lab.settings import LabError
from lab.tests.unit.aws.inputs import SDK, SEED, TOKENS, VALUES, checked, instance_of, refusals, urn
from lab.tests.unit.ec2_world import KEY, TYPE, World

# Names


@pytest.mark.parametrize("kind", TOKENS)
def test_a_table_speaks_the_sdks_names(kind: str) -> None:
    table = provider.TYPES[TOKENS[kind]]
    outputs = resource_types(SDK.get(kind) or getattr(aws.ec2, kind))
    assert set(table.properties) <= set(sdk_names(table.urn_type))
    assert set(table.computed) <= set(outputs)


def test_a_tables_blocks_speak_the_sdks_names() -> None:
    expiry = {f"rule{name[0].upper()}{name[1:]}": fields for name, fields in storage.EXPIRY.items()}
    blocks = [(storage.BucketLifecycleType.urn_type, expiry)]
    for table in provider.TYPES.values():
        blocks.append((table.urn_type, {key: rule.fields for key, rule in table.properties.items() if rule.fields}))
    for urn_type, fields in blocks:
        for name, known in fields.items():
            assert known <= set(sdk_names(urn_type, f"{name[0].upper()}{name[1:]}")), name


@pytest.mark.parametrize("kind", TOKENS)
def test_what_the_sdk_has_and_the_lab_has_not_is_refused_by_name(cloud: Cloud, kind: str) -> None:
    table = provider.TYPES[TOKENS[kind]]
    for name in set(sdk_names(table.urn_type)) - set(table.properties):
        reason = refusals(cloud, kind, {name: "x"})[name]
        assert name in reason
        assert "the lab's stand-in for aws does not support it" in reason


@pytest.mark.parametrize("kind", TOKENS)
def test_the_least_is_enough_and_nothing_less(cloud: Cloud, kind: str) -> None:
    checked(cloud, kind)
    for name in VALUES[kind]:
        if provider.TYPES[TOKENS[kind]].properties[name].required:
            assert "missing" in refusals(cloud, kind, {name: None})[name]


def test_an_unknown_type_is_refused(cloud: Cloud) -> None:
    bucket = "urn:pulumi:t::p::aws:s3/bucketV2:BucketV2::b"
    with pytest.raises(LabError, match=r"aws:s3/bucketV2:BucketV2.*does not support it"):
        provider.check(cloud, bucket, {}, {}, SEED)


REFUSED = [
    ("Vpc", "cidrBlock", "10.0.0.0/8", "InvalidVpc.Range"),
    ("Vpc", "instanceTenancy", "dedicated", "only 'default'"),
    ("Vpc", "assignGeneratedIpv6CidrBlock", True, "only False"),
    ("Vpc", "enableDnsSupport", "yes", "expected bool"),
    ("Vpc", "tags", {"a": 1}, "expected a map of strings"),
    ("Vpc", "madeUp", "x", "there is no such property"),
    ("Vpc", "region", "us-east-1", "one region"),
    ("Subnet", "cidrBlock", "10.0.0.0/30", "InvalidSubnet.Range"),
    ("Route", "destinationCidrBlock", "everywhere", "InvalidParameterValue"),
    ("SecurityGroup", "name", "sg-mine", "cannot begin with sg-"),
    ("SecurityGroup", "description", "für alle", "ASCII"),
    ("SecurityGroup", "ingress", [], "does not support it"),
    ("SecurityGroupIngressRule", "description", "<all>", "InvalidParameterValue"),
    ("SecurityGroupIngressRule", "ipProtocol", "tpc", "Unknown protocol"),
    ("SecurityGroupIngressRule", "cidrIpv4", "10.0.0.1/8", "did you mean '10.0.0.0/8'"),
    ("SecurityGroupIngressRule", "fromPort", "ssh", "expected number"),
    ("SecurityGroupIngressRule", "toPort", 70000, "Invalid port: 70000"),
    ("KeyPair", "publicKey", "-----BEGIN", "InvalidKey.Format"),
    ("Instance", "ami", "ami-0123456789abcdef0", "InvalidAMIID.NotFound"),
    ("Instance", "instanceType", "t9.huge", "InvalidInstanceType"),
    ("Instance", "userData", "x" * 16385, "limited to 16384 bytes"),
    ("Instance", "userDataBase64", "not base64", "InvalidUserData.Malformed"),
    ("Instance", "tenancy", "dedicated", "only 'default'"),
    ("Instance", "sourceDestCheck", False, "only True"),
    ("Instance", "rootBlockDevice", {"volumeSise": 9}, "volumeSise"),
    ("Instance", "vpcSecurityGroupIds", [1], "list of strings"),
    ("NatGateway", "connectivityType", "private", "only 'public'"),
    ("Eip", "domain", "standard", "only 'vpc'"),
    ("Volume", "type", "io2", "only 'gp3'"),
    ("Volume", "multiAttachEnabled", True, "only False"),
    ("VolumeAttachment", "deviceName", "/dev/sda1", "is not a valid EBS device name"),
    ("Snapshot", "storageTier", "archive", "only 'standard'"),
    ("LifecyclePolicy", "description", "täglich", "^[0-9A-Za-z _-]+$"),
    ("LifecyclePolicy", "executionRoleArn", "dlm", "no ARN of a role"),
    ("LifecyclePolicy", "state", "PAUSED", "only 'ENABLED' or 'DISABLED'"),
]


@pytest.mark.parametrize(("kind", "name", "value", "says"), REFUSED, ids=[f"{r[0]}.{r[1]}" for r in REFUSED])
def test_a_preview_refuses(cloud: Cloud, kind: str, name: str, value: Any, says: str) -> None:
    assert says in refusals(cloud, kind, {name: value})[name]


def test_a_rule_has_one_peer(cloud: Cloud) -> None:
    for changes in ({"cidrIpv4": None}, {"referencedSecurityGroupId": "sg-2"}):
        assert "one (and only one)" in refusals(cloud, "SecurityGroupIngressRule", changes)["cidrIpv4"]


def test_a_route_has_one_target(cloud: Cloud) -> None:
    for changes in ({"gatewayId": None}, {"natGatewayId": "nat-1"}, {"natGatewayId": UNKNOWN}):
        assert "one (and only one)" in refusals(cloud, "Route", changes)["gatewayId"]
    checked(cloud, "Route", {"gatewayId": None, "natGatewayId": UNKNOWN})


def test_a_root_volume_is_tagged_in_one_way(cloud: Cloud) -> None:
    changes = {"rootBlockDevice": {"tags": {"a": "b"}}, "volumeTags": {"a": "b"}}
    assert "conflicts" in refusals(cloud, "Instance", changes)["volumeTags"]


def test_what_is_not_known_yet_is_not_judged(cloud: Cloud) -> None:
    checked(cloud, "Subnet", {"cidrBlock": UNKNOWN, "tags": {"a": UNKNOWN}})
    checked(cloud, "SecurityGroupIngressRule", {"cidrIpv4": None, "referencedSecurityGroupId": UNKNOWN})


# Automatic names


def test_an_automatic_name_stays_until_the_resource_is_replaced(cloud: Cloud) -> None:
    first = checked(cloud, "SecurityGroup", {"name": None})
    assert first["name"] == "name-0001020"
    again, _ = provider.check(cloud, urn("SecurityGroup"), {"vpcId": "vpc-1"}, first, b"other seed")
    anew, _ = provider.check(cloud, urn("SecurityGroup"), {"vpcId": "vpc-1"}, {}, b"other seed")
    assert again["name"] == first["name"]
    assert anew["name"] != first["name"]


def test_a_prefix_takes_the_place_of_the_resources_name(cloud: Cloud) -> None:
    inputs = checked(cloud, "KeyPair", {"keyName": None, "keyNamePrefix": "deploy-"})
    assert inputs["keyName"].startswith("deploy-")


# Changes

UPDATE, REPLACE, FIRST = "update", "replace", "delete before replace"
CHANGES = [
    ("Vpc", "cidrBlock", "10.1.0.0/16", REPLACE),
    ("Vpc", "enableDnsHostnames", True, UPDATE),
    ("Vpc", "tags", {"Name": "v"}, UPDATE),
    ("Subnet", "vpcId", "vpc-2", REPLACE),
    ("Subnet", "cidrBlock", "10.0.2.0/24", REPLACE),
    ("Subnet", "availabilityZone", "eu-central-1b", REPLACE),
    ("Subnet", "mapPublicIpOnLaunch", True, UPDATE),
    ("InternetGateway", "vpcId", "vpc-2", UPDATE),
    ("RouteTable", "vpcId", "vpc-2", REPLACE),
    ("Route", "routeTableId", "rtb-2", REPLACE),
    ("Route", "destinationCidrBlock", "192.0.2.0/24", REPLACE),
    ("Route", "gatewayId", "igw-2", UPDATE),
    ("RouteTableAssociation", "routeTableId", "rtb-2", UPDATE),
    ("RouteTableAssociation", "subnetId", "subnet-2", REPLACE),
    ("SecurityGroup", "description", "other", FIRST),
    ("SecurityGroup", "name", "other", REPLACE),
    ("SecurityGroupIngressRule", "securityGroupId", "sg-2", REPLACE),
    ("SecurityGroupIngressRule", "fromPort", 1, UPDATE),
    ("SecurityGroupIngressRule", "cidrIpv4", "192.0.2.0/24", UPDATE),
    ("SecurityGroupIngressRule", "description", "new", UPDATE),
    ("SecurityGroupEgressRule", "cidrIpv4", "192.0.2.0/24", UPDATE),
    ("KeyPair", "publicKey", KEY.replace("me@here", "you@there"), FIRST),
    ("KeyPair", "keyName", "other", REPLACE),
    ("Instance", "ami", UNKNOWN, REPLACE),
    ("Instance", "subnetId", "subnet-2", REPLACE),
    ("Instance", "privateIp", "10.0.1.9", REPLACE),
    ("Instance", "keyName", "other", REPLACE),
    ("Instance", "associatePublicIpAddress", True, REPLACE),
    ("Instance", "availabilityZone", "eu-central-1b", REPLACE),
    ("Instance", "instanceType", "t3.large" if TYPE.startswith("t3") else "t4g.large", UPDATE),
    ("Instance", "instanceType", "t4g.micro" if TYPE.startswith("t3") else "t3.micro", REPLACE),
    ("Instance", "userData", "#cloud-config\n", UPDATE),
    ("Instance", "vpcSecurityGroupIds", ["sg-2"], UPDATE),
    ("Instance", "disableApiTermination", True, UPDATE),
    ("Instance", "metadataOptions", {"httpTokens": "required"}, UPDATE),
    ("Instance", "rootBlockDevice", {"volumeSize": 20}, UPDATE),
    ("Instance", "rootBlockDevice", {"encrypted": True}, REPLACE),
    ("Instance", "rootBlockDevice", {"tags": {"Name": "root"}}, UPDATE),
    ("NatGateway", "allocationId", "eipalloc-2", REPLACE),
    ("NatGateway", "subnetId", "subnet-2", REPLACE),
    ("NatGateway", "privateIp", "10.0.1.9", REPLACE),
    ("NatGateway", "tags", {"Name": "n"}, UPDATE),
    ("EipAssociation", "instanceId", "i-2", REPLACE),
    ("EipAssociation", "allocationId", "eipalloc-2", REPLACE),
    ("Volume", "availabilityZone", "eu-central-1b", REPLACE),
    ("Volume", "encrypted", True, REPLACE),
    ("Volume", "kmsKeyId", "arn:aws:kms:eu-central-1:000000000000:key/k", REPLACE),
    ("Volume", "snapshotId", "snap-1", REPLACE),
    ("Volume", "size", 9, UPDATE),
    ("Volume", "iops", 4000, UPDATE),
    ("Volume", "throughput", 250, UPDATE),
    ("Volume", "finalSnapshot", True, UPDATE),
    ("VolumeAttachment", "deviceName", "/dev/sdg", REPLACE),
    ("VolumeAttachment", "instanceId", "i-2", REPLACE),
    ("VolumeAttachment", "volumeId", "vol-2", REPLACE),
    ("VolumeAttachment", "stopInstanceBeforeDetaching", True, UPDATE),
    ("VolumeAttachment", "forceDetach", True, UPDATE),
    ("Snapshot", "volumeId", "vol-2", REPLACE),
    ("Snapshot", "description", "other", REPLACE),
    ("Snapshot", "tags", {"Name": "s"}, UPDATE),
    ("LifecyclePolicy", "state", "DISABLED", UPDATE),
]


@pytest.mark.parametrize(("kind", "name", "value", "effect"), CHANGES)
def test_a_change(cloud: Cloud, kind: str, name: str, value: Any, effect: str) -> None:
    old = checked(cloud, kind)
    diff = provider.diff(cloud, urn(kind), old, {}, checked(cloud, kind, {name: value}, old))
    ((path, change),) = diff.changes.items()
    assert path.split(".")[0] == name
    assert change.replaces == (effect != UPDATE)
    assert diff.delete_before_replace == (effect == FIRST)


@pytest.mark.parametrize("kind", TOKENS)
def test_the_same_inputs_are_no_change(cloud: Cloud, kind: str) -> None:
    old = checked(cloud, kind)
    assert provider.diff(cloud, urn(kind), old, {}, checked(cloud, kind, None, old)) == ({}, False)


def test_user_data_replaces_where_it_is_told_to(cloud: Cloud) -> None:
    old = checked(cloud, "Instance", {"userDataReplaceOnChange": True})
    new = checked(cloud, "Instance", {"userDataReplaceOnChange": True, "userData": "#cloud-config\n"})
    assert provider.diff(cloud, urn("Instance"), old, {}, new).changes["userData"].replaces


def test_a_rule_that_names_a_group_instead_of_addresses_is_another_rule(cloud: Cloud) -> None:
    kind = "SecurityGroupIngressRule"
    new = checked(cloud, kind, {"cidrIpv4": None, "referencedSecurityGroupId": "sg-2"})
    changes = provider.diff(cloud, urn(kind), checked(cloud, kind), {}, new).changes
    assert {name: change.replaces for name, change in changes.items()} == {
        "cidrIpv4": True,
        "referencedSecurityGroupId": True,
    }


def test_a_group_with_an_automatic_name_is_replaced_beside_the_old_one(cloud: Cloud) -> None:
    old = checked(cloud, "SecurityGroup", {"name": None})
    new = checked(cloud, "SecurityGroup", {"name": None, "description": "other"}, old)
    diff = provider.diff(cloud, urn("SecurityGroup"), old, {}, new)
    assert diff.changes["description"].replaces
    assert not diff.delete_before_replace


def test_a_route_turns_to_another_kind_of_gateway_in_place(cloud: Cloud) -> None:
    new = checked(cloud, "Route", {"gatewayId": None, "natGatewayId": "nat-1"})
    changes = provider.diff(cloud, urn("Route"), checked(cloud, "Route"), {}, new).changes
    assert {name: change.replaces for name, change in changes.items()} == {"gatewayId": False, "natGatewayId": False}


ROOT: Values = {"volumeSize": 20, "encrypted": True, "tags": {"Name": "root"}}
GIVEN: Values = {
    "privateIp": "10.0.1.50",
    "availabilityZone": "eu-central-1a",
    "disableApiTermination": True,
    "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
    "rootBlockDevice": ROOT,
}
"""Inputs of an instance, beside the least and its groups."""

AS_IT_IS: list[tuple[str, Values, list[str]]] = [
    ("a private address left out", {"privateIp": None}, []),
    ("a zone left out", {"availabilityZone": None}, []),
    ("protection left out", {"disableApiTermination": None}, []),
    ("a public address left out", {"associatePublicIpAddress": None}, []),
    ("groups left out", {"vpcSecurityGroupIds": None}, []),
    ("options left out", {"metadataOptions": None}, []),
    ("an option left out", {"metadataOptions": {"httpTokens": "required"}}, []),
    ("the root volume left out", {"rootBlockDevice": None}, []),
    ("its size left out", {"rootBlockDevice": {"encrypted": True, "tags": {"Name": "root"}}}, []),
    ("what EC2 chose, given", {"rootBlockDevice": {**ROOT, "volumeType": "gp3"}}, []),
    ("its tags left out", {"rootBlockDevice": {"volumeSize": 20}}, ["rootBlockDevice.tags"]),
    ("its tags changed", {"rootBlockDevice": {"tags": {"Name": "other"}}}, ["rootBlockDevice.tags"]),
    ("its size changed", {"rootBlockDevice": {**ROOT, "volumeSize": 30}}, ["rootBlockDevice.volumeSize"]),
    ("protection taken away", {"disableApiTermination": False}, ["disableApiTermination"]),
    ("an option changed", {"metadataOptions": {"httpTokens": "optional"}}, ["metadataOptions.httpTokens"]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "changes", "paths"), AS_IT_IS, ids=[case[0] for case in AS_IT_IS])
def test_what_ec2_decides_is_no_change_where_it_is_left_out(
    world: World, cloud: Cloud, what: str, changes: Values, paths: list[str]
) -> None:
    record_id, state, inputs = instance_of(world, cloud, **GIVEN)
    new = checked(cloud, "Instance", {**inputs, **changes})
    differences = provider.diff(cloud, urn("Instance"), inputs, state, new).changes
    assert {path: change.replaces for path, change in differences.items()} == dict.fromkeys(paths, False), what
    world.plane.calls.clear()
    after = provider.update(cloud, urn("Instance"), record_id, state, inputs, new, False)
    assert [call for call in world.plane.calls if call[0] != "refresh"] == []  # nothing restarts
    assert (after == state) == (not paths)


def test_the_address_an_instance_has_can_be_fixed_afterwards(world: World, cloud: Cloud) -> None:
    _, state, inputs = instance_of(world, cloud)
    call = (cloud, urn("Instance"), inputs, state)
    assert provider.diff(*call, {**inputs, "privateIp": state["privateIp"]}).changes == {}
    assert provider.diff(*call, {**inputs, "privateIp": "10.0.1.99"}).changes["privateIp"].replaces


def test_the_order_of_groups_means_nothing(world: World, cloud: Cloud) -> None:
    default = world.ec2.default_group(world.vpc.id)
    groups = [world.group.id, default]
    _, state, inputs = instance_of(world, cloud, vpcSecurityGroupIds=groups)
    turned = {**inputs, "vpcSecurityGroupIds": groups[::-1]}
    assert provider.diff(cloud, urn("Instance"), inputs, state, turned).changes == {}
    fewer = {**inputs, "vpcSecurityGroupIds": [default]}
    changes = provider.diff(cloud, urn("Instance"), inputs, state, fewer).changes
    assert {name: change.replaces for name, change in changes.items()} == {"vpcSecurityGroupIds": False}


def test_an_elastic_ip_behind_a_refused_public_address_replaces_after_a_refresh(world: World, cloud: Cloud) -> None:
    """As with the real provider, which reads one for the other: leave associatePublicIpAddress out, or ignore it."""
    record_id, state, inputs = instance_of(world, cloud, associatePublicIpAddress=False)
    address = world.ec2.create(Eip("", ""), "eipalloc")
    world.ec2.create(EipAssociation("", address.id, record_id), "eipassoc")
    call = (cloud, urn("Instance"))
    assert provider.diff(*call, inputs, state, inputs).changes == {}
    _, state, inputs = provider.read(*call, record_id, inputs)
    assert provider.diff(*call, inputs, state, inputs).changes["associatePublicIpAddress"].replaces
    assert provider.diff(*call, inputs, state, inputs, ["associatePublicIpAddress"]).changes == {}
    left_out = {name: value for name, value in inputs.items() if name != "associatePublicIpAddress"}
    assert provider.diff(*call, left_out, state, left_out).changes == {}


def test_a_refresh_of_what_was_given_in_part_reads_that_part(world: World, cloud: Cloud) -> None:
    record_id, _, inputs = instance_of(world, cloud, **GIVEN)
    assert provider.read(cloud, urn("Instance"), record_id, inputs)[2] == inputs


def test_a_root_volume_does_not_shrink(world: World, cloud: Cloud) -> None:
    record_id, state, inputs = instance_of(world, cloud, **GIVEN)
    smaller = {**inputs, "rootBlockDevice": {"volumeSize": 10}}
    with pytest.raises(AwsError, match="cannot be smaller than existing size 20"):
        provider.update(cloud, urn("Instance"), record_id, state, inputs, smaller, False)


def test_tags_are_shown_one_by_one(cloud: Cloud) -> None:
    old = checked(cloud, "Vpc", {"tags": {"Name": "a", "old": "x"}})
    new = checked(cloud, "Vpc", {"tags": {"Name": "b", "a:b": "y"}})
    changes = provider.diff(cloud, urn("Vpc"), old, {}, new).changes
    assert {path: change.change for path, change in changes.items()} == {
        "tags.Name": "update",
        "tags.old": "delete",
        'tags["a:b"]': "add",
    }


def test_other_default_tags_are_an_update(world: World) -> None:
    before, after = (Cloud(world.ec2, "eu-central-1", tags) for tags in ({}, {"team": "db"}))
    inputs = checked(before, "Vpc")
    _, state = provider.create(before, urn("Vpc"), inputs, preview=True)
    changes = provider.diff(after, urn("Vpc"), inputs, state, inputs).changes
    assert {name: change.replaces for name, change in changes.items()} == {"tagsAll": False}
