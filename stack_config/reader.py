"""Reading raw values: all are text, lists and tables as JSON. A fault is collected, and reading goes on."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, TypeVar

from scripts.host.common.checks import InvalidValueError, nearest
from stack_config.faults import Fault

T = TypeVar("T")
Convert = Callable[[Any], T]
"""Returns the typed value, or raises InvalidValueError."""


class Reader:
    """The raw values of a stack's config, and the faults found so far. An empty value is one that is not set."""

    def __init__(self, values: Mapping[str, str], secret: Set[str]) -> None:
        """Read these values.

        Args:
            values: raw values by key, without the namespace.
            secret: the keys whose values are stored encrypted.
        """
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []
        self._values, self._secret = values, secret
        self._known: set[str] = set()
        self._unreadable: set[str] = set()

    def add_fault(self, key: str, wrong: str, hint: str) -> None:
        """Add a fault of a value that was read, or of several together."""
        self.faults.append(Fault(key, wrong, hint))

    def add_warning(self, key: str, wrong: str, hint: str) -> None:
        """Add what is probably not meant and does no harm."""
        self.warnings.append(Fault(key, wrong, hint))

    def add_unreadable(self, key: str, wrong: str, hint: str) -> None:
        """Add a fault of a value that could not be read: nothing may be concluded from it."""
        self._unreadable.add(key)
        self.add_fault(key, wrong, hint)

    def check(self, key: str, raw: object, check: Convert[Any]) -> None:
        """Add what a check says against a value, a name for instance: it is known all the same."""
        try:
            check(raw)
        except InvalidValueError as error:
            self.add_fault(key, error.wrong, error.hint)

    def is_readable(self, *keys: str) -> bool:
        """Return whether these values are what config says, whole and in every part; a default is readable too."""
        return not any(_is_part(bad, key) or _is_part(key, bad) for bad in self._unreadable for key in keys)

    def is_set(self, key: str) -> bool:
        """Return whether a key has a value."""
        self._known.add(key)
        return bool(self._values.get(key, "").strip())

    def read(self, key: str, convert: Convert[T]) -> T | None:
        """Return a value that has to be there; None if it has a fault."""
        if not self.is_set(key):
            self.add_unreadable(key, "is missing", f"Set it with `pulumi config set {key} ...`")
            return None
        return self._plain(key, convert)

    def read_secret(self, key: str, convert: Convert[T]) -> T | None:
        """Return a secret, which has to be stored encrypted; None if it is not set or has a fault."""
        if not self.is_set(key):
            return None
        if key not in self._secret:
            self.add_fault(key, "is stored unencrypted", f"Set it anew with `pulumi config set --secret {key} ...`")
        return self.convert(key, self._values[key], convert, is_secret=True)

    def read_optional(self, key: str, convert: Convert[T], default: T) -> T:
        """Return a value, or the default where it is not set or has a fault."""
        if not self.is_set(key):
            return default
        value = self._plain(key, convert)
        return default if value is None else value

    def _plain(self, key: str, convert: Convert[T]) -> T | None:
        """Return a value that is no secret: one that is kept as a secret would be shown by what is made of it."""
        if key in self._secret:
            wrong = "is stored encrypted, but what is made of it is not"
            self.add_unreadable(key, wrong, "If it is no secret, set it without --secret")
            return None
        return self.convert(key, self._values[key], convert)

    def convert(self, key: str, raw: object, convert: Convert[T], is_secret: bool = False) -> T | None:
        """Return a part of a value that was read already, typed; None if it has a fault."""
        try:
            return convert(raw)
        except InvalidValueError as error:
            misplaced = not is_secret and "PRIVATE KEY" in str(raw)
            self.add_unreadable(key, "is a private key" if misplaced else error.wrong, error.hint)
            return None

    def read_list(self, key: str, convert: Convert[T], example: str) -> tuple[T, ...]:
        """Return the entries of a list without those that have a fault."""
        return self.entries(key, self.raw_list(key, example), convert)

    def raw_list(self, key: str, example: str) -> list[Any]:
        """Return the entries of a list as they are; an empty one if it is not set."""
        empty: list[Any] = []
        return self.read_optional(key, lambda raw: as_list(raw, example), empty)

    def entries(self, key: str, raw: Iterable[Any], convert: Convert[T]) -> tuple[T, ...]:
        """Return the entries of a list that was read already, without those that have a fault."""
        converted = (self.convert(f"{key}[{index}]", entry, convert) for index, entry in enumerate(raw))
        return tuple(entry for entry in converted if entry is not None)

    def refuse_repeated(self, key: str, entries: tuple[str, ...]) -> tuple[str, ...]:
        """Return each entry of a list once; one that is repeated is a fault."""
        for name in sorted({name for name in entries if entries.count(name) > 1}):
            self.add_fault(key, f"{name} is there twice", "Leave it out once")
        return tuple(dict.fromkeys(entries))

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
            hint = f"Set each entry anew with `pulumi config set --secret --path {key}.KEY`"
            self.add_fault(key, "is stored unencrypted", hint)
        return self._entries_by_name(key, table or {}, convert, is_secret=True)

    def _entries_by_name(
        self, key: str, table: Mapping[str, Any], convert: Callable[[str, Any], T], is_secret: bool = False
    ) -> dict[str, T]:
        entries: dict[str, T] = {}
        for name, raw in table.items():
            value = self.convert(part(key, name), raw, functools.partial(convert, name), is_secret)
            if value is not None:
                entries[name] = value
        return entries

    def fields(
        self, key: str, raw: object, known: Mapping[str, Convert[Any]], required: Iterable[str], example: str
    ) -> dict[str, Any]:
        """Return the fields of one entry that is a table itself, typed.

        A name that is unknown or missing is a fault too: `is_readable(key)` tells.
        """
        typed = {}
        for name, value in self.raw_fields(key, raw, known, required, example).items():
            field = self.convert(part(key, name), value, known[name])
            if field is not None:
                typed[name] = field
        return typed

    def raw_fields(
        self, key: str, raw: object, known: Iterable[str], required: Iterable[str], example: str
    ) -> Mapping[str, Any]:
        """Return the known fields of one entry as they are."""
        if not isinstance(raw, dict):
            self.add_unreadable(key, "is not a table", example)
            return {}
        for name in required:
            if name not in raw:
                self.add_unreadable(part(key, name), "is missing", example)
        names = list(known)
        for name in raw:
            if name not in names:
                self.add_unreadable(part(key, name), "is not a field of it", nearest(name, names, "Remove it"))
        return {name: value for name, value in raw.items() if name in names}

    def refuse_unknown(self) -> None:
        """Add a fault for every key that nobody has asked for: most are misspelt."""
        for key in sorted(self._values.keys() - self._known):
            hint = nearest(key, self._known, f"Remove it with `pulumi config rm {key}`")
            self.add_fault(key, "is not a key of this program", hint)


