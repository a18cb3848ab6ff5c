"""All databases, roles and users of a MySQL server, made by one command on it: 200 users are one ssh session."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, NotRequired, TypedDict, TypeVar

import pulumi

from components.args import args_faults
from components.component import Component
from components.generated import generated
from components.mysql.endpoint import Endpoint
from components.mysql.server import MySqlServer
from scripts.host.accounts.host_parts import why_not
from scripts.host.accounts.spec import AccountsSpec, DatabaseSpec, RoleSpec, UserSpec
from scripts.host.client.spec import LoginCheckSpec, LoginSpec
from scripts.host.common import codec
from scripts.host.constants import CA_FILE
from stack_outputs.forms import Login, url

SECONDS = 600
Spec = TypeVar("Spec", DatabaseSpec, RoleSpec)


class _Described(Component, Generic[Spec]):
    """What is described by a spec alone; MySqlAccounts makes it, together with all others of its server."""

    def __init__(self, name: str, spec: Spec, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the description."""
        self.refuse(name, codec.faults_of(spec))
        super().__init__(name, opts, described(spec))
        self.spec: Spec = spec
        self.end()


class MySqlDatabase(_Described[DatabaseSpec]):
    """A database. Type: mysql-pair:index:MySqlDatabase. Makes nothing itself."""


class MySqlRole(_Described[RoleSpec]):
    """A role: a set of grants with a name. Type: mysql-pair:index:MySqlRole. Makes nothing itself."""


