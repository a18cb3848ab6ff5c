"""Grants of a MySQL user or role: as components take them, as a preview shows them, as the host script reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict


class GrantArgs(TypedDict):
    """Privileges on one target (MySQL manual, "GRANT Statement")."""

    privileges: Sequence[str]
    """Privileges in upper case; ["ALL"] for all that the level has."""
    database: NotRequired[str | None]
    """Without it: the global level."""
    table: NotRequired[str | None]
    """Without it: the whole database."""
    grant_option: NotRequired[bool]
    """Whether they may be handed on."""


def shown(grants: Sequence[GrantArgs]) -> dict[str, str]:
    """Return privileges as text by target, so that a preview names the grant that changes."""
    return {_target(grant): _privileges(grant) for grant in grants}


def document(grants: Sequence[GrantArgs]) -> list[dict[str, Any]]:
    """Return what accounts.py reads."""
    return [
        {
            "privileges": list(grant["privileges"]),
            "database": grant.get("database"),
            "table": grant.get("table"),
            "grant_option": grant.get("grant_option", False),
        }
        for grant in grants
    ]


def databases(grants: Sequence[GrantArgs]) -> set[str]:
    """Return the databases that these grants make visible."""
    return {database for grant in grants if (database := grant.get("database"))}


def _target(grant: GrantArgs) -> str:
    return f"{grant.get('database') or '*'}.{grant.get('table') or '*'}"


def _privileges(grant: GrantArgs) -> str:
    return ", ".join(sorted(grant["privileges"])) + (" WITH GRANT OPTION" if grant.get("grant_option") else "")
