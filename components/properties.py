"""What a component shows: its spec, so that a preview names what changes, and the outputs that it declares."""

from __future__ import annotations

from typing import Any

import pulumi

from scripts.host.accounts.spec import GrantSpec
from scripts.host.common import codec


def inputs(spec: Any) -> dict[str, Any]:
    """Return every field of a spec but the password; grants by target, so that a preview names the one that changes."""
    data: dict[str, Any] = codec.as_data(spec)
    data.pop("password", None)
    if "grants" in data:
        data["grants"] = {grant.target: _grant(grant) for grant in spec.grants}
    return data


def outputs(component: pulumi.ComponentResource) -> dict[str, pulumi.Output[Any]]:
    """Return the outputs that a component's class is annotated with."""
    values = {name: getattr(component, name) for name in type(component).__annotations__}
    return {name: value for name, value in values.items() if isinstance(value, pulumi.Output)}


def _grant(grant: GrantSpec) -> dict[str, Any]:
    return {**codec.as_data(grant), "privileges": sorted(grant.names)}
