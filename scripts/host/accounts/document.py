"""The document that accounts.py reads: the databases, roles and users that there are to be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.host.accounts.sql import ROLE_HOST, Account, literal
from scripts.host.common.errors import HostError


@dataclass(frozen=True)
class Grant:
    """Privileges at one level: everywhere without a database, on a whole database without a table."""

    privileges: tuple[str, ...]
    database: str | None
    table: str | None
    grant_option: bool


@dataclass(frozen=True)
class Database:
    """A database; without a collation it has its charset's default one."""

    name: str
    charset: str
    collation: str | None
    drop: bool


@dataclass(frozen=True)
class Role:
    """A role, known by its key."""

    key: str
    account: Account
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class User:
    """A user, known by its key. Its roles are names."""

    key: str
    account: Account
    plugin: str
    password: str
    generation: int
    finished_generation: int
    grants: tuple[Grant, ...]
    roles: tuple[str, ...]
    default_roles: tuple[str, ...]
    locked: bool
    password_lifetime_days: int | None
    """None: the server's own rule. 0: never expires."""
    comment: str | None
    adopt: bool


@dataclass(frozen=True)
class Document:
    """All of it."""

    databases: tuple[Database, ...]
    roles: tuple[Role, ...]
    users: tuple[User, ...]

    def without_secrets(self, text: str) -> str:
        """Return what MySQL said with *** for every password in it."""
        forms = {form for user in self.users for form in (user.password, literal(user.password)[1:-1]) if form}
        longest_first = sorted(forms, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, longest_first)), "***", text) if forms else text


def parse(document: Any) -> Document:
    """Return the document, typed.

    Raises:
        HostError: a field is missing.
    """
    try:
        return Document(
            tuple(Database(**_only(row, Database)) for row in document["databases"]),
            tuple(_role(row) for row in document["roles"]),
            tuple(_user(row) for row in document["users"]),
        )
    except KeyError as error:
        raise HostError(f"the document has no field {error}") from error
    except (TypeError, AttributeError) as error:
        # Its own words might quote a value.
        raise HostError("the document is not of the form that accounts.py reads") from error


def _only(row: Mapping[str, Any], kind: type) -> dict[str, Any]:
    return {name: row[name] for name in kind.__dataclass_fields__}  # type: ignore[attr-defined]  # a dataclass


def _role(row: Mapping[str, Any]) -> Role:
    return Role(row["key"], Account(row["name"], ROLE_HOST), _grants(row))


def _user(row: Mapping[str, Any]) -> User:
    return User(
        key=row["key"],
        account=Account(row["name"], row["host"].lower()),
        plugin=row["plugin"],
        password=row["password"],
        generation=int(row["generation"]),
        finished_generation=int(row["finished_generation"]),
        grants=_grants(row),
        roles=tuple(row["roles"]),
        default_roles=tuple(row["default_roles"]),
        locked=row["locked"],
        password_lifetime_days=row["password_lifetime_days"],
        comment=row["comment"],
        adopt=row["adopt"],
    )


def _grants(row: Mapping[str, Any]) -> tuple[Grant, ...]:
    return tuple(
        Grant(
            tuple(privilege.upper() for privilege in grant["privileges"]),
            grant["database"],
            grant["table"],
            grant["grant_option"],
        )
        for grant in row["grants"]
    )
