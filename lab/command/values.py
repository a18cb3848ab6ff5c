"""Pulumi property values as plain Python and back, keeping what is secret and what is not known yet.

The SDK's PropertyValue takes an unknown for an ordinary string when it arrives, and cannot send its own
Computed at all; so an unknown is always the wire's own string here, and `is_unknown` is how to ask for it.
Source: Pulumi SDK, pulumi.runtime.rpc.UNKNOWN and provider/experimental/property_value.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.runtime import rpc

PropertyMap = dict[str, PropertyValue]


class Unknown:
    """The plain form of a value that only a later `pulumi up` will know."""

    def __repr__(self) -> str:
        """Return the name under which it is imported."""
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
"""The one instance: compare with `is`."""


def unknown(*, secret: bool = False) -> PropertyValue:
    """Return a property value the engine takes as not known yet."""
    return PropertyValue(rpc.UNKNOWN, is_secret=secret)


def is_unknown(value: PropertyValue) -> bool:
    """Tell whether this value itself (not something inside it) is not known yet."""
    return isinstance(value.value, Computed) or value.value == rpc.UNKNOWN


def plain(value: PropertyValue) -> Any:
    """Return the value as plain Python: None, bool, int, float, str, list, dict, an asset, or UNKNOWN.

    Secrets lose their mark. Numbers arrive as float; whole ones come back as int.
    """
    if is_unknown(value):
        return UNKNOWN
    inner = value.value
    if isinstance(inner, Mapping):
        return {key: plain(child) for key, child in inner.items()}
    if isinstance(inner, Sequence) and not isinstance(inner, str):
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
        return value.with_secret(True) if secret else value
    if value is UNKNOWN:
        return unknown(secret=secret)
    if isinstance(value, Mapping):
        return PropertyValue({key: property_value(child) for key, child in value.items()}, is_secret=secret)
    if isinstance(value, (list, tuple)):
        return PropertyValue([property_value(child) for child in value], is_secret=secret)
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value), is_secret=secret)
    return PropertyValue(value, is_secret=secret)


def property_map(values: Mapping[str, Any]) -> PropertyMap:
    """Return plain Python as a resource's properties, without those that are None."""
    return {key: property_value(value) for key, value in values.items() if value is not None}
