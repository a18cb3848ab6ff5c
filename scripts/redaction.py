"""What of a state or a preview is nobody's to read. The engine masks secrets already; nothing here trusts that it did.

Report and diagram get states whose secrets are masked, and show a few named properties alone. Behind both, a report has
a last look: a text that was found in the place of a secret is masked wherever it turns up.
"""

import json
import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from scripts.state import SIGNATURE
from stack_outputs.forms import FORMS

SECRET = "[secret]"  # noqa: S105  what the engine writes instead of one
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes for a value that only `up` makes known (sdk/go/common/resource/plugin, UnknownStringValue)."""
_FORMS = "|".join(name for form in FORMS for name in (form.name, form.output))
SECRET_NAME = re.compile(
    r"passw|secret|token|credential|^std|^connection|connection_?string|private_?key|^environment$"
    rf"|(^|_)(dsn|{_FORMS})s?$",
    re.IGNORECASE,
)
"""Names of properties that hold secrets, whatever their values look like."""
SHORTEST = 8
"""Characters of a text that is looked for everywhere: a shorter one would be found in words."""


def masked(value: Any, name: str = "") -> Any:
    """Return a state's value without its secrets."""
    if SECRET_NAME.search(name):
        return SECRET
    if isinstance(value, dict):
        return SECRET if SIGNATURE in value else {key: masked(inner, key) for key, inner in value.items()}
    return [masked(item) for item in value] if isinstance(value, list) else value


class Redaction:
    """Masks texts that stand in the place of a secret anywhere in a preview."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Collect them from a preview: from its config and from what its resources are made of and gave."""
        steps = document.get("steps")
        places = [document.get("config")]
        for step in steps if isinstance(steps, list) else ():
            states = [step.get(key) for key in ("oldState", "newState")] if isinstance(step, Mapping) else []
            places += [
                state.get(key) for state in states if isinstance(state, Mapping) for key in ("inputs", "outputs")
            ]
        secrets = {text for text in _secrets(places, False) if len(text) >= SHORTEST and not _is_harmless(text)}
        self._secrets = sorted(secrets, key=len, reverse=True)

    def apply(self, text: str) -> str:
        """Return a text with them masked."""
        for secret in self._secrets:
            text = text.replace(secret, SECRET)
        return text


def _is_harmless(text: str) -> bool:
    """Tell whether a text is no secret anywhere: the engine's mask, or an address, which commands read too."""
    try:
        return text == SECRET or bool(ip_address(text))
    except ValueError:
        return False


def _secrets(value: Any, within: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key != SIGNATURE:
                yield from _secrets(inner, within or SIGNATURE in value or bool(SECRET_NAME.search(key)))
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(item, within)
    elif isinstance(value, str) and within:
        yield value
        yield from _within_json(value)


def _within_json(text: str) -> Iterator[str]:
    """Yield the secrets of a text that is JSON itself, as a plaintext and a command's standard input are."""
    if text[:1] not in ("{", "[", '"'):
        return
    try:
        inner = json.loads(text)
    except json.JSONDecodeError:
        return
    yield from _secrets(inner, isinstance(inner, str))
