"""Privileges by level: as the columns of MySQL's grant tables, as a document's grants, and as SQL text.

MySQL manual, "Privileges Provided by MySQL" (which exist and at which levels) and "Grant Tables".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from scripts.host.accounts.document import Grant
from scripts.host.accounts.names import pattern_of
from scripts.host.accounts.sql import Account, database_of, identifier

OPTION = "GRANT OPTION"
"""At the static levels it is one of the privileges; of dynamic ones each has its own."""

DATABASE_COLUMNS = {
    "Select_priv": "SELECT",
    "Insert_priv": "INSERT",
    "Update_priv": "UPDATE",
    "Delete_priv": "DELETE",
    "Create_priv": "CREATE",
    "Drop_priv": "DROP",
    "Grant_priv": OPTION,
    "References_priv": "REFERENCES",
    "Index_priv": "INDEX",
    "Alter_priv": "ALTER",
    "Create_tmp_table_priv": "CREATE TEMPORARY TABLES",
    "Lock_tables_priv": "LOCK TABLES",
    "Create_view_priv": "CREATE VIEW",
    "Show_view_priv": "SHOW VIEW",
    "Create_routine_priv": "CREATE ROUTINE",
    "Alter_routine_priv": "ALTER ROUTINE",
    "Execute_priv": "EXECUTE",
    "Event_priv": "EVENT",
    "Trigger_priv": "TRIGGER",
}
"""Of mysql.db."""
GLOBAL_COLUMNS = DATABASE_COLUMNS | {
    "Reload_priv": "RELOAD",
    "Shutdown_priv": "SHUTDOWN",
    "Process_priv": "PROCESS",
    "File_priv": "FILE",
    "Show_db_priv": "SHOW DATABASES",
    "Super_priv": "SUPER",
    "Repl_slave_priv": "REPLICATION SLAVE",
    "Repl_client_priv": "REPLICATION CLIENT",
    "Create_user_priv": "CREATE USER",
    "Create_tablespace_priv": "CREATE TABLESPACE",
    "Create_role_priv": "CREATE ROLE",
    "Drop_role_priv": "DROP ROLE",
}
"""Of mysql.user."""
TABLE_PRIVILEGES = frozenset(
    "SELECT INSERT UPDATE DELETE CREATE DROP REFERENCES INDEX ALTER TRIGGER".split()  # noqa: SIM905  a sentence
) | {"CREATE VIEW", "SHOW VIEW", OPTION}
"""Of mysql.tables_priv."""


@dataclass(frozen=True)
class Level:
    """Where static privileges are granted.

    The database is as MySQL keeps it: of a whole database the pattern, of a table the name, everywhere nothing.
    """

    database: str = ""
    table: str = ""

    @property
    def sql(self) -> str:
        """What follows ON."""
        if not self.database:
            return "*.*"
        return f"{identifier(self.database)}.{identifier(self.table) if self.table else '*'}"

    @property
    def words(self) -> str:
        """It, for people."""
        if self.table:
            return f"{self.database}.{self.table}"
        if not self.database:
            return "*.*"
        return f"{database_of(self.database) or self.database}.*"

    @property
    def all(self) -> frozenset[str]:
        """Every static privilege there is at this level, the grant option included."""
        if self.table:
            return TABLE_PRIVILEGES
        return frozenset((DATABASE_COLUMNS if self.database else GLOBAL_COLUMNS).values())


EVERYWHERE = Level()


@dataclass(frozen=True)
class Privileges:
    """An account's: static ones by level, and dynamic ones, each with whether it may be granted on."""

    static: Mapping[Level, frozenset[str]] = field(default_factory=dict)
    dynamic: Mapping[str, bool] = field(default_factory=dict)


def wanted(grants: Iterable[Grant], known_dynamic: Collection[str], literal_databases: bool) -> Privileges:
    """Return what a document's grants come to.

    Args:
        grants: those of one account; several of one level add up.
        known_dynamic: the dynamic privileges that the server has.
        literal_databases: partial_revokes is on, and _ and % in a database's name match nothing else.
    """
    static: dict[Level, frozenset[str]] = {}
    dynamic: dict[str, bool] = {}
    for grant in grants:
        level = level_of(grant, literal_databases)
        mine, others = _split(grant, level, known_dynamic)
        if mine or not others:
            static[level] = static.get(level, frozenset()) | mine | ({OPTION} if grant.grant_option else frozenset())
        for name in others:
            dynamic[name] = dynamic.get(name, False) or grant.grant_option
    return Privileges({level: names for level, names in static.items() if names}, dynamic)


