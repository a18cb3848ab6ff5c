"""`status`: which servers are in the group, who takes the writes, and what to do where that is not as it should be."""

import json
import subprocess
from collections.abc import Iterator

import typer

from scripts.group import OFFLINE, ONLINE, Group
from scripts.ssh import KEPT_ALIVE, Ssh, logins
from scripts.stack import OperatorError, Stack
from scripts.state import SERVER
from scripts.table import printable, table
from scripts.verbs import DEFAULT_STACK, Json, StackName

HEAD = ("SERVER", "ZONE", "STATE", "ROLE", "MYSQL", "QUEUE")
SECONDS = 60
UNWELL = 2
"""Exit code where a server is not ONLINE."""
UNKNOWN = "unknown"
NOTHING = "-"
Row = dict[str, str | int | None]


def status(stack: StackName = DEFAULT_STACK, as_json: Json = False) -> None:
    """Show the servers: who is ONLINE, who takes the writes, how far behind the others are, and what to do.

    Every server is asked. QUEUE is how many transactions wait there to be applied. The state is as the majority of the
    group sees it; without one, as each server says itself. A stack of one server has a line for it.

    Exit code: 0 all servers are ONLINE, 2 one is not.
    """
    with logins(Stack(stack)) as ssh:
        state = ssh.access.state
        group = Group.ask(ssh) if len(state.server_names) > 1 else None
        rows = _rows(group) if group else [_alone(ssh)]
        rows = [{"server": row["server"], "zone": state.zone(str(row["server"])) or None, **row} for row in rows]
    primary = group.primary if group else SERVER
    words = advice(group) if group else ""
    if as_json:
        majority = group is None or group.majority is not None
        print(json.dumps({"servers": rows, "primary": primary, "majority": majority, "advice": words}, indent=2))
    else:
        print(table(HEAD, [[_cell(row[title.lower()]) for title in HEAD] for row in rows]))
        for reason in _reasons(group) if group else ():
            print(printable(reason))
        print(words, end="\n" if words else "")
    if any(row["state"] != ONLINE for row in rows):
        raise typer.Exit(UNWELL)


def advice(group: Group) -> str:
    """Return who takes the writes, or what to do."""
    if group.majority is None:
        if not group.facts:
            return "No server can be asked: start their hosts"
        states = [own.state for own in map(group.own, group.facts) if own]
        if any(state not in (OFFLINE, "ERROR") for state in states):
            return (
                "The group has no majority, and takes no writes. It goes on when more than half of the servers reach "
                "each other; where the others stay away, `force-quorum` goes on without them. After 10 seconds without "
                "a majority servers leave the group, and `start-group` starts it again"
            )
        return "No server is in the group: `start-group` starts it from the one that has all transactions"
    if group.primary is None:
        return "The group is choosing its primary: ask again"
    online = len(group.names) - len(group.not_online)
    words = f"{group.primary} is the primary; {online} of {len(group.names)} servers are ONLINE"
    waiting = [name for name in group.not_online if group.state(name) != "RECOVERING"]
    if not waiting:
        return words
    return f"{words}. {', '.join(waiting)}: a server rejoins by itself; one that does not, by `rejoin`"


def _rows(group: Group) -> list[Row]:
    return [_row(group, name) for name in group.names]


def _row(group: Group, name: str) -> Row:
    seen = group.members.get(name) or group.own(name)
    facts = group.facts.get(name)
    return {
        "server": name,
        "state": seen.state if seen else UNKNOWN,
        "role": seen.role or None if seen else None,
        "mysql": seen.version or None if seen else None,
        "queue": facts.queue if facts else None,
    }


def _reasons(group: Group) -> Iterator[str]:
    """Yield why a server cannot be asked, or is not in the group."""
    yield from (f"could not tell: {reason}" for reason in group.silent.values())
    yield from (f"{name}: {facts.note}" for name, facts in group.facts.items() if facts.note)


def _alone(ssh: Ssh) -> Row:
    """Return the line of a server that is in no group."""
    command = ["sudo", "-n", "mysql", "--batch", "--skip-column-names", "--execute", "SELECT VERSION()"]
    argv = ssh.argv(SERVER, command, KEPT_ALIVE)
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise OperatorError(f"{SERVER} did not answer within {SECONDS} seconds") from error
    if done.returncode != 0:
        raise OperatorError(f"{SERVER}: {done.stderr.strip() or 'the connection broke off'}")
    return {"server": SERVER, "state": ONLINE, "role": None, "mysql": done.stdout.strip(), "queue": None}


def _cell(value: str | int | None) -> str:
    return NOTHING if value is None else str(value)
