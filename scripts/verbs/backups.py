"""`backups`: what there is in the bucket, and to which moments one can go back."""

import json

from scripts.backup_agent import LIST_SECONDS, ask_backups, size, typed
from scripts.host.backups.spec import BackupList, Base
from scripts.host.common import codec
from scripts.ssh import logins
from scripts.stack import Stack
from scripts.table import printable, table
from scripts.verbs import DEFAULT_STACK, Json, StackName

HEAD = ("BASE", "FROM", "TO", "SIZE", "MYSQL", "SERVER", "LOG")
COMPLETE = "complete"
MOMENTS = "restoreFrom.at can be any moment between FROM and TO of a base"


def backups(stack: StackName = DEFAULT_STACK, as_json: Json = False) -> None:
    """List the base backups, and from when to when each of them can be restored.

    The newest comes first. All times are UTC. The log is sent every 30 seconds while there are writes: a moment after
    the last one listed had none.
    """
    with logins(Stack(stack)) as ssh:
        listed = typed(BackupList, ask_backups(ssh, "list", LIST_SECONDS))
    if as_json:
        print(json.dumps(codec.as_data(listed), indent=2))
        return
    print(table(HEAD, [_row(base) for base in listed.bases]) if listed.bases else "there is no base backup yet")
    for base in listed.unreadable:
        print(printable(f"{base} was made with another key, and cannot be read with the one in use"))
    if listed.bases:
        print(f"\n{MOMENTS}: the earliest is {listed.earliest}, the latest {listed.latest}")


def _row(base: Base) -> list[str]:
    return [
        base.id,
        base.earliest,
        base.latest,
        size(base.bytes),
        base.mysql_version,
        base.server_uuid.partition("-")[0],
        base.gap or COMPLETE,
    ]
