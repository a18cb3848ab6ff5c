"""The MySQL server of this host: a session as root through its socket, its service, and its own words when it fails."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pymysql  # type: ignore[import-untyped]  # the distribution's package has no types

from scripts.host.common import process
from scripts.host.common.errors import HostError
from scripts.host.mysql.paths import ERROR_LOG

SOCKET = "/run/mysqld/mysqld.sock"
SERVICE = "mysql"
CONNECT_SECONDS = 10
STATEMENT_SECONDS = 300
RESTART_SECONDS = 600
"""An orderly shutdown writes every dirty page first."""
LOG_LINES = 10

CANNOT_CONNECT = 2003
"""PyMySQL's, also for a socket that is not there."""

Error = pymysql.MySQLError


class Server:
    """A session of root's."""

    def __init__(self) -> None:
        """Log in.

        Raises:
            pymysql.MySQLError: the server does not answer.
        """
        connection = pymysql.connect(
            unix_socket=SOCKET,
            user="root",
            charset="utf8mb4",
            autocommit=True,
            ssl_disabled=True,  # to a socket it protects nothing, and takes 5 ms
            connect_timeout=CONNECT_SECONDS,
            read_timeout=STATEMENT_SECONDS,
        )
        self._cursor = connection.cursor()

    def rows(self, statement: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query.

        Raises:
            pymysql.MySQLError: the server refuses.
        """
        self._cursor.execute(statement, args or None)
        return list(self._cursor.fetchall())

    def one(self, statement: str) -> Any:
        """Return the only value of a query."""
        return self.rows(statement)[0][0]

    def do(self, statement: str, args: Sequence[Any] = ()) -> list[tuple[int, str]]:
        """Run a statement and return the warnings, each with its number."""
        self._cursor.execute(statement, args or None)
        return [(code, text) for _, code, text in self.rows("SHOW WARNINGS")]


def among(values: Iterable[str]) -> str:
    """Return the placeholders of an IN list, which may be empty."""
    return ", ".join("%s" for _ in values) or "NULL"


def said(error: Exception) -> str:
    """Return what MySQL said, with its number; of another error its text."""
    if isinstance(error, Error) and len(error.args) > 1:
        return f"ERROR {error.args[0]}: {error.args[1]}"
    return str(error)


def is_up() -> bool:
    """Return whether the server answers.

    Raises:
        pymysql.MySQLError: it does, with a refusal; to start it anew would help nobody.
    """
    try:
        Server()
    except Error as error:
        if error.args[0] == CANNOT_CONNECT:
            return False
        raise
    return True


def start() -> bool:
    """Return whether the server answers, after its start if it is down or on its way."""
    if is_up():
        return True
    process.run(["systemctl", "start", SERVICE], seconds=RESTART_SECONDS)
    return is_up()


def restart() -> None:
    """Start the server anew and wait until it answers.

    Raises:
        HostError: it does not come up; the message has the server's own words.
    """
    start = ERROR_LOG.stat().st_size if ERROR_LOG.exists() else 0
    # Failed starts that systemd counts would otherwise refuse this one.
    process.run(["systemctl", "reset-failed", SERVICE])
    done = process.run(["systemctl", "restart", SERVICE], seconds=RESTART_SECONDS)
    if done.returncode != 0 or not is_up():
        raise HostError(f"mysqld does not come up: {_log_since(start) or process.last_lines(done)}")


def errors_of(text: str) -> str:
    """Return the errors in a log of mysqld's, without their time stamps."""
    lines = [line for line in text.splitlines() if "[ERROR]" in line and not line.endswith("Aborting")]
    return "\n".join(re.sub(r"^\d{4}-\S+ \d+ ", "", line) for line in lines[-LOG_LINES:])


def _log_since(start: int) -> str:
    if not ERROR_LOG.exists():
        return process.run(["journalctl", "--no-pager", "-n", str(LOG_LINES), "-u", SERVICE]).stdout.strip()
    with ERROR_LOG.open("rb") as log:
        log.seek(start if start <= ERROR_LOG.stat().st_size else 0)
        text = log.read().decode(errors="replace")
    return errors_of(text) or "\n".join(text.strip().splitlines()[-LOG_LINES:])
