"""EC2's operations on what a VPC has in it: references, refusals, deletion, NAT gateways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from lab.cloud.model import (
    KINDS,
    Eip,
    EipAssociation,
    InternetGateway,
    KeyPair,
    NatGateway,
    Record,
    Route,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)
from lab.cloud.rules import AwsError
from lab.settings import LabError
from lab.tests.unit.ec2_world import CALL, KEY, World, code_of, rule

# A VPC and what is in it


def test_a_vpc_is_born_with_a_main_table_and_a_default_group_and_takes_them_along(world: World) -> None:
    assert world.ec2.main_route_table(world.vpc.id)
    assert world.ec2.default_group(world.vpc.id)
    world.ec2.delete(SecurityGroup, world.group.id)
    world.ec2.delete(Subnet, world.subnet.id)
    world.ec2.delete(Vpc, world.vpc.id)
    assert [record for kind in KINDS.values() for record in world.store.all(kind)] == []
    assert world.plane.calls[-1] == ("refresh", world.vpc.id)


def test_a_subnet_does_not_overlap_another(world: World) -> None:
    spec = Subnet("", world.vpc.id, "10.0.0.0/20", "eu-central-1a")
    assert code_of(lambda: world.ec2.create(spec, "subnet")) == "InvalidSubnet.Conflict"


def test_names_and_rules_are_there_once(world: World) -> None:
    world.ec2.create(rule(world), "sgr")
    key = world.ec2.create(KeyPair("key", KEY, "", ""))
    table = world.ec2.create(RouteTable("", world.vpc.id), "rtb")
    gateway = world.ec2.create(InternetGateway("", world.vpc.id), "igw")
    route = Route("r-1", table.id, "0.0.0.0/0", gateway.id, urn="one", client_token="one")
    world.ec2.create(route)
    group = SecurityGroup("", world.vpc.id, "hosts", "again")
    association = RouteTableAssociation("", table.id, world.subnet.id)
    world.ec2.create(association, "rtbassoc")
    assert key.key_pair_id.startswith("key-")
    assert code_of(lambda: world.ec2.create(replace(rule(world), description="2"), "sgr")) == (
        "InvalidPermission.Duplicate"
    )
    assert code_of(lambda: world.ec2.create(KeyPair("key", KEY, "", ""))) == "InvalidKeyPair.Duplicate"
    assert code_of(lambda: world.ec2.create(replace(route, urn="two"))) == "RouteAlreadyExists"
    assert code_of(lambda: world.ec2.create(group, "sg")) == "InvalidGroup.Duplicate"
    assert code_of(lambda: world.ec2.create(association, "rtbassoc")) == "Resource.AlreadyAssociated"


def test_what_a_record_names_must_exist(world: World) -> None:
    asked: list[tuple[Record, str]] = [
        (Subnet("", "vpc-0", "10.0.9.0/24", "a"), "InvalidVpcID.NotFound"),
        (Route("r", world.ec2.main_route_table(world.vpc.id), "0.0.0.0/0", "igw-0"),
         "InvalidInternetGatewayID.NotFound"),
        (replace(rule(world), security_group_id="sg-0"), "InvalidGroup.NotFound"),
        (replace(rule(world), cidr_ipv4="", referenced_security_group_id="sg-0"), "InvalidGroup.NotFound"),
        (EipAssociation("", "eipalloc-0", "i-0"), "InvalidAllocationID.NotFound"),
        (Route("r", world.ec2.main_route_table(world.vpc.id), "0.0.0.0/0"), "MissingParameter"),
    ]  # fmt: skip
    for record, code in asked:
        assert code_of(lambda record=record: world.ec2.create(record, "x")) == code  # type: ignore[misc]
    assert code_of(lambda: world.run(key_name="nobody")) == "InvalidKeyPair.NotFound"
    assert code_of(lambda: world.run(subnet_id="subnet-0")) == "InvalidSubnetID.NotFound"


def test_a_group_of_another_vpc_is_refused(world: World) -> None:
    other = world.ec2.create(Vpc("", "10.9.0.0/16"), "vpc")
    stranger = world.ec2.default_group(other.id)
    assert code_of(lambda: world.run(security_group_ids=(stranger,))) == "InvalidParameter"


def test_nothing_that_is_in_use_is_deleted(world: World) -> None:
    world.run()
    gateway = world.ec2.create(InternetGateway("", world.vpc.id), "igw")
    table = world.ec2.create(RouteTable("", world.vpc.id), "rtb")
    world.ec2.create(RouteTableAssociation("", table.id, world.subnet.id), "rtbassoc")
    for kind, record_id in (
        (SecurityGroup, world.group.id),
        (Subnet, world.subnet.id),
        (Vpc, world.vpc.id),
        (InternetGateway, gateway.id),
        (RouteTable, table.id),
    ):
        assert code_of(lambda k=kind, i=record_id: world.ec2.delete(k, i)) == "DependencyViolation"  # type: ignore[misc]


def test_a_group_that_another_groups_rule_names_is_not_deleted(world: World) -> None:
    clients = world.ec2.create(SecurityGroup("", world.vpc.id, "clients", "clients"), "sg")
    reach = replace(rule(world), cidr_ipv4="", referenced_security_group_id=clients.id)
    reach = world.ec2.create(reach, "sgr")
    assert code_of(lambda: world.ec2.delete(SecurityGroup, clients.id)) == "DependencyViolation"
    world.ec2.delete(SecurityGroup, world.group.id)  # its own rules go with it
    world.ec2.delete(SecurityGroup, clients.id)
    assert world.store.find(SecurityGroupRule, reach.id) is None


def test_a_group_that_its_own_rules_name_is_deleted_with_them(world: World) -> None:
    """Source: Amazon EC2 API Reference, "DeleteSecurityGroup": only another group's rule keeps a group."""
    to_itself = replace(rule(world), cidr_ipv4="", referenced_security_group_id=world.group.id)
    made = [world.ec2.create(replace(to_itself, direction=way), "sgr") for way in ("ingress", "egress")]
    assert code_of(lambda: world.ec2.create(to_itself, "sgr")) == "InvalidPermission.Duplicate"
    world.ec2.delete(SecurityGroup, world.group.id)
    assert [world.store.find(SecurityGroupRule, record.id) for record in made] == [None, None]


