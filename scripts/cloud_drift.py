"""Drift of the cloud's resources, read from the steps of `pulumi refresh --preview-only`.

Such a step has a resource as the state has it and as the provider has read it. What counts are the inputs, which is
what the program asks for; an output that the cloud decides by itself is no drift. Outputs count where they tell what
somebody has added beside the stack's own: a rule, a route, a public address, an instance profile.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from policy.rules.resource import INSTANCES, Resource, name_of
from policy.rules.security_groups import GROUPS, RULE_TYPES, SELF, Direction, Rule, rules_of
from scripts.stack import Stack

CLOUD = "cloud"
GONE = "delete"
INTERNAL = "__"
"""Begins the names that the engine and its providers keep among the inputs for themselves, such as __defaults."""
ABSENT = object()
NONE, UNSET = "not there", "not set"
EXCLUSIVE = "aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive"
RULE_IDS = {Direction.IN: "ingressRuleIds", Direction.OUT: "egressRuleIds"}
ADDRESS, ROUTE, ROUTE_TABLE = "aws:ec2/eip:Eip", "aws:ec2/route:Route", "aws:ec2/routeTable:RouteTable"

Row = dict[str, str]
"""where, kind, name, what, expected and found, each a text without secrets."""


@dataclass(frozen=True)
class Seen:
    """A resource of the state, as it is there and as the provider has read it; both are empty of what is gone."""

    type: str
    urn: str
    id: str
    expected: Mapping[str, Any]
    """The inputs in the state."""
    actual: Mapping[str, Any]
    """The inputs that were read."""
    outputs: Mapping[str, Any]
    """All that was read."""
    former: Mapping[str, Any]
    """The outputs in the state."""

    def row(self, what: str, expected: str, found: str) -> Row:
        """Return a row of drift."""
        kind, name = self.type.split(":")[-1], name_of(self.urn)
        return {"where": CLOUD, "kind": kind, "name": name, "what": what, "expected": expected, "found": found}


def drift_of_cloud(stack: Stack) -> list[Row]:
    """Return what of the cloud's resources is gone, changed or added."""
    return rows(stack.refresh_steps())


