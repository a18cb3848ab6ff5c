"""Config of the database and its user: MySQL's rules for names and passwords."""

from __future__ import annotations

import re
from collections.abc import Set
from typing import Any

from stack_config.faults import BadValueError

SYSTEM_SCHEMAS = frozenset({"mysql", "sys", "information_schema", "performance_schema"})
RESERVED_USERS = frozenset({"root", "mysql.sys", "mysql.session", "mysql.infoschema", "debian-sys-maint"})
LONGEST_PASSWORD = 128
"""Bytes of UTF-8. MySQL's own limit is 256; an option file's line and a URL stay readable well below it."""


def database_name(raw: Any) -> str:
    """Return the name of a database."""
    if re.search(r"[/\\.]", str(raw)):
        raise BadValueError(f"{raw!r} has a slash, backslash or dot", "Use letters, digits and _")
    return _mysql_name(str(raw), 64, SYSTEM_SCHEMAS)


def user_name(raw: Any) -> str:
    """Return the name of a user."""
    return _mysql_name(str(raw), 32, RESERVED_USERS)


def _mysql_name(raw: str, longest: int, reserved: Set[str]) -> str:
    """Return the name; source: MySQL manual, "Schema Object Names" and "Identifier Length Limits"."""
    if len(raw) > longest:
        raise BadValueError(f"has {len(raw)} characters", f"MySQL allows {longest}")
    if raw != raw.strip() or not raw.isprintable() or any(ord(char) > 0xFFFF for char in raw):
        raise BadValueError(
            f"{raw!r} has characters MySQL refuses", "Use letters, digits and _, without spaces around them"
        )
    if raw.lower() in reserved:
        raise BadValueError(f"{raw!r} belongs to MySQL itself", "Choose another name, like app")
    return raw


def password(raw: Any) -> str:
    """Return a password; no message repeats it."""
    mend = "Set another with `pulumi config set --secret userPassword`"
    if not raw.isprintable():
        raise BadValueError("has control characters, a line end for instance", mend)
    if len(raw.encode()) > LONGEST_PASSWORD:
        raise BadValueError(f"is longer than {LONGEST_PASSWORD} bytes", mend)
    return str(raw)