def test_what_is_gone_is_deleted_again_without_complaint(world: World) -> None:
    world.ec2.delete(Subnet, "subnet-0")
    world.ec2.terminate("i-0")


def test_every_change_is_in_force_when_the_call_returns(world: World) -> None:
    instance = world.run()
    address = world.ec2.create(Eip("", ""), "eipalloc")
    changes: list[Callable[[], object]] = [
        lambda: world.ec2.create(rule(world), "sgr"),
        lambda: world.ec2.update(replace(world.store.all(SecurityGroupRule)[0], description="new")),
        lambda: world.ec2.create(InternetGateway("", world.vpc.id), "igw"),
        lambda: world.ec2.create(EipAssociation("", address.id, instance.id), "eipassoc"),
        lambda: world.ec2.modify(replace(world.again(instance), security_group_ids=())),
        lambda: world.ec2.terminate(instance.id),
    ]
    for change in changes:
        world.plane.calls.clear()
        change()
        assert ("refresh", world.vpc.id) in world.plane.calls


def test_a_moved_gateway_is_out_of_force_where_it_was(world: World) -> None:
    gateway = world.ec2.create(InternetGateway("", world.vpc.id), "igw")
    other = world.ec2.create(Vpc("", "10.9.0.0/16"), "vpc")
    world.plane.calls.clear()
    world.ec2.update(replace(gateway, vpc_id=other.id))
    assert set(world.plane.calls) == {("refresh", world.vpc.id), ("refresh", other.id)}


def test_what_the_machine_refuses_leaves_no_record(world: World) -> None:
    world.plane.refuse = {"refresh"}
    with pytest.raises(LabError, match="the machine refused to refresh"):
        world.ec2.create(Vpc("", "10.9.0.0/16"), "vpc")
    with pytest.raises(LabError):
        world.ec2.delete(SecurityGroup, world.group.id)
    assert world.store.all(Vpc) == [world.vpc]
    assert world.store.find(SecurityGroup, world.group.id) == world.group
    assert len(world.store.all(RouteTable)) == 1


# NAT gateways


def nat_gateway(world: World) -> tuple[NatGateway, InternetGateway, Eip]:
    """Make a NAT gateway in the subnet, and what it needs."""
    gateway = world.ec2.create(InternetGateway("", world.vpc.id), "igw")
    address = world.ec2.create(Eip("", ""), "eipalloc")
    return world.ec2.create(NatGateway("", world.subnet.id, address.id), "nat"), gateway, address


def test_a_nat_gateway_takes_an_address_of_its_subnet(world: World) -> None:
    nat, _, _ = nat_gateway(world)
    assert nat.private_ip == "10.0.1.4"
    assert world.run().private_ip == "10.0.1.5"
    assert code_of(lambda: world.run(private_ip=nat.private_ip)) == "InvalidIPAddress.InUse"
    address = world.ec2.create(Eip("", ""), "eipalloc")
    asked = NatGateway("", world.subnet.id, address.id, "10.0.1.5")
    assert code_of(lambda: world.ec2.create(asked, "nat")) == "InvalidIPAddress.InUse"
    assert world.ec2.create(replace(asked, private_ip="10.0.1.9"), "nat").private_ip == "10.0.1.9"


