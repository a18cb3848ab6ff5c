"""Which properties changed, property by property, and which of them replace the resource.

Source: pulumi-go-provider v1.3.0 infer/resource.go (diff), over Pulumi's resource.PropertyMap.Diff: nested maps and
lists are compared item by item, a secret as a whole; only a change of a whole REPLACING property asks for a
replacement here. A change inside `triggers` does so through the SDK's own replace_on_changes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lab.command.schema import REPLACING
from lab.command.values import PropertyValue
from lab.protocol import provider_pb2

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_Kind = provider_pb2.PropertyDiff
_AS_REPLACE = {_Kind.ADD: _Kind.ADD_REPLACE, _Kind.DELETE: _Kind.DELETE_REPLACE, _Kind.UPDATE: _Kind.UPDATE_REPLACE}


class Diff(NamedTuple):
    """What changed."""

    replaces: list[str]
    """The paths whose change replaces the resource."""
    properties: list[str]
    detailed: dict[str, int]
    """The kind of each change, PropertyDiff's, by path."""


def compare(old: Mapping[str, PropertyValue], new: Mapping[str, PropertyValue]) -> Diff:
    """Return the official provider's answer for these old and new inputs."""
    changes = _object_changes("", old, new)
    return Diff(
        replaces=[path for path in changes if path in REPLACING],
        properties=sorted({_head(path) for path in changes}),
        detailed={path: _AS_REPLACE[kind] if path in REPLACING else kind for path, kind in changes.items()},
    )


def _object_changes(prefix: str, old: Mapping[str, PropertyValue], new: Mapping[str, PropertyValue]) -> dict[str, int]:
    changes: dict[str, int] = {}
    for name in [*old, *(name for name in new if name not in old)]:
        changes |= _changes(_joined(prefix, name), old.get(name), new.get(name))
    return changes


def _changes(path: str, old: PropertyValue | None, new: PropertyValue | None) -> dict[str, int]:
    if old is None or old.value is None:
        return {} if new is None or new.value is None else {path: _Kind.ADD}
    if new is None or new.value is None:
        return {path: _Kind.DELETE}
    if not (old.is_secret or new.is_secret):
        if isinstance(old.value, Mapping) and isinstance(new.value, Mapping):
            return _object_changes(path, old.value, new.value)
        if isinstance(old.value, list) and isinstance(new.value, list):
            return _list_changes(path, old.value, new.value)
    return {} if old == new else {path: _Kind.UPDATE}


def _list_changes(path: str, old: Sequence[PropertyValue], new: Sequence[PropertyValue]) -> dict[str, int]:
    changes: dict[str, int] = {}
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        changes |= _changes(f"{path}[{index}]", before, after)
    return changes


def _head(path: str) -> str:
    """Return the property a path starts at."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _joined(prefix: str, name: str) -> str:
    """Return the property path in Pulumi's own form: a.b, or a["b-c"] where b-c is no plain name."""
    if not _PLAIN_NAME.fullmatch(name):
        return f"{prefix}[{json.dumps(name)}]"
    return f"{prefix}.{name}" if prefix else name
