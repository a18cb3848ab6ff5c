"""From rules to policies of Pulumi's policy SDK, and from the SDK's resources to plain data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyResource,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from .resource import UNKNOWN, Resource, name_of
from .rule import ResourceRule, Rule, StackRule, settled

Report = Callable[..., None]


class Bridge:
    """The policies of a pack.

    A policy of the whole stack is given outputs, in which a security group lists rules that are resources of their own
    too. So what was registered is kept from the policies of single resources, which are asked first.
    """

    def __init__(self) -> None:
        """Begin with nothing registered."""
        self._registered: dict[str, Resource] = {}

    def policies(self, rules: Sequence[Rule]) -> list[Policy]:
        """Return a policy for each rule."""
        return [self._policy(rule) for rule in rules]

    def _policy(self, rule: Rule) -> Policy:
        common = {
            "name": rule.name,
            "description": rule.says,
            "enforcement_level": EnforcementLevel(rule.level),
            "config_schema": PolicyConfigSchema({name: dict(schema) for name, schema in rule.settings.items()}),
        }
        if isinstance(rule, StackRule):
            return StackValidationPolicy(validate=self._stack_validation(rule), **common)
        if isinstance(rule, ResourceRule):
            return ResourceValidationPolicy(validate=self._resource_validation(rule), **common)
        raise TypeError(f"{rule.name} is neither of a resource nor of a stack")

    def _resource_validation(self, rule: ResourceRule) -> Callable[[ResourceValidationArgs, Report], None]:
        def validate(args: ResourceValidationArgs, report: Report) -> None:
            resource = self._registered[args.urn] = registered(args)
            for message in rule.check(resource, settled(rule, args.get_config())):
                report(f"{resource.name}: {message}")

        return validate

    def _stack_validation(self, rule: StackRule) -> Callable[[StackValidationArgs, Report], None]:
        def validate(args: StackValidationArgs, report: Report) -> None:
            resources = [self._in_stack(resource) for resource in args.resources]
            for urn, message in rule.check(resources, settled(rule, args.get_config())):
                report(f"{name_of(urn)}: {message}", urn)

        return validate

    def _in_stack(self, resource: PolicyResource) -> Resource:
        seen = self._registered.get(resource.urn)
        made_from = resource.property_dependencies.items()
        return Resource(
            resource.resource_type,
            resource.urn,
            seen.props if seen else plain(resource.props),
            sources={name: tuple(source.urn for source in sources) for name, sources in made_from},
        )


def registered(args: ResourceValidationArgs) -> Resource:
    """Return a resource as it is registered."""
    return Resource(
        args.resource_type,
        args.urn,
        plain(args.props),
        tuple(args.opts.ignore_changes),
        tuple(args.opts.additional_secret_outputs),
        bool(args.opts.protect),
        default_tags(plain(args.provider.props)) if args.provider else {},
    )


def default_tags(provider: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the tags that a provider gives to all its resources; a provider's nested inputs are JSON text."""
    block = provider.get("defaultTags")
    block = json.loads(block) if isinstance(block, str) else block
    tags = block.get("tags") if isinstance(block, Mapping) else None
    return tags if isinstance(tags, Mapping) else {}


def plain(value: Any) -> Any:
    """Return the SDK's mappings and lists as dicts and lists, UNKNOWN in place of what raises when it is read."""
    if isinstance(value, Mapping):
        return {key: _read(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_read(value, index) for index in range(len(value))]
    return value


def _read(of: Any, key: Any) -> Any:
    try:
        return plain(of[key])
    except UnknownValueError:
        return UNKNOWN
