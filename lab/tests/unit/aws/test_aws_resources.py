"""The aws stand-in's resources: what a preview shows, what a state has, what a refresh finds."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from pulumi.runtime.rpc import UNKNOWN

from lab.aws import provider
from lab.aws.schema import Cloud
from lab.aws.wire import Values
from lab.cloud.model import Eip, Instance, InternetGateway, SecurityGroup, Subnet, Vpc
from lab.cloud.rules import AwsError
from lab.tests.unit.aws.inputs import SEED, TOKENS, VALUES, checked, instance_of, urn
from lab.tests.unit.ec2_world import World


@pytest.mark.parametrize("kind", TOKENS)
def test_a_preview_touches_nothing_and_knows_what_can_be_known(world: World, cloud: Cloud, kind: str) -> None:
    before = sorted(world.lab.cloud.rglob("*.json"))
    _, shown = provider.create(cloud, urn(kind), checked(cloud, kind), preview=True)
    assert {shown[name] for name in provider.TYPES[TOKENS[kind]].computed if name not in VALUES[kind]} <= {UNKNOWN}
    assert {name: shown[name] for name in VALUES[kind]} == VALUES[kind]
    assert sorted(world.lab.cloud.rglob("*.json")) == before
    assert world.plane.calls == []


def test_an_instance_has_what_the_real_provider_returns(world: World, cloud: Cloud) -> None:
    world.ec2.update(replace(world.vpc, enable_dns_hostnames=True))
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


def test_a_vpc_without_dns_hostnames_gives_an_instance_no_names(world: World, cloud: Cloud) -> None:
    """Source: VPC User Guide, "DNS attributes for your VPC"; terraform-provider-aws, "aws_instance", `private_dns`."""
    _, state, _ = instance_of(world, cloud)
    assert (state["privateDns"], state["publicDns"]) == ("", "")


def test_a_rule_takes_a_prefix_list_that_is_there_and_a_group_with_the_labs_own_account(
    world: World, cloud: Cloud
) -> None:
    lists = checked(cloud, "ManagedPrefixList")
    list_id, state = provider.create(cloud, urn("ManagedPrefixList"), lists, preview=False)
    assert list_id.startswith("pl-") and state["entries"] == [{"cidr": "192.0.2.0/24"}]
    assert provider.read(cloud, urn("ManagedPrefixList"), list_id, lists)[2] == lists

    def rule(port: int, **peer: str) -> Values:
        ports = {"securityGroupId": world.group.id, "fromPort": port, "toPort": port, "cidrIpv4": None}
        inputs = checked(cloud, "SecurityGroupIngressRule", {**ports, **peer})
        return provider.create(cloud, urn("SecurityGroupIngressRule", str(port)), inputs, preview=False)[1]

    assert rule(1, prefixListId=list_id)["prefixListId"] == list_id
    assert rule(2, referencedSecurityGroupId=f"000000000000/{world.group.id}")
    with pytest.raises(AwsError, match="prefix list ID 'pl-0a1b2c3d' does not exist"):
        rule(3, prefixListId="pl-0a1b2c3d")
    with pytest.raises(AwsError, match="security group '123456789012/sg-0a1b2c3d' does not exist"):
        rule(4, referencedSecurityGroupId="123456789012/sg-0a1b2c3d")
    with pytest.raises(AwsError, match=list_id):
        provider.delete(cloud, urn("ManagedPrefixList"), list_id, lists)


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
