"""MySQL's privileges, the levels at which there are any of each, those that nobody may be granted, and grants of them.

Nobody gets a way to root@localhost, by which the program manages every account. Which privileges one version has is for
the server to say. A privilege on columns, and PROXY, which is one on an account, are not managed here.

Source: MySQL manual, "Privileges Provided by MySQL" (of 8.0, 8.4 and 9.7), "Grant Tables" and "Account Categories".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from scripts.host.accounts.names import IDENTIFIER_LENGTH, database_of, identifier, pattern_of, quoted
from scripts.host.common.checks import Check, InvalidValueError, checked, flag, nearest
from scripts.host.common.codec import SpecFault

ALL = "ALL"
GRANT_OPTION = "GRANT OPTION"
"""Granted with a static privilege, it is one of them; each dynamic one has its own."""


class Level(IntEnum):
    """What a grant is on, from the broadest to the narrowest."""

    GLOBAL = 1
    DATABASE = 2
    TABLE = 3

    @property
    def words(self) -> str:
        """What stands in a text."""
        return {Level.GLOBAL: "the whole server", Level.DATABASE: "a database", Level.TABLE: "a table"}[self]


def level_of(database: str | None, table: str | None) -> Level:
    """Return the level of a grant on these; without a table on a whole database, without both on the server."""
    return Level.TABLE if table else Level.DATABASE if database else Level.GLOBAL


_STATIC = {
    Level.GLOBAL: """
        CREATE ROLE, CREATE TABLESPACE, CREATE USER, DROP ROLE, FILE, PROCESS, RELOAD, REPLICATION CLIENT,
        REPLICATION SLAVE, SHOW DATABASES, SHUTDOWN, SUPER
    """,
    Level.DATABASE: "ALTER ROUTINE, CREATE ROUTINE, CREATE TEMPORARY TABLES, EVENT, EXECUTE, LOCK TABLES",
    Level.TABLE: """
        ALTER, CREATE, CREATE VIEW, DELETE, DROP, INDEX, INSERT, REFERENCES, SELECT, SHOW VIEW, TRIGGER, UPDATE
    """,
}
STATIC = {name.strip(): level for level, names in _STATIC.items() for name in names.split(",")}
"""Each with the narrowest level that has it; the broader ones have it too."""

_COLUMNS = {
    "CREATE TEMPORARY TABLES": "Create_tmp_table_priv",
    GRANT_OPTION: "Grant_priv",
    "REPLICATION CLIENT": "Repl_client_priv",
    "REPLICATION SLAVE": "Repl_slave_priv",
    "SHOW DATABASES": "Show_db_priv",
}
"""Names of the grant tables' columns that do not follow from the privilege's."""

_DYNAMIC = """
    ALLOW_NONEXISTENT_DEFINER APPLICATION_PASSWORD_ADMIN AUDIT_ABORT_EXEMPT AUDIT_ADMIN AUTHENTICATION_POLICY_ADMIN
    BACKUP_ADMIN BINLOG_ADMIN BINLOG_ENCRYPTION_ADMIN CLONE_ADMIN CONNECTION_ADMIN CREATE_SPATIAL_REFERENCE_SYSTEM
    ENCRYPTION_KEY_ADMIN EXPORT_QUERY_RESULTS FIREWALL_ADMIN FIREWALL_EXEMPT FIREWALL_USER FLUSH_OPTIMIZER_COSTS
    FLUSH_PRIVILEGES FLUSH_STATUS FLUSH_TABLES FLUSH_USER_RESOURCES GROUP_REPLICATION_ADMIN GROUP_REPLICATION_STREAM
    INNODB_REDO_LOG_ARCHIVE INNODB_REDO_LOG_ENABLE MANAGE_DATA_MASKING_POLICY MASKING_DICTIONARIES_ADMIN
    NDB_STORED_USER OPTIMIZE_LOCAL_TABLE OPTION_TRACKER_OBSERVER OPTION_TRACKER_UPDATER PASSWORDLESS_USER_ADMIN
    PERSIST_RO_VARIABLES_ADMIN REPLICATION_APPLIER REPLICATION_SLAVE_ADMIN RESOURCE_GROUP_ADMIN RESOURCE_GROUP_USER
    ROLE_ADMIN SENSITIVE_VARIABLES_OBSERVER SERVICE_CONNECTION_ADMIN SESSION_VARIABLES_ADMIN SET_ANY_DEFINER
    SET_USER_ID SHOW_ROUTINE SKIP_QUERY_REWRITE SYSTEM_USER SYSTEM_VARIABLES_ADMIN TABLE_ENCRYPTION_ADMIN
    TELEMETRY_LOG_ADMIN TP_CONNECTION_ADMIN TRANSACTION_GTID_TAG VERSION_TOKEN_ADMIN XA_RECOVER_ADMIN