def rows(steps: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return the drift in the steps of a refresh."""
    told = [row for step in steps for row in _changed_rows(step)]
    seen = [_seen(step) for step in steps if _is_own(step) and step.get("new")]
    return [*told, *_added_rules(seen), *_added_to_instances(seen), *_added_routes(seen)]


def _is_own(step: Mapping[str, Any]) -> bool:
    return bool((step.get("old") or {}).get("custom"))


def _seen(step: Mapping[str, Any]) -> Seen:
    old, new = step["old"], step["new"]
    inputs, read, outputs = old.get("inputs") or {}, new.get("inputs") or {}, new.get("outputs") or {}
    return Seen(old["type"], step["urn"], str(new.get("id") or ""), inputs, read, outputs, old.get("outputs") or {})


def _changed_rows(step: Mapping[str, Any]) -> Iterator[Row]:
    if not _is_own(step):
        return
    if step["op"] == GONE:
        yield Seen(step["old"]["type"], step["urn"], "", {}, {}, {}, {}).row("resource", "there", "gone")
    elif step.get("new") and step["old"]["type"] != EXCLUSIVE:
        seen = _seen(step)
        for path, expected, actual in changed(seen.expected, seen.actual):
            yield seen.row(path, _text(expected), _text(actual))


def changed(expected: Any, actual: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Give each property that differs: its path, and both values."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted({*expected, *actual}):
            if not key.startswith(INTERNAL):
                yield from changed(expected.get(key, ABSENT), actual.get(key, ABSENT), f"{path}.{key}".lstrip("."))
    elif _comparable(expected) != _comparable(actual):
        yield path, expected, actual


def _comparable(value: Any) -> Any:
    """Return a list of texts in order: they are sets in AWS, of groups and of rules, and are read in any order."""
    is_texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return sorted(value) if is_texts else value


def _added_rules(seen: Sequence[Seen]) -> Iterator[Row]:
    """Give the rules of the stack's groups that it did not declare.

    Their ids are those beside the declared ones in what claims all of a group's rules; the group itself shows them in
    words, without ids.
    """
    groups = {resource.id: resource for resource in seen if resource.type in GROUPS}
    own = {resource.id for resource in seen if resource.type in RULE_TYPES}
    for claim in (resource for resource in seen if resource.type == EXCLUSIVE):
        group = groups.get(str(claim.expected.get("securityGroupId")))
        for direction, listed in RULE_IDS.items():
            ids = sorted({*(claim.actual.get(listed) or ())} - {*(claim.expected.get(listed) or ())} - own)
            words = _undeclared(group, direction, seen) if group and ids else []
            # Of several rules nothing tells which id is whose.
            name = ids[0] if len(ids) == 1 else f"one of {', '.join(ids)}"
            for rule in words:
                yield (group or claim).row(f"{direction} rule", NONE, f"{rule} ({name})")
            for rule_id in ids[len(words) :]:
                yield (group or claim).row(f"{direction} rule", NONE, rule_id)


def _undeclared(group: Seen, direction: Direction, seen: Iterable[Seen]) -> list[str]:
    """Return the rules of a group that are none of the stack's, in words."""
    declared = {
        rule
        for resource in seen
        if resource.type in RULE_TYPES
        for inputs in (resource.expected, resource.actual)
        for rule in rules_of(Resource(resource.type, resource.urn, inputs))
    }
    shown = [
        replace(rule, group=group.id, peer=group.id if rule.named_by == SELF else rule.peer)
        for rule in rules_of(Resource(group.type, group.urn, group.outputs))
    ]
    return sorted(_words(rule) for rule in shown if rule.direction is direction and rule not in declared)


def _words(rule: Rule) -> str:
    return f"{rule.label} {'from' if rule.direction is Direction.IN else 'to'} {rule.peer}"


def _added_to_instances(seen: Sequence[Seen]) -> Iterator[Row]:
    """Give the public address and the instance profile of an instance that the stack did not give it."""
    own = {resource.outputs.get("publicIp") for resource in seen if resource.type == ADDRESS}
    for instance in (resource for resource in seen if resource.type in INSTANCES):
        address, profile = instance.outputs.get("publicIp"), instance.outputs.get("iamInstanceProfile")
        # One that it had from the start is its subnet's, which gives one to every host.
        is_given = instance.expected.get("associatePublicIpAddress") or instance.former.get("publicIp")
        if address and address not in own and not is_given:
            yield instance.row("publicIp", NONE, str(address))
        if profile and "iamInstanceProfile" not in instance.expected:
            yield instance.row("iamInstanceProfile", UNSET, str(profile))


def _added_routes(seen: Sequence[Seen]) -> Iterator[Row]:
    """Give the routes of the stack's tables that it did not declare."""
    routes = [resource.expected for resource in seen if resource.type == ROUTE]
    declared = {(route.get("routeTableId"), route.get("destinationCidrBlock")) for route in routes}
    for table in (resource for resource in seen if resource.type == ROUTE_TABLE):
        for route in table.outputs.get("routes") or ():
            destination = next((route[key] for key in DESTINATIONS if route.get(key)), "")
            if (table.id, destination) not in declared:
                targets = [str(value) for key, value in sorted(route.items()) if value and key not in DESTINATIONS]
                yield table.row("route", NONE, f"{destination} to {', '.join(targets)}")


DESTINATIONS = ("cidrBlock", "ipv6CidrBlock", "destinationPrefixListId")
"""What a table's route may call where it leads."""


def _text(value: Any) -> str:
    """Return a value as text; a secret is masked by the engine already."""
    if value is ABSENT:
        return UNSET
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
