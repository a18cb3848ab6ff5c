"""The accounts on a stack's server, as scripts/host/accounts.py tells them: read there, never assumed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypedDict

from scripts.ssh import Ssh
from scripts.stack import OperatorError
from scripts.state import SERVER

TOOLS = "/usr/local/lib/mysql-pair/current"


class Account(TypedDict):
    """A MySQL user; `key` is what the stack calls it, None of one that the stack did not make."""

    key: str | None
    account: str
    plugin: str
    grants: list[str]
    roles: list[str]
    locked: bool
    generation: int | None
    password_changed: str | None
    old_password_accepted: bool
    comment: str | None


def as_root(file: str, *words: str) -> list[str]:
    """Return the argv that runs a file of the host's tools as root, and leaves nothing behind."""
    return ["sudo", "-n", "python3", "-B", f"{TOOLS}/{file}", *words]


def listed(ssh: Ssh) -> dict[str, Any]:
    """Return what `accounts.py list` prints on the server.

    Raises:
        OperatorError: the server cannot be reached, or MySQL does not answer.
    """
    done = ssh.captured(SERVER, as_root("accounts.py", "list"))
    if done.returncode != 0:
        raise OperatorError(f"the server cannot tell its accounts: {done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def account_of(ssh: Ssh, user: str) -> Account:
    """Return the account that the stack calls by this key.

    Raises:
        OperatorError: there is none, or see listed.
    """
    accounts: Sequence[Account] = listed(ssh)["users"]
    found = {account["key"]: account for account in accounts if account["key"]}
    if user not in found:
        there = ", ".join(sorted(filter(None, found))) or "none"
        raise OperatorError(
            f"no user {user!r} of stack {ssh.access.stack!r} is on the server; there: {there}. If it is in the "
            "config, run `pulumi up` first"
        )
    return found[user]


def entry_of(stack_table: dict[str, str], user: str, stack: str) -> str:
    """Return a user's entry of an output that is a table by user key.

    Raises:
        OperatorError: there is none.
    """
    if user not in stack_table:
        there = ", ".join(sorted(stack_table)) or "none"
        raise OperatorError(f"stack {stack!r} has no user {user!r}; it has {there}")
    return stack_table[user]
