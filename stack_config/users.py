"""Config of roles and users: who logs in from where, and what they may do."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any, NamedTuple

from components.checks import BROADEST
from scripts.host.accounts.names import ANYWHERE, account_key, account_name
from scripts.host.accounts.spec import CERTIFICATE_FIELDS, REQUIRE_MODES, GrantSpec, RequireSpec, RoleSpec, UserSpec
from scripts.host.common.checks import InvalidValueError, nearest
from stack_config.databases import Databases, check_database, check_grants
from stack_config.passwords import Passwords
from stack_config.reader import Reader, as_list, part
from stack_config.specs import read_spec

ROLES, USERS = "roles", "users"
ROLE_EXAMPLE = 'Write a table like {"reader": {"grants": [{"database": "app", "privileges": ["SELECT"]}]}}'
USER_EXAMPLE = 'Write a table like {"app": {"grants": [{"database": "app", "privileges": ["ALL"]}]}}'
DEFAULT_USERS: Mapping[str, Any] = {"app": {"grants": [{"database": "app", "privileges": ["ALL"]}]}}
"""As in Pulumi.yaml."""
PRIMARY, PRIMARY_KEY = "primaryUser", "app"
"""The key of config, and the user that it is by default where there are several."""
Roles = Mapping[str, RoleSpec] | None
"""By key, those with a fault too; None if it is not known which there are."""


class Surroundings(NamedTuple):
    """What users refer to."""

    databases: Databases
    roles: Roles
    host: str
    """The host part of a user that has none of its own; empty if it is not known."""
    passwords: Passwords
    vpc: Sequence[IPv4Network]
    """Its ranges; none if it is not known."""


def read_roles(reader: Reader, databases: Databases) -> Roles:
    """Return the roles."""
    raw = reader.raw_table(ROLES, ROLE_EXAMPLE, {})
    return None if raw is None else {key: _role(reader, key, fields, databases) for key, fields in raw.items()}


def _role(reader: Reader, key: str, raw: object, databases: Databases) -> RoleSpec:
    path = part(ROLES, key)
    reader.check(path, key, account_key)
    role = read_spec(reader, path, raw, RoleSpec, ROLE_EXAMPLE, {"key": key}, {"name": key})
    _check_name(reader, path, key, raw)
    return dataclasses.replace(role, grants=check_grants(reader, f"{path}.grants", role.grants, databases))


def _check_name(reader: Reader, path: str, key: str, raw: object) -> None:
    """Look at the key as the name that an account has where config says no other."""
    if not isinstance(raw, dict) or "name" not in raw:
        reader.check(f"{path}.name", key, account_name)


def raw_users(reader: Reader) -> Mapping[str, Any] | None:
    """Return the users by key as they are; None if it is not known which there are."""
    return reader.raw_table(USERS, USER_EXAMPLE, DEFAULT_USERS)


def read_user(reader: Reader, key: str, raw: object, surroundings: Surroundings) -> UserSpec:
    """Return a user, with a fault too: what is concluded from a field has to ask the reader first."""
    path, passwords = part(USERS, key), surroundings.passwords
    reader.check(path, key, account_key)
    read_role_keys = functools.partial(_role_keys, surroundings.roles)
    user = read_spec(
        reader,
        path,
        raw,
        UserSpec,
        USER_EXAMPLE,
        given={
            "key": key,
            "generation": passwords.generations.get(key, 1),
            "finished_generation": passwords.finished.get(key, 0),
        },
        defaults={"name": key, "host": surroundings.host},
        custom={
            "roles": read_role_keys,
            "defaultRoles": read_role_keys,
            "require": _require,
            "password": _refuse_password,
        },
    )
    _check_name(reader, path, key, raw)
    fields = raw if isinstance(raw, dict) else {}
    if isinstance(raw, dict) and "host" not in raw and surroundings.vpc and not surroundings.host:
        ranges = ", ".join(str(network) for network in surroundings.vpc)
        wrong = f"is missing, and no range of /{BROADEST} or narrower has all of the VPC's: {ranges}"
        reader.add_fault(f"{path}.host", wrong, "Write the range that the user's hosts are in")
    grants = check_grants(reader, f"{path}.grants", user.grants, surroundings.databases)
    return dataclasses.replace(
        user,
        grants=grants,
        # A login begins with all of the user's roles if nothing is said.
        default_roles=user.default_roles if "defaultRoles" in fields else user.roles,
        database=_database(reader, path, user, "database" in fields, surroundings),
    )


def _role_keys(roles: Roles, reader: Reader, key: str, raw: object) -> tuple[str, ...] | None:
    """Return keys of roles, each of them once; None if it is no list."""
    listed = reader.convert(key, raw, lambda text: as_list(text, 'Write a list of keys of roles, like ["reader"]'))
    if listed is None:
        return None
    return reader.refuse_repeated(key, reader.entries(key, listed, functools.partial(_role_key, roles)))


def _role_key(roles: Roles, raw: Any) -> str:
    if not isinstance(raw, str) or (roles is not None and raw not in roles):
        raise InvalidValueError(f"{raw!r} is not in roles", nearest(str(raw), roles or (), "Put it there"))
    return raw


def _require(reader: Reader, key: str, raw: object) -> RequireSpec | None:
    """Return what TLS a login needs: a word, or a table of what the client's certificate has to say."""
    words, example = REQUIRE_MODES[:-1], f"a table with {', '.join(CERTIFICATE_FIELDS)}"
    hint = f"Write {', '.join(words)}, or {example}"
    if isinstance(raw, dict) and raw:
        return read_spec(reader, key, raw, RequireSpec, hint, given={"mode": REQUIRE_MODES[-1]})
    if str(raw).upper() in words:
        return RequireSpec(str(raw).upper())
    reader.add_unreadable(key, f"{raw!r} is no requirement", hint)
    return None