"""
DYNAMIC = frozenset(_DYNAMIC.split())
"""Those that a server learns of at run time: there are none but on the whole server. Some are a plugin's, and MySQL
refuses them without it (ERROR 1149)."""

LEVELS: Mapping[str, Level] = {ALL: Level.TABLE, **STATIC, **dict.fromkeys(DYNAMIC, Level.GLOBAL)}
ON_ROUTINE = frozenset({"ALTER ROUTINE", "EXECUTE", GRANT_OPTION})
REFUSED: Mapping[str, tuple[str, str]] = {
    GRANT_OPTION: ("is a field of the grant", "Set grantOption: true"),
    "USAGE": ("is no privilege but a word for none", "Leave the grant out: an account may log in without any"),
    "PROXY": ("is granted on an account, which is not managed", "Leave it out"),
    "SUPER": (
        "makes its holder root's equal",
        "Grant what is needed of it by name, like CONNECTION_ADMIN or SYSTEM_VARIABLES_ADMIN",
    ),
    "SYSTEM_USER": (
        "lets its holder change root's account, by which the accounts are managed",
        "Leave it out: CREATE USER and ROLE_ADMIN do for managing other accounts",
    ),
}
"""What GRANT takes and is refused on every level: why, and what to do instead."""
WRITING = frozenset({ALL, "ALTER", "CREATE", "DELETE", "DROP", "INDEX", "INSERT", "UPDATE"})
"""On the whole server these are on mysql.user too: INDEX drops its primary key. CREATE VIEW and TRIGGER change nothing
there, and what CREATE USER and ROLE_ADMIN may do ends at accounts with SYSTEM_USER, as root's is."""
READABLE: Mapping[str, frozenset[str]] = {
    "mysql": frozenset({"SELECT"}),
    "performance_schema": frozenset({"SELECT"}),
    "sys": frozenset({"SELECT", "EXECUTE"}),
}
"""The server's own schemas, and what may be granted on them."""


def privilege(raw: Any) -> str:
    """Return a privilege as MySQL shows it, with ALL for ALL PRIVILEGES."""
    if not isinstance(raw, str):
        raise InvalidValueError(f"{raw!r} is not a privilege", "Write one like SELECT")
    name = " ".join(raw.upper().split())
    name = {"ALL PRIVILEGES": ALL}.get(name, name)
    if name in REFUSED:
        raise InvalidValueError(f"{raw!r} {REFUSED[name][0]}", REFUSED[name][1])
    if "(" in name:
        raise InvalidValueError(f"{raw!r} is on columns, which is not managed", "Grant it on the table")
    if name not in LEVELS:
        hint = nearest(name, LEVELS, "Write one like SELECT")
        raise InvalidValueError(f"{raw!r} is not a privilege of MySQL's", hint)
    return name


def on_column(name: str, column: str) -> str:
    """Return a privilege on a column, which is kept among those on the table."""
    return f"{name} ({quoted(column)})"


def static_at(level: Level) -> frozenset[str]:
    """Return every static privilege there is at a level, the grant option included."""
    return frozenset(name for name, narrowest in STATIC.items() if narrowest >= level) | {GRANT_OPTION}


def columns_at(level: Level) -> dict[str, str]:
    """Return the privileges at a level by their columns in mysql.user (the whole server) or mysql.db (a database)."""
    return {_COLUMNS.get(name, name.replace(" ", "_").capitalize() + "_priv"): name for name in static_at(level)}


def refusal(name: str, level: Level, database: str | None) -> tuple[str, str] | None:
    """Return why a privilege is not granted at a level, and what to do instead; None if it may be."""
    if LEVELS[name] < level:
        leave = "table" if LEVELS[name] is Level.DATABASE else "database"
        return f"{name} is not granted on {level.words}", f"Put it into a grant without {leave}"
    if level is Level.GLOBAL and name in WRITING:
        wrong = f"{name} on the whole server is on mysql.user too, and so on root's account"
        return wrong, f'Grant it on each database by name, like {{"database": "app", "privileges": ["{name}"]}}'
    if database is not None and name not in READABLE.get(database, {name}):
        allowed = " and ".join(sorted(READABLE[database]))
        return f"{name} on {database} is more than reading the server's own schema", f"Grant {allowed} there"
    return None


