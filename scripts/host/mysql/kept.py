"""What belongs to MySQL's data and not to the host: it lies in a folder beside the data, and goes where they go.

mysqld takes no folder for a database whose name begins with a dot. The package's installation hands everything below
the data directory to the user mysql, so the folder is given back to root after it.
"""

import json
import os
from pathlib import Path
from typing import Any

from scripts.host.common import atomic_write, state_file
from scripts.host.mysql.service import DATA

FOLDER = DATA / ".mysql-pair"


def find(name: str) -> Path:
    """Return where a file is, or would be; agents of before had it among the host's own state files."""
    kept, former = FOLDER / name, state_file.FOLDER / name
    return former if former.exists() and not kept.exists() else kept


def path(name: str) -> Path:
    """Return where a file is kept, in a folder that is there; one that a former agent had on the host is moved here."""
    kept, former = FOLDER / name, state_file.FOLDER / name
    secure()
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if former != kept and former.exists():
        content = former.read_bytes()
        if not kept.exists():
            atomic_write.write(kept, content, 0o600)
        if kept.read_bytes() == content:
            former.unlink()
    return kept


def load(name: str) -> Any:
    """Return the content of a JSON document, or None if there is none."""
    document = find(name)
    return json.loads(document.read_text()) if document.exists() else None


def save(name: str, value: Any) -> None:
    """Write a JSON document."""
    atomic_write.write(path(name), (json.dumps(value, indent=1, sort_keys=True) + "\n").encode(), 0o600)


def secure() -> None:
    """Make the folder and what is in it root's alone, if there is one."""
    for entry in [FOLDER, *FOLDER.rglob("*")] if FOLDER.exists() else []:
        status = entry.lstat()
        if (status.st_uid, status.st_gid) != atomic_write.ROOT:
            os.chown(entry, *atomic_write.ROOT, follow_symlinks=False)
        if entry.is_dir() and not entry.is_symlink() and status.st_mode & 0o777 != 0o700:
            entry.chmod(0o700)
