"""`drill`: a rehearsed restore now, beside those that the server makes by itself."""

from scripts.backup_agent import LONG_SECONDS, ask_backups
from scripts.ssh import logins
from scripts.stack import Stack
from scripts.verbs import DEFAULT_STACK, StackName


def drill(stack: StackName = DEFAULT_STACK) -> None:
    """Rehearse a restore: the newest base and the log after it, into a scratch instance on the server.

    Every table is compared with the checksum that was written down when the base was made. The running server is not
    touched; the scratch instance has the lowest priority, and needs disk for a second copy of the data meanwhile.
    """
    with logins(Stack(stack)) as ssh:
        told = ask_backups(ssh, "drill", LONG_SECONDS)
    print(
        f"the drill passed: base {told['base']} with {told['logs']} files of the log, up to {told['restored_to']}; "
        f"{told['tables']} tables are as they were backed up.\n"
        f"A restore takes {told['restore_seconds']:g} s, the drill took {told['seconds']:g} s."
    )
