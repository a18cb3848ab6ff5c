"""The drop-in of mysql.service for an option file that needs more open files, or fewer, than the distribution allows.

mysqld cannot raise the limit by itself, and lowers max_connections and table_open_cache at a start that has fewer. The
drop-in follows the option file that is there, also one that is put back after MySQL has refused another.
"""

import re
from pathlib import Path

from scripts.host.common import process
from scripts.host.common.difference import Difference
from scripts.host.constants import SYSTEMD_UNITS
from scripts.host.mysql import option_file
from scripts.host.mysql.spec import OPEN_FILES
from scripts.host.system import files
from scripts.host.system.spec import FileSpec

PATH = Path(f"{SYSTEMD_UNITS}/mysql.service.d/mysql-pair.conf")
_LINE = re.compile(rf'^{OPEN_FILES} = "?(\w+)"?$', re.MULTILINE)


def drop_in(options: str) -> FileSpec | None:
    """Return the drop-in that an option file's text needs; None where the distribution's limits do."""
    line = _LINE.search(options)
    limit = option_file.number(line[1]) if line else None
    # Each connection has a thread, too: a task, to systemd.
    return FileSpec(str(PATH), f"[Service]\nLimitNOFILE={limit:.0f}\nTasksMax=infinity\n") if limit else None


def follow() -> None:
    """Make the drop-in be what the option file needs, for mysqld's next start."""
    wanted = drop_in(option_file.PATH.read_text() if option_file.PATH.exists() else "")
    if wanted and files.differences([wanted]):
        files.write(wanted)
    elif not wanted and PATH.exists():
        files.remove(PATH)
    else:
        return
    process.must(["systemctl", "daemon-reload"])


def differences(options: str) -> list[Difference]:
    """Return where the drop-in is not what an option file's text needs; nothing is changed."""
    wanted = drop_in(options)
    if wanted is not None:
        return files.differences([wanted])
    return [Difference("file", str(PATH), "file", "none", "present")] if PATH.exists() else []
