"""The accounts on a stack's server, as the host agent lists them: read there, never assumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from scripts.endpoint import SERVER
from scripts.host_agent import ask
from scripts.ssh import Ssh
from scripts.stack import OperatorError


class Account(TypedDict):
    """A MySQL user."""

    key: str | None
    """The user's key in the stack's config; None: the stack does not manage it."""
    account: str
    plugin: str
    grants: list[str]
    roles: list[str]
    attributes: dict[str, str]
    """What is not at its default, such as REQUIRE and resource limits, in words."""
    locked: bool
    generation: int | None
    password_changed: str | None
    old_password_accepted: bool
    comment: str | None


class Accounts(TypedDict):
    """All of a server's that are not its own."""

    users: list[Account]
    roles: list[dict[str, Any]]


def list_accounts(ssh: Ssh) -> Accounts:
    """Return the server's accounts.

    Raises:
        OperatorError: the server cannot be reached, or MySQL does not answer.
    """
    accounts: Accounts = ask(ssh, SERVER, "accounts list")
    return accounts


def account_of(ssh: Ssh, user: str) -> Account:
    """Return the account of a user of the stack, by the user's key.

    Raises:
        OperatorError: the server has none, or see list_accounts.
    """
    accounts = {account["key"]: account for account in list_accounts(ssh)["users"] if account["key"]}
    if user not in accounts:
        raise OperatorError(
            f"the server has no user {user!r} of stack {ssh.access.stack!r}; it has {_names(accounts)}. "
            "If the user is in the config, run `pulumi up` first"
        )
    return accounts[user]


def entry_of(output: Mapping[str, str], user: str, stack: str) -> str:
    """Return a user's entry of an output that is a table by user key.

    Raises:
        OperatorError: there is none.
    """
    if user not in output:
        raise OperatorError(f"stack {stack!r} has no user {user!r}; it has {_names(output)}")
    return output[user]


def _names(table: Mapping[Any, object]) -> str:
    return ", ".join(sorted(table)) or "none"
