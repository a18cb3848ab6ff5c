"""Config of databases, roles and users: a table of contents, and what they are to one another."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

from stack_config.databases import read_databases
from stack_config.faults import BadValueError
from stack_config.host_parts import ANYWHERE
from stack_config.model import AccountsConfig, RoleConfig, UserConfig
from stack_config.passwords import read_passwords
from stack_config.reader import Reader, nearest, part
from stack_config.roles import KEY as ROLES
from stack_config.roles import read_roles
from stack_config.users import KEY as USERS
from stack_config.users import Surroundings, raw_users, read_user

PRIMARY, PRIMARY_KEY = "primaryUser", "app"
"""The key of config, and the user that it is by default where there are several."""


def read(reader: Reader, vpc_cidr: IPv4Network | None) -> AccountsConfig:
    """Return who may do what.

    Args:
        reader: the raw values.
        vpc_cidr: where users log in from if nothing else is said; None if it is not known.
    """
    databases = read_databases(reader)
    roles = read_roles(reader, databases)
    raw = raw_users(reader)
    passwords = read_passwords(reader, None if raw is None else raw.keys())
    there = Surroundings(databases, roles, str(vpc_cidr) if vpc_cidr else None)
    users = {key: read_user(reader, key, fields, there, passwords) for key, fields in (raw or {}).items()}
    _check_accounts(reader, roles or {}, users)
    primary = _read_primary(reader, None if raw is None else users)
    return AccountsConfig(
        tuple((databases or {}).values()), tuple((roles or {}).values()), tuple(users.values()), primary
    )


def _check_accounts(reader: Reader, roles: Mapping[str, RoleConfig], users: Mapping[str, UserConfig]) -> None:
    """Note what is one account to MySQL, for which a role is an account too."""
    named = [(part(ROLES, key), role.name, ANYWHERE) for key, role in roles.items()]
    named += [(part(USERS, key), user.name, user.host) for key, user in users.items()]
    first: dict[tuple[str, str], str] = {}
    for key, name, host in named:
        if not host or not reader.well_read(f"{key}.name", f"{key}.host"):
            continue
        if (other := first.setdefault((name, host), key)) != key:
            reader.note(key, f"is the account '{name}'@'{host}', which {other} is too", "Give one another name or host")


def _read_primary(reader: Reader, users: Mapping[str, UserConfig] | None) -> str | None:
    """Return the user that the connection string is for."""
    chosen = reader.read_optional(PRIMARY, functools.partial(_user, users), "")
    if users is None or not reader.well_read(PRIMARY):
        return None
    found = chosen or _default_primary(reader, users)
    if found and users[found].locked:
        reader.note(
            PRIMARY if chosen else f"{part(USERS, found)}.locked",
            f"{found} is locked, and the connection string is for it",
            f"Unlock it, or set {PRIMARY} to another user",
        )
    return found


def _user(users: Mapping[str, UserConfig] | None, raw: Any) -> str:
    if users is not None and raw not in users:
        raise BadValueError(f"{raw!r} is not in users", nearest(str(raw), users, "Name one of them, or none"))
    return str(raw)


def _default_primary(reader: Reader, users: Mapping[str, UserConfig]) -> str | None:
    if len(users) == 1:
        return next(iter(users))
    if users and PRIMARY_KEY not in users:
        reader.note(PRIMARY, "is missing", f"Set it to one of {', '.join(sorted(users))}")
    return PRIMARY_KEY if PRIMARY_KEY in users else None
