"""`start-group`: after a full outage the group starts from the server that has every transaction."""

from collections.abc import Sequence
from typing import Annotated

import typer

from scripts.group import KEY_SECONDS, RECOVERING, Group, change, require_group
from scripts.host.common.gtids import GtidSet
from scripts.ssh import Ssh, logins
from scripts.stack import OperatorError, Stack
from scripts.verbs import DEFAULT_STACK, StackName, Yes, confirm

Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="MEMBER", help="Do not wait for this server; may be given several times."),
]


def start_group(stack: StackName = DEFAULT_STACK, without: Without = None, yes: Yes = False) -> None:
    """Start the group again after all servers were down at once.

    MySQL never does so by itself, as no server knows whether another one has more. All of them are asked which
    transactions they have, and the group starts from the one that has all; the others rejoin it then. A server that
    cannot be asked may have transactions that no other has: without it the group starts only if --without names it.
    """
    left_out = without or []
    with logins(Stack(stack), key_seconds=KEY_SECONDS) as ssh:
        group = require_group(ssh)
        _refuse(group, left_out)
        asked = [name for name in group.names if name in group.facts and name not in left_out]
        first = _most_complete(group, asked)
        lost = _told_without(group, left_out, first)
        confirm(
            f"{first} has all transactions{' of those that are asked' if lost else ''}. {lost}Start the group?", yes
        )
        change(ssh, first, "start")
        print(f"{first} has started the group, and is its primary")
        _rejoin(ssh, [name for name in asked if name != first])


def _refuse(group: Group, left_out: Sequence[str]) -> None:
    if unknown := [name for name in left_out if name not in group.names]:
        raise OperatorError(f"there is no server {', '.join(unknown)}; there are {', '.join(group.names)}")
    if group.majority:
        raise OperatorError(f"the group is up, and {group.majority.own} is in it: `rejoin` brings others back")
    for name in group.facts:
        own = group.own(name)
        if own and own.state in ("ONLINE", RECOVERING):
            raise OperatorError(
                f"{name} is still in the group, which lacks a majority: start the others' hosts, or go on without them "
                "by `force-quorum`"
            )
    if missing := [name for name in group.silent if name not in left_out]:
        raise OperatorError(
            "\n".join(group.silent[name] for name in missing)
            + f"\n{', '.join(missing)} may have transactions that no other server has: start the host, or give "
            + " ".join(f"--without {name}" for name in missing)
        )


def _most_complete(group: Group, names: Sequence[str]) -> str:
    """Return the server that has every transaction that any of these has."""
    if not names:
        raise OperatorError("no server is left to start the group from")
    sets = {name: group.facts[name].executed for name in names}
    for name in names:
        if not any(GtidSet.parsed(other).beyond(GtidSet.parsed(sets[name])) for other in sets.values()):
            return name
    lines = [
        f"{name} has {count} transactions that {other} has not"
        for name in names
        for other in names
        if (count := GtidSet.parsed(sets[name]).beyond(GtidSet.parsed(sets[other])))
    ]
    raise OperatorError(
        "\n".join(lines) + "\nno server has all: leave out, by --without, whoever has what may be lost; `rejoin "
        "--discard` brings it back afterwards"
    )


def _told_without(group: Group, left_out: Sequence[str], first: str) -> str:
    """Return what becomes of the servers that are left out, to stand in the question."""
    words = []
    for name in left_out:
        facts = group.facts.get(name)
        count = GtidSet.parsed(facts.executed).beyond(GtidSet.parsed(group.facts[first].executed)) if facts else None
        what = "what only it has" if count is None else f"{count} transactions that only it has"
        words.append(
            f"{name} is left out: {what} will not be in the group. Keep its host down until its volume is deleted, as "
            "its data must not come back (docs/group.md). "
        )
    return "".join(words)


def _rejoin(ssh: Ssh, names: Sequence[str]) -> None:
    for name in names:
        try:
            change(ssh, name, "rejoin", discard=False)
            print(f"{name} has rejoined")
        except OperatorError as error:
            print(f"{error}\n{name} tries again by itself; `status` tells whether it got in")
