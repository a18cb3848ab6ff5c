"""What a rule is, and what its settings are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .resource import UNKNOWN, Resource

Settings = Mapping[str, Any]
"""A rule's settings by name, those left out with their defaults; numbers are floats."""


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
