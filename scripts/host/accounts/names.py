"""MySQL's rules for the names of accounts, databases, tables and character sets.

With them are how SQL writes names, and the program's own rule for keys. Source: MySQL manual, "Schema Object Names",
"Identifier Length Limits", "Reserved Accounts".
"""

import re
from dataclasses import dataclass
from typing import Any

from scripts.host.common.checks import InvalidValueError, has_control_characters, nearest

IDENTIFIER_LENGTH, USER_LENGTH = 64, 32
"""Characters."""
SYSTEM_SCHEMAS = frozenset({"mysql", "sys", "information_schema", "performance_schema"})
RESERVED_ACCOUNTS = frozenset({"root", "debian-sys-maint"})
RESERVED_PREFIX = "mysql."
"""Of the server's own accounts: mysql.sys, mysql.session, mysql.infoschema."""
ANYWHERE = "%"
"""The host part that matches every host; every role's account has it."""
CHARSET = "utf8mb4"
"""The default character set."""
_CHARSETS = """
    armscii8 ascii big5 binary cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 cp932 dec8 eucjpms euckr gb18030 gb2312
    gbk geostd8 greek hebrew hp8 keybcs2 koi8r koi8u latin1 latin2 latin5 latin7 macce macroman sjis swe7 tis620
    ucs2 ujis utf16 utf16le utf32 utf8mb3 utf8mb4
"""
CHARSETS = frozenset(_CHARSETS.split())
"""Those of MySQL 8.0 to 9.7 (MySQL manual, "Supported Character Sets and Collations")."""
_ESCAPES = str.maketrans({"\0": "\\0", "\n": "\\n", "\r": "\\r", "\x1a": "\\Z", '"': '\\"', "'": "\\'", "\\": "\\\\"})
"""MySQL manual, "String Literals"."""


@dataclass(frozen=True, order=True)
class Account:
    """The account of a user or a role."""

    name: str
    host: str

    @property
    def sql(self) -> str:
        """'name'@'host'."""
        return f"{literal(self.name)}@{literal(self.host)}"


def account_key(raw: object) -> str:
    """Return the key of a user or a role: a part of resources' names and an operator's argument."""
    if not isinstance(raw, str) or not re.fullmatch(r"[a-z]([a-z0-9-]{0,29}[a-z0-9])?", raw):
        hint = "Use at most 31 lower-case letters, digits and hyphens, a letter first, and the field name for MySQL's"
        raise InvalidValueError("is not a key for a user or a role", hint)
    return raw


def account_name(raw: Any) -> str:
    """Return the name of a user or a role."""
    name = _mysql_name(raw, USER_LENGTH)
    if name.startswith(" "):
        raise InvalidValueError(f"{raw!r} begins with a space", "MySQL would cut it off")
    if name.lower() in RESERVED_ACCOUNTS or name.lower().startswith(RESERVED_PREFIX):
        raise InvalidValueError(f"{raw!r} belongs to MySQL itself", "Choose another name, like app")
    return name


def database_name(raw: Any) -> str:
    """Return the name of a database that the program makes."""
    name = identifier(raw)
    if name.lower() in SYSTEM_SCHEMAS:
        raise InvalidValueError("is a schema of MySQL's own", "Choose another name, like app")
    return name


def identifier(raw: Any) -> str:
    """Return the name of a database or a table, whoever made it."""
    return _mysql_name(raw, IDENTIFIER_LENGTH)


def _mysql_name(raw: Any, longest: int) -> str:
    if not isinstance(raw, str):
        raise InvalidValueError(f"{raw!r} is not text", "Write it in quotation marks")
    if not raw:
        raise InvalidValueError("is an empty name", "Give it one, like app")
    if len(raw) > longest:
        raise InvalidValueError(f"has {len(raw)} characters", f"MySQL allows {longest}")
    if has_control_characters(raw):
        raise InvalidValueError(f"{raw!r} has control characters", "Use characters that can be read")
    if any(ord(char) > 0xFFFF for char in raw):
        raise InvalidValueError(f"{raw!r} has characters beyond U+FFFF", "MySQL takes none of them in names")
    if raw.endswith(" "):
        raise InvalidValueError(f"{raw!r} ends with a space", "MySQL takes no name that does")
    return raw


def pattern_of(database: str) -> str:
    """Return the pattern that matches this database alone ("GRANT Statement": _ and % match others, too)."""
    return database.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")


def database_of(pattern: str) -> str | None:
    """Return the only database that a pattern matches, or None."""
    name = ""
    characters = iter(pattern)
    for character in characters:
        if character in "_%":
            return None
        name += next(characters, "\\") if character == "\\" else character
    return name


def matches(pattern: str, database: str) -> bool:
    """Return whether a pattern matches a database, whatever the case."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    expression = "".join({"%": ".*", "_": "."}.get(part, re.escape(part[-1])) for part in parts)
    return re.fullmatch(expression, database, re.DOTALL | re.IGNORECASE) is not None


def literal(text: str) -> str:
    """Return a text as a string literal. It holds in sessions without NO_BACKSLASH_ESCAPES."""
    return f"'{text.translate(_ESCAPES)}'"


def quoted(name: str) -> str:
    """Return the name of a database, a table or a column as SQL writes it."""
    return "`" + name.replace("`", "``") + "`"


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


def is_collation_of(collation_name: str, charset_name: str) -> bool:
    """Return whether a collation is one of a character set: its name begins with it, but for binary's only one."""
    return collation_name == charset_name == "binary" or collation_name.startswith(f"{charset_name}_")
