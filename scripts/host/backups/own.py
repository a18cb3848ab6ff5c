"""The backups of this host as they were set up: the spec that `backup set-up` has left, and what they need."""

from pathlib import Path

from scripts.host.backups.repository import FOLDER
from scripts.host.backups.spec import BackupSpec
from scripts.host.common import codec, state_file
from scripts.host.common.errors import HostError
from scripts.host.mysql.server import Session

STATE = f"{FOLDER}/spec.json"
"""A state file; it has the key."""


def spec() -> BackupSpec:
    """Return the spec.

    Raises:
        HostError: backups are off.
    """
    if (data := state_file.load(STATE)) is None:
        raise HostError("backups are off on this host: set backupDays in config and run `pulumi up`")
    return codec.from_data(BackupSpec, data)


def check_log(session: Session) -> None:
    """Refuse a server whose log could not be replayed over a base on another one.

    Raises:
        HostError: its transactions have no GTIDs, are not logged, or are encrypted with a key of its own.
    """
    mode, log, encrypted = session.rows("SELECT @@GLOBAL.gtid_mode, @@GLOBAL.log_bin, @@GLOBAL.binlog_encryption")[0]
    if mode != "ON":
        raise HostError(f"gtid_mode is {mode}: backups need it ON, and enforce_gtid_consistency too")
    if not log:
        raise HostError("MySQL writes no binary log: take skip_log_bin out of mysqlSettings")
    if encrypted:
        raise HostError(
            "binlog_encryption is ON: no other server could read the log. Set it OFF: backups are encrypted anyway"
        )


def agent() -> str:
    """Return which agent this is: its folder's name, a digest of its files."""
    return Path(__file__).resolve().parents[3].name
