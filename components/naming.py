"""Tags that tell in the AWS console which stack a resource belongs to."""

from __future__ import annotations

import pulumi


def tags(name: str) -> dict[str, str]:
    """Return the tags of the resource of that name: Name, and the project and stack that manage it."""
    project, stack = pulumi.get_project(), pulumi.get_stack()
    return {"Name": f"{project}-{stack}-{name}", "Project": project, "Stack": stack}
