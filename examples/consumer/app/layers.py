"""Which layer a failure is of, in words that anyone may read: no error text of a driver, no secret, no traceback."""

from __future__ import annotations

import ssl

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

WORDS = {
    "network": "MySQL does not answer",
    "tls": "the session would not be encrypted, or the server's certificate is not of the authority or of its name",
    "login": "MySQL refuses the user or the password",
    "grants": "MySQL lets the user in, but not do this",
    "mysql": "MySQL refuses a statement",
    "application": "the application's own fault",
}
# MySQL Reference Manual, "Server Error Message Reference" and "Client Error Message Reference".
LAYERS = {
    **dict.fromkeys((1040, 1203, 2002, 2003, 2006, 2013, 1053), "network"),
    **dict.fromkeys((2026, 3159), "tls"),
    **dict.fromkeys((1045, 1251, 1524, 1698, 1820, 1862, 3118), "login"),
    **dict.fromkeys((1044, 1049, 1142, 1143, 1227), "grants"),
}


class PlainSessionError(SQLAlchemyError):
    """A session that is not encrypted."""


def tls_version(connection: Connection) -> str:
    """Return the session's TLS version, as MySQL sees it.

    Raises:
        PlainSessionError: there is none.
    """
    version = connection.execute(text("show session status like 'Ssl_version'")).one()[1]
    if not version:
        raise PlainSessionError
    return str(version)


def explained(error: SQLAlchemyError) -> tuple[str, str]:
    """Return a failure's layer and its words, with the number of MySQL's error if it has one."""
    if isinstance(error, PlainSessionError):
        return "tls", WORDS["tls"]
    number = error_number(error)
    if number is None:
        return "application", f"{WORDS['application']} ({type(error).__name__})"
    layer = "tls" if _handshake_failed(error) else LAYERS.get(number, "mysql")
    return layer, f"{WORDS[layer]} (error {number})"


def error_number(error: SQLAlchemyError) -> int | None:
    """Return the number of MySQL's error, or None where it is not one of MySQL's."""
    arguments = error.orig.args if isinstance(error, DBAPIError) and error.orig else ()
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def _handshake_failed(error: SQLAlchemyError) -> bool:
    """Tell whether TLS is the reason for 2003: PyMySQL keeps the reason beside its own error."""
    driver = error.orig if isinstance(error, DBAPIError) else None
    return isinstance(getattr(driver, "original_exception", None), ssl.SSLError)