def unknown(grants: Iterable[Grant], known_dynamic: Collection[str]) -> list[tuple[Level, str]]:
    """Return the privileges that the server does not have at their level."""
    return [
        (level, name)
        for grant in grants
        for level in [level_of(grant, literal_databases=False)]
        for name in grant.privileges
        if name not in level.all | {"ALL", "ALL PRIVILEGES", "USAGE"} and (level.database or name not in known_dynamic)
    ]


def level_of(grant: Grant, literal_databases: bool) -> Level:
    """Return a grant's level."""
    if grant.database is None:
        return EVERYWHERE
    # MySQL knows its own database by its plain name only, and then guards it.
    plain = grant.table is not None or literal_databases or grant.database == "performance_schema"
    return Level(grant.database if plain else pattern_of(grant.database), grant.table or "")


def _split(grant: Grant, level: Level, known_dynamic: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return a grant's static privileges and its dynamic ones; what the server does not have is left out."""
    names = frozenset(grant.privileges)
    if names & {"ALL", "ALL PRIVILEGES"}:
        return level.all - {OPTION}, frozenset() if level.database else frozenset(known_dynamic)
    return names & level.all, frozenset() if level.database else names & frozenset(known_dynamic)


def changes_of_level(level: Level, is_wanted: frozenset[str], found: frozenset[str], account: Account) -> list[str]:
    """Return the statements that make an account's static privileges at a level be the wanted ones."""
    statements = []
    if missing := is_wanted - found:
        # The option alone goes with privileges that are there already.
        names = missing - {OPTION} or is_wanted - {OPTION} or {"USAGE"}
        option = f" WITH {OPTION}" if OPTION in missing else ""
        statements.append(f"GRANT {_listed(names)} ON {level.sql} TO {account.sql}{option}")
    if too_much := found - is_wanted:
        statements.append(f"REVOKE {_listed(too_much)} ON {level.sql} FROM {account.sql}")
    return statements


def changes_everywhere(is_wanted: Privileges, found: Privileges, account: Account) -> list[str]:
    """Return the same for the static and the dynamic privileges that hold everywhere.

    Taking away the static GRANT OPTION takes the dynamic ones' too, but only from the table: mysqld's memory keeps
    them, and no later statement reaches them (seen on 9.7.4). So dynamic privileges that have it go before it does.
    """
    want, have = is_wanted.static.get(EVERYWHERE, frozenset()), found.static.get(EVERYWHERE, frozenset())
    loses_option = OPTION in have - want
    gone = {
        name
        for name, option in found.dynamic.items()
        if name not in is_wanted.dynamic or (option and (loses_option or not is_wanted.dynamic[name]))
    }
    missing = [
        name for name, option in is_wanted.dynamic.items() if name in gone or option > found.dynamic.get(name, -1)
    ]
    statements = [f"REVOKE {_listed(gone)} ON *.* FROM {account.sql}"] if gone else []
    statements += changes_of_level(EVERYWHERE, want, have, account)
    for option, suffix in ((False, ""), (True, f" WITH {OPTION}")):
        if names := [name for name in missing if is_wanted.dynamic[name] is option]:
            statements.append(f"GRANT {_listed(names)} ON *.* TO {account.sql}{suffix}")
    return statements


def words(level: Level, names: frozenset[str]) -> str:
    """Return static privileges for people: `INSERT, SELECT`, `ALL WITH GRANT OPTION`, `none`."""
    plain = names - {OPTION}
    text = "ALL" if plain == level.all - {OPTION} else _listed(plain) or ("USAGE" if names else "none")
    return text + (f" WITH {OPTION}" if OPTION in names else "")


def dynamic_words(privileges: Mapping[str, bool], known_dynamic: Collection[str]) -> str:
    """Return dynamic privileges for people."""
    if privileges and privileges.keys() >= set(known_dynamic) and len(set(privileges.values())) == 1:
        return "ALL dynamic ones" + (f" WITH {OPTION}" if all(privileges.values()) else "")
    return ", ".join(name + (f" WITH {OPTION}" if privileges[name] else "") for name in sorted(privileges)) or "none"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
