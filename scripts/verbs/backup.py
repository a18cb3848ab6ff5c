"""`backup`: a base backup now, beside those that the server makes by itself."""

from scripts.backup_agent import LONG_SECONDS, ask_backups, size
from scripts.ssh import logins
from scripts.stack import Stack
from scripts.verbs import DEFAULT_STACK, StackName


def backup(stack: StackName = DEFAULT_STACK) -> None:
    """Make a base backup now.

    The server makes one by itself at the times of backupSchedule, and sends its binary log every 30 seconds. Run this
    before something that may go wrong: a restore from a recent base is quicker. One that is being made already, as
    after the first `pulumi up`, ends before it.
    """
    with logins(Stack(stack)) as ssh:
        base = ask_backups(ssh, "run", LONG_SECONDS)
    print(f"base {base['id']} is in the bucket: {size(base['bytes'])}, made in {base['seconds']:g} s")
