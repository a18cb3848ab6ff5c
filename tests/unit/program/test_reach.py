"""Who may reach what: the rules that the program registers."""

from __future__ import annotations

import json
from typing import Any

import pulumi_aws as aws
import pytest

from components.firewall import Firewall, FirewallArgs
from policy.rules.reach import group_by_others
from policy.rules.resource import Resource
from policy.rules.security_groups import rules_of
from tests.unit.program import mocks
from tests.unit.program.program_run import Run, run_with

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
OPERATORS = ("203.0.113.7/32", "198.51.100.0/24")
ANOTHER_ACCOUNTS = "123456789012/sg-0a1b2c3d"
Rule = tuple[str, int, str]
"""Whose rule, which port, who: a range, a prefix list or a group."""


def rules(run: Run, kind: str) -> list[Rule]:
    """Return the rules of a kind, sorted; each is for one TCP port."""
    made = run.inputs(kind).values()
    assert all(rule["ipProtocol"] == "tcp" and rule["fromPort"] == rule["toPort"] for rule in made)
    return sorted(
        (
            rule["securityGroupId"].removeprefix("firewall-").removesuffix("-id"),
            rule["fromPort"],
            rule.get("cidrIpv4")
            or rule.get("prefixListId")
            or rule["referencedSecurityGroupId"].removeprefix("firewall-").removesuffix("-id"),
        )
        for rule in made
    )


def test_mysql_is_the_clients_groups_and_ssh_goes_by_the_jump_host(run: Run) -> None:
    assert rules(run, INGRESS) == sorted(
        [
            ("server", 3306, "client"),
            ("server", 22, "jump"),
            *(("client", 22, operator) for operator in OPERATORS),
        ]
    )


def test_the_only_ways_out_are_packages_mysql_and_the_jump(run: Run) -> None:
    packages = [(group, port, "0.0.0.0/0") for group in ("server", "client") for port in (80, 443)]
    assert rules(run, EGRESS) == sorted([*packages, ("client", 3306, "server"), ("jump", 22, "server")])


def test_every_group_has_the_rules_that_the_program_makes_and_no_others(run: Run) -> None:
    """What is not claimed, no refresh sees (terraform-provider-aws, "aws_vpc_security_group_rules_exclusive")."""
    claims = run.inputs("aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive").values()
    claimed = {claim["securityGroupId"]: [set(claim[f"{way}gressRuleIds"]) for way in ("in", "e")] for claim in claims}
    assert claimed == {
        f"{group}-id": [
            {f"{name}-id" for name, rule in run.inputs(kind).items() if rule["securityGroupId"] == f"{group}-id"}
            for kind in (INGRESS, EGRESS)
        ]
        for group in run.inputs("aws:ec2/securityGroup:SecurityGroup")
    }


def test_a_public_server_is_the_operators_own_way() -> None:
    public = rules(run_with(serverPublic="true"), INGRESS)
    assert set(public) == {
        ("server", 3306, "client"),
        *((group, 22, operator) for group in ("server", "client") for operator in OPERATORS),
    }


def test_the_number_of_rules_does_not_grow_with_the_hosts(run: Run) -> None:
    many = run_with(clients='[{"name": "client", "count": 7}, {"name": "app", "count": 5}]')
    assert len(many.instances) == 13
    assert rules(many, INGRESS) == rules(run, INGRESS)


def test_private_clients_are_reached_by_jump_and_by_no_other_client() -> None:
    made = run_with(clients='[{"name": "client", "count": 2}, {"name": "app", "public": false}]')
    assert ("client", 22, "jump") in rules(made, INGRESS)
    groups = {name: host["vpcSecurityGroupIds"] for name, host in made.instances.items()}
    assert [name for name, ids in groups.items() if "firewall-jump-id" in ids] == ["client-1-instance"]


