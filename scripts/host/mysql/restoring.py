"""A restore into this server: until it has ended nobody but administrators is let in, and no event runs.

An option file keeps it so over a crash. A marker in the data directory, which goes where the data go, says how far the
restore is; on another host the option file is written again before MySQL starts on the data.
"""

import json
from pathlib import Path
from typing import Any

from scripts.host.common import atomic_write
from scripts.host.common.errors import HostError
from scripts.host.mysql import server
from scripts.host.mysql.server import Session
from scripts.host.mysql.service import DATA

MARKER = DATA / "mysql-pair-restore.json"
"""What the data were restored from, or are being."""
UNDER_WAY, RESTORED, DONE = "under way", "restored", "done"
"""Of the marker: the data are not whole; they are, and MySQL is to be opened; everybody is let in."""
OPTION_FILE = Path("/etc/mysql/mysql.conf.d/zzz-mysql-pair-restore.cnf")
SETTINGS = {"offline_mode": "ON", "event_scheduler": "OFF"}
"""offline_mode admits CONNECTION_ADMIN alone (MySQL manual, "Server System Variables"), and ends sessions of others."""


def load() -> dict[str, Any] | None:
    """Return the marker; None for no restore."""
    marker: dict[str, Any] | None = json.loads(MARKER.read_text()) if MARKER.exists() else None
    return marker


def mark(state: str, **more: Any) -> None:
    """Write the marker."""
    atomic_write.write(MARKER, (json.dumps({"state": state, **more}, indent=1) + "\n").encode(), 0o600)


def is_closed() -> bool:
    """Return whether a restore keeps clients out, also over a start."""
    return OPTION_FILE.exists()


def close_at_start() -> None:
    """Have MySQL let nobody in when it starts next."""
    lines = [f"{name} = {value}" for name, value in SETTINGS.items()]
    text = "\n".join(["# Made by the stack, and taken away when the restore has ended.", "[mysqld]", *lines, ""])
    atomic_write.write(OPTION_FILE, text.encode(), 0o644)


def close_again() -> None:
    """Have MySQL let nobody in when it starts on data that are not whole; the host may be another than before."""
    if (load() or {}).get("state") in (UNDER_WAY, RESTORED):
        close_at_start()


def close(session: Session) -> None:
    """Let nobody in from now on."""
    close_at_start()
    for name, value in SETTINGS.items():
        # A scheduler that is disabled cannot be turned off.
        if session.one(f"SELECT @@GLOBAL.{name}") != "DISABLED":
            session.do(f"SET GLOBAL {name} = %s", [value])


def open_at_start() -> None:
    """Have MySQL let everybody in when it starts next."""
    OPTION_FILE.unlink(missing_ok=True)
    atomic_write.sync_folder(OPTION_FILE.parent)


def reopen() -> None:
    """Let everybody in; every setting is then as the option files say."""
    open_at_start()
    server.restart()


def require_ended() -> None:
    """Refuse to go on over data that are not whole.

    Raises:
        HostError: a restore was begun, and has not ended.
    """
    if is_closed():
        raise HostError(
            "a restore into this server has not ended, and nobody but administrators is let in until then: run "
            "`pulumi up` with restoreFrom as it was, or with another moment or base. For an empty server have the data "
            "volume made anew (`pulumi up --replace` with its URN)"
        )