def test_what_a_nat_gateway_asks_for_must_be_there_and_free(world: World) -> None:
    address = world.ec2.create(Eip("", ""), "eipalloc")
    spec = NatGateway("", world.subnet.id, address.id)
    assert code_of(lambda: world.ec2.create(spec, "nat")) == "Gateway.NotAttached"
    world.ec2.create(InternetGateway("", world.vpc.id), "igw")
    assert code_of(lambda: world.ec2.create(replace(spec, subnet_id="subnet-0"), "nat")) == "InvalidSubnetID.NotFound"
    assert code_of(lambda: world.ec2.create(replace(spec, allocation_id="eipalloc-0"), "nat")) == (
        "InvalidAllocationID.NotFound"
    )
    association = world.ec2.create(EipAssociation("", address.id, world.run().id), "eipassoc")
    assert code_of(lambda: world.ec2.create(spec, "nat")) == "Resource.AlreadyAssociated"
    world.ec2.delete(EipAssociation, association.id)
    nat = world.ec2.create(spec, "nat")
    assert code_of(lambda: world.ec2.create(spec, "nat")) == "Resource.AlreadyAssociated"
    taken = EipAssociation("", address.id, world.run().id)
    assert code_of(lambda: world.ec2.create(taken, "eipassoc")) == "Resource.AlreadyAssociated"
    world.ec2.update(replace(nat, tags={"a": "b"}))  # it does not stand in its own way


def test_what_a_nat_gateway_holds_on_to_is_not_deleted_before_it(world: World) -> None:
    nat, gateway, address = nat_gateway(world)
    assert code_of(lambda: world.ec2.delete(Eip, address.id)) == "InvalidIPAddress.InUse"
    assert code_of(lambda: world.ec2.delete(Subnet, world.subnet.id)) == "DependencyViolation"
    assert code_of(lambda: world.ec2.delete(InternetGateway, gateway.id)) == "DependencyViolation"
    world.ec2.delete(NatGateway, nat.id)
    world.ec2.delete(Eip, address.id)
    world.ec2.delete(Subnet, world.subnet.id)
    world.ec2.delete(InternetGateway, gateway.id)


def test_a_route_to_a_nat_gateway_stays_when_it_is_gone(world: World) -> None:
    nat, _, _ = nat_gateway(world)
    table = world.ec2.create(RouteTable("", world.vpc.id), "rtb")
    route = world.ec2.create(Route("r-1", table.id, "0.0.0.0/0", nat_gateway_id=nat.id))
    world.plane.calls.clear()
    world.ec2.delete(NatGateway, nat.id)
    assert world.plane.calls == [("refresh", world.vpc.id)]
    assert world.store.find(Route, route.id) == route
    gone = replace(route, id="r-2", destination_cidr_block="192.0.2.0/24")
    assert code_of(lambda: world.ec2.create(gone)) == "InvalidNatGatewayID.NotFound"


def test_a_route_does_not_lead_to_another_vpcs_gateway(world: World) -> None:
    nat, gateway, _ = nat_gateway(world)
    other = world.ec2.create(Vpc("", "10.9.0.0/16"), "vpc")
    table = world.ec2.main_route_table(other.id)
    for route in (
        Route("r-1", table, "0.0.0.0/0", gateway.id),
        Route("r-1", table, "0.0.0.0/0", nat_gateway_id=nat.id),
        Route("r-1", table, "0.0.0.0/0", world.ec2.create(InternetGateway(""), "igw").id),
    ):
        with pytest.raises(AwsError, match="belong to different networks"):
            world.ec2.create(route)


def test_a_route_leads_from_one_gateway_to_another_in_place(world: World) -> None:
    nat, gateway, _ = nat_gateway(world)
    table = world.ec2.main_route_table(world.vpc.id)
    route = world.ec2.create(Route("r-1", table, "0.0.0.0/0", gateway.id, **CALL))
    world.plane.calls.clear()
    world.ec2.update(replace(route, gateway_id="", nat_gateway_id=nat.id))
    assert world.plane.calls == [("refresh", world.vpc.id)]


def test_a_subnet_changes_its_route_table_in_place(world: World) -> None:
    first, second = (world.ec2.create(RouteTable("", world.vpc.id), "rtb") for _ in range(2))
    association = world.ec2.create(RouteTableAssociation("", first.id, world.subnet.id), "rtbassoc")
    world.plane.calls.clear()
    world.ec2.update(replace(association, route_table_id=second.id))
    assert world.plane.calls == [("refresh", world.vpc.id)]
    world.ec2.delete(RouteTable, first.id)
    assert code_of(lambda: world.ec2.delete(RouteTable, second.id)) == "DependencyViolation"
