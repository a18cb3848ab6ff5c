"""MySQL's rules for the names and host parts of accounts and the names of databases, tables and character sets.

With them are how SQL writes names, and the program's own rule for keys. Source: MySQL manual, "Schema Object Names",
"Identifier Length Limits", "Reserved Accounts", "Specifying Account Names".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, NetmaskValueError, ip_address
from typing import Any

from scripts.host.common.checks import InvalidValueError, has_control_characters, nearest

IDENTIFIER_LENGTH, USER_LENGTH, HOST_LENGTH = 64, 32, 255
"""Characters."""
SYSTEM_SCHEMAS = frozenset({"mysql", "sys", "information_schema", "performance_schema"})
RESERVED_ACCOUNTS = frozenset({"root", "debian-sys-maint"})
RESERVED_PREFIX = "mysql."
"""Of the server's own accounts: mysql.sys, mysql.session, mysql.infoschema."""
ANYWHERE = "%"
"""The host part that matches every host; every role's account has it."""
HOST_EXAMPLE = "Write %, a name like %.example.org, an address, or a range like 10.0.0.0/16 with its host bits zero"
HOST_LABEL = "[a-z0-9%_]([a-z0-9%_-]{0,61}[a-z0-9%_])?"
"""Part of a host's name, with % and _ as wildcards anywhere."""
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


def literal(text: str) -> str:
    """Return a text as a string literal. It holds in sessions without NO_BACKSLASH_ESCAPES."""
    return f"'{text.translate(_ESCAPES)}'"


def quoted(name: str) -> str:
    """Return the name of a database, a table or a column as SQL writes it."""
    return "`" + name.replace("`", "``") + "`"


def host_part(raw: Any) -> str:
    """Return a host part as MySQL keeps it."""
    if not isinstance(raw, str):
        raise InvalidValueError(f"{raw!r} is not text", f"{HOST_EXAMPLE}, in quotation marks")
    if not raw:
        raise InvalidValueError("is empty, which MySQL reads as %", "Write '%' if that is meant")
    if len(raw) > HOST_LENGTH:
        raise InvalidValueError(f"has {len(raw)} characters", f"MySQL allows {HOST_LENGTH}")
    if raw != raw.lower():
        raise InvalidValueError(f"{raw!r} has upper-case letters, which MySQL does not keep", f"Write {raw.lower()!r}")
    if "/" in raw:
        return _range(raw)
    if re.fullmatch(r"[0-9.]+|[^%_]*:[^%_]*", raw):
        return _address(raw)
    # With wildcards it may be one of IPv6, too.
    if not re.fullmatch(r"[0-9a-f:.%_]+" if ":" in raw else rf"{HOST_LABEL}(\.{HOST_LABEL})*", raw):
        raise InvalidValueError(f"{raw!r} is no host part", HOST_EXAMPLE)
    return raw


def _range(raw: str) -> str:
    """Return a range of IPv4 addresses; MySQL has none of IPv6."""
    address, _, width = raw.partition("/")
    try:
        IPv4Address(address)
        if not re.fullmatch(r"\d{1,3}|[0-9.]{7,15}", width):
            raise NetmaskValueError(width)
        network = IPv4Network(raw, strict=False)
    except ValueError as error:
        raise InvalidValueError(f"{raw!r} is no range of IPv4 addresses", HOST_EXAMPLE) from error
    if width not in (str(network.prefixlen), str(network.netmask)):
        raise InvalidValueError(f"{raw!r} has a mask that is none", f"Write {network}")
    if network.prefixlen == 0:
        raise InvalidValueError(f"{raw!r} matches nobody, to MySQL", f"Write {ANYWHERE!r} for every address")
    if address != str(network.network_address):
        raise InvalidValueError(f"{raw!r} has host bits set, so it would match nobody", f"Write {network}")
    return raw


def _address(raw: str) -> str:
    """Return an address; MySQL compares one of IPv6 as text with the client's shortest form."""
    try:
        address = ip_address(raw)
    except ValueError as error:
        raise InvalidValueError(f"{raw!r} is no IPv{6 if ':' in raw else 4} address", HOST_EXAMPLE) from error
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        hint = f"Write {address.ipv4_mapped}"
        raise InvalidValueError(f"{raw!r} is an IPv4 address, which MySQL compares as one", hint)
    if str(address) != raw:
        raise InvalidValueError(f"{raw!r} is not the form that MySQL compares with", f"Write {address}")
    return raw


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
