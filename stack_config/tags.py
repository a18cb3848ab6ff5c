"""Config of tags."""

from __future__ import annotations

from typing import Any

from components.checks import MOST_TAGS, tag_key, tag_value
from stack_config.reader import Reader


def read_tags(reader: Reader) -> dict[str, str]:
    """Return the operator's tags."""
    tags = reader.read_table("tags", _tag, 'Write a table like {"Team": "data"}')
    if len(tags) > MOST_TAGS:
        reader.add_fault("tags", f"has {len(tags)} entries", f"Use at most {MOST_TAGS}")
    return tags


def _tag(key: str, value: Any) -> str:
    tag_key(key)
    return tag_value(value)
