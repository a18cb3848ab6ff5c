"""`drift` of the cloud: what a refresh reads that the stack did not ask for, in words.

Sources: terraform-provider-aws, "aws_vpc_security_group_rules_exclusive" (a refresh reads the ids of all rules of the
group), "aws_security_group" (`ingress` and `egress` of a group whose rules are resources show all of them),
"aws_route_table" (`route`), "aws_instance" (`public_ip`, `iam_instance_profile`).
"""

from __future__ import annotations

from typing import Any

import pytest

from scripts.cloud_drift import rows

URN = "urn:pulumi:here::mysql-pair::mysql-pair:index:Some$"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def step(op: str, kind: str = INGRESS, name: str = "firewall-rule", **states: Any) -> dict[str, Any]:
    """Return a step of a refresh."""
    both = {state: {"custom": True, "type": kind, **value} for state, value in states.items()}
    return {"op": op, "urn": f"{URN}{kind}::{name}", **both}


def read(kind: str, name: str, resource_id: str, inputs: dict[str, Any], **outputs: Any) -> dict[str, Any]:
    """Return the step of a resource whose inputs are read as they were."""
    new = {"id": resource_id, "inputs": inputs, "outputs": {**inputs, **outputs}}
    return step("refresh", kind, name, old={"inputs": inputs}, new=new)


