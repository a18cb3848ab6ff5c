"""The MySQL server of this host: a session as root through its socket, and its start."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from scripts.host.common import process
from scripts.host.common.errors import HostError
from scripts.host.mysql import service

CONNECT_SECONDS = 10
STATEMENT_SECONDS = 300
CANNOT_CONNECT = 2003
"""PyMySQL's, also for a socket that is not there."""


class Error(HostError):
    """MySQL refused, or did not answer."""

    def __init__(self, number: int, text: str) -> None:
        """Keep what MySQL said, and its number (MySQL manual, "Error Messages and Common Problems"); 0 for none."""
        super().__init__(number, text)
        self.number, self.text = number, text

    def __str__(self) -> str:
        """Return both as one text."""
        return f"ERROR {self.number}: {self.text}"


class Session:
    """A session; whatever the server refuses is an Error."""

    def __init__(self, **way: Any) -> None:
        """Log in as root through the socket; or to another server, by these arguments of pymysql.connect.

        Raises:
            Error: the server does not answer, or refuses.
            HostError: the driver is not on this host.
        """
        # Only here: a new server has it from the packages that are installed in the same run.
        try:
            import pymysql  # type: ignore[import-untyped]  # the distribution's package has no types
        except ImportError as error:
            raise HostError(f"MySQL cannot be asked: this host has no python3-pymysql ({error})") from error
        self._refusals = pymysql.MySQLError
        with self._translated():
            # To a socket TLS protects nothing, and takes 5 ms.
            way = way or {"unix_socket": service.SOCKET, "user": "root", "ssl_disabled": True}
            limits = {"connect_timeout": CONNECT_SECONDS, "read_timeout": STATEMENT_SECONDS}
            connection = pymysql.connect(**{"charset": "utf8mb4", "autocommit": True, **limits, **way})
        self._cursor = connection.cursor()

    def rows(self, statement: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._translated():
            self._cursor.execute(statement, args or None)
        return list(self._cursor.fetchall())

    def one(self, statement: str) -> Any:
        """Return the only value of a query."""
        return self.rows(statement)[0][0]

    def do(self, statement: str, args: Sequence[Any] = ()) -> list[tuple[int, str]]:
        """Run a statement and return the warnings, each with its number."""
        self.rows(statement, args)
        return [(code, text) for _, code, text in self.rows("SHOW WARNINGS")]

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Raise the driver's errors as the agent's."""
        try:
            yield
        except self._refusals as error:
            number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
            raise Error(number, str(error.args[-1]) if error.args else "no reason given") from error


def among(values: Iterable[str]) -> str:
    """Return the placeholders of an IN list, which may be empty."""
    return ", ".join("%s" for _ in values) or "NULL"


def is_up() -> bool:
    """Return whether the server answers.

    Raises:
        Error: it does, with a refusal; to start it anew would help nobody.
    """
    try:
        Session()
    except Error as error:
        if error.number == CANNOT_CONNECT:
            return False
        raise
    return True


def start() -> bool:
    """Return whether the server answers, after its start if it is down or on its way.

    Raises:
        HostError: it neither came up nor failed; it is left alone, as it may be in the middle of crash recovery.
    """
    if is_up():
        return True
    service.systemctl("start")
    return is_up()


def restart() -> None:
    """Start the server anew and wait until it answers.

    Raises:
        HostError: it does not come up; the message has the server's own words.
    """
    begin = service.log_size()
    # Failed starts that systemd counts would otherwise refuse this one.
    process.run(["systemctl", "reset-failed", service.NAME])
    done = service.systemctl("restart")
    if done.returncode != 0:
        raise HostError(f"mysqld does not come up: {service.words_since(begin) or process.last_lines(done)}")
    if not is_up():
        raise HostError(f"mysqld does not stay up: {service.words_since(begin)}")
