"""Config of the databases: their names, character sets and collations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stack_config.faults import BadValueError
from stack_config.model import DatabaseConfig
from stack_config.names import database_name
from stack_config.reader import Reader, flag, nearest, part

KEY = "databases"
EXAMPLE = 'Write a table like {"app": {}, "shop": {"charset": "utf8mb4"}}'
DEFAULT: Mapping[str, Any] = {"app": {}}
"""As in Pulumi.yaml."""
CHARSET = "utf8mb4"
_CHARSETS = """
    armscii8 ascii big5 binary cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 cp932 dec8 eucjpms euckr gb18030 gb2312
    gbk geostd8 greek hebrew hp8 keybcs2 koi8r koi8u latin1 latin2 latin5 latin7 macce macroman sjis swe7 tis620
    ucs2 ujis utf16 utf16le utf32 utf8mb3 utf8mb4
"""
CHARSETS = frozenset(_CHARSETS.split())
"""Those of MySQL 8.0 to 9.7 (MySQL manual, "Supported Character Sets and Collations")."""


def read_databases(reader: Reader) -> dict[str, DatabaseConfig] | None:
    """Return the databases by name, those with a fault too; None if it is not known which there are.

    A field that could not be read has its default; what is concluded from it has to ask the reader first.
    """
    raw = reader.raw_table(KEY, EXAMPLE, DEFAULT)
    return None if raw is None else {name: _database(reader, name, fields) for name, fields in raw.items()}


def _database(reader: Reader, name: str, raw: object) -> DatabaseConfig:
    key = part(KEY, name)
    reader.check(key, name, database_name)
    known = {"charset": charset, "collation": _collation, "drop": flag}
    fields = reader.fields(key, raw, known, [], EXAMPLE)
    found = DatabaseConfig(name, fields.get("charset", CHARSET), fields.get("collation"), fields.get("drop", False))
    if found.collation and reader.well_read(f"{key}.charset") and not _belongs(found.collation, found.charset):
        reader.note(
            f"{key}.collation",
            f"{found.collation} is no collation of {found.charset}",
            f"Choose one like {found.charset}_bin, or set charset too",
        )
    return found


def charset(raw: Any) -> str:
    """Return a character set's name as MySQL shows it."""
    name = raw.lower() if isinstance(raw, str) else ""
    if name == "utf8":
        raise BadValueError("'utf8' is an old name of utf8mb3", f"Write {CHARSET}, or utf8mb3 if it has to be that")
    if name not in CHARSETS:
        raise BadValueError(f"{raw!r} is no character set of MySQL's", nearest(name, CHARSETS, f"Write {CHARSET}"))
    return name


def _collation(raw: Any) -> str:
    if not isinstance(raw, str) or not re.fullmatch(r"[a-z0-9_]{1,64}", raw.lower()):
        raise BadValueError(f"{raw!r} is not the name of a collation", "Write one like utf8mb4_0900_ai_ci")
    return raw.lower()


def _belongs(collation: str, charset_name: str) -> bool:
    """Return whether a collation is one of a character set: its name begins with it, but for binary's only one."""
    return collation == charset_name == "binary" or collation.startswith(f"{charset_name}_")
