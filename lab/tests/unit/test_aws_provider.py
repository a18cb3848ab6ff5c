"""The aws stand-in's tables: what it takes, what it refuses, what each change does, what a preview shows."""

from __future__ import annotations

import base64
import inspect
import re
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pytest
from pulumi._types import resource_types
from pulumi.runtime.rpc import UNKNOWN

from lab.aws import config, functions, provider
from lab.aws.schema import Cloud, sdk_names
from lab.aws.wire import Values, from_struct, to_struct
from lab.cloud.model import Eip, EipAssociation, Instance, InternetGateway, SecurityGroup, Subnet, Vpc
from lab.cloud.rules import AwsError
from lab.settings import LabError
from lab.tests.unit.ec2_world import IMAGE, KEY, TYPE, World, make

SEED = bytes(range(32))
TOKENS = {kind.urn_type.split(":")[-1]: kind.urn_type for kind in provider.TYPES.values()}
SDK = {
    "SecurityGroupIngressRule": aws.vpc.SecurityGroupIngressRule,
    "SecurityGroupEgressRule": aws.vpc.SecurityGroupEgressRule,
}
VALUES: dict[str, Values] = {
    "Vpc": {"cidrBlock": "10.0.0.0/16"},
    "Subnet": {"vpcId": "vpc-1", "cidrBlock": "10.0.1.0/24"},
    "InternetGateway": {"vpcId": "vpc-1"},
    "RouteTable": {"vpcId": "vpc-1"},
    "Route": {"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"},
    "RouteTableAssociation": {"routeTableId": "rtb-1", "subnetId": "subnet-1"},
    "SecurityGroup": {"vpcId": "vpc-1", "name": "given"},
    "SecurityGroupIngressRule": {
        "securityGroupId": "sg-1",
        "ipProtocol": "tcp",
        "fromPort": 22,
        "toPort": 22,
        "cidrIpv4": "10.0.0.0/8",
    },
    "SecurityGroupEgressRule": {"securityGroupId": "sg-1", "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"},
    "KeyPair": {"publicKey": KEY, "keyName": "given"},
    "Instance": {"ami": IMAGE, "instanceType": TYPE, "subnetId": "subnet-1"},
    "Eip": {"domain": "vpc"},
    "EipAssociation": {"allocationId": "eipalloc-1", "instanceId": "i-1"},
    "NatGateway": {"allocationId": "eipalloc-1", "subnetId": "subnet-1"},
}
"""The least that each type asks for."""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    return make(tmp_path / "t")


@pytest.fixture
def cloud(world: World) -> Cloud:
    return Cloud(world.ec2, "eu-central-1", {})


def urn(kind: str, name: str = "name") -> str:
    return f"urn:pulumi:t::p::my:index:Component${TOKENS[kind]}::{name}"


def checked(cloud: Cloud, kind: str, changes: Values | None = None, olds: Values | None = None) -> Values:
    """Return the inputs of a resource after a check that finds nothing wrong."""
    given = {k: v for k, v in {**VALUES[kind], **(changes or {})}.items() if v is not None}
    inputs, failures = provider.check(cloud, urn(kind), given, olds or {}, SEED)
    assert failures == []
    return inputs


def refusals(cloud: Cloud, kind: str, changes: Values) -> dict[str, str]:
    """Return what a check finds wrong, by property."""
    given = {k: v for k, v in {**VALUES[kind], **changes}.items() if v is not None}
    _, failures = provider.check(cloud, urn(kind), given, {}, SEED)
    return {one.property: one.reason for one in failures}


# Names


@pytest.mark.parametrize("kind", TOKENS)
def test_a_table_speaks_the_sdks_names(kind: str) -> None:
    table = provider.TYPES[TOKENS[kind]]
    outputs = resource_types(SDK.get(kind) or getattr(aws.ec2, kind))
    assert set(table.properties) <= set(sdk_names(table.args))
    assert set(table.computed) <= set(outputs)


@pytest.mark.parametrize("kind", TOKENS)
def test_what_the_sdk_has_and_the_lab_has_not_is_refused_by_name(cloud: Cloud, kind: str) -> None:
    table = provider.TYPES[TOKENS[kind]]
    for name in set(sdk_names(table.args)) - set(table.properties):
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
]


