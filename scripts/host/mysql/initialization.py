"""Where the initialization of MySQL's data directory failed or was cut off, it is done anew; nothing is deleted.

The package ends its own with SHUTDOWN in an init file, and now and then mysqld takes that for a failure (seen with
9.7.4: "System views initialization failed"). Nothing initializes the directory again, as it is no longer empty.
Debian's package then fails, and is set up by the next installation; Ubuntu's mysql-server-8.0 says nothing of it.
"""

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.host.common import atomic_write
from scripts.host.common.errors import HostError
from scripts.host.mysql import data_directory, kept, service
from scripts.host.mysql.service import DATA, ERROR_LOG
from scripts.host.system import packages

STARTED = "[MY-013169]"
"""mysqld begins to initialize a directory (MySQL Server Error Message Reference, as are these)."""
UNUSABLE, NOT_EMPTY = "[MY-013236]", "[MY-010457]"
"""It failed and leaves the directory unusable; it never began, because the directory had files in it."""
READY = "[MY-010931]"
"""A server runs on the directory."""
SYSTEM_FOLDERS = ("mysql", "performance_schema", "sys", "lost+found")
"""What a failed initialization may leave, besides InnoDB's own folders; any other folder is a database."""


def install(names: Sequence[str]) -> None:
    """Make the packages, MySQL's server among them, be as listed; an initialization that fails is done once more.

    Raises:
        HostError: something else failed, or the initialization did once more.
    """
    set_aside()
    try:
        packages.converge(names)
    except HostError:
        if set_aside() is None:
            raise
        packages.converge(names)
    if _is_failed():
        set_aside()
        data_directory.make()
    elif data_directory.is_cut_off(DATA):
        data_directory.end()  # a server ran on it since
    data_directory.set_up()


def set_aside() -> Path | None:
    """Have an empty data directory, if its initialization failed or was cut off; return where the other is."""
    if not _is_failed() or data_directory.is_empty():
        return None
    aside = DATA.with_name(f"{DATA.name}.unusable-{time.time_ns()}")
    status = DATA.stat()
    if data_directory.is_cut_off(DATA):
        data_directory.CREDENTIALS.unlink(missing_ok=True)
    if DATA.is_mount():
        # A mount point cannot be renamed; this is small, as it has no database. The marker goes last.
        aside.mkdir(mode=0o700)
        for path in sorted(DATA.iterdir(), key=lambda path: path.name == kept.FOLDER.name):
            shutil.move(path, aside)
    else:
        DATA.rename(aside)
        DATA.mkdir(mode=0o700)
        os.chown(DATA, status.st_uid, status.st_gid)
    atomic_write.sync_folder(DATA.parent)
    return aside


def _is_failed() -> bool:
    """Return whether mysqld did not initialize the directory, no server ran on it since, and it has no database."""
    return not _databases() and (_is_cut_off() or _last_initialization_failed()) and service.state() != "active"


def _is_cut_off() -> bool:
    """Return whether the agent's initialization did not end, and no server ran on the directory since."""
    marker = kept.load(data_directory.MARKER)
    return marker is not None and READY not in service.log_since(marker["log"])


def _databases() -> list[str]:
    """Return the folders in the data directory that no initialization makes."""
    folders = [path.name for path in DATA.iterdir() if path.is_dir()] if DATA.exists() else []
    return [name for name in folders if name not in SYSTEM_FOLDERS and not name.startswith(("#", "."))]


def _last_initialization_failed() -> bool:
    """Return whether the error log ends in a failed initialization, whatever failed starts come after it."""
    if not ERROR_LOG.exists():
        return False
    began = failed = failed_before = False
    with ERROR_LOG.open(errors="replace") as log:
        for line in log:
            if STARTED in line:
                began, failed_before, failed = True, failed, False
            elif NOT_EMPTY in line:
                began, failed = False, failed_before
            elif UNUSABLE in line and began:
                failed = True
            elif READY in line:
                failed = False
    return failed
