"""MySQL's character sets and collations, as a database may have them."""

from __future__ import annotations

import re

from scripts.host.common.checks import InvalidValueError, nearest

CHARSET = "utf8mb4"
"""The default."""
_CHARSETS = """
    armscii8 ascii big5 binary cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 cp932 dec8 eucjpms euckr gb18030 gb2312
    gbk geostd8 greek hebrew hp8 keybcs2 koi8r koi8u latin1 latin2 latin5 latin7 macce macroman sjis swe7 tis620
    ucs2 ujis utf16 utf16le utf32 utf8mb3 utf8mb4
"""
CHARSETS = frozenset(_CHARSETS.split())
"""Those of MySQL 8.0 to 9.7 (MySQL manual, "Supported Character Sets and Collations")."""


def charset(raw: object) -> str:
    """Return a character set's name as MySQL shows it."""
    name = raw.lower() if isinstance(raw, str) else ""
    if name == "utf8":
        raise InvalidValueError("'utf8' is an old name of utf8mb3", f"Write {CHARSET}, or utf8mb3 if it has to be that")
    if name not in CHARSETS:
        raise InvalidValueError(f"{raw!r} is no character set of MySQL's", nearest(name, CHARSETS, f"Write {CHARSET}"))
    return name


def collation(raw: object) -> str:
    """Return a collation's name as MySQL shows it."""
    if not isinstance(raw, str) or not re.fullmatch(r"[a-z0-9_]{1,64}", raw.lower()):
        raise InvalidValueError(f"{raw!r} is not the name of a collation", "Write one like utf8mb4_0900_ai_ci")
    return raw.lower()


def belongs(collation_name: str, charset_name: str) -> bool:
    """Return whether a collation is one of a character set: its name begins with it, but for binary's only one."""
    return collation_name == charset_name == "binary" or collation_name.startswith(f"{charset_name}_")
