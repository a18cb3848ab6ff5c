"""Reading raw values: all are text, lists and tables as JSON. What is wrong is noted, and reading goes on."""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, TypeVar

from stack_config.faults import BadValueError, Fault

T = TypeVar("T")
Convert = Callable[[Any], T]
"""Returns the typed value, or raises BadValueError."""


class Reader:
    """The raw values of a stack's config, and the faults found so far. An empty value is one that is not set."""

    def __init__(self, values: Mapping[str, str], secret: Set[str]) -> None:
        """Read these values.

        Args:
            values: raw values by key, without the namespace.
            secret: the keys whose values are stored encrypted.
        """
        self.faults: list[Fault] = []
        self._values, self._secret = values, secret
        self._known: set[str] = set()
        self._unread: set[str] = set()

    def note(self, key: str, wrong: str, mend: str) -> None:
        """Note a fault of a value that was read, or of several together."""
        self.faults.append(Fault(key, wrong, mend))

    def check(self, key: str, raw: object, convert: Convert[Any]) -> None:
        """Note what a converter says against a value, a name for instance: it is known all the same."""
        try:
            convert(raw)
        except BadValueError as bad:
            self.note(key, bad.wrong, bad.mend)

    def note_unread(self, key: str, wrong: str, mend: str) -> None:
        """Note a value that could not be read: nothing may be concluded from it."""
        self._unread.add(key)
        self.note(key, wrong, mend)

    def well_read(self, *keys: str) -> bool:
        """Tell whether these values are what config says, whole and in every part; a default is well read too."""
        return not any(_is_part(one, key) or _is_part(key, one) for one in self._unread for key in keys)

    def is_set(self, key: str) -> bool:
        """Tell whether a key has a value."""
        self._known.add(key)
        return bool(self._values.get(key, "").strip())

    def read(self, key: str, convert: Convert[T]) -> T | None:
        """Return a value that has to be there; None if there is a fault, which is noted."""
        if not self.is_set(key):
            self.note_unread(key, "is missing", f"Set it with `pulumi config set {key} ...`")
            return None
        return self._plain(key, convert)

    def read_secret(self, key: str, convert: Convert[T], required: bool = True) -> T | None:
        """Return a secret: likewise, but it has to be stored encrypted."""
        if not self.is_set(key):
            if required:
                self.note_unread(key, "is missing", f"Set it with `pulumi config set --secret {key} ...`")
            return None
        if key not in self._secret:
            self.note(key, "is stored unencrypted", f"Set it anew with `pulumi config set --secret {key} ...`")
        return self.convert(key, self._values[key], convert, is_secret=True)

    def read_optional(self, key: str, convert: Convert[T], default: T) -> T:
        """Return a value, or the default where it is not set or has a fault, which is noted."""
        if not self.is_set(key):
            return default
        found = self._plain(key, convert)
        return default if found is None else found

    def _plain(self, key: str, convert: Convert[T]) -> T | None:
        """Return a value that is no secret: one that is kept as a secret would be shown by what is made of it."""
        if key in self._secret:
            self.note_unread(
                key, "is stored encrypted, but what is made of it is not", "If it is no secret, set it without --secret"
            )
            return None
        return self.convert(key, self._values[key], convert)

    def convert(self, key: str, raw: object, convert: Convert[T], is_secret: bool = False) -> T | None:
        """Return a part of a value that was read already, typed; None if it has a fault, which is noted."""
        try:
            return convert(raw)
        except BadValueError as bad:
            lost = not is_secret and "PRIVATE KEY" in str(raw)
            self.note_unread(key, "is a private key" if lost else bad.wrong, bad.mend)
            return None

    def read_list(self, key: str, convert: Convert[T], example: str) -> tuple[T, ...]:
        """Return the entries of a list without those that have a fault."""
        return self.entries(key, self.raw_list(key, example), convert)

    def raw_list(self, key: str, example: str) -> list[Any]:
        """Return the entries of a list as they are; none if it is not set."""
        none: list[Any] = []
        return self.read_optional(key, lambda raw: as_list(raw, example), none)

    def entries(self, key: str, raw: Iterable[Any], convert: Convert[T]) -> tuple[T, ...]:
        """Return the entries of a list that was read already, without those that have a fault."""
        converted = (self.convert(f"{key}[{index}]", entry, convert) for index, entry in enumerate(raw))
        return tuple(entry for entry in converted if entry is not None)

    def read_table(self, key: str, convert: Callable[[str, Any], T], example: str) -> dict[str, T]:
        """Return the entries of a table by name, without those that have a fault."""
        return self._entries_by_name(key, self.raw_table(key, example, {}) or {}, convert)

    def raw_table(self, key: str, example: str, default: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the entries of a table as they are, the default if it is not set; None if it is no table."""
        return self._plain(key, lambda raw: as_table(raw, example)) if self.is_set(key) else default

    def read_secret_table(self, key: str, convert: Callable[[str, Any], T], example: str) -> dict[str, T]:
        """Return the entries of a table that has to be stored encrypted, without those that have a fault.

        The engine knows of the whole table only whether one of its entries is a secret. A fault names the entry; its
        text holds nothing of the table's values, so `convert` may not repeat them either.
        """
        if not self.is_set(key):
            return {}
        table = self.convert(key, self._values[key], functools.partial(_secret_table, example), is_secret=True)
        if table and key not in self._secret:
            mend = f"Set each entry anew with `pulumi config set --secret --path {key}.KEY`"
            self.note(key, "is stored unencrypted", mend)
        return self._entries_by_name(key, table or {}, convert, is_secret=True)

    def _entries_by_name(
        self, key: str, table: Mapping[str, Any], convert: Callable[[str, Any], T], is_secret: bool = False
    ) -> dict[str, T]:
        found: dict[str, T] = {}
        for name, raw in table.items():
            value = self.convert(part(key, name), raw, functools.partial(convert, name), is_secret)
            if value is not None:
                found[name] = value
        return found

    def fields(
        self, key: str, raw: object, known: Mapping[str, Convert[Any]], required: Iterable[str], example: str
    ) -> dict[str, Any]:
        """Return the fields of one entry that is a table itself, typed.

        Faults are noted, of unknown names and of those that are missing too: `well_read(key)` tells.
        """
        if not isinstance(raw, dict):
            self.note_unread(key, "is not a table", example)
            return {}
        for name in required:
            if name not in raw:
                self.note_unread(part(key, name), "is missing", example)
        found = {}
        for name, value in raw.items():
            if name not in known:
                self.note_unread(part(key, name), "is not a field of it", nearest(name, known, "Remove it"))
                continue
            typed = self.convert(part(key, name), value, known[name])
            if typed is not None:
                found[name] = typed
        return found

    def refuse_strangers(self, moved: Mapping[str, str]) -> None:
        """Note every key that nobody has asked for: most are misspelt. `moved` has those that were keys once."""
        for key in sorted(self._values.keys() - self._known):
            if key in moved:
                self.note(key, "is no key any more", moved[key])
            else:
                mend = nearest(key, self._known, f"Remove it with `pulumi config rm {key}`")
                self.note(key, "is not a key of this program", mend)


def part(key: str, name: str) -> str:
    """Return the key of a table's entry as `pulumi config set --path` takes it: a.b, or a["b c"] where it has to be."""
    return (
        f"{key}.{name}"
        if re.fullmatch(r'[^\s."\[\]\\]*', name) and name.isprintable()
        else f"{key}[{json.dumps(name)}]"
    )


def _is_part(key: str, of: str) -> bool:
    """Tell whether a key names the same value or a part of it: clients[1].count is a part of clients."""
    return key == of or key.startswith((f"{of}.", f"{of}["))


def nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    """Return a question after the name that is meant, or the other words."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {near[0]}?" if near else otherwise


def as_list(raw: object, example: str) -> list[Any]:
    """Return a list."""
    found = _decoded(raw, example)
    if not isinstance(found, list):
        raise BadValueError("is not a list", example)
    return found


def as_table(raw: object, example: str) -> dict[str, Any]:
    """Return a table."""
    found = _decoded(raw, example)
    if not isinstance(found, dict):
        raise BadValueError("is not a table", example)
    return found


def _secret_table(example: str, raw: object) -> dict[str, Any]:
    try:
        return as_table(raw, example)
    except BadValueError as bad:
        raise BadValueError("is not a table", bad.mend) from None


def _decoded(raw: object, example: str) -> object:
    if not isinstance(raw, str):
        return raw
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadValueError(f"{raw!r} is neither YAML's nor JSON's list or table", example) from error


def flag(raw: object) -> bool:
    """Return true or false."""
    if isinstance(raw, bool):
        return raw
    if raw in ("true", "false"):
        return raw == "true"
    raise BadValueError(f"{raw!r} is neither true nor false", "Write true or false")


def whole(least: int, most: int, unit: str = "") -> Convert[int]:
    """Return a converter to a whole number in a range; the unit is told with the range."""
    within = f"Choose a whole number from {least} to {most}{unit}"

    def convert(raw: object) -> int:
        if isinstance(raw, bool) or not re.fullmatch(r" *-?\d{1,30} *", str(raw)):
            raise BadValueError(f"{raw!r} is not a whole number", within)
        if not least <= int(str(raw)) <= most:
            raise BadValueError(f"{raw} is out of range", within)
        return int(str(raw))

    return convert


def matching(pattern: str, wrong: str, mend: str) -> Convert[str]:
    """Return a converter that takes only text that matches the whole pattern."""

    def convert(raw: object) -> str:
        if not isinstance(raw, str) or not re.fullmatch(pattern, raw):
            raise BadValueError(f"{raw!r} {wrong}", mend)
        return raw

    return convert