# config, rules that are there besides; what is in one config tells its rules apart by whom they let in
MORE: list[tuple[dict[str, object], set[Rule], set[Rule]]] = [
    ({"mysqlPort": 3307}, {("server", 3307, "client")}, {("client", 3307, "server")}),
    ({"xProtocol": True}, {("server", 33060, "client")}, {("client", 33060, "server")}),
    (
        {
            "admittedSecurityGroupIds": ["sg-0a1b2c3d", ANOTHER_ACCOUNTS],
            "admittedPrefixListIds": ["pl-0a1b2c3d"],
            "admittedCidrs": ["10.40.0.0/16"],
        },
        {("server", 3306, who) for who in ("sg-0a1b2c3d", ANOTHER_ACCOUNTS, "pl-0a1b2c3d", "10.40.0.0/16")},
        set(),
    ),
    (
        {
            "operatorPrefixListIds": ["pl-0a1b2c3d"],
            "operatorSecurityGroupIds": ["sg-0a1b2c3d"],
            "extraEgress": [{"cidr": "10.0.0.0/8", "protocol": "tcp", "ports": "5432"}],
        },
        {(group, 22, who) for group in ("server", "client") for who in ("pl-0a1b2c3d", "sg-0a1b2c3d")},
        {("server", 5432, "10.0.0.0/8"), ("client", 5432, "10.0.0.0/8")},
    ),
]


@pytest.mark.parametrize(("config", "inwards", "outwards"), MORE)
def test_config_opens_just_what_it_names(
    run: Run, config: dict[str, object], inwards: set[Rule], outwards: set[Rule]
) -> None:
    made = run_with(**{key: json.dumps(value) for key, value in config.items()})
    gone = {("server", 3306, "client"), ("client", 3306, "server")} if "mysqlPort" in config else set()
    for kind, more in ((INGRESS, inwards), (EGRESS, outwards)):
        assert set(rules(made, kind)) == (set(rules(run, kind)) - gone) | more


ADMITTED = {"admittedSecurityGroupIds": '["sg-0a1b2c3d"]', "admittedCidrs": '["10.40.0.0/16"]'}


def test_several_servers_reach_each_other_and_who_reaches_mysql_asks_them_for_their_role() -> None:
    one, several = run_with(**ADMITTED), run_with(servers="3", **ADMITTED)
    among = {("server", port, "server") for port in (3306, 33061, 33065)}
    asking = {("server", 33065, who) for who in ("client", "sg-0a1b2c3d", "10.40.0.0/16")}
    assert set(rules(several, INGRESS)) - set(rules(one, INGRESS)) == among | asking
    assert set(rules(several, EGRESS)) - set(rules(one, EGRESS)) == {*among, ("client", 33065, "server")}
    assert one.inputs(INGRESS).items() <= several.inputs(INGRESS).items()


def test_servers_reach_each_other_on_mysqls_port_whatever_it_is_and_by_no_x_protocol() -> None:
    several = rules(run_with(servers="3", mysqlPort="3307", xProtocol="true"), INGRESS)
    assert {port for group, port, who in several if (group, who) == ("server", "server")} == {3307, 33061, 33065}


def test_group_replication_is_open_to_the_servers_own_group_alone() -> None:
    """As the policy pack wants it."""
    made = run_with(servers="5", xProtocol="true", serverPublic="true", **ADMITTED).inputs(INGRESS)
    inputs = [Resource(INGRESS, f"urn:pulumi:t::p::{INGRESS}::{name}", rule) for name, rule in made.items()]
    at_port = [rule for resource in inputs for rule in rules_of(resource) if rule.opens(33061)]
    assert [(rule.group, rule.peer) for rule in at_port] == [("firewall-server-id", "firewall-server-id")]
    settings = {"ports": [33061.0], "admitted": []}
    assert [said for resource in inputs for said in group_by_others(resource, settings)] == []


def test_one_operator_less_takes_away_that_operators_rules_alone(run: Run) -> None:
    fewer = run_with(operatorCidrs='["198.51.100.0/24"]').inputs(INGRESS)
    assert fewer.items() <= run.inputs(INGRESS).items()


