"""Config of grants: which privileges, on the whole server, on a database or on a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from stack_config.faults import BadValueError
from stack_config.model import DatabaseConfig, Grant
from stack_config.names import LONGEST_IDENTIFIER, identifier
from stack_config.privileges import ALL, Level, nowhere_at, privilege
from stack_config.protected import READABLE, refusal
from stack_config.reader import Reader, as_list, flag, nearest

EXAMPLE = 'Write a list like [{"database": "app", "privileges": ["SELECT", "INSERT"]}]'


def pattern(database: str) -> str:
    """Return a database's name as a pattern that matches no other (MySQL manual, "GRANT Statement")."""
    return re.sub(r"([\\_%])", r"\\\1", database)


def _named(instead: str) -> Callable[[Any], str]:
    """Return a converter to a name; GRANT's word for all is none."""

    def convert(raw: Any) -> str:
        if raw == "*":
            raise BadValueError("is '*'", instead)
        return identifier(raw)

    return convert


def grants(raw: Any) -> list[Any]:
    """Return a list of grants as they are."""
    return as_list(raw, EXAMPLE)


FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "privileges": lambda raw: as_list(raw, 'Write a list like ["SELECT", "INSERT"]'),
    "database": _named("Leave it out for the whole server"),
    "table": _named("Leave it out for all tables of the database"),
    "grantOption": flag,
}


def read_grants(
    reader: Reader, key: str, raw: Collection[Any], databases: Mapping[str, DatabaseConfig] | None
) -> tuple[Grant, ...]:
    """Return the grants of one user or role.

    Args:
        reader: takes the faults.
        key: of the list.
        raw: the list's entries.
        databases: those of config; None if they are not known.
    """
    found = tuple(_grant(reader, f"{key}[{index}]", entry, databases) for index, entry in enumerate(raw))
    first: dict[tuple[str | None, str | None], int] = {}
    for index, grant in enumerate(found):
        target = (grant.database, grant.table)
        if _target_known(reader, f"{key}[{index}]") and first.setdefault(target, index) != index:
            other = f"{key}[{first[target]}]"
            reader.note(f"{key}[{index}]", f"is on the same as {other}", "Put the privileges of both into one")
    return found


def _target_known(reader: Reader, key: str) -> bool:
    return reader.well_read(f"{key}.database", f"{key}.table")


def _grant(reader: Reader, key: str, raw: object, databases: Mapping[str, DatabaseConfig] | None) -> Grant:
    fields = reader.fields(key, raw, FIELDS, ["privileges"], EXAMPLE)
    listed = fields.get("privileges", [])
    named = set(reader.entries(f"{key}.privileges", listed, privilege))
    found = Grant(tuple(sorted(named)), fields.get("database"), fields.get("table"), fields.get("grantOption", False))
    if not listed and reader.well_read(f"{key}.privileges"):
        reader.note(f"{key}.privileges", "is empty", "Name at least one, or leave the grant out")
    if ALL in named and len(named) > 1:
        reader.note(f"{key}.privileges", "has others beside ALL", "Leave them out, or ALL")
    if _target_known(reader, key):
        _check_target(reader, key, found, databases)
    return found


def _check_target(reader: Reader, key: str, grant: Grant, databases: Mapping[str, DatabaseConfig] | None) -> None:
    """Note what a grant may not be on, and privileges that are not granted there."""
    if grant.table is not None and grant.database is None:
        reader.note(f"{key}.table", "is there without database", "Name the table's database too")
        return
    if grant.database is not None and not _check_database(reader, f"{key}.database", grant.database, databases):
        return
    if grant.database is not None and grant.table is None and len(pattern(grant.database)) > LONGEST_IDENTIFIER:
        reader.note(
            f"{key}.database",
            f"has {len(pattern(grant.database))} characters once \\ stands before each _, % and \\, as GRANT needs it",
            f"MySQL allows {LONGEST_IDENTIFIER}: grant on its tables one by one, or rename it",
        )
    level = Level.TABLE if grant.table is not None else Level.DATABASE if grant.database is not None else Level.GLOBAL
    for name in grant.privileges:
        if nowhere_at(name, level):
            leave = "table" if not nowhere_at(name, Level.DATABASE) else "database"
            wrong = f"{name} is not granted on {level.words}"
            reader.note(f"{key}.privileges", wrong, f"Put it into a grant without {leave}")
        elif refused := refusal(name, level, grant.database):
            reader.note(f"{key}.privileges", *refused)


def _check_database(reader: Reader, key: str, name: str, databases: Mapping[str, DatabaseConfig] | None) -> bool:
    """Return whether a grant on a database may be looked at further; note one that is not there."""
    if name == "information_schema":
        reader.note(key, "is information_schema, of which everyone sees what is granted to them", "Leave the grant out")
        return False
    if name not in READABLE and databases is not None:
        check_there(reader, key, name, databases)
    return True


def check_there(reader: Reader, key: str, name: str, databases: Mapping[str, DatabaseConfig]) -> bool:
    """Return whether a database is in config and stays; note one that is not."""
    if name not in databases:
        reader.note(key, f"{name!r} is not in databases", nearest(name, databases, "Put it there"))
    elif databases[name].drop:
        reader.note(key, f"{name!r} is dropped", "Leave this out, or drop of the database")
    else:
        return True
    return False
