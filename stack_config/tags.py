"""Config of tags: AWS's rules for them (Amazon EC2 User Guide, "Tag restrictions")."""

from __future__ import annotations

import re
from typing import Any

from stack_config.faults import BadValueError
from stack_config.reader import Reader

OWN = frozenset({"Name", "Project", "Stack"})
MOST = 40
"""AWS takes 50; some are the program's and the account's own."""
LONGEST_KEY, LONGEST_VALUE = 128, 256
_CHARACTERS = re.compile(r"[\w .:/=+\-@]*")


def read_tags(reader: Reader) -> dict[str, str]:
    """Return the operator's tags."""
    found = reader.read_table("tags", _tag, 'Write a table like {"Team": "data"}')
    if len(found) > MOST:
        reader.note("tags", f"has {len(found)} entries", f"Use at most {MOST}")
    return found


def _tag(key: str, value: Any) -> str:
    if not key.strip():
        raise BadValueError("is a tag without a key", "Give it one")
    if key in OWN:
        raise BadValueError("is a tag of the program's own", "Choose another key")
    if key.lower().startswith("aws:"):
        raise BadValueError("begins with aws:, which is AWS's own", "Choose another key")
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise BadValueError("is not text", "Write text in quotation marks")
    text = str(value)
    if len(key) > LONGEST_KEY or len(text) > LONGEST_VALUE:
        raise BadValueError("is too long", f"AWS takes {LONGEST_KEY} characters of a key, {LONGEST_VALUE} of a value")
    if not _CHARACTERS.fullmatch(key) or not _CHARACTERS.fullmatch(text):
        raise BadValueError("has characters that AWS refuses", "Use letters, digits, spaces and _.:/=+-@")
    return text
