"""What a file's content is known by."""

import hashlib
from pathlib import Path

CHUNK = 1 << 20
"""Bytes that are read at a time."""


def of_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    whole = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            whole.update(chunk)
    return whole.hexdigest()
