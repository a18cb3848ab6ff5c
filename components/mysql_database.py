"""A database of a MySQL server."""

from __future__ import annotations

import pulumi

from components.args_check import check_spec
from components.spec_properties import properties
from scripts.host.accounts.spec import DatabaseSpec


class MySqlDatabase(pulumi.ComponentResource):
    """A database, described; MySqlAccounts makes it, together with all others of its server.

    Type: mysql-pair:index:MySqlDatabase. Makes nothing itself.
    """

    def __init__(self, name: str, spec: DatabaseSpec, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the database.

        Raises:
            InvalidArgsError: with every fault of the spec.
        """
        check_spec("MySqlDatabase", name, spec)
        super().__init__("mysql-pair:index:MySqlDatabase", name, properties(spec), opts)
        self.spec = spec
        self.register_outputs({})