def part(key: str, name: str) -> str:
    """Return the key of a table's entry as `pulumi config set --path` takes it: a.b, or a["b c"] where it has to be."""
    if re.fullmatch(r'[^\s."\[\]\\]*', name) and name.isprintable():
        return f"{key}.{name}"
    return f"{key}[{json.dumps(name)}]"


def _is_part(key: str, of: str) -> bool:
    """Return whether a key names the same value or a part of it: clients[1].count is a part of clients."""
    return key == of or key.startswith((f"{of}.", f"{of}["))


def as_list(raw: object, example: str) -> list[Any]:
    """Return a list."""
    value = _decoded(raw, example)
    if not isinstance(value, list):
        raise InvalidValueError("is not a list", example)
    return value


def as_table(raw: object, example: str) -> dict[str, Any]:
    """Return a table."""
    value = _decoded(raw, example)
    if not isinstance(value, dict):
        raise InvalidValueError("is not a table", example)
    return value


def _secret_table(example: str, raw: object) -> dict[str, Any]:
    try:
        return as_table(raw, example)
    except InvalidValueError as error:
        raise InvalidValueError("is not a table", error.hint) from None


def _decoded(raw: object, example: str) -> object:
    if not isinstance(raw, str):
        return raw
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InvalidValueError(f"{raw!r} is neither YAML's nor JSON's list or table", example) from error
