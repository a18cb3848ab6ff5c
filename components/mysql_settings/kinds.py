"""The types of mysqld's settings: each reads a value as one writes it and returns it as mysqld shows it."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass

from scripts.host.common.checks import InvalidValueError
from scripts.host.mysql.spec import Setting

KIB, MIB, GIB = 1024, 1024**2, 1024**3
SUFFIXES = {"": 1, "K": KIB, "M": MIB, "G": GIB, "T": 1024**4}


class Kind(ABC):
    """The type of a setting."""

    @abstractmethod
    def read(self, raw: Setting) -> Setting:
        """Return the value as mysqld shows it, or raise InvalidValueError."""


@dataclass(frozen=True)
class Switch(Kind):
    """ON or OFF."""

    def read(self, raw: Setting) -> Setting:
        """Return it as bool."""
        text = str(raw).lower()
        if text not in ("on", "off", "true", "false", "1", "0"):
            raise InvalidValueError(f"{raw!r} is neither ON nor OFF", "Write true or false")
        return text in ("on", "true", "1")


@dataclass(frozen=True)
class Number(Kind):
    """A whole number."""

    least: int
    most: int

    def read(self, raw: Setting) -> Setting:
        """Return it as int."""
        if isinstance(raw, bool) or not re.fullmatch(r"-?\d{1,30}", str(raw)):
            raise InvalidValueError(f"{raw!r} is not a whole number", f"Choose one from {self.least} to {self.most}")
        if not self.least <= int(raw) <= self.most:
            raise InvalidValueError(f"{raw} is out of range", f"Choose a number from {self.least} to {self.most}")
        return int(raw)


@dataclass(frozen=True)
class Size(Kind):
    """Bytes, with a suffix if one likes."""

    least: int
    most: int

    def read(self, raw: Setting) -> Setting:
        """Return it as int."""
        match = re.fullmatch(r"(\d+)([KMGT]?)", str(raw).upper()) if not isinstance(raw, bool) else None
        if not match:
            raise InvalidValueError(
                f"{raw!r} is not a size", "Write bytes, or a number with K, M or G behind it, like 512M"
            )
        size = int(match[1]) * SUFFIXES[match[2]]
        if not self.least <= size <= self.most:
            raise InvalidValueError(f"{raw} is out of range", f"Choose from {self.least} to {self.most} bytes")
        return size


@dataclass(frozen=True)
class Real(Kind):
    """A number that need not be whole."""

    least: float
    most: float

    def read(self, raw: Setting) -> Setting:
        """Return it as int or float."""
        if isinstance(raw, bool) or not re.fullmatch(r"\d+(\.\d+)?", str(raw)):
            raise InvalidValueError(f"{raw!r} is not a number", f"Choose one from {self.least} to {self.most}")
        number = float(raw)
        if not self.least <= number <= self.most:
            raise InvalidValueError(f"{raw} is out of range", f"Choose a number from {self.least} to {self.most}")
        return int(number) if number.is_integer() else number


@dataclass(frozen=True)
class Choice(Kind):
    """One of some words."""

    words: tuple[str, ...]

    def read(self, raw: Setting) -> Setting:
        """Return it as MySQL writes it."""
        text = {True: "ON", False: "OFF"}.get(raw, str(raw).upper()) if isinstance(raw, bool) else str(raw).upper()
        if text not in self.words:
            raise InvalidValueError(f"{raw!r} is none of its values", f"Choose one of {', '.join(self.words)}")
        return text


@dataclass(frozen=True)
class Text(Kind):
    """Any text."""

    def read(self, raw: Setting) -> Setting:
        """Return it as str."""
        if not isinstance(raw, str):
            raise InvalidValueError(f"{raw!r} is not text", "Write it in quotation marks")
        return raw
