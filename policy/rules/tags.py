"""Tags that tell whose a resource is: on the bill, and to who finds it in the console."""

from __future__ import annotations

from collections.abc import Iterator

from .resource import UNKNOWN, Resource
from .rule import ResourceRule, Settings, strings

TAGS = ("Name", "Project", "Stack")
"""As components/component.py gives them."""
TYPES = (
    "aws:ebs/volume:Volume",
    "aws:ec2/eip:Eip",
    "aws:ec2/instance:Instance",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/keyPair:KeyPair",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
)
"""A policy is not told which types can have tags."""


def missing_tags(resource: Resource, settings: Settings) -> Iterator[str]:
    """Yield the tags that neither the resource nor its provider gives, all in one message."""
    tags = resource.get("tags")
    if resource.type not in settings["types"] or tags is UNKNOWN:
        return
    given = {**resource.default_tags, **(tags or {})}
    if missing := [name for name in settings["tags"] if not given.get(name)]:
        yield f"has no tag {', '.join(missing)}; add it, or give it to all resources by the provider's default_tags"


RULES = (
    ResourceRule(
        "required-tags",
        "Resources have the tags that tell whose they are.",
        "advisory",
        {
            "tags": strings(TAGS, "Tags that must be there and not empty."),
            "types": strings(TYPES, "Types of resources that must have them."),
        },
        missing_tags,
    ),
)
