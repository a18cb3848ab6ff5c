"""What a MySQL user may do, in a word or two: the kind of access, not the list of its privileges."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

READS = {"SELECT", "SHOW VIEW", "SHOW DATABASES"}
WRITES = READS | {"INSERT", "UPDATE", "DELETE", "EXECUTE", "LOCK TABLES", "CREATE TEMPORARY TABLES"}
ALTERS = WRITES | {
    "ALTER", "ALTER ROUTINE", "CREATE", "CREATE ROUTINE", "CREATE VIEW", "DROP", "EVENT", "INDEX", "REFERENCES",
    "TRIGGER",
}  # fmt: skip
GRANT_OPTION = " WITH GRANT OPTION"


def words(grants: Mapping[str, str], roles: Sequence[str]) -> str:
    """Return it.

    Args:
        grants: privileges as text by target, as components.mysql_grants.shown has them.
        roles: names of roles.
    """
    by_kind: dict[str, list[str]] = {}
    for target, privileges in sorted(grants.items()):
        by_kind.setdefault(_kind(privileges), []).append(_place(target))
    found = [f"{kind} {', '.join(places)}" for kind, places in by_kind.items() if kind]
    found += [f"role {name}" for name in roles]
    return "; ".join(found) or "nothing granted"


def _kind(privileges: str) -> str:
    plain = re.sub(r"\([^)]*\)", "", privileges.removesuffix(GRANT_OPTION))  # without columns
    held = {word.strip() for word in plain.split(",")} - {"USAGE", ""}
    hands_on = privileges.endswith(GRANT_OPTION)
    if not held:
        return "hands on" if hands_on else ""
    kind = next((word for word, most in KINDS if held <= most), "administers")
    return f"{kind} and hands on" if hands_on else kind


KINDS = (("all of", {"ALL", "ALL PRIVILEGES"}), ("reads", READS), ("writes", WRITES), ("alters", ALTERS))
"""What a set of privileges is called that has none beyond these; the first that fits."""


def _place(target: str) -> str:
    if target == "*.*":
        return "the server"
    return target.removesuffix(".*")
