"""mysqldump with zstd beside mydumper with myloader, and queries beside a base, on a lab's server: docs/adr/0021.

Usage: backups.py [GIB [LAB]], 2 GiB if not said. With a lab's name, one that is up with backups is used and stays.
"""

from __future__ import annotations

import inspect
import subprocess
import sys

from bench import backups_on_host
from bench.up import PROJECT_ROOT, lab

NAME = "benchbackups"
THREADS = 2


def measure(gib: str, name: str) -> str:
    """Return the figures that the host prints."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "scripts",
            "ssh",
            "server",
            "--stack",
            name,
            "--",
            "sudo",
            "python3",
            "-",
            gib,
            str(THREADS),
        ],
        cwd=PROJECT_ROOT,
        input=inspect.getsource(backups_on_host),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


if __name__ == "__main__":
    gib, given = [*sys.argv[1:3], "2", ""][:2] if len(sys.argv) < 2 else [*sys.argv[1:3], ""][:2]
    if given:
        print(measure(gib, given))
    else:
        try:
            lab("up", NAME)
            print(measure(gib, NAME))
        finally:
            lab("down", NAME)
