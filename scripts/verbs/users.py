"""`users`: who may log in to the server, with what, and how old the passwords are."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence

from scripts.accounts import Account, listed
from scripts.ssh import logins
from scripts.stack import Stack
from scripts.table import table
from scripts.verb import JSON, Verb

HEAD = ("USER", "ACCOUNT", "GRANTS AND ROLES", "PASSWORD OF", "GENERATION", "OLD ONE", "LOCKED")
UNMANAGED = "(unmanaged)"


def run(stack: Stack, arguments: Namespace, _behind: Sequence[str]) -> int:
    """Print them; return 0."""
    with logins(stack) as ssh:
        found = listed(ssh)
    if arguments.json:
        print(json.dumps(found, indent=2))
        return 0
    accounts = sorted(found["users"], key=lambda account: account["key"] is None)
    print(table(HEAD, [row(account) for account in accounts]) if accounts else "there is no user")
    return 0


def row(account: Account) -> list[str]:
    """Return a line of the table."""
    grants = [*account["grants"], *(f"role {name}" for name in account["roles"])]
    return [
        account["key"] or UNMANAGED,
        account["account"],
        "\n".join(line.replace("\n", "\\n") for line in grants) or "-",
        account["password_changed"] or "-",
        str(account["generation"] or "-"),
        "accepted" if account["old_password_accepted"] else "-",
        "locked" if account["locked"] else "-",
    ]


VERB = Verb(
    name="users",
    help="list the server's users, grants and passwords' age",
    description="Asks the server. An old password is still accepted between `rotate` and `finish-rotation`. Users that "
    "the stack did not make come last; the server's own are left out.",
    arguments=[JSON],
    run=run,
)
