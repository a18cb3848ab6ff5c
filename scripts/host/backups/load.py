"""A base's dump into a MySQL server, by more than one session, and with indexes made when the rows are there.

mysqldump's text goes to one `mysql` client, but for the rows of tables: their INSERT statements are spread over several
sessions. An index that is not unique is taken out of CREATE TABLE and added after the rows, sorted. What is not written
exactly as mysqldump writes it is left as it is: that is slower, and as right.
"""

import queue
import re
import secrets
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

from scripts.host.backups.dump import FIRST_WORDS
from scripts.host.common.errors import HostError
from scripts.host.mysql import server

LONGEST = 64 << 20
"""Of a line that is held in memory: a longer one goes to the client piece by piece."""
WAITING = 2
"""Statements that wait for each session; mysqldump's have about 1 MiB."""
DDL_BUFFER = 32 << 20
"""For sorting the entries of an index, in bytes; MySQL's own is 1 MiB."""
SESSION = (
    "SET NAMES utf8mb4",
    "SET SESSION sql_log_bin = 0",
    # As at the head of mysqldump's text.
    "SET SESSION time_zone = '+00:00', unique_checks = 0, foreign_key_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
    "SET SESSION sql_notes = 0",
)
_DATABASE = re.compile(rb"-- Current Database: (`[^`]+`)\n")
_STRUCTURE = re.compile(rb"-- Table structure for table (`[^`]+`)\n")
_DATA = re.compile(rb"-- Dumping data for table (`[^`]+`)\n")
_PLAIN_KEY = re.compile(
    # No other line of CREATE TABLE looks like this, whatever text is in it: a name's own backticks are doubled.
    rb"  (KEY `[^`]+` \((`[^`]+`)(?:\(\d+\))?(?: DESC)?(?:,`[^`]+`(?:\(\d+\))?(?: DESC)?)*\)"
    rb"(?: USING BTREE)?(?: COMMENT '[^'\\]*')?(?: /\*!80000 INVISIBLE \*/)?),?\n"
)
_AUTO_INCREMENT = re.compile(rb"  (`[^`]+`) .* AUTO_INCREMENT[, ]")
_FOREIGN_KEY = re.compile(rb"  CONSTRAINT `.*` FOREIGN KEY ")
_REFERENCE = re.compile(rb" REFERENCES (?:(`[^`]+`)\.)?(`[^`]+`) \(")
_NOT_UNIQUE = (b"  KEY ", b"  SPATIAL KEY ")


class Sessions:
    """Sessions that run INSERT statements in any order. Leaving the block ends them."""

    def __init__(self, socket: str, number: int) -> None:
        """Log in.

        Raises:
            server.Error: MySQL does not take them.
        """
        self._statements: queue.Queue[bytes | None] = queue.Queue(number * WAITING)
        self._error: Exception | None = None
        self._threads = []
        for _ in range(number):
            session = server.Session(socket, seconds=None)
            for statement in SESSION:
                session.do(statement)
            self._threads.append(threading.Thread(target=self._run, args=(session,), daemon=True))

    def __enter__(self) -> "Sessions":
        """Return them."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Run nothing more."""
        self._error = self._error or HostError("the sessions have ended")
        for _ in self._threads:
            self._statements.put(None)

    def run(self, statement: bytes) -> None:
        """Have one of them run a statement.

        Raises:
            server.Error: one before it was refused.
        """
        self._statements.put(statement)
        self._check()

    def wait(self) -> None:
        """Wait until all have been run.

        Raises:
            server.Error: one was refused.
        """
        self._statements.join()
        self._check()

    def _run(self, session: server.Session) -> None:
        while (statement := self._statements.get()) is not None:
            try:
                # After a failure the rest is only taken away.
                if self._error is None:
                    session.rows(statement)
            except Exception as error:  # whoever waits gets it
                self._error = error
            finally:
                self._statements.task_done()
        session.close()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error


