"""Reading raw values: all are text, lists and tables as JSON. A fault is collected, and reading goes on."""

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any, TypeVar

import pulumi

from components.host.agent import ROOT
from components.host.user_data import read_yaml
from scripts.host.common.checks import InvalidValueError, nearest

NAMESPACE = "mysql-pair"
DECLARED: Mapping[str, Any] = read_yaml(ROOT / "Pulumi.yaml")["config"]
"""Every key there is, each with its default; an empty one means that the key is not set."""
T = TypeVar("T")
Convert = Callable[[Any], T]
"""Returns the typed value, or raises InvalidValueError."""
ConvertEntry = Callable[[str, Any], T | None]
"""The same of an entry of a table, with its name before it; None leaves the entry out."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one key, and a hint how to correct it. Neither text may hold a secret's value."""

    key: str
    """With the place in it, where it is a list or a table: clients[1].count."""
    wrong: str
    hint: str

    def __str__(self) -> str:
        """Return the one line that is shown for this fault."""
        return f"{NAMESPACE}:{self.key}: {self.wrong}. {self.hint}"


class ConfigFaults(pulumi.RunError):
    """Every fault of the config; a RunError, so the engine prints the text without a traceback."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Keep the faults and make one text of them."""
        self.faults = list(faults)
        lines = "\n".join(f"  - {fault}" for fault in self.faults)
        super().__init__(f"the config has {len(self.faults)} fault(s); nothing was changed:\n{lines}")


class Reader:
    """The raw values of a stack's config, and the faults found so far. An empty value means the key's default."""

    def __init__(self, values: Mapping[str, str], secret: Set[str]) -> None:
        """Read values by key, without the namespace; `secret` are the keys whose values are stored encrypted."""
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []
        """What is probably not meant and does no harm."""
        self._values, self._secret = values, secret
        self._unreadable: set[str] = set()

    def add_fault(self, key: str, wrong: str, hint: str) -> None:
        """Add a fault of a value that was read, or of several together."""
        self.faults.append(Fault(key, wrong, hint))

    def add_warning(self, key: str, wrong: str, hint: str) -> None:
        """Add what is probably not meant, and may do no harm."""
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
        return bool(self._text(key))

    def _text(self, key: str) -> str:
        return self._values[key] if self._values.get(key, "").strip() else default(key)

    def raw(self, key: str, secret: str = "") -> str | None:
        """Return a value as it is, None if it is not set, or may not be read; `secret` is how a secret is set."""
        text = self._text(key)
        if secret and key not in self._secret and text != default(key):
            self.add_fault(key, "is stored unencrypted", f"Set it anew with `pulumi config set --secret {secret}`")
        if key in self._secret and text and not secret:
            # What is made of it would show it.
            wrong = "is stored encrypted, but what is made of it is not"
            self.add_unreadable(key, wrong, "If it is no secret, set it without --secret")
            return None
        return text or None

    def read(self, key: str, convert: Convert[T], secret: str = "") -> T | None:
        """Return a value; None if it is not set or has a fault."""
        raw = self.raw(key, secret)
        return None if raw is None else self.convert(key, raw, convert, bool(secret))

    def read_required(self, key: str, convert: Convert[T]) -> T | None:
        """Return a value that has to be there; None if it has a fault."""
        if not self.is_set(key):
            self.add_unreadable(key, "is missing", f"Set it with `pulumi config set {key} ...`")
        return self.read(key, convert)

    def convert(self, key: str, raw: object, convert: Convert[T], is_secret: bool = False) -> T | None:
        """Return a part of a value that was read already, typed; None if it has a fault."""
        try:
            return convert(raw)
        except InvalidValueError as error:
            misplaced = not is_secret and "PRIVATE KEY" in str(raw)
            self.add_unreadable(key, "is a private key" if misplaced else error.wrong, error.hint)
            return None

    def entries(self, key: str, raw: Iterable[Any], convert: Convert[T]) -> tuple[T, ...]:
        """Return the entries of a list, without those that have a fault."""
        converted = (self.convert(f"{key}[{index}]", entry, convert) for index, entry in enumerate(raw))
        return tuple(entry for entry in converted if entry is not None)

    def refuse_repeated(self, key: str, entries: tuple[str, ...]) -> tuple[str, ...]:
        """Return each entry of a list once; one that is repeated is a fault."""
        for name in sorted({name for name in entries if entries.count(name) > 1}):
            self.add_fault(key, f"{name} is there twice", "Leave it out once")
        return tuple(dict.fromkeys(entries))

    def raw_table(self, key: str, example: str, secret: str = "") -> Mapping[str, Any] | None:
        """Return the entries of a table as they are; None if it is no table."""
        return self.read(key, lambda raw: as_table(raw, example, bool(secret)), secret)

    def read_table(self, key: str, convert: ConvertEntry[T], example: str, secret: str = "") -> dict[str, T]:
        """Return the entries of a table by name, without those that have a fault.

        What is said of a secret table holds nothing of its values, so `convert` may not repeat them either.
        """
        entries = {
            name: self.convert(part(key, name), raw, functools.partial(convert, name), bool(secret))
            for name, raw in (self.raw_table(key, example, secret) or {}).items()
        }
        return {name: value for name, value in entries.items() if value is not None}

    def refuse_unknown(self) -> None:
        """Add a fault for every key that there is not: most are misspelt."""
        for key in sorted(self._values.keys() - DECLARED.keys()):
            hint = nearest(key, DECLARED, f"Remove it with `pulumi config rm {key}`")
            self.add_fault(key, "is not a key of this program", hint)


def default(key: str) -> str:
    """Return a key's default as the engine hands it to the program: lists and tables as JSON."""
    value = DECLARED.get(key, {}).get("default", "")
    return value if isinstance(value, str) else json.dumps(value)


def part(key: str, name: str) -> str:
    """Return the key of a table's entry as `pulumi config set --path` takes it: a.b, or a["b c"] where it has to be."""
    if re.fullmatch(r'[^\s."\[\]\\]*', name) and name.isprintable():
        return f"{key}.{name}"
    return f"{key}[{json.dumps(name)}]"


def as_list(raw: object, example: str) -> list[Any]:
    """Return a list."""
    return _decoded(raw, list, "list", example)


def as_table(raw: object, example: str, is_secret: bool = False) -> dict[str, Any]:
    """Return a table."""
    return _decoded(raw, dict, "table", example, is_secret)


def _decoded(raw: object, kind: type[T], noun: str, example: str, is_secret: bool = False) -> T:
    value = raw
    if isinstance(raw, str):
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            wrong = f"is not a {noun}" if is_secret else f"{raw!r} is neither YAML's nor JSON's list or table"
            raise InvalidValueError(wrong, example) from None
    if not isinstance(value, kind):
        raise InvalidValueError(f"is not a {noun}", example)
    return value


def _is_part(key: str, of: str) -> bool:
    """Return whether a key names the same value or a part of it: clients[1].count is a part of clients."""
    return key == of or key.startswith((f"{of}.", f"{of}["))