@pytest.mark.parametrize(("kind", "name", "value", "effect"), CHANGES)
def test_a_change(cloud: Cloud, kind: str, name: str, value: Any, effect: str) -> None:
    old = checked(cloud, kind)
    found = provider.diff(cloud, urn(kind), old, {}, checked(cloud, kind, {name: value}, old))
    ((path, change),) = found.changes.items()
    assert path.split(".")[0] == name
    assert change.replaces == (effect != UPDATE)
    assert found.delete_before_replace == (effect == FIRST)


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
    found = provider.diff(cloud, urn(kind), checked(cloud, kind), {}, new).changes
    assert {name: one.replaces for name, one in found.items()} == {
        "cidrIpv4": True,
        "referencedSecurityGroupId": True,
    }


def test_a_group_with_an_automatic_name_is_replaced_beside_the_old_one(cloud: Cloud) -> None:
    old = checked(cloud, "SecurityGroup", {"name": None})
    new = checked(cloud, "SecurityGroup", {"name": None, "description": "other"}, old)
    found = provider.diff(cloud, urn("SecurityGroup"), old, {}, new)
    assert found.changes["description"].replaces
    assert not found.delete_before_replace


def test_a_route_turns_to_another_kind_of_gateway_in_place(cloud: Cloud) -> None:
    new = checked(cloud, "Route", {"gatewayId": None, "natGatewayId": "nat-1"})
    found = provider.diff(cloud, urn("Route"), checked(cloud, "Route"), {}, new).changes
    assert {name: one.replaces for name, one in found.items()} == {"gatewayId": False, "natGatewayId": False}


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
    found = provider.diff(cloud, urn("Instance"), inputs, state, new).changes
    assert {path: one.replaces for path, one in found.items()} == dict.fromkeys(paths, False), what
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
    found = provider.diff(cloud, urn("Instance"), inputs, state, fewer).changes
    assert {name: one.replaces for name, one in found.items()} == {"vpcSecurityGroupIds": False}


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
    found = provider.diff(cloud, urn("Vpc"), old, {}, new).changes
    assert {path: one.change for path, one in found.items()} == {
        "tags.Name": "update",
        "tags.old": "delete",
        'tags["a:b"]': "add",
    }


def test_other_default_tags_are_an_update(world: World) -> None:
    before, after = (Cloud(world.ec2, "eu-central-1", tags) for tags in ({}, {"team": "db"}))
    inputs = checked(before, "Vpc")
    _, state = provider.create(before, urn("Vpc"), inputs, preview=True)
    found = provider.diff(after, urn("Vpc"), inputs, state, inputs).changes
    assert {name: one.replaces for name, one in found.items()} == {"tagsAll": False}


# Previews, states, refreshes


@pytest.mark.parametrize("kind", TOKENS)
def test_a_preview_touches_nothing_and_knows_what_can_be_known(world: World, cloud: Cloud, kind: str) -> None:
    before = sorted(world.lab.cloud.rglob("*.json"))
    _, shown = provider.create(cloud, urn(kind), checked(cloud, kind), preview=True)
    assert {shown[name] for name in provider.TYPES[TOKENS[kind]].computed if name not in VALUES[kind]} <= {UNKNOWN}
    assert {name: shown[name] for name in VALUES[kind]} == VALUES[kind]
    assert sorted(world.lab.cloud.rglob("*.json")) == before
    assert world.plane.calls == []


def instance_of(world: World, cloud: Cloud, **changes: Any) -> tuple[str, Values, Values]:
    """Create an instance and return its id, its state and its inputs."""
    place = {"subnetId": world.subnet.id, "vpcSecurityGroupIds": [world.group.id]}
    inputs = checked(cloud, "Instance", {**place, "associatePublicIpAddress": True, **changes})
    return *provider.create(cloud, urn("Instance"), inputs, preview=False), inputs