def told(*steps: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the rows: kind, name, what, expected, found."""
    return [tuple(row[key] for key in ("kind", "name", "what", "expected", "found")) for row in rows(steps)]


# steps of a refresh; kind is always the same: what, expected, found
STEPS: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    (step("refresh", old={"inputs": {"a": 1}}, new={"inputs": {"a": 1}}), []),
    (step("delete", old={"inputs": {"a": 1}}), [("resource", "there", "gone")]),
    (step("update", old={"inputs": {"tags": {"A": "1"}}}, new={"inputs": {"tags": {"A": "2", "B": "3"}}}),
     [("tags.A", "1", "2"), ("tags.B", "not set", "3")]),
    (step("update", old={"inputs": {"a": [1, 2]}}, new={"inputs": {}}), [("a", "[1, 2]", "not set")]),
    (step("refresh", old={"inputs": {"a": ["x", "y"]}}, new={"inputs": {"a": ["y", "x"]}}), []),
    (step("update", old={"inputs": {"vpcSecurityGroupIds": ["sg-1"]}},
          new={"inputs": {"vpcSecurityGroupIds": ["sg-1", "sg-2"]}}),
     [("vpcSecurityGroupIds", '["sg-1"]', '["sg-1", "sg-2"]')]),
    (step("update", old={"inputs": {"a": 1}, "outputs": {"b": 1}},
          new={"inputs": {"a": 1}, "outputs": {"b": 2}}), []),
    (step("update", old={"inputs": {"__defaults": []}}, new={"inputs": {"__defaults": ["name"]}}), []),
    (step("delete", old={"custom": False, "inputs": {}}), []),
    (step("refresh"), []),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), STEPS)
def test_of_the_cloud_counts_what_the_program_asked_for(
    given: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    assert [row[2:] for row in told(given)] == expected
    assert all((row["where"], row["kind"]) == ("cloud", "SecurityGroupIngressRule") for row in rows([given]))


GROUP = {"vpcId": "vpc-1", "description": "MySQL server"}
RULE = {"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22}
OWN_BLOCK = {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": [], "securityGroups": ["sg-2"]}
OWN = read(INGRESS, "firewall-ssh", "sgr-own", {**RULE, "referencedSecurityGroupId": "sg-2"})
OPEN = {"protocol": "tcp", "fromPort": 3306.0, "toPort": 3306.0, "cidrBlocks": ["0.0.0.0/0"], "self": False}


def group(*ingress: dict[str, Any], egress: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """Return the step of a group that shows these rules besides its own."""
    kind = "aws:ec2/securityGroup:SecurityGroup"
    return read(kind, "firewall-server", "sg-1", GROUP, ingress=[OWN_BLOCK, *ingress], egress=list(egress))


def claim(*ingress: str, egress: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the step of the claim on all rules of the group, which reads these besides its own."""
    kind = "aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive"
    old = {"securityGroupId": "sg-1", "ingressRuleIds": ["sgr-own"], "egressRuleIds": []}
    new = {**old, "ingressRuleIds": [*ingress, "sgr-own"], "egressRuleIds": list(egress)}
    return step("update", kind, "firewall-server-rules", old={"inputs": old}, new={"id": "sg-1", "inputs": new})


def test_a_rule_added_by_hand_is_told_with_direction_port_peer_and_id() -> None:
    server = ("SecurityGroup", "firewall-server")
    assert told(OWN, group(OPEN), claim("sgr-hand")) == [
        (*server, "ingress rule", "not there", "tcp 3306 from 0.0.0.0/0 (sgr-hand)")
    ]
    everything = {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["10.0.0.0/8"]}
    assert told(OWN, group(egress=(everything,)), claim(egress=("sgr-out",))) == [
        (*server, "egress rule", "not there", "all ports to 10.0.0.0/8 (sgr-out)")
    ]
    itself = {"protocol": "tcp", "fromPort": 22, "toPort": 22, "self": True}
    assert told(OWN, group(OPEN, itself), claim("sgr-b", "sgr-a")) == [
        (*server, "ingress rule", "not there", "tcp 22 from sg-1 (one of sgr-a, sgr-b)"),
        (*server, "ingress rule", "not there", "tcp 3306 from 0.0.0.0/0 (one of sgr-a, sgr-b)"),
    ]
    assert told(claim("sgr-hand")) == [
        ("VpcSecurityGroupRulesExclusive", "firewall-server-rules", "ingress rule", "not there", "sgr-hand")
    ]


def test_a_group_with_its_own_rules_alone_has_no_drift() -> None:
    assert told(OWN, group(), claim()) == []
    assert told(OWN, {**claim(), "op": "refresh"}, group()) == []
    new = read(INGRESS, "firewall-new", "sgr-new", {**RULE, "cidrIpv4": "10.0.0.0/8"})
    assert told(OWN, new, group(), claim("sgr-new")) == [], "an `up` that was cut off made it"


def test_a_rule_taken_away_by_hand_is_told_once() -> None:
    gone = step("delete", old={"inputs": RULE})
    missing = claim()
    missing["new"]["inputs"]["ingressRuleIds"] = []
    assert told(gone, missing) == [("SecurityGroupIngressRule", "firewall-rule", "resource", "there", "gone")]


def test_an_address_and_a_profile_put_on_a_host_by_hand_are_told() -> None:
    kind, inputs = "aws:ec2/instance:Instance", {"instanceType": "t3.small"}
    profile = {**inputs, "iamInstanceProfile": "ssm"}
    address = read("aws:ec2/eip:Eip", "client-1-address", "eipalloc-1", {"domain": "vpc"}, publicIp="198.51.100.7")
    assert told(read(kind, "server-instance", "i-1", inputs, publicIp="203.0.113.9", iamInstanceProfile="admin")) == [
        ("Instance", "server-instance", "publicIp", "not there", "203.0.113.9"),
        ("Instance", "server-instance", "iamInstanceProfile", "not set", "admin"),
    ]
    assert told(address, read(kind, "client-1-instance", "i-2", profile, publicIp="198.51.100.7")) == []
    assert told(read(kind, "server-instance", "i-1", inputs, publicIp="", iamInstanceProfile="")) == []


def test_the_address_that_a_subnet_gives_every_host_is_no_drift() -> None:
    inputs = {"instanceType": "t3.small"}
    new = {"id": "i-1", "inputs": inputs, "outputs": {"publicIp": "203.0.113.9"}}
    old = {"inputs": inputs, "outputs": {"publicIp": "203.0.113.4"}}
    assert told(step("refresh", "aws:ec2/instance:Instance", "batch-1-instance", old=old, new=new)) == []


def test_a_route_added_by_hand_is_told_with_its_target() -> None:
    kind = "aws:ec2/routeTable:RouteTable"
    own = {"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"}
    shown = {"cidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1", "gatewayId": ""}
    hand = {"cidrBlock": "10.9.0.0/16", "vpcPeeringConnectionId": "pcx-1", "gatewayId": ""}
    table = read(kind, "network-private-routes", "rtb-1", {"vpcId": "vpc-1"}, routes=[shown, hand])
    assert told(read("aws:ec2/route:Route", "network-route-nat", "r-1", own), table) == [
        ("RouteTable", "network-private-routes", "route", "not there", "10.9.0.0/16 to pcx-1")
    ]