class MySqlUser(Component):
    """A user, described; MySqlAccounts makes it, together with all others of its server.

    Type: mysql-pair:index:MySqlUser. Makes: one command.local.Command if the password is generated. It runs before
    anything is told to MySQL, so that the password is in the state, as a secret, when the account gets it.
    """

    password: pulumi.Output[str]
    """The current password. A secret."""

    def __init__(
        self,
        name: str,
        spec: UserSpec,
        password: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the user; without a password one is generated, a new one with each generation of the spec."""
        self.refuse(name, codec.faults_of(spec))
        # As a property too, so that a preview shows whose password changes: as a secret, never as text.
        given = {} if password is None else {"password": pulumi.Output.secret(password)}
        super().__init__(name, opts, {**described(spec), **given})
        self.spec = replace(spec, password="")
        made = generated(f"{name}-password", self, self.spec.generation) if password is None else password
        self.password = pulumi.Output.secret(made)
        self.end()


class DescribedArgs(TypedDict):
    """What there is to be in MySQL."""

    databases: Sequence[MySqlDatabase]
    """All of the stack's. One that was taken out stays on the server."""
    roles: Sequence[MySqlRole]
    """All of the stack's. One that was taken out is dropped."""
    users: Sequence[MySqlUser]
    """All of the stack's. One that was taken out is dropped; accounts that the stack did not make are left alone."""


class ServedArgs(TypedDict):
    """Where it is to be."""

    servers: Sequence[MySqlServer]
    """The one, or all members of a group: the primary makes the accounts, and the others wait for them."""
    endpoint: NotRequired[Endpoint]
    """Where clients find MySQL; the server's own address if not given."""
    after: NotRequired[Sequence[pulumi.Resource]]
    """What must be done in MySQL before, such as a restore."""


class MySqlAccountsArgs(DescribedArgs, ServedArgs):
    """What MySqlAccounts are made from."""


class MySqlAccounts(Component):
    """Databases, roles and users, as described, on a server.

    Type: mysql-pair:index:MySqlAccounts. Makes: one command.remote.Command a server, which runs the host agent's verb
    `accounts apply` on it. It has no delete: what is taken out is found on the server, as its account says that
    this stack owns it.
    """

    connection_strings: pulumi.Output[dict[str, str]]
    """A URL for each user, by key (see stack_outputs.forms.url), known once the account is as described. A secret."""

    def __init__(self, name: str, args: MySqlAccountsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the accounts."""
        self.refuse(name, args_faults(MySqlAccountsArgs, args))
        self.server, self._users = args["servers"][0], args["users"]
        self.endpoint = args.get("endpoint") or Endpoint.of_server(self.server)
        """Where clients find MySQL."""
        self.described: list[Component] = [*args["databases"], *args["roles"], *args["users"]]
        """What there is to be in MySQL, each as a component of its own."""
        self.spec = AccountsSpec(
            databases=tuple(database.spec for database in args["databases"]),
            roles=tuple(role.spec for role in args["roles"]),
            users=tuple(user.spec for user in args["users"]),
        )
        """All of them, without passwords."""
        self.refuse(name, codec.faults_of(self.spec))
        super().__init__(name, opts)
        passwords = pulumi.Output.all(*(user.password for user in self._users))
        # Secret even where there are no users: the command's input is one or is none, whoever is taken out.
        self._with_passwords: pulumi.Output[AccountsSpec] = pulumi.Output.secret(passwords.apply(self._given))
        before = [*args.get("after", ())]
        if len(args["servers"]) == 1:
            before = [self.server.converged, *before]
        else:
            before = [*(joined for server in args["servers"] for joined in server.ready), *before]
        self.applied = [
            server.agent.run(
                f"{name}-applied" if server is self.server else f"{name}-applied-{server.name}",
                "accounts apply",
                self._with_passwords,
                SECONDS,
                self,
                before,
            )
            for server in args["servers"]
        ]
        """What must be done before anybody logs in."""
        pulumi.Output.unsecret(self.applied[0].stdout).apply(self._warn_of_pending)
        self.logins = self._logins(self.endpoint.port)
        self.read_logins = self._logins(self.endpoint.read_port)
        self.connection_strings = self.logins.apply(lambda logins: {key: url(login) for key, login in logins.items()})
        self.end()

    @property
    def digest(self) -> str:
        """Another one when a role or a user is another, but for passwords: then the logins are tried again."""
        return hashlib.sha256(codec.encode(replace(self.spec, databases=())).encode()).hexdigest()[:12]

    def login_check(self, client: str, address: pulumi.Output[str]) -> pulumi.Output[LoginCheckSpec]:
        """Return what the client host of that name and address is told to try. A secret, but for nobody's password."""
        at = self.endpoint
        parts = pulumi.Output.all(at.host, at.port, at.read_port, self._with_passwords, address)

        def spec(known: list[Any]) -> LoginCheckSpec:
            host, port, read_port, accounts, own = known
            reasons = self.untried(client, own)
            users = [user for user in accounts.users if user.key not in reasons]
            return LoginCheckSpec(host, int(port), int(read_port), tuple(map(self._login, users)))

        return parts.apply(spec)

    def untried(self, client: str, address: str) -> dict[str, str]:
        """Return by key the users whose login could not succeed from a client host, and why."""
        reasons = {}
        hosts: dict[str, list[str]] = defaultdict(list)
        for user in self.spec.users:
            hosts[user.name].append(user.host)
        for user in self.spec.users:
            others = [host for host in hosts[user.name] if host != user.host]
            if not user.is_for(client):
                reasons[user.key] = f"it is for {', '.join(user.clients)}"
            elif user.needs_certificate:
                reasons[user.key] = "it needs a client certificate"
            elif why := why_not(user.host, others, address):
                reasons[user.key] = why
        return reasons

    def warn_of_untried(self, addresses: Mapping[str, pulumi.Output[str]]) -> None:
        """Warn, in every `up`, of users whose login no client host tries and of client hosts that try none."""

        def warn(known: Mapping[str, str]) -> None:
            reasons = {client: self.untried(client, address) for client, address in known.items()}
            for user in self.spec.users:
                if all(user.key in untried for untried in reasons.values()):
                    why = "; ".join(f"{client}: {untried[user.key]}" for client, untried in reasons.items())
                    pulumi.warn(f"no client host tries the login of user {user.key} ({why})", self)
            for client, untried in reasons.items():
                if self.spec.users and len(untried) == len(self.spec.users):
                    pulumi.warn(f"{client} tries no login", self)

        pulumi.Output.all(**addresses).apply(warn)

    def _warn_of_pending(self, printed: str) -> None:
        for grant in json.loads(printed).get("pending", ()):
            pulumi.warn(f"{grant}. `repair` grants it once that is there", self.applied[0])

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
            # What is granted on less than a whole database may be pending.
            databases=tuple(sorted({grant.database for grant in grants if grant.database and grant.is_whole_database})),
        )

    def _logins(self, at: pulumi.Input[int]) -> pulumi.Output[dict[str, Login]]:
        def logins(known: list[Any]) -> dict[str, Login]:
            host, port, accounts, _ = known
            return {
                user.key: Login(user.name, user.password, host, int(port), user.database, CA_FILE)
                for user in accounts.users
            }

        # Not before the accounts are as described. The id, and not the output: a preview knows it.
        known = (self.endpoint.host, at, self._with_passwords, self.applied[0].id)
        return pulumi.Output.secret(pulumi.Output.all(*known).apply(logins))


def describe(accounts: AccountsSpec, passwords: Mapping[str, pulumi.Input[str]]) -> DescribedArgs:
    """Register the description of everything in a spec, with the given passwords by user key."""
    return {
        "databases": [MySqlDatabase(f"database-{database.name}", database) for database in accounts.databases],
        "roles": [MySqlRole(f"role-{role.key}", role) for role in accounts.roles],
        "users": [MySqlUser(f"user-{user.key}", user, passwords.get(user.key)) for user in accounts.users],
    }


LATER = ("clients", "pattern", "columns", "function", "procedure")
"""Fields that stacks may not know of: they are shown where they say something."""


def described(spec: DatabaseSpec | RoleSpec | UserSpec) -> dict[str, Any]:
    """Return every field of a spec but the password; grants by target, so that a preview names the one that changes."""
    data = _shown(spec)
    data.pop("password", None)
    if not isinstance(spec, DatabaseSpec):
        data["grants"] = {grant.target: {**_shown(grant), "privileges": sorted(grant.names)} for grant in spec.grants}
    return data


def _shown(spec: Any) -> dict[str, Any]:
    data: dict[str, Any] = codec.as_data(spec)
    return {field: value for field, value in data.items() if value or field not in LATER}
