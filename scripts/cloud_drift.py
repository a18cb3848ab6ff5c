"""Which of the cloud's resources are gone or changed: from the steps of `pulumi refresh --preview-only --json`.

Such a step has the resource as the state has it and as the provider has read it. What counts are the inputs, which is
what the program asks for; an output that the cloud decides by itself is no drift.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policy.rules.resource import name_of

WHERE = "cloud"
GONE = "delete"
INTERNAL = "__"
"""Begins the names that the engine and its providers keep among the inputs for themselves, such as __defaults."""
ABSENT = object()


def rows(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the drift, one row a property."""
    return [row for step in steps for row in _rows_of(step)]


def _rows_of(step: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    old, new = step.get("oldState") or {}, step.get("newState") or {}
    if not old.get("custom") or old.get("external"):
        return
    resource = {"where": WHERE, "kind": old["type"].split(":")[-1], "name": name_of(step["urn"])}
    if step["op"] == GONE:
        yield {**resource, "what": "resource", "expected": "there", "found": "gone"}
    elif new:
        for path, expected, actual in changed(old.get("inputs"), new.get("inputs")):
            yield {**resource, "what": path, "expected": as_text(expected), "found": as_text(actual)}


def changed(expected: Any, actual: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Give each property that differs: its path, and both values."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted({*expected, *actual}):
            if not key.startswith(INTERNAL):
                yield from changed(expected.get(key, ABSENT), actual.get(key, ABSENT), f"{path}.{key}".lstrip("."))
    elif expected != actual:
        yield path, expected, actual


def as_text(value: Any) -> str:
    """Return a value as text; a secret is masked by the engine already."""
    if value is ABSENT:
        return "not set"
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
