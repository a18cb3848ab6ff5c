"""What nobody may be granted: the ways to root@localhost, by which the program manages every account.

Source: MySQL manual, "Grant Tables" and "Account Categories".
"""

from __future__ import annotations

from collections.abc import Mapping

from scripts.host.accounts.privileges import ALL, Level

WRITING = frozenset({ALL, "ALTER", "CREATE", "DELETE", "DROP", "INDEX", "INSERT", "UPDATE"})
"""On the whole server these are on mysql.user too: INDEX drops its primary key. CREATE VIEW and TRIGGER change nothing
there, and what CREATE USER and ROLE_ADMIN may do ends at accounts with SYSTEM_USER, as root's is."""
READABLE: Mapping[str, frozenset[str]] = {
    "mysql": frozenset({"SELECT"}),
    "performance_schema": frozenset({"SELECT"}),
    "sys": frozenset({"SELECT", "EXECUTE"}),
}
"""The server's own schemas, and what may be granted on them."""
REFUSED: Mapping[str, tuple[str, str]] = {
    "SUPER": (
        "makes its holder root's equal",
        "Grant what is needed of it by name, like CONNECTION_ADMIN or SYSTEM_VARIABLES_ADMIN",
    ),
    "SYSTEM_USER": (
        "lets its holder change root's account, by which the accounts are managed",
        "Leave it out: CREATE USER and ROLE_ADMIN do for managing other accounts",
    ),
}
"""Privileges that are refused: why, and what to grant instead."""


def refusal(privilege: str, level: Level, database: str | None) -> tuple[str, str] | None:
    """Return why a privilege is not granted at a level, and what to grant instead; None if it may be."""
    if privilege in REFUSED:
        wrong, mend = REFUSED[privilege]
        return f"{privilege} {wrong}", mend
    if level is Level.GLOBAL and privilege in WRITING:
        wrong = f"{privilege} on the whole server is on mysql.user too, and so on root's account"
        return wrong, f'Grant it on each database by name, like {{"database": "app", "privileges": ["{privilege}"]}}'
    if database is not None and privilege not in READABLE.get(database, {privilege}):
        allowed = " and ".join(sorted(READABLE[database]))
        return f"{privilege} on {database} is more than reading the server's own schema", f"Grant {allowed} there"
    return None
