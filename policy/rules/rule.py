"""What a rule is, and what it is asked of: a resource as plain data, whatever a preview knows of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal


class Unknown(Enum):
    """The type of UNKNOWN."""

    VALUE = "not known in this preview"


UNKNOWN: Final = Unknown.VALUE
"""In place of a value that a preview cannot know. Rules let it pass: the engine asks them again, with the value, when
`up` comes to the resource and before it is made."""

Props = Mapping[str, Any]
Settings = Mapping[str, Any]
"""A rule's settings by name, those left out with their defaults; numbers are floats."""

INSTANCES = ("aws:ec2/instance:Instance", "aws:ec2/spotInstanceRequest:SpotInstanceRequest")
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def name_of(urn: str) -> str:
    """Return the name in a URN, which may have colons itself (Pulumi, "Resource names: URNs")."""
    return urn.split("::", 3)[3]


@dataclass(frozen=True)
class Resource:
    """A resource as a program registers it: its inputs, after the provider has checked them."""

    type: str
    urn: str
    props: Props
    ignore_changes: tuple[str, ...] = ()
    secret_outputs: tuple[str, ...] = ()
    default_tags: Mapping[str, str] = field(default_factory=dict)
    """Those of its provider."""
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The URNs of the resources that each property is made from; only rules of the whole stack are told."""

    @property
    def name(self) -> str:
        """Its name in the program."""
        return name_of(self.urn)

    @property
    def ancestors(self) -> tuple[str, ...]:
        """The types of the components it is in, the outermost first (Pulumi, "Resource names: URNs")."""
        return tuple(self.urn.split("::", 3)[2].split("$")[:-1])

    def get(self, name: str) -> Any:
        """Return an input; None if it is not given."""
        return self.props.get(name)

    def blocks(self, name: str) -> Iterator[tuple[str, Props]]:
        """Yield the known ones of an input that is a list of objects, each with how to say where it is."""
        value = self.get(name)
        for index, block in enumerate(value if isinstance(value, list) else []):
            if isinstance(block, Mapping):
                yield f"{name}[{index}]", block


@dataclass(frozen=True)
class Rule:
    """What all rules have."""

    name: str
    says: str
    """The rule in a sentence."""
    level: Literal["mandatory", "advisory"]
    """Unless the pack's config says otherwise."""
    settings: Mapping[str, Mapping[str, Any]]
    """JSON schemas by name, each with default and description."""


@dataclass(frozen=True)
class ResourceRule(Rule):
    """A rule that looks at one resource at a time."""

    check: Callable[[Resource, Settings], Iterable[str]]
    """Yields what is wrong and how to put it right."""


@dataclass(frozen=True)
class StackRule(Rule):
    """A rule that looks at all resources together, once the program has ended."""

    check: Callable[[Sequence[Resource], Settings], Iterable[tuple[str, str]]]
    """Yields URNs, and what is wrong there and how to put it right."""


def strings(default: Sequence[str], description: str, **schema: Any) -> dict[str, Any]:
    """Return the schema of a setting that is a list of strings; `schema` is of each of them."""
    items = {"type": "string", **schema}
    return {"type": "array", "items": items, "default": list(default), "description": description}


def whole(default: int, least: int, most: int, description: str) -> dict[str, Any]:
    """Return the schema of a setting that is a whole number."""
    limits = {"minimum": least, "maximum": most}
    return {"type": "integer", **limits, "default": default, "description": description}


def ports(default: Sequence[int], description: str) -> dict[str, Any]:
    """Return the schema of a setting that is a list of TCP ports."""
    items = {"type": "integer", "minimum": 0, "maximum": 65535}
    return {"type": "array", "items": items, "default": list(default), "description": description}


def settled(rule: Rule, given: Settings) -> Settings:
    """Return a rule's settings, with its defaults for those that are not given.

    Raises:
        ValueError: a setting is not one of the rule's, which the engine does not notice.
    """
    if strange := sorted(set(given) - set(rule.settings)):
        known = ", ".join(sorted(rule.settings)) or "none"
        raise ValueError(f"policy {rule.name} has no setting {', '.join(strange)}; its settings: {known}")
    return {**{name: schema["default"] for name, schema in rule.settings.items()}, **given}


def is_not(value: Any, expected: Any) -> bool:
    """Tell whether a value is known to be another than expected."""
    return value is not UNKNOWN and bool(value != expected)
