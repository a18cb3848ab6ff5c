"""The backups as an operator asks a server for them: a word of the agent's verb `backup`, and how sizes are shown."""

import json
from typing import Any, TypeVar

from scripts.group import Group
from scripts.host.common import codec
from scripts.host.common.errors import HostError
from scripts.host_agent import ask
from scripts.ssh import Ssh
from scripts.stack import OperatorError
from scripts.state import SET_UP_BACKUPS

Answer = TypeVar("Answer")
LONG_SECONDS = 24 * 3600
"""How long a base, a drill or an extraction may take."""
LIST_SECONDS = 600


def ask_backups(ssh: Ssh, word: str, seconds: float, spec: Any = None, server: str | None = None) -> Any:
    """Return what a word of the verb `backup` prints on a server; on backup_server if none is named.

    Raises:
        OperatorError: the stack has no backups, or the host says why it cannot.
    """
    if ssh.access.state.find_on_server(SET_UP_BACKUPS) is None:
        raise OperatorError(f"backups are not set up yet: {ssh.access.state.stack.up_hint()}")
    if not backups_are_on(ssh):
        raise OperatorError("backups are off: set backupDays to 1 or more, and run `pulumi up`")
    text = "" if spec is None else codec.encode(spec)
    return ask(ssh, server or backup_server(ssh), f"backup {word}", text, seconds)


def backup_server(ssh: Ssh) -> str:
    """Return the server that is asked for backups: of a group a secondary that is ONLINE, if there is one.

    Raises:
        OperatorError: no server of the group is ONLINE.
    """
    state = ssh.access.state
    servers = [name for name in state.server_names if state.find(SET_UP_BACKUPS, name)]
    if len(state.server_names) == 1 or len(servers) == 1:
        return servers[0] if servers else state.server_names[0]
    group = Group.ask(ssh)
    online = [name for name in servers if name not in group.not_online]
    if not online:
        raise OperatorError("no server of the group is ONLINE: `status` tells what to do")
    return next((name for name in online if name != group.primary), online[0])


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
