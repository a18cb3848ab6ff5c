"""What judges find, and how names and values are written into a report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from scripts.preview.secrecy import SECRET, UNKNOWN
from scripts.table import printable


@dataclass(frozen=True)
class Finding:
    """Something that a person has to know before saying yes."""

    words: str
    """A sentence in Markdown."""
    grave: bool = False
    """Whether `--fail-on` counts it."""


def code(text: str) -> str:
    """Return a name as code: whatever is in it, it ends neither the code nor a table's cell."""
    return "`" + printable(text).replace("`", "'").replace("|", "¦") + "`"


def value(found: Any) -> str:
    """Return a property's value as code."""
    if found is None:
        return "not set"
    text = found if isinstance(found, str) else json.dumps(found, sort_keys=True)
    if UNKNOWN in text:
        return "known after `up`"
    return "a secret" if SECRET in text else code(text)


def turn(old: Any, new: Any) -> str:
    """Return how a value changes."""
    return f"{value(old)} → {value(new)}"


def names(found: list[str]) -> str:
    """Return names as code, in one line."""
    return ", ".join(code(each) for each in found)
