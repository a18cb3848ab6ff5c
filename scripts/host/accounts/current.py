"""What the server has: databases and every account with its privileges, in as many statements for one user as for 200.

Read from the columns of MySQL's grant tables (MySQL manual, "Grant Tables"), not from the text of SHOW GRANTS.
"""

from __future__ import annotations

import datetime
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from scripts.host.accounts import attributes
from scripts.host.accounts.names import RESERVED_ACCOUNTS, RESERVED_PREFIX, Account
from scripts.host.accounts.privileges import GRANT_OPTION, Level, columns_at, on_column
from scripts.host.accounts.targets import EVERYWHERE, Privileges, Target

OWNERSHIP = "mysql_pair"
"""The key in an account's ATTRIBUTE object under which the program writes whose account it is."""
OLD_PASSWORD = "additional_password"  # noqa: S105  a key
"""The key in an account's attributes that it has while a former password is accepted."""

DATABASE_COLUMNS = columns_at(Level.DATABASE)
GRANT_TABLES = {
    "db": f"SELECT user, host, db, {', '.join(DATABASE_COLUMNS)} FROM mysql.db",  # noqa: S608  ours
    "tables_priv": "SELECT user, host, db, table_name, table_priv FROM mysql.tables_priv",
    "columns_priv": "SELECT user, host, db, table_name, column_name, column_priv FROM mysql.columns_priv",
    "procs_priv": "SELECT user, host, routine_type, db, routine_name, proc_priv FROM mysql.procs_priv",
    "global_grants": "SELECT user, host, priv, with_grant_option FROM mysql.global_grants",
    "proxies_priv": "SELECT user, host, proxied_user, proxied_host FROM mysql.proxies_priv",
    "role_edges": "SELECT to_user, to_host, from_user, from_host, with_admin_option FROM mysql.role_edges",
    "default_roles": "SELECT user, host, default_role_user, default_role_host FROM mysql.default_roles",
}
"""What is read of each grant table beside mysql.user; the first two columns are the account."""
Rows = Iterable[Sequence[Any]]