def _no_star(instead: str) -> Check:
    def check(raw: object) -> str:
        if raw == "*":
            raise InvalidValueError("is '*'", instead)
        return identifier(raw)

    return check


@dataclass(frozen=True)
class GrantSpec:
    """Privileges at one level: on the whole server, on a database, or on a table (MySQL manual, "GRANT Statement")."""

    privileges: tuple[str, ...] = checked(privilege)
    """("ALL",) for all that the level has."""
    database: str | None = checked(_no_star("Leave it out for the whole server"), default=None)
    """None for the whole server."""
    table: str | None = checked(_no_star("Leave it out for all tables of the database"), default=None)
    """None for all tables of the database."""
    grant_option: bool = checked(flag, default=False)
    """Whether they may be granted on."""

    @property
    def names(self) -> frozenset[str]:
        """The privileges as MySQL shows them."""
        return frozenset(self.privileges)

    @property
    def level(self) -> Level:
        """What they are granted on."""
        return level_of(self.database, self.table)

    @property
    def target(self) -> str:
        """The target in words: *.*, app.*, app.orders."""
        return f"{self.database or '*'}.{self.table or '*'}"

    def faults(self) -> Iterator[SpecFault]:
        """Yield what does not go together."""
        if not self.privileges:
            yield SpecFault("privileges", "is empty", "Name at least one, or leave the grant out")
        if ALL in self.names and len(self.names) > 1:
            yield SpecFault("privileges", "has others beside ALL", "Leave them out, or ALL")
        needs = ("database", "table")
        if self.table is not None and self.database is None:
            yield SpecFault("table", "is there without database", "Name the table's database too", needs)
            return
        if self.database == "information_schema":
            wrong = "is information_schema, of which everyone sees what is granted to them"
            yield SpecFault("database", wrong, "Leave the grant out", needs)
            return
        length = len(pattern_of(self.database or ""))
        if self.level is Level.DATABASE and length > IDENTIFIER_LENGTH:
            wrong = f"has {length} characters once \\ stands before each _, % and \\, as GRANT needs it"
            hint = f"MySQL allows {IDENTIFIER_LENGTH}: grant on its tables one by one, or rename it"
            yield SpecFault("database", wrong, hint, needs)
        for name in self.privileges:
            if refused := refusal(name, self.level, self.database):
                yield SpecFault("privileges", *refused, needs)

    @property
    def is_on_system_schema(self) -> bool:
        """Whether it is on one of the server's own schemas."""
        return self.database in READABLE


@dataclass(frozen=True, order=True)
class Target:
    """What static privileges are granted on.

    The database is as MySQL keeps it: of a whole database the pattern, of a table the name, of all of them nothing.
    """

    database: str = ""
    name: str = ""
    """The table's or the routine's."""
    kind: str = ""
    """FUNCTION or PROCEDURE."""

    @property
    def sql(self) -> str:
        """What follows ON."""
        if not self.database:
            return "*.*"
        return f"{self.kind} {quoted(self.database)}.{quoted(self.name) if self.name else '*'}".lstrip()

    @property
    def words(self) -> str:
        """The target for people."""
        database = self.database if self.name else database_of(self.database)
        return f"{self.kind.lower()} {database or self.database or '*'}.{self.name or '*'}".lstrip()

    @property
    def all(self) -> frozenset[str]:
        """Every static privilege there is on it, the grant option included; of a table none on its columns."""
        return ON_ROUTINE if self.kind else static_at(level_of(self.database, self.name))


EVERYWHERE = Target()


@dataclass(frozen=True)
class Privileges:
    """An account's: static ones by target, and dynamic ones, each with whether it may be granted on."""

    static: Mapping[Target, frozenset[str]] = field(default_factory=dict)
    dynamic: Mapping[str, bool] = field(default_factory=dict)

    def on(self, target: Target) -> frozenset[str]:
        """Return the static ones on a target."""
        return self.static.get(target, frozenset())
