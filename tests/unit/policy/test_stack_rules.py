"""What the rules of a whole stack say: lists and rules that are the world together, two kinds of rules, templates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policy.rules.resource import UNKNOWN, Resource
from policy.rules.rule import StackRule, settled
from policy.rules.security_groups import INGRESS_RULE, OLD_RULE, PREFIX_LIST, PREFIX_LIST_ENTRY
from tests.unit.policy.resources import GROUP, INSTANCE, RULES, TEMPLATE, resource, urn

WORLDWIDE = resource(PREFIX_LIST, entries=[{"cidr": "10.0.0.0/8"}, {"cidr": "0.0.0.0/0"}])
OFFICES = resource(PREFIX_LIST, entries=[{"cidr": "10.0.0.0/8"}])


def fed(subject: Resource, name: str, source: str) -> Resource:
    """Return a resource one of whose properties is made from another."""
    return replace(subject, sources={name: (urn(source),)})


def ssh_by_list(port: int = 22) -> Resource:
    way = resource(INGRESS_RULE, ipProtocol="tcp", fromPort=port, toPort=port, prefixListId="pl-1")
    return fed(way, "prefixListId", PREFIX_LIST)


def rule_of_group(kind: str = INGRESS_RULE) -> Resource:
    return fed(resource(kind, securityGroupId="sg-1"), "securityGroupId", GROUP)


def entry(cidr: str) -> Resource:
    return fed(resource(PREFIX_LIST_ENTRY, cidr=cidr), "prefixListId", PREFIX_LIST)


OLD_BY_LIST = fed(
    resource(OLD_RULE, type="ingress", protocol="-1", fromPort=0, toPort=0, prefixListIds=["pl-1"]),
    "prefixListIds",
    PREFIX_LIST,
)
HALVES = resource(PREFIX_LIST, entries=[{"cidr": "0.0.0.0/1"}, {"cidr": "128.0.0.0/1"}])
HALF = resource(PREFIX_LIST, entries=[{"cidr": "0.0.0.0/1"}])


def half(cidr: Any, name: str = "it", first: int = 22, last: int = 22) -> Resource:
    """Return an ingress rule of the group for a range."""
    key = "cidrIpv6" if ":" in str(cidr) else "cidrIpv4"
    way = resource(INGRESS_RULE, ipProtocol="tcp", fromPort=first, toPort=last, securityGroupId="sg-1", **{key: cidr})
    return replace(fed(way, "securityGroupId", GROUP), urn=urn(INGRESS_RULE, name))


def by_list_of_group() -> Resource:
    """Return an ingress rule of the group for a prefix list."""
    return replace(ssh_by_list(), sources={"prefixListId": (urn(PREFIX_LIST),), "securityGroupId": (urn(GROUP),)})


def inline_halves(*ports: int) -> Resource:
    """Return a group with an inline rule for each half of the internet."""
    halves = zip(ports, ("0.0.0.0/1", "128.0.0.0/1"), strict=True)
    rules = [{"protocol": "tcp", "fromPort": port, "toPort": port, "cidrBlocks": [cidr]} for port, cidr in halves]
    return resource(GROUP, ingress=rules)


def launched(**props: Any) -> Resource:
    """Return an instance that is launched from the program's template."""
    return fed(resource(INSTANCE, launchTemplate={"id": "lt-1", "version": "3"}, **props), "launchTemplate", TEMPLATE)


def template(device: Any = "/dev/sda1", **ebs: Any) -> Resource:
    return resource(TEMPLATE, blockDeviceMappings=[{"deviceName": device, "ebs": ebs}])


BALANCER, LISTENER = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"


def listener(port: Any = 3306) -> Resource:
    return fed(resource(LISTENER, port=port, loadBalancerArn="arn"), "loadBalancerArn", BALANCER)


