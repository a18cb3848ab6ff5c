"""What is known of mysqld's settings before mysqld sees them; config and the server component refuse the same ones.

The tables are in settings.yaml.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from components.host.user_data import read_yaml
from scripts.host.common.checks import InvalidValueError, matching, nearest
from scripts.host.constants import LOG_DIR
from scripts.host.mysql.spec import Setting

KIB, MIB, GIB = 1024, 1024**2, 1024**3
SUFFIXES = {"": 1, "K": KIB, "M": MIB, "G": GIB, "T": 1024**4}
log_file = matching(
    rf"{re.escape(LOG_DIR)}/[\w.-]*log", "is not a log where the distribution rotates them", f"Write {LOG_DIR}/NAME.log"
)
NUMBERS = {"integer": (r"-?\d{1,30}", "a whole number"), "real": (r"\d+(\.\d+)?", "a number")}
PREFIXES = ("loose_", "skip_", "disable_", "enable_", "maximum_")
"""Of options that are another's in disguise (MySQL manual, "Program Option Modifiers")."""
EXAMPLE = 'Write a table like {"max_connections": 300, "innodb_buffer_pool_size": "2G"}'


class SettingFault(NamedTuple):
    """What is wrong with settings, and a hint how to correct it."""

    names: tuple[str, ...]
    """The settings that it follows from, the one to look at first before the others."""
    wrong: str
    hint: str


@dataclass(frozen=True)
class Known:
    """What is known of a setting."""

    type: str
    """switch, choice, text, log, integer, real or size."""
    min: float = 0
    """Of a number; of a size in bytes."""
    max: float = 2**63 - 1
    step: int = 1
    """Bytes: of a size that is no multiple of it, mysqld makes the next smaller one that is."""
    values: tuple[str, ...] = ()
    """Of a choice."""

    def read(self, raw: Setting) -> Setting:
        """Return a value as mysqld shows it, or raise InvalidValueError."""
        match self.type:
            case "switch":
                return _switch(raw)
            case "choice":
                return self._choice(raw)
            case "text":
                return _text(raw)
            case "log":
                return log_file(raw)
            case "size":
                return self._size(raw)
        return self._number(raw)

    def _choice(self, raw: Setting) -> str:
        text = _word(raw)
        if text not in self.values:
            raise InvalidValueError(f"{raw!r} is none of its values", f"Choose one of {', '.join(self.values)}")
        return text

    def _size(self, raw: Setting) -> int:
        number = size(raw)
        if not self.min <= number <= self.max:
            raise InvalidValueError(f"{raw} is out of range", f"Choose from {self.min} to {self.max} bytes")
        if number % self.step:
            hint = f"mysqld would make {number // self.step * self.step} of it"
            raise InvalidValueError(f"{raw} is no multiple of {self.step} bytes", hint)
        return number

    def _number(self, raw: Setting) -> int | float:
        pattern, noun = NUMBERS[self.type]
        text, within = str(raw), f"from {self.min} to {self.max}"
        if isinstance(raw, bool) or not re.fullmatch(pattern, text):
            raise InvalidValueError(f"{raw!r} is not {noun}", f"Choose one {within}")
        number = float(text) if "." in text else int(text)
        if not self.min <= number <= self.max:
            raise InvalidValueError(f"{raw} is out of range", f"Choose a number {within}")
        return int(number) if number == int(number) else number


def size(raw: Setting) -> int:
    """Return bytes from a number with a suffix if one likes."""
    match = re.fullmatch(r"(\d+)([KMGT]?)", str(raw).upper()) if not isinstance(raw, bool) else None
    if not match:
        hint = "Write bytes, or a number with K, M or G behind it, like 512M"
        raise InvalidValueError(f"{raw!r} is not a size", hint)
    return int(match[1]) * SUFFIXES[match[2]]


def _switch(raw: Setting) -> bool:
    text = _word(raw)
    if text not in ("ON", "OFF", "TRUE", "FALSE", "1", "0"):
        raise InvalidValueError(f"{raw!r} is neither ON nor OFF", "Write true or false")
    return text in ("ON", "TRUE", "1")


def _text(raw: Setting) -> str:
    if not isinstance(raw, str):
        raise InvalidValueError(f"{raw!r} is not text", "Write it in quotation marks")
    return raw


def _word(raw: Setting) -> str:
    """Return a value as MySQL writes it: YAML takes ON for true."""
    if isinstance(raw, bool):
        return "ON" if raw else "OFF"
    return str(raw).upper()


def _known(type: str, values: Sequence[str] = (), **limits: Any) -> Known:
    bounds = {name: size(limit) if type == "size" else limit for name, limit in limits.items()}
    return Known(type, values=tuple(values), **bounds)


_TABLES = read_yaml(Path(__file__).with_suffix(".yaml"))
KNOWN = {name: _known(**fields) for name, fields in _TABLES["known"].items()}
"""The settings that one is likely to set."""
PAIRS: Sequence[tuple[str, str]] = tuple(_TABLES["at_most"].items())
"""The first may not be larger than the second."""
BUFFERS = {name: size(default) for name, default in _TABLES["per_connection"].items()}
"""What a connection may take, with MySQL's defaults in bytes."""
REFUSED = {name: (group["reason"], group["hint"]) for group in _TABLES["refused"] for name in group["settings"]}
"""What no config may set: why, and what to do instead."""
MYSQL_OF_UBUNTU: Mapping[str, str] = _TABLES["ubuntu"]
"""MySQL's version by Ubuntu release."""
REMOVED: Mapping[str, Mapping[str, str]] = _TABLES["removed"]
ADDED: Mapping[str, str] = _TABLES["added"]
"""The version that took a setting away, with a hint, and the version that brought one."""


def removed_in(version: str) -> dict[str, str]:
    """Return the settings that a version of MySQL, such as 8.4, does not have any more, each with a hint."""
    return {name: told["hint"] for name, told in REMOVED.items() if number(told["version"]) <= number(version)}


def number(version: str) -> tuple[int, ...]:
    """Return a version as what is compared."""
    return tuple(int(part) for part in version.split("."))


def setting(name: str, raw: Any) -> Setting:
    """Return a setting's value as mysqld shows it: sizes in bytes, ON and OFF as bool.

    Raises:
        InvalidValueError: the setting is refused, misspelt, or has a value that mysqld would not take.
    """
    spelt = name.lower().replace("-", "_")
    if spelt != name:
        raise InvalidValueError("is spelt as an option", f"Write it as the variable: {spelt}")
    if not re.fullmatch(r"[a-z][a-z0-9_.]*", name):
        raise InvalidValueError("is not the name of a setting", nearest(name, KNOWN, EXAMPLE))
    if name in REFUSED:
        raise InvalidValueError(*REFUSED[name])
    if name.startswith(PREFIXES) and name not in KNOWN:
        raise InvalidValueError(
            "has a prefix that makes another option of it", "Write the variable itself, with ON or OFF"
        )
    if not isinstance(raw, bool | int | float | str):
        raise InvalidValueError("is not one value", EXAMPLE)
    if isinstance(raw, str) and (not raw.isprintable() or raw != raw.strip()):
        raise InvalidValueError("has control characters or spaces around it", "Write the value alone, on one line")
    return KNOWN[name].read(raw) if name in KNOWN else raw
