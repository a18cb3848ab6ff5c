"""Put the agent's files into a folder of their own, at once, and point `current` beside it there.

Usage: install.py FOLDER <FILES, as root; FILES is a JSON object of texts by path in the folder, compressed by bzip2, in
base64. It is handed to python3 -c, so it needs nothing that is on the host already. No running command loses its
modules: it waits for the lock that commands hold, and the agent that `current` pointed to before stays until the next
one comes, for those without.
"""

import base64
import bz2
import fcntl
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import IO

LOCK = Path("/var/lib/mysql-pair/lock")
"""The agent's own, common/lock.py."""
LOCK_SECONDS = 300


def main(folder: Path, files: dict[str, str]) -> None:
    """Install the files and remove older agents, while no command runs."""
    os.umask(0o022)
    LOCK.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with LOCK.open("w") as lock:
        wait_for(lock)
        install(folder, files)
        switch(folder)


def wait_for(lock: IO[str]) -> None:
    """Lock a file; give up with a message when another command does not end."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                sys.exit(
                    f"another command on this host did not end within {LOCK_SECONDS} seconds; run this again later"
                )
            time.sleep(0.05)


def install(folder: Path, files: dict[str, str]) -> None:
    """Make the folder, whose name appears with its content complete, or put right what somebody changed in it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.is_dir():
        write(folder, files)
        return
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    write(partial, files)
    partial.rename(folder)


def write(folder: Path, files: dict[str, str]) -> None:
    """Write the files that differ, each whole."""
    for name, text in files.items():
        path = folder / name
        if path.is_file() and path.read_bytes() == text.encode():
            continue
        if path.is_dir():
            shutil.rmtree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(text, encoding="utf-8")
        fresh.rename(path)


def switch(folder: Path) -> None:
    """Point `current` to the folder, and remove the agents that came before the one it pointed to."""
    link = folder.with_name("current")
    former = link.resolve()
    if former == folder.resolve():
        return
    fresh = folder.with_name("current.partial")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.name)
    fresh.rename(link)
    for other in folder.parent.iterdir():
        if other.is_dir() and not other.is_symlink() and other.resolve() not in (folder.resolve(), former):
            shutil.rmtree(other)


def unpacked(text: str) -> dict[str, str]:
    """Return the files that a text has, as standard input has it."""
    files: dict[str, str] = json.loads(bz2.decompress(base64.b64decode(text)))
    return files


if __name__ == "__main__":
    main(Path(sys.argv[1]), unpacked(sys.stdin.read()))