def test_an_instance_has_what_the_real_provider_returns(world: World, cloud: Cloud) -> None:
    record_id, state, _ = instance_of(world, cloud, userData="#cloud-config\n", tags={"Name": "n"})
    assert state["privateIp"] == "10.0.1.4"
    assert state["privateDns"] == "ip-10-0-1-4.eu-central-1.compute.internal"
    assert state["publicIp"] == "198.18.7.10"
    assert state["publicDns"] == "ec2-198-18-7-10.eu-central-1.compute.amazonaws.com"
    assert state["instanceState"] == "running"
    assert state["availabilityZone"] == "eu-central-1a"
    assert state["arn"] == f"arn:aws:ec2:eu-central-1:000000000000:instance/{record_id}"
    assert state["userData"] == "#cloud-config\n"  # in clear, since version 7
    assert state["tagsAll"] == {"Name": "n"}
    assert set(provider.TYPES[TOKENS["Instance"]].computed) <= set(state)


def test_a_nat_gateway_has_what_the_real_provider_returns(world: World, cloud: Cloud) -> None:
    world.ec2.create(InternetGateway("", world.vpc.id), "igw")
    address = world.ec2.create(Eip("", ""), "eipalloc")
    inputs = checked(cloud, "NatGateway", {"allocationId": address.id, "subnetId": world.subnet.id})
    record_id, state = provider.create(cloud, urn("NatGateway"), inputs, preview=False)
    assert (state["publicIp"], state["privateIp"]) == (address.public_ip, "10.0.1.4")
    assert state["networkInterfaceId"].startswith("eni-")
    _, eip, _ = provider.read(cloud, urn("Eip"), address.id, {"domain": "vpc"})
    assert (eip["associationId"], eip["privateIp"], eip["instance"]) == (state["associationId"], "10.0.1.4", "")
    assert provider.read(cloud, urn("NatGateway"), record_id, inputs)[2] == inputs
    route = checked(cloud, "Route", {
        "routeTableId": world.ec2.main_route_table(world.vpc.id), "gatewayId": None, "natGatewayId": record_id,
    })  # fmt: skip
    route_id, state = provider.create(cloud, urn("Route"), route, preview=False)
    assert state["state"] == "active"
    provider.delete(cloud, urn("NatGateway"), record_id, inputs)
    _, state, seen = provider.read(cloud, urn("Route"), route_id, route)
    assert state["state"] == "blackhole"
    assert seen == route


def test_user_data_may_come_in_base64(world: World, cloud: Cloud) -> None:
    encoded = base64.b64encode(b"#cloud-config\n").decode()
    record_id, state, _ = instance_of(world, cloud, userDataBase64=encoded)
    assert state["userDataBase64"] == encoded
    assert world.store.get(Instance, record_id).user_data == "#cloud-config\n"


def test_a_preview_of_new_user_data_does_not_promise_the_old_address(world: World, cloud: Cloud) -> None:
    record_id, state, inputs = instance_of(world, cloud)
    call = (cloud, urn("Instance"), record_id, state, inputs)
    changed = provider.update(*call, {**inputs, "userData": "#cloud-config\n"}, True)
    tagged = provider.update(*call, {**inputs, "tags": {"a": "b"}}, True)
    assert changed["publicIp"] == UNKNOWN
    assert changed["privateIp"] == tagged["privateIp"] == state["privateIp"]
    assert tagged["publicIp"] == state["publicIp"]


def test_new_user_data_restarts_the_host_and_other_changes_do_not(world: World, cloud: Cloud) -> None:
    record_id, state, inputs = instance_of(world, cloud)
    call = (cloud, urn("Instance"), record_id, state)
    provider.update(*call, inputs, {**inputs, "tags": {"a": "b"}}, False)
    assert ("stop", record_id) not in world.plane.calls
    after = provider.update(*call, inputs, {**inputs, "userData": "#cloud-config\n"}, False)
    assert ("stop", record_id) in world.plane.calls
    assert after["publicIp"] != state["publicIp"]


def test_a_refresh_sees_a_host_that_is_gone_or_stopped(world: World, cloud: Cloud) -> None:
    record_id, _, inputs = instance_of(world, cloud)
    world.ec2.stop(record_id)
    _, state, again = provider.read(cloud, urn("Instance"), record_id, inputs)
    assert (state["instanceState"], state["publicIp"]) == ("stopped", "")
    assert again == inputs
    del world.plane.hosts[record_id]
    assert provider.read(cloud, urn("Instance"), record_id, inputs) == ("", {}, {})


