"""What sections find, and how names, values and changes are written into a report."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.preview.digest import Op, Step
from scripts.preview.servers import SERVER
from scripts.redaction import SECRET, UNKNOWN
from scripts.table import printable

DONE = {Op.CREATE: "created", Op.UPDATE: "updated", Op.REPLACE: "replaced", Op.DELETE: "deleted"}


@dataclass(frozen=True)
class Finding:
    """Something that a person has to know before saying yes."""

    words: str
    """A sentence in Markdown."""
    severe: bool = False
    """Whether `--fail-on` counts it."""
    verdict: str = ""
    """What the verdict says of it, unless another one is severe and this is not; the section's words if empty."""


def code(text: str) -> str:
    """Return a name as code: whatever is in it, it ends neither the code nor a table's cell."""
    return "`" + printable(text).replace("`", "'").replace("|", "¦") + "`"


def names(texts: Iterable[str]) -> str:
    """Return names as code, in one line."""
    return ", ".join(map(code, texts))


def host(step: Step) -> str:
    """Return the host that an instance or an address belongs to, to begin a sentence with."""
    return f"{'The server' if step.is_part_of(SERVER) else 'Host'} {code(step.owner)}"


def value(shown: Any) -> str:
    """Return a property's value as code."""
    if shown is None:
        return "not set"
    text = shown if isinstance(shown, str) else json.dumps(shown, sort_keys=True)
    if UNKNOWN in text:
        return "known after `up`"
    return "a secret" if SECRET in text else code(text)


def turn(old: Any, new: Any) -> str:
    """Return how a value changes."""
    return f"{value(old)} → {value(new)}"


def change(step: Step, path: str) -> str:
    """Return a property's name and how its value changes, if that can be shown.

    Only the name of user data, and of what the states do not tell apart, as where both are masked.
    """
    old, new = _at(step.old, path), _at(step.new, path)
    if path.lower().startswith("userdata") or old == new:
        return code(path)
    return f"{code(path)} {turn(old, new)}"


def _at(inputs: Mapping[str, Any], path: str) -> Any:
    value: Any = inputs
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def table_of(inputs: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return an input that is an object; an empty one where it is none, as where it is masked."""
    value = inputs.get(key)
    return value if isinstance(value, dict) else {}


def cause(step: Step) -> str:
    """Return which properties make a replacement, in words to append."""
    if step.op is Op.DELETE:
        return ": it is no longer in the program"
    reasons = ", ".join(change(step, path) for path in step.reasons)
    return f": {reasons or 'what it depends on is replaced, or its replacement was asked for'}"
