"""One place for a security group's rules: resources of their own.

Inline rules are the provider's claim to all rules of a group: at each `up` it revokes those that other resources, or
other stacks, have added (pulumi-aws, aws.ec2.SecurityGroup).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .resource import Resource
from .rule import ResourceRule, Settings, StackRule
from .security_groups import GROUPS, RULE_TYPES, Direction

AS_RESOURCES = "make each an aws.vpc.SecurityGroupIngressRule or SecurityGroupEgressRule"


def inline_rules(resource: Resource, _: Settings) -> Iterator[str]:
    """Yield the kinds of rules that a group lists itself. Those of the default group, listed as none, close it."""
    for kind in Direction if resource.type in GROUPS else ():
        if resource.get(kind):
            yield f"has {kind} rules inline; {AS_RESOURCES}"


def mixed_rules(resources: Sequence[Resource], _: Settings) -> Iterator[tuple[str, str]]:
    """Yield groups that list rules themselves, an empty list included, and have rules that are resources too."""
    groups = [resource for resource in resources if resource.type in GROUPS]
    claimed = {group.urn for group in groups if any(group.get(kind) is not None for kind in Direction)}
    for resource in resources:
        if resource.type in RULE_TYPES:
            for urn in resource.sources.get("securityGroupId", ()):
                if urn in claimed:
                    yield (
                        urn,
                        f"has rules inline, and {resource.name} is a rule of it too: each `up` would revoke the one or "
                        f"the other; {AS_RESOURCES}",
                    )


RULES = (
    ResourceRule("no-inline-rules", "A security group lists no rules itself.", "mandatory", {}, inline_rules),
    StackRule(
        "no-mixed-rules",
        "No security group has inline rules beside rules that are resources.",
        "mandatory",
        {},
        mixed_rules,
    ),
)
