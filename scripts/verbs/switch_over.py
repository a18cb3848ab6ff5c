"""`switch-over`: another server of the group takes the writes from now on."""

from typing import Annotated

import typer

from scripts.group import KEY_SECONDS, change, require_group
from scripts.ssh import logins
from scripts.stack import OperatorError, Stack
from scripts.verbs import DEFAULT_STACK, StackName

To = Annotated[
    str | None, typer.Argument(metavar="[MEMBER]", help="The new primary.", show_default="the group's choice")
]


def switch_over(member: To = None, stack: StackName = DEFAULT_STACK) -> None:
    """Have another server of the group take the writes, as before work on the one that does.

    Transactions that are under way end first, and no write is lost; clients' connections for writing are made anew, to
    the new primary. An `up`, an `upgrade` and a restart of a primary's MySQL do this by themselves.
    """
    with logins(Stack(stack), key_seconds=KEY_SECONDS) as ssh:
        group = require_group(ssh)
        primary = group.require_primary()
        if member and member not in group.names:
            raise OperatorError(f"stack {stack!r} has no server {member!r}; it has {', '.join(group.names)}")
        if member == primary:
            print(f"{primary} is the primary already")
            return
        if member in group.not_online:
            raise OperatorError(f"{member} is not ONLINE: `status` tells what to do. Nothing was changed")
        if not member and group.not_online == [name for name in group.names if name != primary]:
            raise OperatorError("no other server is ONLINE: `status` tells what to do. Nothing was changed")
        told = change(ssh, primary, "switch-over", address=group.members[member].address if member else "")
    now = next((it.name for it in group.members.values() if it.address == told["primary"]), told["primary"])
    print(f"{now} is the primary; {primary} was")
