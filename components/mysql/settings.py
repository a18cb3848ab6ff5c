"""What is known of mysqld's settings before mysqld sees them; config and the server component refuse the same ones.

The tables are in settings.yaml.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from components.host.user_data import read_yaml
from scripts.host.common.checks import InvalidValueError, nearest
from scripts.host.mysql.spec import Setting

KIB, MIB, GIB = 1024, 1024**2, 1024**3
SUFFIXES = {"": 1, "K": KIB, "M": MIB, "G": GIB, "T": 1024**4}
NUMBERS = {"integer": (r"-?\d{1,30}", "a whole number"), "real": (r"\d+(\.\d+)?", "a number")}
PREFIXES = ("loose_", "skip_", "disable_", "enable_", "maximum_")
"""Of options that are another's in disguise (MySQL manual, "Program Option Modifiers")."""
EXAMPLE = 'Write a table like {"max_connections": 300, "innodb_buffer_pool_size": "2G"}'
POOL_SHARE = 0.9
"""Of the memory: what the operating system and mysqld itself need is not in the buffer pool."""
POOL_SIZE = 128 * MIB
"""MySQL's default of innodb_buffer_pool_size."""
POOL_CHUNK = 128 * MIB
"""InnoDB sizes its buffer pool in such steps."""
CONNECTIONS = 151
"""MySQL's default of max_connections."""


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
    """switch, choice, text, integer, real or size."""
    min: float = 0
    """Of a number; of a size in bytes."""
    max: float = 2**63 - 1
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


def check_settings(settings: Mapping[str, Any], memory_mib: int | None = None) -> Iterator[SettingFault]:
    """Yield what is wrong with settings: with each of them, or, if none is wrong by itself, with several together.

    Args:
        settings: all that the operator has chosen, or that was derived; by name with underscores.
        memory_mib: of the instance type; None if it is not known.
    """
    values: dict[str, Setting] = {}
    for name, raw in settings.items():
        try:
            values[name] = setting(name, raw)
        except InvalidValueError as error:
            yield SettingFault((name,), error.wrong, error.hint)
    if values.keys() == settings.keys():
        yield from contradictions(values, memory_mib)


def contradictions(settings: Mapping[str, Setting], memory_mib: int | None) -> Iterator[SettingFault]:
    """Yield what is right by itself and wrong together; see check_settings, each value as mysqld shows it."""
    if memory_mib:
        yield from _memory(settings, memory_mib)
    for small, large in PAIRS:
        if small in settings and large in settings and float(settings[small]) > float(settings[large]):
            wrong = f"is {settings[small]}, more than {large} = {settings[large]}"
            yield SettingFault((small, large), wrong, f"Lower it, or raise {large}")
    if settings.get("gtid_mode") == "ON" and settings.get("enforce_gtid_consistency") != "ON":
        wrong = "is ON without enforce_gtid_consistency = ON"
        yield SettingFault(("gtid_mode", "enforce_gtid_consistency"), wrong, "Set enforce_gtid_consistency to ON")
    if "innodb_redo_log_capacity" in settings:
        for name in sorted({"innodb_log_file_size", "innodb_log_files_in_group"} & settings.keys()):
            wrong = "has no effect beside innodb_redo_log_capacity, which is derived"
            yield SettingFault((name,), wrong, "Set innodb_redo_log_capacity in its place")
    if settings.get("super_read_only") is True:
        wrong = "would keep the program from making users, as root too"
        yield SettingFault(("super_read_only",), wrong, "Set read_only, or neither")


def of_other_versions(settings: Mapping[str, Any], version: str) -> Iterator[SettingFault]:
    """Yield the settings that a version of MySQL, such as 8.4, does not have: mysqld would not start with them."""
    for name in settings:
        if (removed := _TABLES["removed"].get(name)) and _number(removed["version"]) <= _number(version):
            wrong = f"is no setting of MySQL {version}: {removed['version']} removed it"
            yield SettingFault((name,), wrong, removed["hint"])
        if (added := _TABLES["added"].get(name)) and _number(version) < _number(added):
            wrong = f"is no setting of MySQL {version}: {added} brings it"
            yield SettingFault((name,), wrong, "Leave it out, or use an Ubuntu release that has it")


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _memory(settings: Mapping[str, Setting], memory_mib: int) -> Iterator[SettingFault]:
    memory, pool = memory_mib * MIB, int(settings.get("innodb_buffer_pool_size", POOL_SIZE))
    if pool > memory * POOL_SHARE:
        yield SettingFault(
            ("innodb_buffer_pool_size",),
            f"is {pool // MIB} MiB, more than {POOL_SHARE:.0%} of the instance type's {memory_mib} MiB",
            "Lower it, or choose a larger serverInstanceType",
        )
        return
    connections = int(settings.get("max_connections", CONNECTIONS))
    per_connection = sum(int(settings.get(name, default)) for name, default in BUFFERS.items())
    is_set = bool(settings.keys() & {"max_connections", *BUFFERS})
    if is_set and pool + connections * per_connection > memory:
        yield SettingFault(
            ("max_connections", "innodb_buffer_pool_size", *BUFFERS),
            f"{connections} connections of up to {per_connection // KIB} KiB and a buffer pool of {pool // MIB} MiB "
            f"are more than the instance type's {memory_mib} MiB",
            "Lower one of them, or choose a larger serverInstanceType",
        )


def derived(memory_mib: int) -> dict[str, Setting]:
    """Return the settings that follow from the MiB of memory of the instance type.

    Source: MySQL manual, "Enabling Automatic InnoDB Configuration for a Dedicated MySQL Server", for the buffer pool;
    a redo log of a quarter of it holds the changes of a busy hour and is small beside a root volume.
    """
    memory = memory_mib * MIB
    share = 0.0 if memory < GIB else 0.5 if memory <= 4 * GIB else 0.75
    pool = max(POOL_CHUNK, int(memory * share) // POOL_CHUNK * POOL_CHUNK)
    redo = min(max(pool // 4, 100 * MIB), 2 * GIB) // MIB * MIB
    return {"innodb_buffer_pool_size": pool, "innodb_redo_log_capacity": redo}
