"""Pulumi property values as plain Python and back, keeping what is secret and what is not known yet.

An unknown is always the wire's own string here, and `is_unknown` is how to ask for it. What else the wire marks with a
signature, such as an asset, is left as the map that it is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value  # type: ignore[import-untyped]

from lab import protocol


@dataclass(frozen=True)
class PropertyValue:
    """One value: None, a bool, a float, a string, a list or a map of such values."""

    value: Any
    is_secret: bool = False


PropertyMap = dict[str, PropertyValue]


class Unknown:
    """The plain form of a value that only a later `pulumi up` will know."""

    def __repr__(self) -> str:
        """Return the name under which it is imported."""
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
"""The one instance: compare with `is`."""


def from_struct(struct: Struct) -> PropertyMap:
    """Return a Struct's values."""
    return {name: _received(value) for name, value in struct.fields.items()}


def _received(value: Value) -> PropertyValue:
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        return PropertyValue([_received(item) for item in value.list_value.values])
    if kind == "struct_value":
        fields = value.struct_value.fields
        if protocol.SIGNATURE in fields and fields[protocol.SIGNATURE].string_value == protocol.SECRET:
            return replace(_received(fields["value"]), is_secret=True)
        return PropertyValue(from_struct(value.struct_value))
    return PropertyValue(None if kind == "null_value" else getattr(value, kind))


def to_struct(values: Mapping[str, PropertyValue]) -> Struct:
    """Return values as a Struct."""
    return Struct(fields={name: _sent(value) for name, value in values.items()})


def _sent(value: PropertyValue) -> Value:
    if value.is_secret:
        mark = Value(string_value=protocol.SECRET)
        return Value(struct_value=Struct(fields={protocol.SIGNATURE: mark, "value": _sent(PropertyValue(value.value))}))
    inner = value.value
    if isinstance(inner, Mapping):
        return Value(struct_value=to_struct(inner))
    if isinstance(inner, list):
        return Value(list_value=ListValue(values=[_sent(item) for item in inner]))
    if isinstance(inner, bool):
        return Value(bool_value=inner)
    if isinstance(inner, str):
        return Value(string_value=inner)
    return Value(null_value=NullValue.NULL_VALUE) if inner is None else Value(number_value=inner)


def unknown(*, secret: bool = False) -> PropertyValue:
    """Return a property value the engine takes as not known yet."""
    return PropertyValue(protocol.UNKNOWN, is_secret=secret)


def is_unknown(value: PropertyValue) -> bool:
    """Tell whether this value itself (not something inside it) is not known yet."""
    return bool(value.value == protocol.UNKNOWN)


def plain(value: PropertyValue) -> Any:
    """Return the value as plain Python: None, bool, int, float, str, list, dict or UNKNOWN.

    Secrets lose their mark. Numbers arrive as float; whole ones come back as int.
    """
    if is_unknown(value):
        return UNKNOWN
    inner = value.value
    if isinstance(inner, Mapping):
        return {key: plain(child) for key, child in inner.items()}
    if isinstance(inner, list):
        return [plain(child) for child in inner]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def plain_map(values: Mapping[str, PropertyValue]) -> dict[str, Any]:
    """Return a resource's properties as plain Python; see `plain`."""
    return {key: plain(value) for key, value in values.items()}


def property_value(value: Any, *, secret: bool = False) -> PropertyValue:
    """Return plain Python as a property value; a PropertyValue anywhere inside is kept as it is.

    Raises:
        TypeError: the value is of a type Pulumi has no form for.
    """
    if isinstance(value, PropertyValue):
        return replace(value, is_secret=True) if secret else value
    if value is UNKNOWN:
        return unknown(secret=secret)
    if isinstance(value, Mapping):
        return PropertyValue({key: property_value(child) for key, child in value.items()}, is_secret=secret)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return PropertyValue([property_value(child) for child in value], is_secret=secret)
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value), is_secret=secret)
    if value is not None and not isinstance(value, bool | float | str):
        raise TypeError(f"a property cannot be a {type(value).__name__}")
    return PropertyValue(value, is_secret=secret)


def property_map(values: Mapping[str, Any]) -> PropertyMap:
    """Return plain Python as a resource's properties, without those that are None."""
    return {key: property_value(value) for key, value in values.items() if value is not None}
