#!/usr/bin/env python3
"""Put a set of files into one folder, at once, and point `current` beside it there; other sets are removed.

Usage: install.py FOLDER <FILES, a JSON object of texts by file name. Runs as root, handed to python3 -c, so it
needs nothing that is on the host already.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path


def main(folder: Path, files: dict[str, str]) -> None:
    """Make the folder; its name appears with its content complete."""
    folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if not is_whole(folder, files):
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o755)
        for name, text in files.items():
            (partial / name).write_text(text, encoding="utf-8")
            (partial / name).chmod(0o755)
        if folder.exists():
            # Somebody changed it. What runs from it at this moment has read its files.
            former = folder.with_suffix(".former")
            shutil.rmtree(former, ignore_errors=True)
            folder.rename(former)
        partial.rename(folder)
    link = folder.with_name("current")
    fresh = folder.with_name("current.partial")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.name)
    fresh.rename(link)
    for other in folder.parent.iterdir():
        if other.is_dir() and other not in (folder, link):
            shutil.rmtree(other)


def is_whole(folder: Path, files: dict[str, str]) -> bool:
    """Return whether the folder has these files."""
    return all(
        (folder / name).is_file() and (folder / name).read_bytes() == text.encode() for name, text in files.items()
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.load(sys.stdin))
