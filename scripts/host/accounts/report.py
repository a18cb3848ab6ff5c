"""Every account there is, for people: this program's own ones first, without those that the server has for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scripts.host.accounts import attributes
from scripts.host.accounts.current import CurrentAccount, ServerState
from scripts.host.accounts.grants import dynamic_words, words
from scripts.host.accounts.privileges import Privileges


def listed(server: ServerState) -> dict[str, Any]:
    """Return users and roles, as JSON can say them."""
    accounts = [account for account in server.accounts.values() if not account.is_servers_own]
    held = {role for account in server.accounts.values() for role in account.roles}
    roles = [
        account
        for account in accounts
        if account.role_key or (not account.user_key and account.is_like_a_role and account.account in held)
    ]
    users = [account for account in accounts if account not in roles]
    return {
        "users": [_user(account, server) for account in _ordered(users, lambda user: user.user_key)],
        "roles": [
            {"key": account.role_key, "account": account.account.sql, "grants": _grants(account.privileges, server)}
            for account in _ordered(roles, lambda role: role.role_key)
        ],
    }


def _ordered(accounts: list[CurrentAccount], key_of: Callable[[CurrentAccount], str | None]) -> list[CurrentAccount]:
    return sorted(accounts, key=lambda account: (key_of(account) is None, key_of(account) or ""))


def _user(account: CurrentAccount, server: ServerState) -> dict[str, Any]:
    comment = account.attributes.get("comment")
    return {
        "key": account.user_key,
        "account": account.account.sql,
        "plugin": account.plugin,
        "grants": _grants(account.privileges, server),
        "roles": sorted(role.name for role in account.roles),
        "locked": account.attributes["locked"],
        "generation": account.generation,
        "password_changed": account.changed.isoformat() + "Z" if account.changed else None,
        "old_password_accepted": account.old_password,
        "comment": comment if isinstance(comment, str) else None,
        "attributes": attributes.told(account.attributes),
    }


def _grants(privileges: Privileges, server: ServerState) -> list[str]:
    """Return privileges by what they are on: `INSERT, SELECT ON app.*`, ` WITH GRANT OPTION` behind it."""
    lines = []
    for target in sorted(privileges.static, key=lambda target: (target.database, target.table)):
        plain, _, option = words(target, privileges.static[target]).partition(" WITH ")
        lines.append(f"{plain} ON {target.words}" + (f" WITH {option}" if option else ""))
    if privileges.dynamic:
        lines.append(f"{dynamic_words(privileges.dynamic, server.dynamic)} ON *.*")
    return lines
