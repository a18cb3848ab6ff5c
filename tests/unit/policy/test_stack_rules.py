"""What the rules of a whole stack say: prefix lists that hold the world, groups with two kinds of rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policy.rules.reach import PREFIX_LIST, PREFIX_LIST_ENTRY
from policy.rules.rule import Resource, StackRule, settled
from policy.rules.ways_in import INGRESS_RULE, OLD_RULE
from tests.unit.policy.resources import GROUP, RULES, resource, urn

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
PREFIX, MIXED = "no-world-prefix-list", "no-mixed-rules"
ROWS: list[tuple[str, str, list[Resource], list[str]]] = [
    (PREFIX, "the world in a list", [WORLDWIDE, ssh_by_list()], ["opens port 22 to the whole internet, by the"]),
    (PREFIX, "the world, added to a list", [OFFICES, ssh_by_list(), entry("::/0")], ["port 22"]),
    (PREFIX, "an old rule", [WORLDWIDE, OLD_BY_LIST], ["ports 22, 3306, 33060"]),
    (PREFIX, "another port", [WORLDWIDE, ssh_by_list(443)], []),
    (PREFIX, "a list of offices", [OFFICES, ssh_by_list(), entry("192.0.2.0/24")], []),
    (PREFIX, "a list of elsewhere", [replace(ssh_by_list(), sources={})], []),
    (
        MIXED,
        "inline and resource",
        [resource(GROUP, ingress=[{"fromPort": 22}]), rule_of_group()],
        ["has rules inline"],
    ),
    (MIXED, "none inline, said so", [resource(GROUP, egress=[]), rule_of_group(OLD_RULE)], ["has rules inline"]),
    (MIXED, "resources alone", [resource(GROUP), rule_of_group()], []),
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
        assert place == urn(GROUP if name == MIXED else stack[1].type)
