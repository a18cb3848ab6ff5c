"""What a MySQL user may do, in a word or two: the kind of access, not the list of its privileges."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

READS = {"SELECT", "SHOW VIEW", "SHOW DATABASES"}
WRITES = READS | {"INSERT", "UPDATE", "DELETE", "EXECUTE", "LOCK TABLES", "CREATE TEMPORARY TABLES"}
ALTERS = WRITES | {
    "ALTER", "ALTER ROUTINE", "CREATE", "CREATE ROUTINE", "CREATE VIEW", "DROP", "EVENT", "INDEX", "REFERENCES",
    "TRIGGER",
}  # fmt: skip
KINDS = (("all of", {"ALL", "ALL PRIVILEGES"}), ("reads", READS), ("writes", WRITES), ("alters", ALTERS))
"""What a set of privileges is called that has none beyond these; the first that fits."""


def words(grants: Mapping[str, Mapping[str, Any]], roles: Sequence[str]) -> str:
    """Return it.

    Args:
        grants: grants by target, as components.mysql.accounts.described has them.
        roles: names of roles.
    """
    by_kind: dict[str, list[str]] = {}
    for target, grant in sorted(grants.items()):
        kind = _kind(grant.get("privileges") or [], grant.get("grant_option") is True)
        by_kind.setdefault(kind, []).append("the server" if target == "*.*" else target.removesuffix(".*"))
    parts = [f"{kind} {', '.join(places)}" for kind, places in by_kind.items() if kind]
    parts += [f"role {name}" for name in roles]
    return "; ".join(parts) or "nothing granted"


def _kind(privileges: Sequence[str], hands_on: bool) -> str:
    without_columns = {re.sub(r"\(.*\)", "", str(privilege)).strip() for privilege in privileges}
    held = without_columns - {"USAGE"}
    if not held:
        return "hands on" if hands_on else ""
    kind = next((word for word, most in KINDS if held <= most), "administers")
    return f"{kind} and hands on" if hands_on else kind
