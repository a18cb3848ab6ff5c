"""What is known of mysqld's settings before mysqld sees them; config and the server component refuse the same ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from components.mysql_settings.contradictions import SettingFault, contradictions
from components.mysql_settings.derived import derived
from components.mysql_settings.tables import KNOWN, REFUSED
from scripts.host.common.checks import InvalidValueError, nearest
from scripts.host.mysql.spec import Setting

__all__ = ["EXAMPLE", "SettingFault", "check_settings", "contradictions", "derived", "setting"]

PREFIXES = ("loose_", "skip_", "disable_", "enable_", "maximum_")
"""Of options that are another's in disguise (MySQL manual, "Program Option Modifiers")."""
EXAMPLE = 'Write a table like {"max_connections": 300, "innodb_buffer_pool_size": "2G"}'


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
