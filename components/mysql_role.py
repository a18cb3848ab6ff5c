"""A role of a MySQL server: a set of grants with a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import pulumi

from components.mysql_grants import GrantArgs, document, shown


class MySqlRoleArgs(TypedDict):
    """What a MySqlRole is made from."""

    key: str
    """What the stack calls it for good."""
    name: str
    """Its name, at most 32 characters; another one renames it. Its host part is %."""
    grants: Sequence[GrantArgs]
    """All that it holds; what else it has is revoked."""


class MySqlRole(pulumi.ComponentResource):
    """A role, described; MySqlAccounts makes it, together with all others of its server.

    Type: mysql-pair:index:MySqlRole. Makes nothing itself.
    """

    def __init__(self, name: str, args: MySqlRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the role."""
        self.document: dict[str, Any] = {
            "key": args["key"], "name": args["name"], "grants": document(args["grants"]),
        }  # fmt: skip
        """What accounts.py reads of it."""
        super().__init__(
            "mysql-pair:index:MySqlRole", name, {"name": args["name"], "grants": shown(args["grants"])}, opts
        )
        # After it: the constructor keeps the properties as outputs, under these names.
        self.name, self.grants = args["name"], args["grants"]
        self.register_outputs({})
