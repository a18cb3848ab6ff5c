"""A database of a MySQL server."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

import pulumi


class MySqlDatabaseArgs(TypedDict):
    """What a MySqlDatabase is made from."""

    name: str
    """Its name, which is its identity: MySQL cannot rename a database."""
    charset: str
    """Its default character set, changed in place; the tables there are keep theirs."""
    collation: NotRequired[str | None]
    """Its default collation; without it, the character set's."""
    drop: NotRequired[bool]
    """Whether it is dropped with everything in it. A database that is only taken out of the program stays."""


class MySqlDatabase(pulumi.ComponentResource):
    """A database, described; MySqlAccounts makes it, together with all others of its server.

    Type: mysql-pair:index:MySqlDatabase. Makes nothing itself.
    """

    def __init__(self, name: str, args: MySqlDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the database."""
        self.document: dict[str, Any] = {
            "name": args["name"],
            "charset": args["charset"],
            "collation": args.get("collation"),
            "drop": args.get("drop", False),
        }
        """What accounts.py reads of it."""
        super().__init__("mysql-pair:index:MySqlDatabase", name, dict(self.document), opts)
        # After it: the constructor keeps the properties as outputs, under these names.
        self.name, self.drop = args["name"], args.get("drop", False)
        self.register_outputs({})
