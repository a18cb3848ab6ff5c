"""All databases, roles and users of a MySQL server, made by one command on it: 200 users are one ssh session."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypedDict

import pulumi

from components.args_check import check_args, check_spec
from components.mysql_database import MySqlDatabase
from components.mysql_role import MySqlRole
from components.mysql_server import MySqlServer
from components.mysql_user import MySqlUser
from scripts.host.accounts.spec import AccountsSpec, UserSpec
from scripts.host.client.spec import LoginCheckSpec, LoginSpec
from scripts.host.common import codec
from scripts.host.constants import CA_FILE
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

    Type: mysql-pair:index:MySqlAccounts. Makes: one command.remote.Command, which runs the host agent's verb
    `accounts apply` on the server. It has no delete: what is taken out is found on the server, as its account says that
    this stack owns it.
    """

    connection_strings: pulumi.Output[dict[str, str]]
    """A URL for each user, by key (see stack_outputs.forms.url), known once the account is as described. A secret."""

    def __init__(self, name: str, args: MySqlAccountsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the accounts.

        Raises:
            InvalidArgsError: with every fault of the args, and of the accounts together.
        """
        check_args("MySqlAccounts", name, MySqlAccountsArgs, args)
        self.server, self._users = args["server"], args["users"]
        self.spec = AccountsSpec(
            databases=tuple(database.spec for database in args["databases"]),
            roles=tuple(role.spec for role in args["roles"]),
            users=tuple(user.spec for user in args["users"]),
        )
        """All of them, without passwords."""
        check_spec("MySqlAccounts", name, self.spec)
        super().__init__("mysql-pair:index:MySqlAccounts", name, None, opts)
        passwords = pulumi.Output.all(*(user.password for user in self._users))
        # Secret even where there are no users: the command's input is one or is none, whoever is taken out.
        self._with_passwords: pulumi.Output[AccountsSpec] = pulumi.Output.secret(passwords.apply(self._given))
        agent = self.server.agent
        self.applied = agent.run(
            f"{name}-applied", "accounts apply", self._with_passwords, SECONDS, self, self.server.ready
        )
        self.logins = self._logins()
        self.connection_strings = self.logins.apply(lambda logins: {key: url(login) for key, login in logins.items()})
        self.register_outputs({"connection_strings": self.connection_strings})

    @property
    def digest(self) -> str:
        """Another one when anything of the accounts is another, but for passwords."""
        return hashlib.sha256(codec.encode(self.spec).encode()).hexdigest()[:12]

    def login_check(self) -> pulumi.Output[LoginCheckSpec]:
        """Return what a client host is told to try. A secret."""
        parts = pulumi.Output.all(self.server.mysql_host, self.server.mysql_port, self._with_passwords)
        return parts.apply(lambda p: LoginCheckSpec(p[0], int(p[1]), tuple(map(self._login, p[2].users))))

    def _given(self, passwords: Sequence[str]) -> AccountsSpec:
        pairs = zip(self.spec.users, passwords, strict=True)
        return replace(self.spec, users=tuple(replace(user, password=password) for user, password in pairs))

    def _login(self, user: UserSpec) -> LoginSpec:
        active = [role for role in self.spec.roles if role.key in user.default_roles]
        grants = [*user.grants, *(grant for role in active for grant in role.grants)]
        return LoginSpec(
            key=user.key,
            name=user.name,
            host=user.host,
            password=user.password,
            locked=user.locked,
            needs_certificate=user.require.mode == "X509" or bool(user.require.subject or user.require.issuer),
            databases=tuple(sorted({grant.database for grant in grants if grant.database})),
        )

    def _logins(self) -> pulumi.Output[dict[str, Login]]:
        def logins(known: list[Any]) -> dict[str, Login]:
            host, port, accounts, _ = known
            return {
                user.key: Login(user.name, user.password, host, int(port), user.database, CA_FILE)
                for user in accounts.users
            }

        # Not before the accounts are as described. The id, and not the output: a preview knows it.
        known = (self.server.mysql_host, self.server.mysql_port, self._with_passwords, self.applied.id)
        return pulumi.Output.secret(pulumi.Output.all(*known).apply(logins))
