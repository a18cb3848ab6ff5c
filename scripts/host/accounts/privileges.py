"""MySQL's privileges, the levels at which there are any of each, and those that nobody may be granted.

Nobody gets a way to root@localhost, by which the program manages every account. Which privileges one version has is for
the server to say. PROXY, which is a privilege on an account, is not managed here.

Source: MySQL manual, "Privileges Provided by MySQL" (of 8.0, 8.4 and 9.7), "Grant Tables" and "Account Categories".
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from scripts.host.accounts.names import quoted
from scripts.host.common.checks import InvalidValueError, nearest

ALL = "ALL"
GRANT_OPTION = "GRANT OPTION"
"""Granted with a static privilege, it is one of them; each dynamic one has its own."""


class Level(IntEnum):
    """What a grant is on, from the broadest to the narrowest."""

    GLOBAL = 1
    DATABASE = 2
    TABLE = 3
    ROUTINE = 4
    COLUMN = 5

    @property
    def words(self) -> str:
        """What stands in a text."""
        return ("the whole server", "a database", "a table", "a routine", "columns")[self - 1]


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
NARROW: Mapping[Level, frozenset[str]] = {
    Level.ROUTINE: frozenset({ALL, "ALTER ROUTINE", "EXECUTE"}),
    Level.COLUMN: frozenset({"INSERT", "REFERENCES", "SELECT", "UPDATE"}),
}
"""All that there are where only some are."""
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
        raise InvalidValueError(f"{raw!r} names columns", 'Name them in the grant: {"columns": ["id"]}')
    if name not in LEVELS:
        hint = nearest(name, LEVELS, "Write one like SELECT")
        raise InvalidValueError(f"{raw!r} is not a privilege of MySQL's", hint)
    return name


def on_column(name: str, column: str) -> str:
    """Return a privilege on a column, which is kept among those on the table."""
    return f"{name} ({quoted(column)})"


def at(level: Level) -> frozenset[str]:
    """Return every privilege that may be said of a level."""
    return NARROW.get(level) or frozenset(name for name, narrowest in LEVELS.items() if narrowest >= level)


def static_at(level: Level) -> frozenset[str]:
    """Return every static privilege there is at a level, the grant option included."""
    return at(level) & STATIC.keys() | {GRANT_OPTION}


def columns_at(level: Level) -> dict[str, str]:
    """Return the privileges at a level by their columns in mysql.user (the whole server) or mysql.db (a database)."""
    return {_COLUMNS.get(name, name.replace(" ", "_").capitalize() + "_priv"): name for name in static_at(level)}


def refusal(name: str, level: Level, database: str | None) -> tuple[str, str] | None:
    """Return why a privilege is not granted at a level, and what to do instead; None if it may be."""
    if level in NARROW and name not in NARROW[level]:
        return f"{name} is not granted on {level.words}", f"Choose from {', '.join(sorted(NARROW[level]))}"
    if name not in at(level):
        leave = "table" if LEVELS[name] is Level.DATABASE else "database"
        return f"{name} is not granted on {level.words}", f"Put it into a grant without {leave}"
    if level is Level.GLOBAL and name in WRITING:
        wrong = f"{name} on the whole server is on mysql.user too, and so on root's account"
        return wrong, f'Grant it on each database by name, like {{"database": "app", "privileges": ["{name}"]}}'
    # With lower_case_table_names = 1 MySQL takes its schemas' names in capitals too.
    schema = (database or "").lower()
    if name not in READABLE.get(schema, {name}):
        allowed = " and ".join(sorted(READABLE[schema]))
        return f"{name} on {database} is more than reading the server's own schema", f"Grant {allowed} there"
    return None
