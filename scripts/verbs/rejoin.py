"""`rejoin`: a server comes back into the group, if need be as a copy of the others."""

from typing import Annotated

import typer

from scripts.group import KEY_SECONDS, RECOVERING, change, require_group
from scripts.host.common.gtids import GtidSet
from scripts.ssh import logins
from scripts.stack import OperatorError, Stack
from scripts.verbs import DEFAULT_STACK, Member, StackName, Yes, confirm

Discard = Annotated[
    bool, typer.Option("--discard", help="Give up what only this server has: its data become a copy of the others'.")
]


def rejoin(member: Member, discard: Discard = False, stack: StackName = DEFAULT_STACK, yes: Yes = False) -> None:
    """Bring a server back into the group.

    A server does so by itself within a minute or two. This is for one that cannot, as it has transactions that the
    group does not have: a write by hand past `super_read_only`, or the last ones of a primary that was lost. They are
    counted; with --discard they are given up, after a question.
    """
    with logins(Stack(stack), key_seconds=KEY_SECONDS) as ssh:
        group = require_group(ssh)
        if member not in group.names:
            raise OperatorError(f"stack {stack!r} has no server {member!r}; it has {', '.join(group.names)}")
        primary = group.require_primary()
        if member not in group.not_online:
            print(f"{member} is in the group, and ONLINE")
            return
        if group.state(member) == RECOVERING and not discard:
            print(f"{member} is on its way into the group: it is RECOVERING")
            return
        if member not in group.facts:
            raise OperatorError(group.silent[member])
        if primary not in group.facts:
            raise OperatorError(group.silent[primary])
        own = GtidSet.parsed(group.facts[member].executed).beyond(GtidSet.parsed(group.facts[primary].executed))
        if own and not discard:
            raise OperatorError(
                f"{member} has {own} transactions that the group does not have: look at them in its binary log, and "
                "give --discard to give them up. Nothing was changed"
            )
        if discard:
            lost = f"{own} transactions that only it has are lost" if own else "has no transaction that the group lacks"
            confirm(f"{member} becomes a copy of the group, and {lost}. Go on?", yes)
        change(ssh, member, "rejoin", discard=discard)
    print(f"{member} has rejoined the group")