def _refuse_password(reader: Reader, key: str, _: object) -> None:
    reader.add_unreadable(
        key, "is no place for a secret", "Remove it, and use `pulumi config set --secret --path userPasswords.KEY`"
    )


def _database(reader: Reader, path: str, user: UserSpec, is_set: bool, surroundings: Surroundings) -> str | None:
    """Return the database of the connection string: the only one that is granted if nothing is said."""
    databases, roles = surroundings.databases, surroundings.roles
    if not is_set:
        granted = {grant.database for grant in user.grants if grant.database in (databases or {})}
        return granted.pop() if len(granted) == 1 else None
    if user.database is None or not check_database(reader, f"{path}.database", user.database, databases):
        return None
    if roles is not None:
        _check_reach(reader, path, user.database, user.grants, [roles[key] for key in user.roles])
    return user.database


def _check_reach(
    reader: Reader, path: str, database: str, grants: Sequence[GrantSpec], roles: Sequence[RoleSpec]
) -> None:
    """Refuse a database that the user's login would be refused for: with nothing granted there it is ERROR 1044."""
    keys = [f"{path}.grants", f"{path}.roles", *(part(ROLES, role.key) for role in roles)]
    everything = [*grants, *(grant for role in roles for grant in role.grants)]
    if reader.is_readable(*keys) and not any(grant.database in (None, database) for grant in everything):
        wrong = f"is {database!r}, and nothing is granted to the user there"
        reader.add_fault(f"{path}.database", wrong, "Name it in one of its grants")


def check_accounts(reader: Reader, roles: Mapping[str, RoleSpec], users: Mapping[str, UserSpec]) -> None:
    """Refuse what is one account to MySQL, for which a role is an account too."""
    named = [(part(ROLES, key), role.name, ANYWHERE) for key, role in roles.items()]
    named += [(part(USERS, key), user.name, user.host) for key, user in users.items()]
    first: dict[tuple[str, str], str] = {}
    for key, name, host in named:
        if not host or not reader.is_readable(f"{key}.name", f"{key}.host"):
            continue
        if (other := first.setdefault((name, host), key)) != key:
            wrong = f"is the account '{name}'@'{host}', which {other} is too"
            reader.add_fault(key, wrong, "Give one another name or host")


def read_primary(reader: Reader, users: Mapping[str, UserSpec] | None) -> str | None:
    """Return the user that the connection string is for; None if there is none, or it cannot be told."""
    chosen = reader.read_optional(PRIMARY, functools.partial(_user_key, users), "")
    if users is None or not reader.is_readable(PRIMARY):
        return None
    primary = chosen or _default_primary(reader, users)
    if primary and users[primary].locked:
        reader.add_fault(
            PRIMARY if chosen else f"{part(USERS, primary)}.locked",
            f"{primary} is locked, and the connection string is for it",
            f"Unlock it, or set {PRIMARY} to another user",
        )
    return primary


def _user_key(users: Mapping[str, UserSpec] | None, raw: Any) -> str:
    if users is not None and raw not in users:
        raise InvalidValueError(f"{raw!r} is not in users", nearest(str(raw), users, "Name one of them, or none"))
    return str(raw)


def _default_primary(reader: Reader, users: Mapping[str, UserSpec]) -> str | None:
    if len(users) == 1:
        return next(iter(users))
    if users and PRIMARY_KEY not in users:
        reader.add_fault(PRIMARY, "is missing", f"Set it to one of {', '.join(sorted(users))}")
    return PRIMARY_KEY if PRIMARY_KEY in users else None
