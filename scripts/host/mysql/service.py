"""The service `mysql`: where it keeps its things, how it is started or stopped, and its own words when it fails.

Nothing here needs MySQL's driver, which a new host does not have yet.
"""

import re
from pathlib import Path

from scripts.host.common import process
from scripts.host.constants import LOG_DIR

NAME = "mysql"
DATA = Path("/var/lib/mysql")
ERROR_LOG = Path(LOG_DIR) / "error.log"
"""Both distributions' log_error."""
SOCKET = "/run/mysqld/mysqld.sock"
PACKAGE_SOCKET = "/var/run/mysqld/mysqld.sock"
"""The same, as the package's own files have it."""
QUIET_SECONDS = 600
"""How long a stop or start may take without a word in the error log: a shutdown writes every dirty page first."""
LONGEST_SECONDS = 4 * 3600
"""Crash recovery reads all of the redo log, telling how far it is."""
LOG_LINES = 10


def systemctl(verb: str) -> process.Completed:
    """Run systemctl, which waits for as long as systemd is stopping or starting the service.

    A limit of so many seconds would be up in the middle of the recovery of a large redo log, and a restart would begin
    that again.
    """
    return process.run_while(["systemctl", verb, NAME], log_size, QUIET_SECONDS, LONGEST_SECONDS)


def state() -> str:
    """Return what systemd says of it: active, activating, failed, …"""
    return process.run(["systemctl", "is-active", NAME]).stdout.strip() or "unknown"


def run_id() -> str:
    """Return what is another text after each start; empty while it is not active."""
    argv = ["systemctl", "show", "--property=InvocationID", "--value", NAME]
    return process.run(argv).stdout.strip() if state() == "active" else ""


def is_disabled() -> bool:
    """Return whether no boot starts it: so an image has it, and a host until its data directory is made."""
    return process.run(["systemctl", "is-enabled", NAME]).stdout.strip() == "disabled"


def enable() -> None:
    """Have every boot start it."""
    process.must(["systemctl", "enable", NAME])


def errors_of(text: str) -> str:
    """Return the errors in a log of mysqld's, without their time stamps."""
    lines = [line for line in text.splitlines() if "[ERROR]" in line and not line.endswith("Aborting")]
    return "\n".join(re.sub(r"^\d{4}-\S+ \d+ ", "", line) for line in lines[-LOG_LINES:])


def log_size() -> int:
    """Return the size of the error log in bytes."""
    return ERROR_LOG.stat().st_size if ERROR_LOG.exists() else 0


def words_since(begin: int) -> str:
    """Return the errors in the error log, or else its last lines, from an offset in bytes on."""
    if not ERROR_LOG.exists():
        return process.run(["journalctl", "--no-pager", "-n", str(LOG_LINES), "-u", NAME]).stdout.strip()
    text = log_since(begin)
    return errors_of(text) or "\n".join(text.strip().splitlines()[-LOG_LINES:])


def log_since(begin: int) -> str:
    """Return the error log from an offset in bytes on; all of it, where it is another one by now."""
    if not ERROR_LOG.exists():
        return ""
    with ERROR_LOG.open("rb") as log:
        log.seek(begin if begin <= ERROR_LOG.stat().st_size else 0)
        return log.read().decode(errors="replace")
