"""Tags that tell in the AWS console which stack a resource belongs to."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi


def tags(name: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the tags of the resource of that name: the operator's, then Name, and the project and stack it is of."""
    project, stack = pulumi.get_project(), pulumi.get_stack()
    return {**(more or {}), "Name": f"{project}-{stack}-{name}", "Project": project, "Stack": stack}
