"""The model of security-group rules: what is read of each kind of resource, and what ranges amount to."""

from __future__ import annotations

from typing import Any

import pytest

from policy.rules.resource import Resource
from policy.rules.security_groups import (
    EGRESS_RULE,
    GROUPS,
    INGRESS_RULE,
    OLD_RULE,
    PREFIX_LIST,
    PREFIX_LIST_ENTRY,
    collapsed,
    expanded,
    open_to_world,
    prefix_lists,
    ranges,
    rules_of,
    world,
)
from tests.unit.policy.resources import resource, urn

MYSQL = {"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 3306.0, "toPort": 3306.0}
SSH = {"protocol": "tcp", "fromPort": 22, "toPort": 22}
OLD = {**SSH, "securityGroupId": "sg-1"}
GROUP = GROUPS[0]


def old_rule(**props: Any) -> Resource:
    """Return an old rule; `type` is a property of its own."""
    return Resource(OLD_RULE, urn(OLD_RULE), {"type": "ingress", **props})


# a resource's type and inputs; group, direction, label, kind of peer and peer of its rules
READ: list[tuple[str, str, dict[str, Any], list[tuple[str, str, str, str, str]]]] = [
    ("a range", INGRESS_RULE, {**MYSQL, "cidrIpv4": "10.0.0.0/8"},
     [("sg-1", "ingress", "tcp 3306", "range", "10.0.0.0/8")]),
    ("an IPv6 range", INGRESS_RULE, {**MYSQL, "cidrIpv4": "", "cidrIpv6": "::/0"},
     [("sg-1", "ingress", "tcp 3306", "range", "::/0")]),
    ("a prefix list", EGRESS_RULE, {**MYSQL, "prefixListId": "pl-1"},
     [("sg-1", "egress", "tcp 3306", "prefix list", "pl-1")]),
    ("a group", EGRESS_RULE, {**MYSQL, "toPort": 3310, "referencedSecurityGroupId": "sg-2"},
     [("sg-1", "egress", "tcp 3306-3310", "security group", "sg-2")]),
    ("every protocol", INGRESS_RULE, {"securityGroupId": "sg-1", "ipProtocol": "-1", "cidrIpv4": "10.0.0.0/8"},
     [("sg-1", "ingress", "all ports", "range", "10.0.0.0/8")]),
    ("a protocol's number", INGRESS_RULE, {**MYSQL, "ipProtocol": "17", "cidrIpv4": "10.0.0.0/8"},
     [("sg-1", "ingress", "udp 3306", "range", "10.0.0.0/8")]),
    ("nothing known yet", INGRESS_RULE, {"ipProtocol": None, "fromPort": None, "cidrIpv4": object()},
     [("", "ingress", "unknown unknown ports", "range", "")]),
    ("an old rule with several peers", OLD_RULE,
     {**OLD, "type": "ingress", "cidrBlocks": ["10.0.0.0/8"], "ipv6CidrBlocks": ["::/0"], "prefixListIds": ["pl-1"]},
     [("sg-1", "ingress", "tcp 22", "range", "10.0.0.0/8"), ("sg-1", "ingress", "tcp 22", "range", "::/0"),
      ("sg-1", "ingress", "tcp 22", "prefix list", "pl-1")]),
    ("an old rule for a group", OLD_RULE, {**OLD, "type": "egress", "sourceSecurityGroupId": "sg-2"},
     [("sg-1", "egress", "tcp 22", "security group", "sg-2")]),
    ("an old rule for its own group", OLD_RULE, {**OLD, "type": "ingress", "self": True},
     [("sg-1", "ingress", "tcp 22", "security group", "sg-1")]),
    ("inline rules", GROUP,
     {"ingress": [{**SSH, "cidrBlocks": ["10.0.0.0/8"]}, "?"], "egress": [{**SSH, "securityGroups": ["sg-2"]}]},
     [("", "ingress", "tcp 22", "range", "10.0.0.0/8"), ("", "egress", "tcp 22", "security group", "sg-2")]),
    ("inline rules not known yet", GROUP, {"ingress": object()}, []),
    ("a rule for nobody", INGRESS_RULE, MYSQL, []),
    ("another resource", "aws:ec2/instance:Instance", {"ingress": [{**SSH, "cidrBlocks": ["10.0.0.0/8"]}]}, []),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "inputs", "rules"), [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_rules_are_read_of_every_kind_of_resource(kind: str, inputs: dict[str, Any], rules: list[Any]) -> None:
    found = rules_of(Resource(kind, urn(kind), inputs))
    assert [(rule.group, rule.direction, rule.label, rule.peer_kind, rule.peer) for rule in found] == rules


def test_an_inline_rule_says_where_it_is() -> None:
    blocks = [{**SSH, "cidrBlocks": ["10.0.0.0/8"]}, {**SSH, "self": True}]
    found = list(rules_of(resource(GROUP, ingress=blocks)))
    assert [(rule.where, rule.named_by) for rule in found] == [("ingress[0]: ", "ingress"), ("ingress[1]: ", "self")]


@pytest.mark.parametrize(
    ("inputs", "port", "opens"),
    [
        (SSH, 22, True),
        (SSH, 23, False),
        ({**SSH, "fromPort": 20, "toPort": 30}, 22, True),
        ({**SSH, "protocol": "udp"}, 22, False),
        ({"protocol": "all"}, 22, True),
        ({**SSH, "toPort": None}, 22, False),
    ],
)
def test_a_port_is_open_or_not(inputs: dict[str, Any], port: int, opens: bool) -> None:
    (rule,) = rules_of(old_rule(**inputs, cidrBlocks=["10.0.0.0/8"]))
    assert rule.opens(port) is opens


@pytest.mark.parametrize(
    ("one", "other", "covers"),
    [
        (SSH, SSH, True),
        ({**SSH, "fromPort": 20, "toPort": 30}, SSH, True),
        (SSH, {**SSH, "toPort": 30}, False),
        ({"protocol": "-1"}, SSH, True),
        (SSH, {"protocol": "-1"}, False),
        ({**SSH, "protocol": "udp"}, SSH, False),
        (SSH, {**SSH, "toPort": None}, False),
    ],
)
def test_a_rule_covers_the_ports_of_another(one: dict[str, Any], other: dict[str, Any], covers: bool) -> None:
    (first,), (second,) = (rules_of(old_rule(**inputs, cidrBlocks=["10.0.0.0/8"])) for inputs in (one, other))
    assert first.covers(second) is covers


def test_only_known_ranges_are_ranges() -> None:
    peers = {"cidrBlocks": ["10.0.0.0/8", object()], "prefixListIds": ["pl-1"], "self": True}
    assert ranges(rules_of(old_rule(**OLD, **peers))) == ["10.0.0.0/8"]


def test_a_prefix_lists_ranges_are_its_own_and_those_that_are_resources() -> None:
    offices = resource(PREFIX_LIST, entries=[{"cidr": "10.0.0.0/8"}, {"cidr": object()}, "?"])
    one_more = resource(PREFIX_LIST_ENTRY, cidr="192.0.2.0/24")
    unknown = resource(PREFIX_LIST, entries=object())
    assert prefix_lists([offices, one_more, unknown], lambda _: ["pl-1"]) == {"pl-1": ["10.0.0.0/8", "192.0.2.0/24"]}


def test_a_rule_for_a_prefix_list_is_one_for_each_range_in_it() -> None:
    (rule,) = rules_of(old_rule(**OLD, prefixListIds=["pl-1"]))
    halves = {"pl-1": ["10.0.0.0/9", "10.128.0.0/9", "192.0.2.0/24"]}
    assert [each.peer for each in expanded(rule, halves)] == ["10.0.0.0/8", "192.0.2.0/24"]
    assert list(expanded(rule, {})) == [rule]


@pytest.mark.parametrize(
    ("cidrs", "networks"),
    [
        (["10.0.0.0/9", "10.128.0.0/9"], ["10.0.0.0/8"]),
        (["10.0.0.0/8", "10.1.0.0/16", "::1"], ["10.0.0.0/8", "::1/128"]),
        (["10.0.0.7/8", "pl-1", "[secret]"], ["10.0.0.0/8"]),
        ([], []),
    ],
)
def test_ranges_are_collapsed(cidrs: list[str], networks: list[str]) -> None:
    assert [str(network) for network in collapsed(cidrs)] == networks


@pytest.mark.parametrize(
    ("cidrs", "internets"),
    [
        (["0.0.0.0/0"], ["0.0.0.0/0"]),
        (["10.0.0.0/0"], ["0.0.0.0/0"]),
        (["0.0.0.0/1", "128.0.0.0/1"], ["0.0.0.0/0"]),
        (["128.0.0.0/2", "0.0.0.0/1", "192.0.0.0/2", "::/0"], ["0.0.0.0/0", "::/0"]),
        (["2000::/3"], ["2000::/3"]),
        (["2000::/4"], []),
        (["0.0.0.0/1"], []),
    ],
)
def test_the_whole_internet_is_seen_in_its_parts(cidrs: list[str], internets: list[str]) -> None:
    assert world(cidrs) == internets


# rules of one group, as inputs of old rules; which of them the whole internet reaches, and by which ranges
OPEN: list[tuple[str, list[dict[str, Any]], dict[str, list[str]]]] = [
    ("nobody", [{**SSH, "cidrBlocks": ["0.0.0.0/1"]}], {}),
    ("one rule", [{**SSH, "cidrBlocks": ["0.0.0.0/0", "10.0.0.0/8"]}], {"tcp 22": ["0.0.0.0/0"]}),
    ("both halves", [{**SSH, "cidrBlocks": ["0.0.0.0/1"]}, {**SSH, "cidrBlocks": ["128.0.0.0/1"]}],
     {"tcp 22": ["0.0.0.0/1", "128.0.0.0/1"]}),
    ("a half for more ports", [{**SSH, "cidrBlocks": ["0.0.0.0/1"]}, {"protocol": "-1", "cidrBlocks": ["128.0.0.0/1"]}],
     {"tcp 22": ["0.0.0.0/1", "128.0.0.0/1"]}),
    ("halves of two ports", [{**SSH, "cidrBlocks": ["0.0.0.0/1"]},
     {**SSH, "fromPort": 80, "toPort": 80, "cidrBlocks": ["128.0.0.0/1"]}], {}),
]  # fmt: skip


@pytest.mark.parametrize(("inputs", "opened"), [row[1:] for row in OPEN], ids=[row[0] for row in OPEN])
def test_rules_of_a_group_are_open_to_the_world_together(
    inputs: list[dict[str, Any]], opened: dict[str, list[str]]
) -> None:
    rules = [rule for props in inputs for rule in rules_of(old_rule(**props))]
    assert {rule.label: parts for rule, parts in open_to_world(rules).items()} == opened
    groups = [old_rule(**props, securityGroupId=f"sg-{number}") for number, props in enumerate(inputs)]
    apart = open_to_world([rule for group in groups for rule in rules_of(group)])
    assert all(len(parts) == 1 for parts in apart.values()), "groups are not mixed"