def test_no_rule_is_inline(run: Run) -> None:
    groups = run.inputs("aws:ec2/securityGroup:SecurityGroup").values()
    tables = run.inputs("aws:ec2/routeTable:RouteTable").values()
    assert (len(groups), len(tables)) == (3, 2)
    assert not any({"ingress", "egress", "routes"} & made.keys() for made in [*groups, *tables])


def test_subnets_are_spread_over_the_zones_and_the_server_has_one_of_its_own(run: Run) -> None:
    made = run.inputs("aws:ec2/subnet:Subnet")
    assert {name: (subnet["cidrBlock"], subnet["availabilityZone"]) for name, subnet in made.items()} == {
        "network-server-subnet": ("10.20.0.0/20", "zone-a"),
        "network-public-1": ("10.20.16.0/20", "zone-a"),
        "network-public-2": ("10.20.32.0/20", "zone-b"),
        "network-private-1": ("10.20.144.0/20", "zone-a"),
        "network-private-2": ("10.20.160.0/20", "zone-b"),
    }


def test_several_servers_have_a_subnet_in_each_of_three_zones() -> None:
    made = run_with(servers="3").inputs("aws:ec2/subnet:Subnet")
    of_servers = {name: made[name] for name in made if "server" in name}
    assert {name: (subnet["cidrBlock"], subnet["availabilityZone"]) for name, subnet in of_servers.items()} == {
        "network-server-subnet": ("10.20.0.0/20", "zone-a"),
        "network-servers-2": ("10.20.64.0/20", "zone-b"),
        "network-servers-3": ("10.20.80.0/20", "zone-c"),
    }


# server public, has a NAT gateway, the route table of the server's subnet
WAYS = [("false", 1, "network-private-routes-id"), ("true", 0, "network-routes-id")]


@pytest.mark.parametrize(("public", "gateways", "table"), WAYS)
def test_a_private_server_has_a_nat_gateway_and_a_public_one_needs_none(public: str, gateways: int, table: str) -> None:
    made = run_with(serverPublic=public)
    assert len(made.inputs("aws:ec2/natGateway:NatGateway")) == gateways
    associations = made.inputs("aws:ec2/routeTableAssociation:RouteTableAssociation")
    assert associations["network-server-routes"]["routeTableId"] == table
    several = run_with(serverPublic=public, servers="3").inputs("aws:ec2/routeTableAssociation:RouteTableAssociation")
    assert [several[f"network-servers-{zone}-routes"]["routeTableId"] for zone in (2, 3)] == [table, table]


def test_an_existing_vpc_gets_no_network() -> None:
    groups = json.dumps([{"name": "client", "subnetId": "subnet-0a1b2c3d"}])
    made = run_with(
        vpcId="vpc-0a1b2c3d", serverSubnetId="subnet-0a1b2c3e", clients=groups, serverPublic="true", vpcCidr=""
    )
    assert made.inputs("aws:ec2/vpc:Vpc") == made.inputs("aws:ec2/subnet:Subnet") == {}
    assert made.instances["server-instance"]["subnetId"] == "subnet-0a1b2c3e"
    assert "privateIp" not in made.instances["server-instance"], "others may have the address"
    assert made.instances["client-1-instance"]["subnetId"] == "subnet-0a1b2c3d"


@pytest.mark.parametrize(("shrinks", "claimed_at_once"), [(False, 3), (True, 0)])
def test_rules_are_claimed_late_where_a_group_is_left(shrinks: bool, claimed_at_once: int) -> None:
    seen, claimed = mocks.start(), list[int]()

    @mocks.tested
    def program() -> Any:
        args: FirewallArgs = {"vpc_id": "vpc-0a1b2c3d", "operator_cidrs": ["203.0.113.7/32"], "shrinks": shrinks}
        firewall = Firewall("firewall", args)
        is_claim = [isinstance(resource, aws.ec2.VpcSecurityGroupRulesExclusive) for resource in firewall.ready]
        claimed.append(sum(is_claim))
        firewall.claim([])

    program()
    assert claimed == [claimed_at_once]
    assert len(seen.of_type("aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive")) == 3
