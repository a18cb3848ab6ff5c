"""Property values between the engine and the provider: plain Python on one side, a protobuf Struct on the other.

The provider tells the engine that it takes no secrets: the engine then hands it plain values and marks the
same properties of the answer as secret itself, so that no secret is lost and none needs handling here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from google.protobuf.struct_pb2 import Struct  # type: ignore[import-untyped]

from lab.protocol import SECRET, SIGNATURE, UNKNOWN

Values = dict[str, Any]


def from_struct(struct: Struct) -> Values:
    """Return a Struct as a dict without its nulls; whole numbers as int, what is not known yet as UNKNOWN."""
    return {name: _plain(value) for name, value in MessageToDict(struct).items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if item is not None}
    return value


def to_struct(values: Mapping[str, Any]) -> Struct:
    """Return a dict as a Struct."""
    struct = Struct()
    struct.update(values)
    return struct


def secret(value: Any) -> Values:
    """Return a value marked as secret, for the result of a function."""
    return {SIGNATURE: SECRET, "value": value}


def unknown_in(value: Any) -> bool:
    """Tell whether a value, or anything in it, is not known yet."""
    if isinstance(value, list):
        return any(unknown_in(item) for item in value)
    if isinstance(value, dict):
        return any(unknown_in(item) for item in value.values())
    return bool(value == UNKNOWN)
