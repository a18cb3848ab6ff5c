"""A role of a MySQL server: a set of grants with a name."""

from __future__ import annotations

import pulumi

from components.args_check import check_spec
from components.spec_properties import properties
from scripts.host.accounts.spec import RoleSpec


class MySqlRole(pulumi.ComponentResource):
    """A role, described; MySqlAccounts makes it, together with all others of its server.

    Type: mysql-pair:index:MySqlRole. Makes nothing itself.
    """

    def __init__(self, name: str, spec: RoleSpec, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the role.

        Raises:
            InvalidArgsError: with every fault of the spec.
        """
        check_spec("MySqlRole", name, spec)
        super().__init__("mysql-pair:index:MySqlRole", name, properties(spec), opts)
        self.spec = spec
        self.register_outputs({})
