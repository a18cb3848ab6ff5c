"""Checks of single values, by which config, components and specs refuse the same things in the same words."""

import dataclasses
import difflib
import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

Name = TypeVar("Name", bound=Hashable)
Check = Callable[[Any], Any]
"""Takes a raw value and returns it as it is kept; raises InvalidValueError."""

TIME = "%Y-%m-%dT%H:%M:%SZ"
"""Of a moment in UTC, as config, specs and states have it."""
CONTROL = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of what controls a terminal, turns the direction of text, ends a line or is half a character."""


class InvalidValueError(ValueError):
    """A value that will not do: what is wrong with it, and a hint how to correct it. Neither repeats a secret."""

    def __init__(self, wrong: str, hint: str) -> None:
        """Keep both."""
        super().__init__(wrong, hint)
        self.wrong, self.hint = wrong, hint

    def __str__(self) -> str:
        """Return both as one text."""
        return f"{self.wrong}. {self.hint}"


def checked(check: Check, **options: Any) -> Any:
    """Return a dataclass field whose value this check accepts; `options` are those of dataclasses.field."""
    return dataclasses.field(metadata={"check": check}, **options)


def exactly(check: Check, value: Any) -> None:
    """Refuse also what config writes otherwise: another program hands over the value as the check keeps it.

    Raises:
        InvalidValueError: the check refuses the value, or keeps it in another form.
    """
    kept = check(value)
    if isinstance(kept, bool | int | str) and (type(kept) is not type(value) or kept != value):
        raise InvalidValueError(f"is {value!r}", f"Write {kept!r}")


def flag(raw: object) -> bool:
    """Return true or false."""
    if isinstance(raw, bool):
        return raw
    if raw in ("true", "false"):
        return raw == "true"
    raise InvalidValueError(f"{raw!r} is neither true nor false", "Write true or false")


def utc_time(raw: Any) -> str:
    """Return a moment in UTC, to the second."""
    try:
        moment = datetime.strptime(raw if isinstance(raw, str) else "", TIME)
        return moment.strftime(TIME)
    except ValueError as error:
        hint = "Write it in UTC, like 2026-12-01T10:30:00Z"
        raise InvalidValueError(f"{raw!r} is not a moment", hint) from error


def whole(least: int, most: int, unit: str = "") -> Callable[[Any], int]:
    """Return a check for a whole number in a range; the unit is told with the range."""
    hint = f"Choose a whole number from {least} to {most}{unit}"

    def check(raw: object) -> int:
        if isinstance(raw, bool) or not re.fullmatch(r" *-?\d{1,30} *", str(raw)):
            raise InvalidValueError(f"{raw!r} is not a whole number", hint)
        if not least <= int(str(raw)) <= most:
            raise InvalidValueError(f"{raw} is out of range", hint)
        return int(str(raw))

    return check


def matching(pattern: str, wrong: str, hint: str) -> Callable[[Any], str]:
    """Return a check for a text that matches the whole pattern."""

    def check(raw: object) -> str:
        if not isinstance(raw, str) or not re.fullmatch(pattern, raw):
            raise InvalidValueError(f"{raw!r} {wrong}", hint)
        return raw

    return check


def one_line(longest: int) -> Callable[[Any], str]:
    """Return a check for a text of at most so many characters, on one line."""

    def check(raw: object) -> str:
        if not isinstance(raw, str):
            raise InvalidValueError(f"{raw!r} is not text", "Write it in quotation marks")
        if len(raw) > longest:
            raise InvalidValueError(f"has {len(raw)} characters", f"Use at most {longest}")
        if has_control_characters(raw):
            raise InvalidValueError("has control characters", "Write it on one line")
        return raw

    return check


def has_control_characters(text: str) -> bool:
    """Return whether a text has characters that are not for reading: line ends, for instance."""
    return any(unicodedata.category(character) in CONTROL for character in text)


def repeated(named: Iterable[tuple[str, Name]]) -> Iterator[tuple[str, Name, str]]:
    """Yield each key whose name, address or the like is an earlier key's too: the key, the name, the earlier key."""
    first: dict[Name, str] = {}
    for key, name in named:
        if (other := first.setdefault(name, key)) != key:
            yield key, name, other


def nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    """Return a hint at the known name that is probably meant, or the other hint."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {near[0]}?" if near else otherwise
