"""`users`: who may log in to the server, with what, and how old the passwords are."""

import json

from scripts.account_agent import list_accounts
from scripts.host.accounts.listing import ListedUser
from scripts.host.common import codec
from scripts.ssh import logins
from scripts.stack import Stack
from scripts.table import printable, table
from scripts.verbs import DEFAULT_STACK, Json, StackName

HEAD = ("USER", "ACCOUNT", "GRANTS AND ROLES", "ATTRIBUTES", "PASSWORD SET", "GENERATION", "OLD PASSWORD", "LOCKED")
UNMANAGED = "(unmanaged)"
NOTHING = "-"


def users(stack: StackName = DEFAULT_STACK, as_json: Json = False) -> None:
    """List the server's users with their grants, attributes and the age of their passwords.

    The server is asked. Users that the stack does not manage come last, marked as unmanaged; MySQL's own are left out.
    What one of them may do that none of the stack's may is said below the table.
    An old password is still accepted between `rotate` and `finish-rotation`.
    """
    with logins(Stack(stack)) as ssh:
        accounts = list_accounts(ssh)
    if as_json:
        print(json.dumps(codec.as_data(accounts), indent=2))
        return
    rows = [row(user) for user in sorted(accounts.users, key=lambda user: user.key is None)]
    print(table(HEAD, rows) if rows else "there are no users")
    for user in accounts.users:
        if user.beyond:
            print(printable(f"{user.account} may do more than any user of the stack: {'; '.join(user.beyond)}"))


def row(user: ListedUser) -> list[str]:
    """Return a line of the table."""
    return [
        user.key or UNMANAGED,
        user.account,
        _lines([*user.grants, *(f"role {name}" for name in user.roles)]),
        _lines([f"{name}: {value}" for name, value in user.attributes.items()]),
        user.password_changed or NOTHING,
        str(user.generation or NOTHING),
        "accepted" if user.old_password_accepted else NOTHING,
        "locked" if user.locked else NOTHING,
    ]


def _lines(texts: list[str]) -> str:
    """Return texts as lines of a cell; a line break in a name does not make a line."""
    return "\n".join(text.replace("\n", "\\n") for text in texts) or NOTHING
