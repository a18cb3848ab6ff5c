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


def check_gtid_mode(session: Session) -> None:
    """Refuse a server whose transactions have no GTIDs, or are not logged: its log could not be replayed over a base.

    Raises:
        HostError: see above.
    """
    mode, log = session.rows("SELECT @@GLOBAL.gtid_mode, @@GLOBAL.log_bin")[0]
    if mode != "ON":
        raise HostError(f"gtid_mode is {mode}: backups need it ON, and enforce_gtid_consistency too")
    if not log:
        raise HostError("MySQL writes no binary log: take skip_log_bin out of mysqlSettings")


def agent() -> str:
    """Return which agent this is: its folder's name, a digest of its files."""
    return Path(__file__).resolve().parents[3].name
