"""What records come to: which way out a subnet has, and by which address a host is known outside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lab.cloud import topology
from lab.cloud.model import (
    Eip,
    EipAssociation,
    Instance,
    InternetGateway,
    NatGateway,
    PrefixList,
    Record,
    Route,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
    VpcEndpoint,
)
from lab.cloud.store import Store
from lab.cloud.topology import HostPlan, VpcPlan, Way

VPC = Vpc("vpc-1", "10.0.0.0/16")
SUBNET = Subnet("subnet-1", VPC.id, "10.0.1.0/24", "lab-1a")
GATEWAY = InternetGateway("igw-1", VPC.id)
MAIN = RouteTable("rtb-main", VPC.id, main=True)
OWN = RouteTable("rtb-own", VPC.id)
USES_OWN = RouteTableAssociation("rtbassoc-1", OWN.id, SUBNET.id)
OUT_BY_MAIN = Route("r-main", MAIN.id, "0.0.0.0/0", GATEWAY.id)
OUT_BY_OWN = Route("r-own", OWN.id, "192.0.2.0/24", GATEWAY.id)
HOST = Instance(
    "i-0abcdef0123456789", SUBNET.id, "ami-1", "t3.micro", "10.0.1.4", ("sg-1",), auto_public_ip="198.18.0.10"
)
EIP = Eip("eipalloc-1", "198.18.0.99")
EIP_OF_HOST = EipAssociation("eipassoc-1", EIP.id, HOST.id)

NAT_SUBNET = Subnet("subnet-nat", VPC.id, "10.0.9.0/24", "lab-1a")
NAT_TABLE = RouteTable("rtb-nat", VPC.id)
NAT_USES = RouteTableAssociation("rtbassoc-nat", NAT_TABLE.id, NAT_SUBNET.id)
NAT_OUT = Route("r-nat", NAT_TABLE.id, "0.0.0.0/0", GATEWAY.id)
NAT = NatGateway("nat-1", NAT_SUBNET.id, EIP.id, "10.0.9.4")
TO_NAT = Route("r-main", MAIN.id, "0.0.0.0/0", nat_gateway_id=NAT.id)
NARROW = "192.0.2.0/24"
WITH_NAT = (GATEWAY, EIP, NAT_SUBNET, NAT_TABLE, NAT_USES, NAT)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def planned(store: Store, *records: Record) -> VpcPlan:
    """Return the plan of the VPC with a subnet, a main table, a host, and these records."""
    for record in (VPC, SUBNET, MAIN, HOST, *records):
        store.put(record)
    return topology.plan(store, VPC)


def host_of(plan: VpcPlan) -> HostPlan:
    (host,) = plan.hosts
    return host


@pytest.mark.parametrize(
    ("records", "internet"),
    [
        ((), ()),
        ((OUT_BY_MAIN,), ()),
        ((GATEWAY,), ()),
        ((GATEWAY, OUT_BY_MAIN), ("0.0.0.0/0",)),
        ((replace(GATEWAY, vpc_id=""), OUT_BY_MAIN), ()),
        ((replace(GATEWAY, vpc_id="vpc-2"), OUT_BY_MAIN), ()),
        ((GATEWAY, OUT_BY_MAIN, OWN, USES_OWN), ()),
        ((GATEWAY, OUT_BY_MAIN, OWN, USES_OWN, OUT_BY_OWN), ("192.0.2.0/24",)),
        ((GATEWAY, OUT_BY_MAIN, OWN, OUT_BY_OWN), ("0.0.0.0/0",)),
        ((GATEWAY, OWN, USES_OWN, OUT_BY_OWN, replace(OUT_BY_MAIN, route_table_id=OWN.id)), (NARROW, "0.0.0.0/0")),
    ],
    ids=[
        "nothing",
        "route to no gateway",
        "gateway without a route",
        "route in the main table",
        "gateway detached",
        "gateway of another VPC",
        "own table without a route",
        "own table with a route",
        "table of nobody",
        "two routes, the narrower one first",
    ],
)
def test_way_out_is_the_subnets_table_to_an_attached_gateway(
    store: Store, records: tuple[Record, ...], internet: tuple[str, ...]
) -> None:
    cidrs = tuple(cidr for way in host_of(planned(store, *records)).ways for cidr in way.open)
    assert cidrs == internet


@pytest.mark.parametrize(
    ("records", "ways"),
    [
        ((NAT_OUT, TO_NAT), [Way("0.0.0.0/0", ("0.0.0.0/0",), EIP.public_ip)]),
        ((TO_NAT,), [Way("0.0.0.0/0", (), EIP.public_ip)]),
        ((replace(GATEWAY, vpc_id=""), NAT_OUT, TO_NAT), [Way("0.0.0.0/0", (), EIP.public_ip)]),
        ((replace(NAT_OUT, gateway_id="", nat_gateway_id=NAT.id), TO_NAT), [Way("0.0.0.0/0", (), EIP.public_ip)]),
        ((NAT_OUT, replace(TO_NAT, nat_gateway_id="nat-2")), [Way("0.0.0.0/0")]),
        ((replace(NAT_OUT, destination_cidr_block=NARROW), TO_NAT), [Way("0.0.0.0/0", (NARROW,), EIP.public_ip)]),
        ((NAT_OUT, replace(TO_NAT, destination_cidr_block=NARROW)), [Way(NARROW, (NARROW,), EIP.public_ip)]),
        (
            (
                replace(NAT_OUT, destination_cidr_block="198.51.100.0/24"),
                replace(TO_NAT, destination_cidr_block=NARROW),
            ),
            [Way(NARROW, (), EIP.public_ip)],
        ),
        (
            (NAT_OUT, TO_NAT, replace(OUT_BY_MAIN, id="r-2", destination_cidr_block=NARROW)),
            [Way(NARROW, (NARROW,)), Way("0.0.0.0/0", ("0.0.0.0/0",), EIP.public_ip)],
        ),
    ],
    ids=[
        "by the NAT gateway",
        "whose subnet has no way out",
        "whose internet gateway is detached",
        "whose subnet leads to itself",
        "that is gone",
        "whose subnet leads to a part of it",
        "for a part",
        "that do not meet",
        "and a narrower route by the host's own address",
    ],
)
def test_way_by_a_nat_gateway_leads_where_its_own_subnet_does(
    store: Store, records: tuple[Record, ...], ways: list[Way]
) -> None:
    assert list(host_of(planned(store, *WITH_NAT, *records)).ways) == ways


def test_an_endpoint_leads_the_subnets_of_its_tables_to_s3_alone(store: Store) -> None:
    service = PrefixList("pl-s3", "com.amazonaws.lab-1.s3", 1, (("198.18.0.3/32", ""),))
    endpoint = VpcEndpoint("vpce-1", VPC.id, service.name, (OWN.id,), "", service.id, "198.18.0.4")
    to_s3 = Way("198.18.0.3/32", ("198.18.0.3/32",), "198.18.0.4")
    assert host_of(planned(store, service, endpoint)).ways == ()  # of another table
    plan = planned(store, service, endpoint, OWN, USES_OWN)
    assert host_of(plan).ways == (to_s3,)
    assert plan.outside_addresses == {"198.18.0.4"} and plan.public == {}


def test_host_that_goes_out_by_nat_is_not_known_outside_whatever_its_address(store: Store) -> None:
    plan = planned(store, *WITH_NAT, NAT_OUT, TO_NAT)
    assert host_of(plan).public_ip == "198.18.0.10"
    assert plan.public == {}
    assert plan.outside_addresses == {EIP.public_ip}


def test_elastic_ip_stands_before_the_automatic_address(store: Store) -> None:
    assert host_of(planned(store)).public_ip == "198.18.0.10"
    assert host_of(planned(store, EIP, EIP_OF_HOST)).public_ip == "198.18.0.99"


def test_elastic_ip_of_another_or_of_none_changes_nothing(store: Store) -> None:
    assert host_of(planned(store, EIP)).public_ip == "198.18.0.10"
    assert host_of(planned(store, EIP, replace(EIP_OF_HOST, instance_id="i-2"))).public_ip == "198.18.0.10"


def test_public_address_counts_only_with_a_way_out(store: Store) -> None:
    assert planned(store).public == {}
    assert planned(store, GATEWAY, OUT_BY_MAIN).public == {"198.18.0.10": "10.0.1.4"}
    store.put(replace(HOST, auto_public_ip=""))
    assert topology.plan(store, VPC).public == {}


def test_plan_has_its_own_vpcs_hosts_and_groups_alone(store: Store) -> None:
    other = Subnet("subnet-2", "vpc-2", "10.0.1.0/24", "lab-1a")
    stranger = replace(HOST, id="i-0fedcba9876543210", subnet_id=other.id)
    groups = [SecurityGroup("sg-1", VPC.id, "one", "one"), SecurityGroup("sg-2", "vpc-2", "two", "two")]
    plan = planned(store, other, stranger, *groups)
    assert [host.instance_id for host in plan.hosts] == [HOST.id]
    assert plan.rules == {"sg-1": ()}


def test_a_rule_for_a_prefix_list_is_one_for_each_of_its_ranges(store: Store) -> None:
    ranges = PrefixList("pl-1", "offices", 3, (("192.0.2.0/24", "one"), ("198.51.100.0/24", "")))
    rule = SecurityGroupRule("sgr-1", "sg-1", "ingress", "tcp", 22, 22, prefix_list_id="pl-1")
    plan = planned(store, SecurityGroup("sg-1", VPC.id, "one", "one"), ranges, rule)
    assert [by_range.cidr_ipv4 for by_range in plan.rules["sg-1"]] == ["192.0.2.0/24", "198.51.100.0/24"]


def test_group_has_its_rules_and_its_members(store: Store) -> None:
    rule = SecurityGroupRule("sgr-1", "sg-1", "ingress", "tcp", 22, 22, cidr_ipv4="0.0.0.0/0")
    foreign = replace(rule, id="sgr-2", security_group_id="sg-2")
    groups = [SecurityGroup(name, VPC.id, name, name) for name in ("sg-1", "sg-2", "sg-3")]
    plan = planned(store, *groups, rule, foreign)
    assert plan.rules == {"sg-1": (rule,), "sg-2": (foreign,), "sg-3": ()}
    assert plan.members("sg-1") == ["10.0.1.4"]
    assert plan.members("sg-2") == []


def test_router_has_the_subnets_second_address(store: Store) -> None:
    assert host_of(planned(store)).gateway == "10.0.1.1"


def test_link_name_fits_into_linux_and_differs_between_hosts(store: Store) -> None:
    host = host_of(planned(store))
    assert len(host.link) == 15
    assert host.link != replace(host, instance_id="i-0abcdef0123456780").link
