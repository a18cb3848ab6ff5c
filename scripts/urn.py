"""URNs of resources: urn:pulumi:STACK::PROJECT::TYPES::NAME (Pulumi, "Resource names: URNs")."""

from __future__ import annotations

STACK = "pulumi:pulumi:Stack"


def is_urn(value: object) -> bool:
    """Tell whether a value is a URN."""
    return isinstance(value, str) and value.startswith("urn:pulumi:") and value.count("::") >= 3


def name_of(urn: str) -> str:
    """Return the name in a URN; it may have colons itself."""
    return urn.split("::", 3)[3]


def type_of(urn: str) -> str:
    """Return the type in a URN, without those of the components around it."""
    return urn.split("::", 3)[2].split("$")[-1]


def owner_of(urn: str, parent: object) -> str:
    """Return the name of the component that a resource is a part of, as a host's; its own if it is a part of none.

    Args:
        urn: the resource's.
        parent: what its state says of its parent: a URN, or nothing.
    """
    if isinstance(parent, str) and is_urn(parent) and type_of(parent) != STACK:
        return name_of(parent)
    return name_of(urn)
