"""The security groups' rules before and after, by names: who may open a connection to what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from policy.rules.resource import Resource
from policy.rules.security_groups import (
    GROUPS,
    PREFIX_LIST,
    SELF,
    UNKNOWN,
    Direction,
    PeerKind,
    Rule,
    open_to_world,
    rules_in,
    world,
)
from scripts.preview.digest import Step
from scripts.preview.findings import code
from scripts.redaction import UNKNOWN as KNOWN_AFTER_UP

LISTS = (PREFIX_LIST,)


@dataclass(frozen=True)
class Reach:
    """All rules of one direction that a preview knows, before and after."""

    before: frozenset[Rule]
    after: frozenset[Rule]

    @property
    def opened(self) -> list[Rule]:
        """The rules there will be that there are not."""
        return in_order(self.after - self.before)

    @property
    def closed(self) -> list[Rule]:
        """The rules there are that there will not be."""
        return in_order(self.before - self.after)

    @property
    def opened_in_parts(self) -> list[tuple[str, list[str]]]:
        """What will be open to the whole internet by several ranges, and is not now, each with these."""
        former = _world_in_parts(self.before)
        opened = _world_in_parts(self.after)
        return [(target, opened[target]) for target in sorted({*opened} - {*former})]


def in_order(rules: Iterable[Rule]) -> list[Rule]:
    """Return rules by group, peer and ports: their order in a preview is another each time."""
    return sorted(rules, key=lambda rule: (rule.group, rule.peer, rule.protocol, rule.ports))


def target(rule: Rule) -> str:
    """Return what a rule opens."""
    return f"{code(rule.group)} on {rule.label}"


def _world_in_parts(rules: frozenset[Rule]) -> dict[str, list[str]]:
    opened = open_to_world(rules)
    return {target(rule): opened[rule] for rule in opened if not world(opened[rule][:1])}


def reach(steps: Sequence[Step], direction: Direction = Direction.IN) -> Reach:
    """Return the rules of one direction."""
    states = [step.before for step in steps if step.before], [step.after for step in steps if step.after]
    return Reach(*(frozenset(rules_in(state, direction, _by_name, _list_names)) for state in states))


def _list_names(resource: Resource) -> list[str]:
    return resource.made_from("prefixListId", LISTS) or [resource.name]


def _by_name(resource: Resource, rule: Rule) -> Rule:
    """Return a rule with names for ids."""
    own = resource.name if resource.type in GROUPS else _made(resource, "securityGroupId", GROUPS)
    group = own or _text(rule.group)
    if rule.named_by == SELF:
        return replace(rule, group=group, peer=group)
    types = {PeerKind.GROUP: GROUPS, PeerKind.PREFIX_LIST: LISTS}.get(rule.peer_kind, ())
    return replace(rule, group=group, peer=_made(resource, rule.named_by, types) or _text(rule.peer))


def _made(resource: Resource, key: str, types: Sequence[str]) -> str:
    """Return the name of the program's resource that an input names; empty if it names none, or several."""
    value, made = resource.get(key), resource.made_from(key, types)
    several = isinstance(value, list) and (len(value) > 1 or key in list(Direction))
    return made[0] if made and not several else ""


def _text(value: str) -> str:
    return UNKNOWN if not value or KNOWN_AFTER_UP in value else value


def members(steps: Sequence[Step], after: bool) -> dict[str, list[str]]:
    """Return the hosts of each group that are known, by the group's name."""
    hosts: dict[str, list[str]] = {}
    for step in steps:
        instance = step.after if after else step.before
        if step.kind == "Instance" and instance:
            for group in groups(instance):
                hosts.setdefault(group, []).append(step.owner)
    return {group: sorted(names) for group, names in hosts.items()}


def groups(instance: Resource) -> list[str]:
    """Return the names of an instance's security groups; the id of one that the program does not make."""
    given, made = instance.get("vpcSecurityGroupIds"), instance.made_from("vpcSecurityGroupIds", GROUPS)
    if made:
        return sorted(made)
    return sorted(map(str, given)) if isinstance(given, list) else []
