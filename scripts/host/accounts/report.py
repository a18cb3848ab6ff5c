"""Every account there is, for people: this program's own ones first, without those that the server has for itself."""

from __future__ import annotations

from typing import Any

from scripts.host.accounts.current import Found, State
from scripts.host.accounts.grants import Privileges, dynamic_words, words


def listed(state: State) -> dict[str, Any]:
    """Return users and roles, as JSON can say them."""
    found = [it for it in state.accounts.values() if not it.is_servers_own]
    held = {role for it in state.accounts.values() for role in it.roles}
    roles = [it for it in found if it.role_key or (not it.user_key and it.is_like_a_role and it.account in held)]
    users = [it for it in found if it not in roles]
    return {
        "users": [_user(it, state) for it in sorted(users, key=lambda it: (it.user_key is None, it.user_key or ""))],
        "roles": [
            {"key": it.role_key, "account": it.account.sql, "grants": _grants(it.privileges, state)}
            for it in sorted(roles, key=lambda it: (it.role_key is None, it.role_key or ""))
        ],
    }


def _user(it: Found, state: State) -> dict[str, Any]:
    return {
        "key": it.user_key,
        "account": it.account.sql,
        "plugin": it.plugin,
        "grants": _grants(it.privileges, state),
        "roles": sorted(role.name for role in it.roles),
        "locked": it.locked,
        "generation": it.generation,
        "password_changed": it.changed.isoformat() + "Z" if it.changed else None,
        "old_password_accepted": it.old_password,
        "comment": it.comment if isinstance(it.comment, str) else None,
    }


def _grants(privileges: Privileges, state: State) -> list[str]:
    """Return privileges by level: `INSERT, SELECT ON app.*`, ` WITH GRANT OPTION` behind it."""
    lines = []
    for level in sorted(privileges.static, key=lambda level: (level.database, level.table)):
        plain, _, option = words(level, privileges.static[level]).partition(" WITH ")
        lines.append(f"{plain} ON {level.words}" + (f" WITH {option}" if option else ""))
    if privileges.dynamic:
        lines.append(f"{dynamic_words(privileges.dynamic, state.dynamic)} ON *.*")
    return lines
