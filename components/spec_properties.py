"""A spec as the properties of its component, so that a preview shows by name what changes."""

from __future__ import annotations

from typing import Any

from scripts.host.accounts.spec import GrantSpec
from scripts.host.common import codec


def properties(spec: Any) -> dict[str, Any]:
    """Return every field of a spec but the password; grants by target, so that a preview names the one that changes."""
    data: dict[str, Any] = codec.as_data(spec)
    data.pop("password", None)
    if "grants" in data:
        data["grants"] = {grant.target: _grant(grant) for grant in spec.grants}
    return data


def _grant(grant: GrantSpec) -> dict[str, Any]:
    return {**codec.as_data(grant), "privileges": sorted(grant.privileges)}