class Client:
    """A `mysql` that reads statements and prints results at once."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        """Begin with one that has run nothing yet."""
        self._sink, self._results = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)

    def run(self, text: bytes) -> None:
        """Have it run a statement, or take a part of one."""
        self._sink.write(text)

    def wait(self) -> None:
        """Wait until it has run all.

        Raises:
            BrokenPipeError: it has ended: a statement was refused.
        """
        mark = secrets.token_hex(8).encode()
        self.run(b"SELECT '%s';\n" % mark)
        self._sink.flush()
        for line in self._results:
            if line.rstrip(b"\n") == mark:
                return
        raise BrokenPipeError


class Loader:
    """Reads a dump line by line, and gives each to whom it is for."""

    def __init__(self, client: Client, sessions: Sessions, fits: Callable[[bytes, int], bool]) -> None:
        """Begin before the first line.

        Args:
            client: runs what is not for the sessions.
            sessions: run the rows' statements.
            fits: tells whether there is room to sort so many indexes of a table.
        """
        self._client, self._sessions, self._fits = client, sessions, fits
        self._is_whole = True
        """Whether the piece before ended its line."""
        self._is_program = False
        """In the text of a trigger, a routine or an event, which may have any lines."""
        self._database = self._table = self._expected = b""
        """The table whose part this is, and a line of mysqldump's that comes in it."""
        self._is_sorted = False
        """Whether the table's rows are dumped by a primary key, in whatever order they came."""
        self._referenced: set[bytes] = set()
        """By foreign keys of tables before them: these need their indexes from the beginning."""
        self._create: list[bytes] | None = None
        self._keys: list[bytes] = []
        self._insert = b""
        """What each of the table's rows begins with, while they come."""
        client.run(b"/*!80027 SET SESSION innodb_ddl_buffer_size = %d */;\n" % DDL_BUFFER)

    def add(self, line: bytes) -> None:
        """Take the next line, with its end, or a piece of one."""
        was_whole, self._is_whole = self._is_whole, line.endswith(b"\n")
        if not (was_whole and self._is_whole):
            self._client.run(line)
        elif self._insert:
            self._row(line)
        elif self._create is not None:
            self._column(line)
        elif line == self._expected:
            self._begin(line)
        else:
            self._other(line)

    def end(self) -> None:
        """Wait until all has been run: the last table's indexes may take long."""
        self._client.wait()

    def _other(self, line: bytes) -> None:
        if line.startswith(b"DELIMITER "):
            self._is_program = line != b"DELIMITER ;\n"
        elif self._is_program:
            pass
        elif line.startswith(FIRST_WORDS):
            match = _DATABASE.fullmatch(line)
            self._database, self._expected = match[1] if match else b"", b""
        elif match := _STRUCTURE.fullmatch(line):
            self._table, self._keys, self._is_sorted = match[1], [], False
            self._expected = b"CREATE TABLE %s (\n" % match[1]
        elif match := _DATA.fullmatch(line):
            mine = self._database and self._is_sorted and match[1] == self._table
            self._expected = b"LOCK TABLES %s WRITE;\n" % match[1] if mine else b""
        self._client.run(line)

    def _begin(self, line: bytes) -> None:
        self._expected = b""
        if line.startswith(b"CREATE"):
            self._create = [line]
        else:
            # The lock would keep the other sessions out: it is left away.
            self._client.wait()
            self._insert = b"INSERT INTO %s " % self._table

    def _column(self, line: bytes) -> None:
        create = cast("list[bytes]", self._create)
        create.append(line)
        if not line.startswith(b")"):
            return
        self._create = None
        self._is_sorted = any(column.startswith(b"  PRIMARY KEY (") for column in create)
        for database, table in _REFERENCE.findall(b"".join(create)):
            self._referenced.add((database or self._database) + b"." + table)
        # Only where the end of the rows will be seen, after which they are added.
        if self._database and self._is_sorted and self._name() not in self._referenced:
            shorter, keys = without_keys(create)
            if keys and self._fits(self._name(), len(keys)):
                create, self._keys = shorter, keys
        self._client.run(b"".join(create))

    def _row(self, line: bytes) -> None:
        if line.startswith(self._insert) and line.endswith(b";\n"):
            self._sessions.run(b"INSERT INTO %s %s" % (self._name(), line[len(self._insert) : -2]))
        elif line == b"UNLOCK TABLES;\n":
            self._insert = b""
            self._sessions.wait()
            if self._keys:
                added = b", ".join(b"ADD " + key for key in self._keys)
                self._client.run(b"ALTER TABLE %s %s;\n" % (self._table, added))
        else:
            self._client.run(line)

    def _name(self) -> bytes:
        return self._database + b"." + self._table


def without_keys(create: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return the lines of CREATE TABLE without plain keys, and those.

    All are left where the engine is not InnoDB or a foreign key needs one; that of AUTO_INCREMENT always is.
    """
    if not create[-1].startswith(b") ENGINE=InnoDB") or any(map(_FOREIGN_KEY.match, create)):
        return create, []
    counted = {match[1] for line in create if (match := _AUTO_INCREMENT.match(line))}
    lines, keys = list(create), list[bytes]()
    # From the last one on, up to one that stays: MySQL shows them in the order in which they were made.
    for line in reversed(create):
        match = _PLAIN_KEY.fullmatch(line)
        if match and match[2] not in counted:
            keys.insert(0, match[1])
            lines.remove(line)
        elif line.startswith(_NOT_UNIQUE):
            break
    # There may be no comma after what is the last definition now.
    lines[-2] = lines[-2].rstrip(b",\n") + b"\n"
    return lines, keys


def room_for_keys(parts: Mapping[str, Mapping[str, Any]], folder: Path) -> Callable[[bytes, int], bool]:
    """Return what tells whether so many indexes of a table can be sorted in half of the free room of a folder.

    The entries of one take up to twice the rows' text: fewer columns, and wider where numbers are short.

    Args:
        parts: of the dump, as the manifest has them.
        folder: where MySQL's temporary files lie.
    """

    def fits(table: bytes, keys: int) -> bool:
        part = parts.get(table.decode("utf-8", "replace"))
        needed = 2 * keys * int(part["bytes"]) if part else 0
        return needed <= shutil.disk_usage(folder).free // 2

    return fits
