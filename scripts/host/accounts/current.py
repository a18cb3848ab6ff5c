"""What the server has: databases and every account with its privileges, in as many statements for one user as for 200.

Read from the columns of MySQL's grant tables (MySQL manual, "Grant Tables"), not from the text of SHOW GRANTS.
"""

from __future__ import annotations

import datetime
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from scripts.host.accounts.grants import DATABASE_COLUMNS, EVERYWHERE, GLOBAL_COLUMNS, Level, Privileges
from scripts.host.accounts.sql import Account

MARK = "mysql_pair"
"""The name in an account's attribute under which this program knows it again."""
OWN = {("root", "localhost"), ("debian-sys-maint", "localhost")}
"""Accounts of the distribution's."""

Rows = Iterable[Sequence[Any]]


class Session(Protocol):
    """What is asked."""

    def rows(self, statement: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""


@dataclass(frozen=True)
class Found:
    """An account as the server has it."""

    account: Account
    plugin: str = "caching_sha2_password"
    authentication: bytes = b""
    """The password's digest, in the plugin's form."""
    old_password: bool = False
    """A second password, the former one, is accepted too."""
    locked: bool = False
    expired: bool = False
    lifetime: int | None = None
    """Days; None: the server's rule; 0: never."""
    changed: datetime.datetime | None = None
    """When the password was; in the session's time zone."""
    attribute: Mapping[str, Any] = field(default_factory=dict)
    restrictions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Global privileges taken away from single databases (partial_revokes)."""
    privileges: Privileges = field(default_factory=Privileges)
    columns: Mapping[tuple[str, str], frozenset[tuple[str, str]]] = field(default_factory=dict)
    """From database and table to (privilege, column)."""
    routines: Mapping[tuple[str, str, str], frozenset[str]] = field(default_factory=dict)
    """From type, database and name to privileges."""
    proxies: frozenset[Account] = frozenset()
    roles: Mapping[Account, bool] = field(default_factory=dict)
    """Each with whether it may be granted on."""
    default_roles: frozenset[Account] = frozenset()

    @property
    def mark(self) -> Mapping[str, Any]:
        """What this program has written on it; nothing on accounts of others."""
        mark = self.attribute.get(MARK)
        return mark if isinstance(mark, dict) else {}

    @property
    def user_key(self) -> str | None:
        """The key of a user of this program's."""
        key = self.mark.get("user")
        return key if isinstance(key, str) else None

    @property
    def role_key(self) -> str | None:
        """The key of a role of this program's."""
        key = self.mark.get("role")
        return key if isinstance(key, str) and self.user_key is None else None

    @property
    def generation(self) -> int | None:
        """The password's generation, if the mark has one."""
        number = self.mark.get("generation")
        return number if isinstance(number, int) and not isinstance(number, bool) else None

    @property
    def comment(self) -> Any:
        """The comment: a text, or None."""
        return self.attribute.get("comment")

    @property
    def is_servers_own(self) -> bool:
        """Whether MySQL or the distribution has made it for itself."""
        return self.account in {Account(*own) for own in OWN} or (
            self.account.name.startswith("mysql.") and self.account.host == "localhost"
        )

    @property
    def is_like_a_role(self) -> bool:
        """Whether it is as CREATE ROLE makes it."""
        return self.locked and self.expired and not self.authentication


@dataclass(frozen=True)
class State:
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
    accounts: Mapping[Account, Found]


def read(session: Session) -> State:
    """Return the server's state.

    Raises:
        pymysql.MySQLError: the server refuses.
    """
    ((version, partial, collation),) = session.rows(
        "SELECT VERSION(), @@GLOBAL.partial_revokes, @@GLOBAL.default_collation_for_utf8mb4"
    )
    collations = session.rows(
        "SELECT collation_name, character_set_name, is_default FROM information_schema.collations"
    )
    defaults = {charset: name for name, charset, default in collations if default}
    return State(
        version=version,
        partial_revokes=bool(partial),
        plugins=frozenset(
            name
            for (name,) in session.rows(
                "SELECT plugin_name FROM information_schema.plugins"
                " WHERE plugin_type = 'AUTHENTICATION' AND plugin_status = 'ACTIVE'"
            )
        ),
        # Static privileges are listed as `Create view`.
        dynamic=frozenset(row[0] for row in session.rows("SHOW PRIVILEGES") if row[0].isupper()),
        collations={name: charset for name, charset, _ in collations},
        default_collations=defaults | {"utf8mb4": collation},
        databases={
            name: (charset, kept)
            for name, charset, kept in session.rows(
                "SELECT schema_name, default_character_set_name, default_collation_name"
                " FROM information_schema.schemata"
            )
        },
        accounts=_accounts(session),
    )


def passwords(session: Session) -> dict[str, dict[str, Any]]:
    """Return, by user key, which generation of its password the server has, and whether it accepts an old one."""
    found = {}
    for (attributes,) in session.rows(
        "SELECT CAST(user_attributes AS CHAR) FROM mysql.user WHERE user_attributes IS NOT NULL"
    ):
        everything = json.loads(attributes)
        account = Found(Account("", ""), "", attribute=everything.get("metadata") or {})
        if account.user_key is not None:
            old = "additional_password" in everything
            found[account.user_key] = {"generation": account.generation, "old_password_accepted": old}
    return found


def _accounts(session: Session) -> dict[Account, Found]:
    static = _static(session)
    dynamic = _dynamic(session)
    columns = _columns(session)
    routines = _routines(session)
    proxies, roles, default_roles = _proxies(session), _roles(session), _default_roles(session)
    found = {}
    names = ", ".join(GLOBAL_COLUMNS)
    rows = session.rows(
        "SELECT user, host, plugin, CAST(authentication_string AS BINARY), account_locked, password_expired,"  # noqa: S608  ours
        f" password_lifetime, password_last_changed, CAST(user_attributes AS CHAR), {names} FROM mysql.user"
    )
    for name, part, plugin, authentication, locked, expired, lifetime, changed, attributes, *answers in rows:
        account = Account(name, part)
        everything = json.loads(attributes or "{}")
        everywhere = _of_columns(GLOBAL_COLUMNS, answers)
        found[account] = Found(
            account,
            plugin,
            authentication=authentication or b"",
            old_password="additional_password" in everything,
            locked=locked == "Y",
            expired=expired == "Y",
            lifetime=lifetime,
            changed=changed,
            attribute=everything.get("metadata") or {},
            restrictions={
                row["Database"]: frozenset(row["Privileges"]) for row in everything.get("Restrictions") or []
            },
            privileges=Privileges(static[account] | ({EVERYWHERE: everywhere} if everywhere else {}), dynamic[account]),
            columns=columns[account],
            routines=routines[account],
            proxies=proxies[account],
            roles=roles[account],
            default_roles=default_roles[account],
        )
    return found


def _static(session: Session) -> dict[Account, dict[Level, frozenset[str]]]:
    found: dict[Account, dict[Level, frozenset[str]]] = defaultdict(dict)
    names = ", ".join(DATABASE_COLUMNS)
    for name, part, database, *answers in session.rows(f"SELECT user, host, db, {names} FROM mysql.db"):  # noqa: S608  ours
        if privileges := _of_columns(DATABASE_COLUMNS, answers):
            found[Account(name, part)][Level(database)] = privileges
    for name, part, database, table, listed in session.rows(
        "SELECT user, host, db, table_name, table_priv FROM mysql.tables_priv"
    ):
        if privileges := _of_set(listed):
            found[Account(name, part)][Level(database, table)] = privileges
    return found


def _dynamic(session: Session) -> dict[Account, dict[str, bool]]:
    found: dict[Account, dict[str, bool]] = defaultdict(dict)
    for name, part, privilege, option in session.rows(
        "SELECT user, host, priv, with_grant_option FROM mysql.global_grants"
    ):
        found[Account(name, part)][privilege.upper()] = option == "Y"
    return found


def _columns(session: Session) -> dict[Account, dict[tuple[str, str], frozenset[tuple[str, str]]]]:
    found: dict[Account, dict[tuple[str, str], frozenset[tuple[str, str]]]] = defaultdict(dict)
    for name, part, database, table, column, listed in session.rows(
        "SELECT user, host, db, table_name, column_name, column_priv FROM mysql.columns_priv"
    ):
        of_account = found[Account(name, part)]
        pairs = frozenset((privilege, column) for privilege in _of_set(listed))
        of_account[database, table] = of_account.get((database, table), frozenset()) | pairs
    return found


def _routines(session: Session) -> dict[Account, dict[tuple[str, str, str], frozenset[str]]]:
    found: dict[Account, dict[tuple[str, str, str], frozenset[str]]] = defaultdict(dict)
    for name, part, kind, database, routine, listed in session.rows(
        "SELECT user, host, routine_type, db, routine_name, proc_priv FROM mysql.procs_priv"
    ):
        found[Account(name, part)][kind, database, routine] = _of_set(listed)
    return found


def _proxies(session: Session) -> dict[Account, frozenset[Account]]:
    rows = session.rows("SELECT user, host, proxied_user, proxied_host FROM mysql.proxies_priv")
    return _gathered(rows, lambda row: Account(*row))


def _default_roles(session: Session) -> dict[Account, frozenset[Account]]:
    rows = session.rows("SELECT user, host, default_role_user, default_role_host FROM mysql.default_roles")
    return _gathered(rows, lambda row: Account(*row))


def _roles(session: Session) -> dict[Account, dict[Account, bool]]:
    found: dict[Account, dict[Account, bool]] = defaultdict(dict)
    for name, part, role, role_part, admin in session.rows(
        "SELECT to_user, to_host, from_user, from_host, with_admin_option FROM mysql.role_edges"
    ):
        found[Account(name, part)][Account(role, role_part)] = admin == "Y"
    return found


def _gathered(rows: Rows, made: Callable[[Sequence[Any]], Account]) -> dict[Account, frozenset[Account]]:
    found: dict[Account, frozenset[Account]] = defaultdict(frozenset)
    for name, part, *rest in rows:
        found[Account(name, part)] |= {made(rest)}
    return found


def _of_columns(columns: Mapping[str, str], answers: Sequence[str]) -> frozenset[str]:
    return frozenset(name for name, answer in zip(columns.values(), answers, strict=True) if answer == "Y")


def _of_set(listed: str | Iterable[str]) -> frozenset[str]:
    """Return what a SET column lists; MySQL calls the grant option `Grant` there."""
    names = listed.split(",") if isinstance(listed, str) else listed
    return frozenset("GRANT OPTION" if name == "Grant" else name.upper() for name in names if name)
