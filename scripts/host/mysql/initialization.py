"""Where the package's initialization of MySQL's data directory failed, it is done anew; nothing is deleted.

The package ends it with SHUTDOWN in an init file, and now and then mysqld takes that for a failure (seen with 9.7.4:
"System views initialization failed"). It would not initialize again, as the directory is no longer empty.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from scripts.host.common import atomic_write, process
from scripts.host.common.errors import HostError
from scripts.host.mysql.paths import DATA, ERROR_LOG

PACKAGE = "mysql-server"
STARTED = "[MY-013169]"
"""mysqld begins to initialize a directory (MySQL Server Error Message Reference, as are these)."""
UNUSABLE, NOT_EMPTY = "[MY-013236]", "[MY-010457]"
"""It failed and leaves the directory unusable; it never began, because the directory had files in it."""


def mended(install: Callable[[], None]) -> None:
    """Run what installs the packages: where the initialization failed before, or fails now, in an empty directory.

    Raises:
        HostError: it failed for another reason, or twice.
        OSError: the directory cannot be renamed, as a mount point cannot.
    """
    set_aside()
    try:
        install()
    except HostError:
        if set_aside() is None:
            raise
        install()


def set_aside() -> Path | None:
    """Give the package an empty data directory, if its first initialization of it failed; return where the other is.

    Raises:
        OSError: it cannot be renamed, as a mount point cannot.
    """
    if not failed():
        return None
    aside = DATA.with_name(f"{DATA.name}.unusable-{time.time_ns()}")
    found = DATA.stat()
    DATA.rename(aside)
    DATA.mkdir(mode=0o700)
    os.chown(DATA, found.st_uid, found.st_gid)
    atomic_write.sync_folder(DATA.parent)
    return aside


def failed() -> bool:
    """Return whether the package was never set up, and the last thing that mysqld did was to fail in initializing."""
    # Config-Version: the version that was set up before, if any.
    asked = ["dpkg-query", "-W", "-f", "${db:Status-Status}/${Config-Version}", PACKAGE]
    if process.run(asked).stdout != "half-configured/" or not ERROR_LOG.exists():
        return False
    said = ERROR_LOG.read_text(errors="replace")
    last = said[said.rfind(STARTED) :] if STARTED in said else ""
    return UNUSABLE in last and NOT_EMPTY not in last
