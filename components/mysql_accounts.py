"""All databases, roles and users of a MySQL server, made by one command on it: 200 users are one ssh session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import pulumi

from components.mysql_database import MySqlDatabase
from components.mysql_role import MySqlRole
from components.mysql_server import CA_FILE, MySqlServer
from components.mysql_user import MySqlUser
from components.remote_command import Step, run
from stack_outputs.forms import Login, url

SECONDS = 600


class MySqlAccountsArgs(TypedDict):
    """What MySqlAccounts are made from."""

    server: MySqlServer
    """The server they live on."""
    databases: Sequence[MySqlDatabase]
    """All of the stack's. One that was taken out stays on the server."""
    roles: Sequence[MySqlRole]
    """All of the stack's. One that was taken out is dropped."""
    users: Sequence[MySqlUser]
    """All of the stack's. One that was taken out is dropped; accounts that the stack did not make are left alone."""


class MySqlAccounts(pulumi.ComponentResource):
    """Databases, roles and users, as described, on a server.

    Type: mysql-pair:index:MySqlAccounts. Makes: one command.remote.Command, which runs scripts/host/accounts.py as root
    on the server, all of them on its standard input. It has no delete: what is taken out is found on the server, by
    the mark that its account has.
    """

    connection_strings: pulumi.Output[dict[str, str]]
    """A URL for each user, by key (see stack_outputs.forms.url), known once the account is as described. A secret."""

    def __init__(self, name: str, args: MySqlAccountsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the accounts."""
        super().__init__("mysql-pair:index:MySqlAccounts", name, None, opts)
        self.server, self.databases, self.users = args["server"], args["databases"], args["users"]
        wanted = pulumi.Output.json_dumps(
            {
                "databases": [database.document for database in args["databases"]],
                "roles": [role.document for role in args["roles"]],
                "users": [user.document for user in args["users"]],
            }
        )
        step = Step(
            create=[*self.server.tools.python("accounts.py"), "apply"],
            seconds=SECONDS,
            stdin=pulumi.Output.secret(wanted),
        )
        self.applied = run(f"{name}-applied", self.server.host.target, step, parent=self, depends_on=self.server.ready)
        self.logins = self._logins()
        self.connection_strings = self.logins.apply(lambda found: {key: url(login) for key, login in found.items()})
        self.register_outputs({"connection_strings": self.connection_strings})

    def _logins(self) -> pulumi.Output[dict[str, Login]]:
        passwords = pulumi.Output.all(*(user.password for user in self.users))

        def logins(known: list[Any]) -> dict[str, Login]:
            host, port, found, _ = known
            return {
                user.key: Login(user.name, password, host, int(port), user.database, CA_FILE)
                for user, password in zip(self.users, found, strict=True)
            }

        # Not before the accounts are as described. The id, and not the output: a preview knows it.
        known = pulumi.Output.all(self.server.mysql_host, self.server.mysql_port, passwords, self.applied.id)
        return pulumi.Output.secret(known.apply(logins))
