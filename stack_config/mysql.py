"""Config of mysqld: its ports, its settings, and what follows from the instance type's memory."""

from __future__ import annotations

import re
from typing import Any

from stack_config.faults import BadValueError
from stack_config.model import MySqlConfig, Setting
from stack_config.mysql_contradictions import contradictions
from stack_config.mysql_settings import KNOWN, REFUSED, derived
from stack_config.reader import Reader, flag, nearest, whole

MYSQL_PORT, SSH_PORT, X_PORT = 3306, 22, 33060
PREFIXES = ("loose_", "skip_", "disable_", "enable_", "maximum_")
"""Of options that are another's in disguise (MySQL manual, "Program Option Modifiers")."""
EXAMPLE = 'Write a table like {"max_connections": 300, "innodb_buffer_pool_size": "2G"}'


def read(reader: Reader, memory_mib: int | None) -> MySqlConfig:
    """Return mysqld's config.

    Args:
        reader: the raw values.
        memory_mib: of the server's instance type; None if it is not known.
    """
    x_protocol = reader.read_optional("xProtocol", flag, False)
    port = reader.read_optional("mysqlPort", mysql_port, MYSQL_PORT)
    if x_protocol and port == X_PORT:
        reader.note("mysqlPort", f"{port} is the X protocol's", "Choose another, or set xProtocol to false")
    secure = reader.read_optional("requireSecureTransport", flag, True)
    settings = reader.read_table("mysqlSettings", setting, EXAMPLE)
    sized = derived(memory_mib) if memory_mib else {}
    for found in contradictions({**sized, **settings}, memory_mib):
        keys = [f"mysqlSettings.{name}" for name in found.names]
        if reader.well_read(*keys):
            reader.note(keys[0], found.wrong, found.mend)
    return MySqlConfig(port, x_protocol, secure, sized, settings)


def mysql_port(raw: Any) -> int:
    """Return MySQL's port."""
    port = whole(1, 65535)(raw)
    if port == SSH_PORT:
        raise BadValueError(f"{port} is taken by ssh", f"Choose another, like {MYSQL_PORT}")
    if port < 1024:
        raise BadValueError(
            f"{port} is below 1024, and mysqld does not run as root", f"Choose another, like {MYSQL_PORT}"
        )
    return port


def setting(name: str, raw: Any) -> Setting:
    """Return a setting's value as mysqld shows it: sizes in bytes, ON and OFF as bool."""
    spelt = name.lower().replace("-", "_")
    if spelt != name:
        raise BadValueError("is spelt as an option", f"Write it as the variable: {spelt}")
    if not re.fullmatch(r"[a-z][a-z0-9_.]*", name):
        raise BadValueError("is not the name of a setting", nearest(name, KNOWN, EXAMPLE))
    if name in REFUSED:
        raise BadValueError(*REFUSED[name])
    if name.startswith(PREFIXES) and name not in KNOWN:
        raise BadValueError("has a prefix that makes another option of it", "Write the variable itself, with ON or OFF")
    if not isinstance(raw, bool | int | float | str):
        raise BadValueError("is not one value", EXAMPLE)
    if isinstance(raw, str) and (not raw.isprintable() or raw != raw.strip()):
        raise BadValueError("has control characters or spaces around it", "Write the value alone, on one line")
    return KNOWN[name].read(raw) if name in KNOWN else raw
