"""The named time zones, as the distribution's tzdata has them."""

import re

from scripts.host.common import process, state_file
from scripts.host.common.difference import Difference
from scripts.host.mysql.server import Session
from scripts.host.mysql.service import SOCKET
from scripts.host.system import packages

STATE = "mysql-time-zones.json"
"""The version of tzdata that was loaded."""
FOLDER = "/usr/share/zoneinfo"
PACKAGE = "tzdata"
LOAD_SECONDS = 300
ARE_LOADED = "SELECT EXISTS (SELECT 1 FROM mysql.time_zone_name)"


def differences(session: Session) -> list[Difference]:
    """Return whether there are none; nothing is changed. A newer tzdata is no difference: it came by itself."""
    if session.one(ARE_LOADED):
        return []
    return [Difference("time zones", "mysql.time_zone_name", "rows", "loaded", "none")]


def converge(in_group: bool = False) -> None:
    """Load them if there are none or if tzdata is another since; a secondary has those of its primary."""
    version, session = packages.versions({PACKAGE}).get(PACKAGE), Session()
    if session.one("SELECT @@GLOBAL.super_read_only"):
        return
    if state_file.load(STATE) != version or not session.one(ARE_LOADED):
        _load(in_group)
        state_file.save(STATE, version)


def _load(is_logged: bool) -> None:
    """Load them in one transaction: no session sees a part of them, and a crash leaves the old ones.

    In the binary log of a group alone: any other replica has a tzdata of its own.
    """
    made = process.must(["mysql_tzinfo_to_sql", FOLDER], seconds=LOAD_SECONDS)
    # TRUNCATE would commit; the tool's own transaction begins after it.
    rows = re.sub(r"^TRUNCATE TABLE (\w+);$", r"DELETE FROM \1;", made, flags=re.MULTILINE)
    begin = f"SET SESSION sql_log_bin = {int(is_logged)};\nSTART TRANSACTION;\n"
    script = begin + rows.replace("\nSTART TRANSACTION;\n", "\n")
    process.must(["mysql", "--no-defaults", f"--socket={SOCKET}", "--user=root", "mysql"], script, LOAD_SECONDS)
