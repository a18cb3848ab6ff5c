"""Config of the databases, and what grants say of them."""

import dataclasses
from collections.abc import Mapping

from scripts.host.accounts.names import database_name
from scripts.host.accounts.spec import DatabaseSpec, GrantSpec
from scripts.host.accounts.targets import PLACE
from scripts.host.common.checks import nearest, repeated
from stack_config.reader import Reader, part
from stack_config.specs import read_spec

EXAMPLE = 'Write a table like {"app": {}, "shop": {"charset": "utf8mb4"}}'
Databases = Mapping[str, DatabaseSpec] | None
"""By name, those with a fault too; None if it is not known which there are."""


def read_databases(reader: Reader) -> Databases:
    """Return the databases."""
    table = reader.raw_table("databases", EXAMPLE)
    if table is None:
        return None
    databases = {}
    for name, raw in table.items():
        key = part("databases", name)
        reader.check(key, name, database_name)
        databases[name] = read_spec(reader, key, raw, DatabaseSpec, EXAMPLE, given={"name": name})
    return databases


def check_grants(
    reader: Reader, key: str, grants: tuple[GrantSpec, ...], databases: Databases
) -> tuple[GrantSpec, ...]:
    """Return the grants of one user or role, their privileges in order; `key` is the list's.

    One on a database that is not in config is a fault, and so are two on the same.
    """
    targets = []
    for index, grant in enumerate(grants):
        path = f"{key}[{index}]"
        if not reader.is_readable(*(f"{path}.{field}" for field in PLACE)):
            continue
        if grant.own_database is not None:
            check_database(reader, f"{path}.database", grant.own_database, databases)
        targets.append((path, grant.target))
    for path, _, other in repeated(targets):
        reader.add_fault(path, f"is on the same as {other}", "Put the privileges of both into one")
    return tuple(dataclasses.replace(grant, privileges=tuple(sorted({*grant.privileges}))) for grant in grants)


def check_database(reader: Reader, key: str, name: str, databases: Databases) -> bool:
    """Return whether a database may be referred to: one that is not in config, or is dropped, is a fault."""
    if databases is None:
        return True
    if name not in databases:
        reader.add_fault(key, f"{name!r} is not in databases", nearest(name, databases, "Put it there"))
    elif databases[name].drop:
        reader.add_fault(key, f"{name!r} is dropped", "Leave this out, or drop of the database")
    else:
        return True
    return False
