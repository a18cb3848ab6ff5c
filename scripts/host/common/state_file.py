"""The agent's state files: small JSON documents, for root alone, by which a run knows what an earlier one did."""

import json
from pathlib import Path
from typing import Any

from scripts.host.common import atomic_write
from scripts.host.constants import STATE_DIR

FOLDER = Path(STATE_DIR)


def load(name: str) -> Any:
    """Return the content of a state file, or None if there is none."""
    path = FOLDER / name
    return json.loads(path.read_text()) if path.exists() else None


def save(name: str, value: Any) -> None:
    """Write a state file; nothing is written if it has that content already."""
    text = json.dumps(value, indent=1, sort_keys=True) + "\n"
    path = FOLDER / name
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic_write.write(path, text.encode(), 0o600)