PREFIX, PARTS, MIXED, TEMPLATES, BALANCERS = (
    "no-world-prefix-list",
    "no-world-in-parts",
    "no-mixed-rules",
    "template-root-encrypted",
    "no-public-balancer",
)
ROWS: list[tuple[str, str, list[Resource], list[str]]] = [
    (PREFIX, "the world in a list", [WORLDWIDE, ssh_by_list()], ["opens port 22 to the whole internet, by the"]),
    (PREFIX, "the world, added to a list", [OFFICES, ssh_by_list(), entry("::/0")], ["port 22"]),
    (PREFIX, "an old rule", [WORLDWIDE, OLD_BY_LIST], ["ports 22, 3306, 33060"]),
    (PREFIX, "two halves in a list", [HALVES, ssh_by_list()], ["port 22 to the whole internet, by the prefix list it"]),
    (PREFIX, "two halves, one added to a list", [HALF, ssh_by_list(), entry("128.0.0.0/1")], ["port 22"]),
    (PREFIX, "half in a list", [HALF, ssh_by_list()], []),
    (PREFIX, "another port", [WORLDWIDE, ssh_by_list(443)], []),
    (PREFIX, "a list of offices", [OFFICES, ssh_by_list(), entry("192.0.2.0/24")], []),
    (PREFIX, "a list of elsewhere", [replace(ssh_by_list(), sources={})], []),
    (
        PARTS,
        "two halves in two rules",
        [resource(GROUP), half("0.0.0.0/1", "low"), half("128.0.0.0/1", "high")],
        ["opens port 22 to the whole internet, by several rules together (high, low)"],
    ),
    (
        PARTS,
        "many parts of IPv6 in two rules, by a range of ports",
        [resource(GROUP), half("2000::/4", "low"), half("3000::/4", "high", first=0, last=4000)],
        ["opens port 22 to"],
    ),
    (
        PARTS,
        "half in a rule, half in a list",
        [resource(GROUP), HALF, half("128.0.0.0/1"), by_list_of_group()],
        ["port 22"],
    ),
    (
        PARTS,
        "two halves in two inline rules",
        [inline_halves(22, 22)],
        ["(it ingress[0], it ingress[1])"],
    ),
    (PARTS, "inline halves for two ports", [inline_halves(22, 3306)], []),
    (
        PARTS,
        "one rule that is the world, which its own policy refuses",
        [resource(GROUP), half("0.0.0.0/0"), half("1.0.0.0/8")],
        [],
    ),
    (PARTS, "halves of two groups", [resource(GROUP), half("0.0.0.0/1"), replace(half("128.0.0.0/1"), sources={})], []),
    (PARTS, "a range that is not known yet", [resource(GROUP), half("0.0.0.0/1"), half(UNKNOWN)], []),
    (TEMPLATES, "a template without volumes", [resource(TEMPLATE), launched()], ["as the launch template it does not"]),
    (
        TEMPLATES,
        "a template with a plain root",
        [template(volumeSize=9), launched()],
        ["the root volume is not encrypted"],
    ),
    (TEMPLATES, "a template with another volume", [template("/dev/sdb", encrypted=True), launched()], ["/dev/sda1"]),
    (TEMPLATES, "an encrypted root", [template(encrypted="true"), launched()], []),
    (TEMPLATES, "another image's name of it", [template("/dev/xvda", encrypted=True), launched()], []),
    (TEMPLATES, "not known yet", [template(UNKNOWN, encrypted=UNKNOWN), launched()], []),
    (TEMPLATES, "volumes not known yet", [resource(TEMPLATE, blockDeviceMappings=UNKNOWN), launched()], []),
    (TEMPLATES, "a root that the instance names itself", [resource(TEMPLATE), launched(rootBlockDevice={})], []),
    (TEMPLATES, "a template of elsewhere", [replace(launched(), sources={})], []),
    (
        MIXED,
        "inline and resource",
        [resource(GROUP, ingress=[{"fromPort": 22}]), rule_of_group()],
        ["has rules inline"],
    ),
    (MIXED, "none inline, said so", [resource(GROUP, egress=[]), rule_of_group(OLD_RULE)], ["has rules inline"]),
    (MIXED, "resources alone", [resource(GROUP), rule_of_group()], []),
    (BALANCERS, "an internet-facing one", [resource(BALANCER), listener()], ["port 3306 of it, which the internet"]),
    (BALANCERS, "said so", [resource(BALANCER, internal=False), listener(3307)], ["set internal to true"]),
    (BALANCERS, "an internal one", [resource(BALANCER, internal=True), listener()], []),
    (BALANCERS, "not known yet", [resource(BALANCER, internal=UNKNOWN), listener()], []),
    (BALANCERS, "another port", [resource(BALANCER), listener(443)], []),
    (BALANCERS, "one of elsewhere", [resource(BALANCER), replace(listener(), sources={})], []),
    (MIXED, "inline alone", [resource(GROUP, ingress=[{"fromPort": 22}])], []),
]


@pytest.mark.parametrize(("name", "case", "stack", "says"), ROWS, ids=[f"{row[0]}: {row[1]}" for row in ROWS])
def test_a_rule_says_what_is_wrong_with_a_stack(name: str, case: str, stack: list[Resource], says: list[Any]) -> None:
    rule = RULES[name]
    assert isinstance(rule, StackRule)
    said = list(rule.check(stack, settled(rule, {})))
    assert len(said) == len(says), (case, said)
    for (place, message), part in zip(said, says, strict=True):
        assert part in message
        assert place == (stack[1].urn if name in (PREFIX, TEMPLATES, BALANCERS) else urn(GROUP))
