"""One place for a security group's rules: resources of their own.

Inline rules are the provider's claim to all rules of a group: at each `up` it revokes those that other resources, or
other stacks, have added (pulumi-aws, aws.ec2.SecurityGroup).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .rule import Resource, ResourceRule, Settings, StackRule
from .ways_in import EGRESS_RULE, GROUPS, INGRESS_RULE, OLD_RULE

INLINE = ("ingress", "egress")
AS_RESOURCES = "make each an aws.vpc.SecurityGroupIngressRule or SecurityGroupEgressRule"


def inline_rules(resource: Resource, _: Settings) -> Iterator[str]:
    """Yield the kinds of rules that a group lists itself. Those of the default group, listed as none, close it."""
    for kind in INLINE if resource.type in GROUPS else ():
        if resource.get(kind):
            yield f"has {kind} rules inline; {AS_RESOURCES}"


def mixed_rules(resources: Sequence[Resource], _: Settings) -> Iterator[tuple[str, str]]:
    """Yield groups that list rules themselves, an empty list included, and have rules that are resources too."""
    claimed = {one.urn for one in resources if one.type in GROUPS and any(one.get(kind) is not None for kind in INLINE)}
    for resource in resources:
        if resource.type in (INGRESS_RULE, EGRESS_RULE, OLD_RULE):
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
