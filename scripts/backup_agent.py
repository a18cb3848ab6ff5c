"""The backups as an operator asks a server for them: a word of the agent's verb `backup`, and how sizes are shown."""

import json
from typing import Any, TypeVar

from scripts.host.common import codec
from scripts.host.common.errors import HostError
from scripts.host_agent import ask
from scripts.ssh import Ssh
from scripts.stack import OperatorError
from scripts.state import SERVER, SET_UP_BACKUPS, Command

Answer = TypeVar("Answer")
LONG_SECONDS = 24 * 3600
"""How long a base, a drill or an extraction may take."""
LIST_SECONDS = 600


ELSEWHERE = "elsewhere"
"""What a member of a group answers with that is not the one to be asked: the address of the one that is, as it sees."""
NOBODY = (
    "no server of the group makes backups now: the group chooses one, and none that answers sees more than half of it. "
    "Try again when one does"
)


def ask_backups(ssh: Ssh, word: str, seconds: float, spec: Any = None) -> Any:
    """Return what a word of the verb `backup` prints; see ask_member."""
    return ask_member(ssh, word, seconds, spec)[1]


def ask_member(ssh: Ssh, word: str, seconds: float, spec: Any = None) -> tuple[str, Any]:
    """Return which server has done what a word of the verb `backup` says, and what it prints.

    Of a group one does; which one that is, its members know: they are asked in turn.

    Raises:
        OperatorError: the stack has no backups, or the hosts say why they cannot.
    """
    commands = set_ups(ssh)
    if not commands:
        raise OperatorError(f"backups are not set up yet: {ssh.access.state.stack.up_hint()}")
    if not backups_are_on(ssh):
        raise OperatorError("backups are off: set backupDays to 1 or more, and run `pulumi up`")
    failures = []
    for command in commands:
        try:
            answer = ask(ssh, command.host, f"backup {word}", "" if spec is None else codec.encode(spec), seconds)
        except OperatorError as error:
            failures.append(str(error))
            continue
        if not (isinstance(answer, dict) and ELSEWHERE in answer):
            return command.host, answer
    raise OperatorError("\n".join(failures) or NOBODY)


def set_ups(ssh: Ssh) -> list[Command]:
    """Return the commands that have set backups up, one a server: the first server's first."""
    commands = [command for command in ssh.access.state.commands if command.verb == SET_UP_BACKUPS]
    return sorted(commands, key=lambda command: (command.host != SERVER, command.host))


def backups_are_on(ssh: Ssh) -> bool:
    """Return whether the servers were told to make backups."""
    command = ssh.access.state.find_on_server(SET_UP_BACKUPS)
    return command is not None and json.loads(command.stdin)["backups"] is not None


def back_up(ssh: Ssh) -> None:
    """Make a base backup, where the stack has backups."""
    if not backups_are_on(ssh):
        print("no base backup is made: backups are off (backupDays)")
        return
    base = ask_backups(ssh, "run", LONG_SECONDS)
    print(f"base {base['id']} is in the bucket: {size(base['bytes'])}, made in {base['seconds']:g} s")


def typed(kind: type[Answer], answer: Any) -> Answer:
    """Return an answer as what the agent's spec says it is."""
    try:
        return codec.from_data(kind, answer)
    except HostError as error:
        raise OperatorError(
            f"the server's answer: {error}; `repair` or `pulumi up` brings the agent up to date"
        ) from error


def size(number: int) -> str:
    """Return a number of bytes in the largest unit of which it has one."""
    value, units = float(number), ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:
        value, units = value / 1024, units[1:]
    return f"{number} bytes" if units[0] == "bytes" else f"{value:.1f} {units[0]}"
