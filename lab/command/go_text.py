"""Texts as the official provider, a Go program, prints them: its error messages are part of its contract."""

from __future__ import annotations

import os
from collections.abc import Iterable

_SHORT = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def quote(text: str) -> str:
    """Return the text as Go's %q verb does: a double-quoted Go string literal."""
    return f'"{"".join(_quoted(character) for character in text)}"'


def words(items: Iterable[str]) -> str:
    """Return the items as Go's %v verb prints a slice: [a b c]."""
    return f"[{' '.join(items)}]"


def system_error(error: OSError) -> str:
    """Return the error as Go's syscall package words it: the C library's text in lower case."""
    text = os.strerror(error.errno) if error.errno else str(error)
    return text[:1].lower() + text[1:]


def endpoint(host: str, port: int) -> str:
    """Return host and port as Go's net.JoinHostPort does: brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _quoted(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
