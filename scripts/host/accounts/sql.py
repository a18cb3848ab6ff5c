"""Names as SQL text, and which ones MySQL takes as they are: it cuts off and replaces characters without a word."""

from __future__ import annotations

from dataclasses import dataclass

from pymysql.converters import escape_string  # type: ignore[import-untyped]  # the distribution's package has no types

SPACES = " \t\n\v\f\r"
"""What MySQL cuts off at both ends of a user's name and host part."""
USER_LENGTH, HOST_LENGTH, IDENTIFIER_LENGTH = 32, 255, 64
"""Characters (MySQL manual, "Identifier Length Limits", "Account Names")."""
ROLE_HOST = "%"


@dataclass(frozen=True, order=True)
class Account:
    """A user or a role. MySQL keeps host parts in lower case."""

    name: str
    host: str

    @property
    def sql(self) -> str:
        """'name'@'host'."""
        return f"{literal(self.name)}@{literal(self.host)}"

    @property
    def fault(self) -> str | None:
        """What MySQL would not keep of it, in words."""
        return _fault_of("name", self.name, USER_LENGTH) or _fault_of("host part", self.host, HOST_LENGTH)


def literal(text: str) -> str:
    """Return a text as a string literal. It holds in sessions without NO_BACKSLASH_ESCAPES."""
    return f"'{escape_string(text)}'"


def identifier(name: str) -> str:
    """Return a name quoted as an identifier (MySQL manual, "Schema Object Names")."""
    return "`" + name.replace("`", "``") + "`"


def database_of(pattern: str) -> str | None:
    """Return the only database that a pattern matches, or None."""
    name = ""
    rest = iter(pattern)
    for character in rest:
        if character in "_%":
            return None
        name += next(rest, "\\") if character == "\\" else character
    return name


def database_fault(name: str) -> str | None:
    """Return why MySQL has no database or table of that name, in words."""
    if "\0" in name or name.rstrip(SPACES) != name or not name:
        return "a name must not be empty, contain the character NUL or end in a space"
    return _fault_of_characters("name", name, IDENTIFIER_LENGTH)


def is_text(text: str) -> bool:
    """Return whether a text can be written as UTF-8: JSON can name half a character."""
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in text)


def _fault_of(what: str, text: str, length: int) -> str | None:
    if text.strip(SPACES) != text:
        return f"its {what} begins or ends with a space, which MySQL would cut off"
    if what == "name" and not text:
        return "it has no name"
    # Of a host part with a backslash MySQL makes an account that no later statement finds (error 1133 on 9.7.4).
    if what == "host part" and (not text.isascii() or set(text) & {"@", "\\"}):
        return "its host part has characters that MySQL does not take there"
    return _fault_of_characters(what, text, length)


def _fault_of_characters(what: str, text: str, length: int) -> str | None:
    if any(ord(character) > 0xFFFF for character in text) or not is_text(text):
        return f"its {what} has a character beyond U+FFFF, which MySQL would replace by ?"
    if len(text) > length:
        return f"its {what} is longer than {length} characters"
    return None
