"""Config of users: who logs in from where, and what they may do."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pulumi

from stack_config.faults import BadValueError
from stack_config.grants import check_there, grants, read_grants
from stack_config.host_parts import host_part
from stack_config.model import DatabaseConfig, Grant, RoleConfig, UserConfig
from stack_config.names import account_key, account_name, has_control_characters, identifier
from stack_config.passwords import Passwords
from stack_config.reader import Reader, as_list, flag, nearest, part, whole
from stack_config.roles import KEY as ROLES
from stack_config.roles import name_of

KEY = "users"
EXAMPLE = 'Write a table like {"app": {"grants": [{"database": "app", "privileges": ["ALL"]}]}}'
DEFAULT: Mapping[str, Any] = {"app": {"grants": [{"database": "app", "privileges": ["ALL"]}]}}
"""As in Pulumi.yaml."""
PLUGINS = ("caching_sha2_password", "mysql_native_password", "sha256_password")
"""The default first."""
LONGEST_COMMENT = 512
"""Characters. MySQL has no bound of its own but the packet's."""


def _plugin(raw: Any) -> str:
    if raw not in PLUGINS:
        raise BadValueError(f"{raw!r} is no plugin for passwords", nearest(str(raw), PLUGINS, f"Write {PLUGINS[0]}"))
    return str(raw)


def _comment(raw: Any) -> str:
    if not isinstance(raw, str):
        raise BadValueError(f"{raw!r} is not text", "Write it in quotation marks")
    if len(raw) > LONGEST_COMMENT:
        raise BadValueError(f"has {len(raw)} characters", f"Use at most {LONGEST_COMMENT}")
    if has_control_characters(raw):
        raise BadValueError("has control characters", "Write it on one line")
    return raw


def _role_keys(raw: Any) -> list[Any]:
    return as_list(raw, 'Write a list of keys of roles, like ["reader"]')


def _no_password(_: Any) -> None:
    raise BadValueError(
        "is no place for a secret", "Remove it, and use `pulumi config set --secret --path userPasswords.KEY`"
    )


FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "name": account_name,
    "host": host_part,
    "plugin": _plugin,
    "grants": grants,
    "roles": _role_keys,
    "defaultRoles": _role_keys,
    "locked": flag,
    "passwordLifetimeDays": whole(0, 65535, " days"),
    "comment": _comment,
    "database": identifier,
    "adopt": flag,
    "password": _no_password,
}


class Surroundings(NamedTuple):
    """What users refer to; None where it is not known."""

    databases: Mapping[str, DatabaseConfig] | None
    roles: Mapping[str, RoleConfig] | None
    vpc_cidr: str | None
    """The host part of a user that has none of its own."""


def raw_users(reader: Reader) -> Mapping[str, Any] | None:
    """Return the users by key as they are; None if it is not known which there are."""
    return reader.raw_table(KEY, EXAMPLE, DEFAULT)


def read_user(reader: Reader, key: str, raw: object, there: Surroundings, passwords: Passwords) -> UserConfig:
    """Return a user, with a fault too: what is concluded from a field has to ask the reader first.

    Args:
        reader: takes the faults.
        key: the user's.
        raw: its fields as they are.
        there: what they refer to.
        passwords: those of all users.
    """
    path = part(KEY, key)
    reader.check(path, key, account_key)
    fields = reader.fields(path, raw, FIELDS, [], EXAMPLE)
    granted = read_grants(reader, f"{path}.grants", fields.get("grants", []), there.databases)
    roles = _read_roles(reader, f"{path}.roles", fields.get("roles", []), there.roles)
    secret = passwords.secrets.get(key)
    database = _read_database(reader, f"{path}.database", fields.get("database"), granted, there.databases)
    if "database" in fields and database and there.roles is not None:
        _check_reach(reader, path, database, granted, [there.roles[role] for role in roles])
    return UserConfig(
        key=key,
        name=name_of(reader, path, key, fields.get("name")),
        host=fields.get("host", there.vpc_cidr or ""),
        plugin=fields.get("plugin", PLUGINS[0]),
        grants=granted,
        roles=roles,
        default_roles=_read_default_roles(reader, path, fields, roles),
        locked=fields.get("locked", False),
        password_lifetime_days=fields.get("passwordLifetimeDays"),
        comment=fields.get("comment") or None,
        database=database,
        adopt=fields.get("adopt", False),
        generation=passwords.generations.get(key, 1),
        finished_generation=passwords.finished.get(key, 0),
        password=pulumi.Output.secret(secret) if secret else None,
    )


def _read_roles(reader: Reader, key: str, raw: list[Any], roles: Mapping[str, RoleConfig] | None) -> tuple[str, ...]:
    return _once(reader, key, reader.entries(key, raw, functools.partial(_role, roles)))


def _role(roles: Mapping[str, RoleConfig] | None, raw: Any) -> str:
    if not isinstance(raw, str) or (roles is not None and raw not in roles):
        raise BadValueError(f"{raw!r} is not in roles", nearest(str(raw), roles or (), "Put it there"))
    return raw


def _read_default_roles(
    reader: Reader, path: str, fields: Mapping[str, Any], roles: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the roles that a login begins with: all of the user's if nothing is said."""
    key = f"{path}.defaultRoles"
    if "defaultRoles" not in fields:
        return roles

    def convert(raw: Any) -> str:
        if not isinstance(raw, str) or (raw not in roles and reader.well_read(f"{path}.roles")):
            raise BadValueError(
                f"{raw!r} is not among the user's roles", nearest(str(raw), roles, f"Put it into {path}.roles")
            )
        return raw

    return _once(reader, key, reader.entries(key, fields["defaultRoles"], convert))


def _once(reader: Reader, key: str, found: tuple[str, ...]) -> tuple[str, ...]:
    for name in sorted({name for name in found if found.count(name) > 1}):
        reader.note(key, f"{name} is there twice", "Leave it out once")
    return tuple(dict.fromkeys(found))


def _read_database(
    reader: Reader,
    key: str,
    name: str | None,
    granted: tuple[Grant, ...],
    databases: Mapping[str, DatabaseConfig] | None,
) -> str | None:
    """Return the database of the connection string: the only one that is granted if nothing is said."""
    if name is None:
        named = {grant.database for grant in granted if grant.database in (databases or {})}
        return named.pop() if len(named) == 1 else None
    known = databases is None or check_there(reader, key, name, databases)
    return name if known else None


def _check_reach(
    reader: Reader, path: str, database: str, granted: Sequence[Grant], roles: Sequence[RoleConfig]
) -> None:
    """Note a database that the user's login would be refused for: with nothing granted there it is ERROR 1044."""
    keys = [f"{path}.grants", f"{path}.roles", *(part(ROLES, role.key) for role in roles)]
    everything = [*granted, *(grant for role in roles for grant in role.grants)]
    if reader.well_read(*keys) and not any(grant.database in (None, database) for grant in everything):
        reader.note(
            f"{path}.database",
            f"is {database!r}, and nothing is granted to the user there",
            "Name it in one of its grants",
        )