class Session(Protocol):
    """A session on the server, as far as this room needs one."""

    def rows(self, statement: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""

    def do(self, statement: str, args: Sequence[Any] = ()) -> list[tuple[int, str]]:
        """Run a statement and return the warnings."""


class Owner(NamedTuple):
    """The user or role of this program's that has an account."""

    kind: str
    key: str

    def __str__(self) -> str:
        """Return it for people."""
        return f"{self.kind} {self.key}"


@dataclass(frozen=True)
class CurrentAccount:
    """An account as the server has it."""

    account: Account
    plugin: str = "caching_sha2_password"
    authentication: bytes = b""
    """The password's digest, in the plugin's form."""
    old_password: bool = False
    """A second password, the former one, is accepted too."""
    changed: datetime.datetime | None = None
    """When the password was; in the session's time zone."""
    owner: Owner | None = None
    """Who of this program's has it; nobody for accounts of others."""
    generation: int | None = None
    """The password's generation, if it is written on the account."""
    attributes: attributes.Values = field(default_factory=lambda: attributes.DEFAULTS)
    restrictions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Global privileges taken away from single databases (partial_revokes)."""
    privileges: Privileges = field(default_factory=Privileges)
    proxies: frozenset[Account] = frozenset()
    roles: Mapping[Account, bool] = field(default_factory=dict)
    """Each with whether it may be granted on."""
    default_roles: frozenset[Account] = frozenset()

    @property
    def user_key(self) -> str | None:
        """The key of the user of this program's that has it."""
        return self.owner.key if self.owner and self.owner.kind == "user" else None

    @property
    def is_servers_own(self) -> bool:
        """Whether MySQL or the distribution has made it for itself."""
        name = self.account.name
        return self.account.host == "localhost" and (name in RESERVED_ACCOUNTS or name.startswith(RESERVED_PREFIX))

    @property
    def is_like_a_role(self) -> bool:
        """Whether it is as CREATE ROLE makes it."""
        return self.attributes["locked"] and self.attributes["password_expired"] and not self.authentication


@dataclass(frozen=True)
class ServerState:
    """Everything that a plan is made from."""

    version: str
    partial_revokes: bool
    plugins: frozenset[str]
    dynamic: frozenset[str]
    """The dynamic privileges that the server has now."""
    collations: Mapping[str, str]
    """From collation to charset."""
    default_collations: Mapping[str, str]
    """From charset to collation."""
    databases: Mapping[str, tuple[str, str]]
    """From name to charset and collation."""
    accounts: Mapping[Account, CurrentAccount]


def read(session: Session) -> ServerState:
    """Return the server's state.

    Raises:
        HostError: the server refuses.
    """
    ((version, partial, collation),) = session.rows(
        "SELECT VERSION(), @@GLOBAL.partial_revokes, @@GLOBAL.default_collation_for_utf8mb4"
    )
    plugins = session.rows(
        "SELECT plugin_name FROM information_schema.plugins"
        " WHERE plugin_type = 'AUTHENTICATION' AND plugin_status = 'ACTIVE'"
    )
    collations = session.rows(
        "SELECT collation_name, character_set_name, is_default FROM information_schema.collations"
    )
    databases = session.rows(
        "SELECT schema_name, default_character_set_name, default_collation_name FROM information_schema.schemata"
    )
    defaults = {charset: name for name, charset, default in collations if default}
    return ServerState(
        version=version,
        partial_revokes=bool(partial),
        plugins=frozenset(name for (name,) in plugins),
        # Static privileges are listed as `Create view`.
        dynamic=frozenset(row[0] for row in session.rows("SHOW PRIVILEGES") if row[0].isupper()),
        collations={name: charset for name, charset, _ in collations},
        default_collations=defaults | {"utf8mb4": collation},
        databases={name: (charset, collation) for name, charset, collation in databases},
        accounts=_accounts(session, version),
    )


def _accounts(session: Session, version: str) -> dict[Account, CurrentAccount]:
    tables = {name: _by_account(session.rows(statement)) for name, statement in GRANT_TABLES.items()}
    accounts = {}
    for name, host, plugin, authentication, changed, text, values, everywhere in _users(session, version):
        account = Account(name, host)
        rows = {table: by_account[account] for table, by_account in tables.items()}
        kept = json.loads(text or "{}")
        owner, generation = _ownership(kept.get("metadata") or {})
        accounts[account] = CurrentAccount(
            account,
            plugin,
            authentication=authentication or b"",
            old_password=OLD_PASSWORD in kept,
            changed=changed,
            owner=owner,
            generation=generation,
            attributes=values,
            restrictions={row["Database"]: frozenset(row["Privileges"]) for row in kept.get("Restrictions") or []},
            privileges=_privileges(everywhere, rows),
            proxies=frozenset(Account(*proxied) for proxied in rows["proxies_priv"]),
            roles={Account(role, role_host): admin == "Y" for role, role_host, admin in rows["role_edges"]},
            default_roles=frozenset(Account(*role) for role in rows["default_roles"]),
        )
    return accounts


def _ownership(metadata: Mapping[str, Any]) -> tuple[Owner | None, int | None]:
    """Return what this program has written on an account, its password's generation too."""
    written = metadata.get(OWNERSHIP)
    if not isinstance(written, dict):
        return None, None
    owners = [Owner(kind, written[kind]) for kind in ("user", "role") if isinstance(written.get(kind), str)]
    generation = written.get("generation")
    return next(iter(owners), None), generation if type(generation) is int else None


def _privileges(everywhere: frozenset[str], rows: Mapping[str, Rows]) -> Privileges:
    static = defaultdict(frozenset, {EVERYWHERE: everywhere})
    for database, *answers in rows["db"]:
        static[Target(database)] = _of_columns(DATABASE_COLUMNS, answers)
    for database, table, listed in rows["tables_priv"]:
        static[Target(database, table)] = _of_set(listed)
    for database, table, column, listed in rows["columns_priv"]:
        static[Target(database, table)] |= {on_column(privilege, column) for privilege in _of_set(listed)}
    for kind, database, routine, listed in rows["procs_priv"]:
        static[Target(database, routine.lower(), kind)] = _of_set(listed)
    return Privileges(
        {target: privileges for target, privileges in static.items() if privileges},
        {privilege.upper(): option == "Y" for privilege, option in rows["global_grants"]},
    )


def _users(session: Session, version: str) -> Rows:
    """Yield mysql.user's rows, the last two values being the attributes and the privileges on the whole server."""
    known, privileges = attributes.known_to(version), columns_at(Level.GLOBAL)
    names = ", ".join([column for attribute in known for column in attribute.columns] + list(privileges))
    for row in session.rows(
        "SELECT user, host, plugin, CAST(authentication_string AS BINARY), password_last_changed,"  # noqa: S608  ours
        f" CAST(user_attributes AS CHAR), {names} FROM mysql.user"
    ):
        answers = iter(row[6:])
        values = {attribute.field: attribute.value(*[next(answers) for _ in attribute.columns]) for attribute in known}
        yield *row[:6], values, _of_columns(privileges, list(answers))


def _by_account(rows: Rows) -> dict[Account, list[Sequence[Any]]]:
    """Return the rows of each account without their first two values, which are its name and host part."""
    by_account: dict[Account, list[Sequence[Any]]] = defaultdict(list)
    for name, host, *others in rows:
        by_account[Account(name, host)].append(others)
    return by_account


def _of_columns(columns: Mapping[str, str], answers: Sequence[str]) -> frozenset[str]:
    return frozenset(name for name, answer in zip(columns.values(), answers, strict=True) if answer == "Y")


def _of_set(listed: str | Iterable[str]) -> frozenset[str]:
    """Return what a SET column lists; MySQL calls the grant option `Grant` there."""
    names = listed.split(",") if isinstance(listed, str) else listed
    return frozenset(GRANT_OPTION if name == "Grant" else name.upper() for name in names if name)