def test_a_lost_host_takes_the_association_of_its_address_along(world: World, cloud: Cloud) -> None:
    record_id, inputs, instance_id = associated(world, cloud)
    assert provider.read(cloud, urn("EipAssociation"), record_id, inputs)[2] == inputs
    del world.plane.hosts[instance_id]
    assert provider.read(cloud, urn("EipAssociation"), record_id, inputs) == ("", {}, {})


def test_what_another_read_forgets_meanwhile_is_read_as_gone(
    world: World, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_id, inputs, instance_id = associated(world, cloud)
    has_host = cloud.ec2.has_host

    def and_no_more(of: str) -> bool:
        answer = has_host(of)
        if world.plane.hosts.pop(of, None):
            cloud.ec2.find_instance(of)
        return answer

    monkeypatch.setattr(cloud.ec2, "has_host", and_no_more)
    assert provider.read(cloud, urn("EipAssociation"), record_id, inputs) == ("", {}, {})
    assert world.store.find(Instance, instance_id) is None


def associated(world: World, cloud: Cloud) -> tuple[str, Values, str]:
    """Give an instance an Elastic IP; return the association's id and inputs, and the instance's id."""
    instance_id, _, _ = instance_of(world, cloud)
    given = {"allocationId": world.ec2.create(Eip("", ""), "eipalloc").id, "instanceId": instance_id}
    inputs = checked(cloud, "EipAssociation", given)
    return provider.create(cloud, urn("EipAssociation"), inputs, preview=False)[0], inputs, instance_id


def test_a_refresh_shows_what_was_changed_behind_the_engines_back(world: World, cloud: Cloud) -> None:
    inputs = checked(cloud, "SecurityGroupIngressRule", {"securityGroupId": world.group.id})
    record_id, _ = provider.create(cloud, urn("SecurityGroupIngressRule"), inputs, preview=False)
    call = (cloud, urn("SecurityGroupIngressRule"), record_id)
    assert provider.read(*call, inputs)[2] == inputs
    provider.update(*call, {}, inputs, {**inputs, "toPort": 23, "tags": {"by": "hand"}}, False)
    _, state, seen = provider.read(*call, inputs)
    assert (seen["toPort"], seen["tags"]) == (23, {"by": "hand"})
    assert state["toPort"] == 23


@pytest.mark.parametrize("kind", TOKENS)
def test_what_is_gone_is_read_as_gone(cloud: Cloud, kind: str) -> None:
    assert provider.read(cloud, urn(kind), "x-0", checked(cloud, kind)) == ("", {}, {})


def test_an_import_finds_the_inputs_that_then_are_no_change(world: World, cloud: Cloud) -> None:
    for kind, record in (("Vpc", world.vpc), ("Subnet", world.subnet), ("SecurityGroup", world.group)):
        assert isinstance(record, Vpc | Subnet | SecurityGroup)
        _, state, inputs = provider.read(cloud, urn(kind), record.id, {})
        again, failures = provider.check(cloud, urn(kind), inputs, inputs, SEED)
        assert failures == []
        assert provider.diff(cloud, urn(kind), inputs, state, again).changes == {}


def test_a_create_repeated_after_a_kill_finds_what_it_made(world: World, cloud: Cloud) -> None:
    world.engine_writes_down()
    first, _, _ = instance_of(world, cloud)
    second, _, _ = instance_of(world, cloud)
    group = {"vpcId": world.vpc.id}
    made = []
    for seed in (b"one seed", b"two seed"):
        inputs, _ = provider.check(cloud, urn("SecurityGroup"), group, {}, seed)
        made.append(provider.create(cloud, urn("SecurityGroup"), inputs, preview=False))
    assert second == first
    assert made[0][0] == made[1][0]
    assert made[1][1]["name"] == "name-74776f2"


def test_force_destroy_passes_termination_protection(world: World, cloud: Cloud) -> None:
    record_id, _, inputs = instance_of(world, cloud, disableApiTermination=True)
    words = (
        f"OperationNotPermitted: The instance '{record_id}' may not be terminated. Modify its 'disableApiTermination'"
    )
    with pytest.raises(AwsError, match=words):
        provider.delete(cloud, urn("Instance"), record_id, inputs)
    provider.delete(cloud, urn("Instance"), record_id, {**inputs, "forceDestroy": True})
    assert world.plane.hosts == {}


def test_a_subnet_gives_public_addresses_if_it_says_so(world: World, cloud: Cloud) -> None:
    place = {"vpcId": world.vpc.id, "cidrBlock": "10.0.2.0/24", "mapPublicIpOnLaunch": True}
    subnet, _ = provider.create(cloud, urn("Subnet"), checked(cloud, "Subnet", place), preview=False)
    _, state, _ = instance_of(world, cloud, subnetId=subnet, associatePublicIpAddress=None)
    assert state["publicIp"]


# Configuration and functions


def test_a_missing_region_and_strange_settings_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert [one.property for one in config.check({})] == ["region"]
    found = list(config.check({"region": "eu-central-1", "assumeRoles": "[]", "profile": "x"}))
    assert [one.property for one in found] == ["assumeRoles"]
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert config.region({}) == "eu-west-1"
    assert config.region({"region": "us-east-1"}) == "us-east-1"


def test_default_tags_come_as_json_text() -> None:
    assert config.default_tags({"defaultTags": '{"tags": {"a": "b"}}'}) == {"a": "b"}
    found = list(config.check({"region": "x", "defaultTags": '{"labels": {}}'}))
    assert [one.property for one in found] == ["defaultTags"]


def test_zones_have_names_and_ids(cloud: Cloud) -> None:
    args = {"filters": [{"name": "opt-in-status", "values": ["opt-in-not-required"]}], "state": "available"}
    found = functions.call(cloud, "aws:index/getAvailabilityZones:getAvailabilityZones", args)
    assert found["names"] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    assert found["zoneIds"][0] == "euc1-az1"
    args["filters"] = [{"name": "opt-in-status", "values": ["opted-in"]}]
    assert functions.call(cloud, "aws:index/getAvailabilityZones:getAvailabilityZones", args)["names"] == []


def test_canonicals_parameters_name_the_labs_image_and_no_other_does(cloud: Cloud) -> None:
    token = "aws:ssm/getParameter:getParameter"
    name = "/aws/service/canonical/ubuntu/server/24.04/stable/current/{}/hvm/ebs-gp3/ami-id"
    found = {
        architecture: functions.call(cloud, token, {"name": name.format(architecture)})["insecureValue"]
        for architecture in ("amd64", "arm64")
    }
    assert IMAGE in found.values()
    assert len(set(found.values())) == 2
    with pytest.raises(AwsError, match="ParameterNotFound"):
        functions.call(cloud, token, {"name": "/my/password"})


def test_a_newer_image_takes_the_parameters_place_and_both_are_known(world: World, cloud: Cloud) -> None:
    name = "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"

    def parameter() -> Values:
        return functions.call(cloud, "aws:ssm/getParameter:getParameter", {"name": name})

    def search(**args: Any) -> Values:
        return functions.call(cloud, "aws:ec2/getAmi:getAmi", args)

    arm = [{"name": "architecture", "values": ["arm64"]}]
    before = parameter()
    assert search(filters=arm)["imageId"] == before["insecureValue"]
    world.ec2.publish_images()
    after = parameter()
    assert after["insecureValue"] != before["insecureValue"]
    assert after["version"] == before["version"] + 1
    for one in (before, after):
        by_id = [{"name": "image-id", "values": [one["insecureValue"]]}]
        assert search(filters=by_id)["architecture"] == "arm64"
    assert search(filters=arm, mostRecent=True)["imageId"] == after["insecureValue"]
    with pytest.raises(LabError, match="more than one result"):
        search(filters=arm)
    with pytest.raises(LabError, match="Your query returned no results"):
        search(filters=[{"name": "image-id", "values": ["ami-0123456789abcdef0"]}])


def test_a_vpc_and_a_subnet_are_found_by_id(world: World, cloud: Cloud) -> None:
    vpc = functions.call(cloud, "aws:ec2/getVpc:getVpc", {"id": world.vpc.id})
    assert (vpc["cidrBlock"], vpc["enableDnsSupport"], vpc["default"]) == ("10.0.0.0/16", True, False)
    assert vpc["mainRouteTableId"] == world.ec2.main_route_table(world.vpc.id)
    subnet = functions.call(cloud, "aws:ec2/getSubnet:getSubnet", {"id": world.subnet.id})
    assert (subnet["vpcId"], subnet["cidrBlock"]) == (world.vpc.id, "10.0.1.0/24")
    assert (subnet["availabilityZone"], subnet["availabilityZoneId"]) == ("eu-central-1a", "euc1-az1")
    for found, result in ((vpc, aws.ec2.GetVpcResult), (subnet, aws.ec2.GetSubnetResult)):
        names = {re.sub("([A-Z])", r"_\1", name).lower() for name in found}
        assert names <= set(inspect.signature(result).parameters)


@pytest.mark.parametrize(
    ("token", "args", "says"),
    [
        ("aws:ec2/getVpc:getVpc", {"id": "vpc-0"}, "no matching EC2 VPC found"),
        ("aws:ec2/getSubnet:getSubnet", {"id": "subnet-0"}, "no matching EC2 Subnet found"),
        ("aws:ec2/getVpc:getVpc", {}, "without its id"),
        ("aws:ec2/getSubnet:getSubnet", {"vpcId": "vpc-1"}, "does not support it"),
        (
            "aws:ec2/getInstanceType:getInstanceType",
            {"instanceType": "t9.huge"},
            r"InvalidInstanceType: The following supplied instance types do not exist: \[t9.huge\]",
        ),
    ],
)
def test_what_is_not_there_is_said_in_awss_words(cloud: Cloud, token: str, args: Values, says: str) -> None:
    with pytest.raises(LabError, match=says):
        functions.call(cloud, token, args)


@pytest.mark.parametrize(
    ("name", "memory", "architecture"),
    [
        ("t3.micro", 1024, "x86_64"),
        ("t3.large", 8192, "x86_64"),
        ("t4g.small", 2048, "arm64"),
        ("t4g.medium", 4096, "arm64"),
        ("m7g.large", 8192, "arm64"),
        ("r6i.xlarge", 32768, "x86_64"),
    ],
)
def test_an_instance_type_tells_memory_and_architecture(
    cloud: Cloud, name: str, memory: int, architecture: str
) -> None:
    found = functions.call(cloud, "aws:ec2/getInstanceType:getInstanceType", {"instanceType": name})
    assert found["memorySize"] == memory
    assert found["supportedArchitectures"] == [architecture]


def test_a_search_for_ubuntus_image_finds_the_labs(cloud: Cloud) -> None:
    token = "aws:ec2/getAmi:getAmi"
    names = ["ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-*"]
    args: Values = {"mostRecent": True, "owners": ["099720109477"], "filters": [{"name": "name", "values": names}]}
    assert functions.call(cloud, token, args)["architecture"] == "arm64"
    for strange in ({"owners": ["137112412989"]}, {"filters": [{"name": "name", "values": ["al2023-*"]}]}):
        with pytest.raises(LabError, match="returned no results"):
            functions.call(cloud, token, {**args, **strange})
    with pytest.raises(LabError, match=r"filter 'tag:x'.*does not support it"):
        functions.call(cloud, token, {"filters": [{"name": "tag:x", "values": ["y"]}]})


def test_what_the_lab_cannot_answer_is_refused(cloud: Cloud) -> None:
    with pytest.raises(LabError, match=r"aws:s3/getBucket:getBucket.*does not support it"):
        functions.call(cloud, "aws:s3/getBucket:getBucket", {})
    with pytest.raises(LabError, match=r"nameRegex.*does not support it"):
        functions.call(cloud, "aws:ec2/getAmi:getAmi", {"nameRegex": "x"})
    with pytest.raises(LabError, match="one region"):
        functions.call(cloud, "aws:index/getRegion:getRegion", {"region": "us-east-1"})


def test_numbers_come_back_whole_and_nulls_not_at_all() -> None:
    given = {"port": 22.0, "none": None, "list": [{"n": 1.0}], "half": 0.5, "yes": True}
    assert from_struct(to_struct(given)) == {"port": 22, "list": [{"n": 1}], "half": 0.5, "yes": True}
