"""Writes, transfers and reads on a client host, and tells what became of each; what fails is tried anew by the next.

It needs PyMySQL. Its first line on standard input is JSON: `write` and `read` (a login each: host, port, user,
password), database, ca_file, seed, appenders, tellers and readers (how many of each). It makes its tables, prints
`{"kind": "began"}` and then a JSON object a line for each operation, and ends with its standard input.

The outcome of an operation is `ok` if it was acknowledged, `failed` if it has certainly not been done, else `unknown`.
Moments are of the machine's monotonic clock, in seconds.
"""

from __future__ import annotations

import contextlib
import json
import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pymysql  # type: ignore[import-untyped]

ACCOUNTS, BALANCE = 8, 100
ROWS = ", ".join(f"({account}, {BALANCE})" for account in range(ACCOUNTS))
TABLES = (
    "drop table if exists torture_append, torture_transfer, torture_account",
    # Without a key over writer and number: what is done twice is to be there twice.
    """create table torture_append (id bigint auto_increment primary key,
    writer int not null, number int not null, key (writer, number))""",
    """create table torture_transfer (id bigint auto_increment primary key, writer int not null, number int not null,
    source int not null, target int not null, amount int not null, key (writer, number))""",
    "create table torture_account (id int primary key, balance int not null)",
    f"insert into torture_account values {ROWS}",  # noqa: S608  numbers
)
REFUSED = (1290, 1836)
"""Errors by which a server that is read-only refuses a statement: it was not executed."""
CONNECT_SECONDS, ANSWER_SECONDS, LOCK_SECONDS = 3, 15, 5
PAUSE_SECONDS = 0.05
"""After each operation of a thread."""
AGAIN_SECONDS = 0.1
"""After one that failed."""
PREPARE_SECONDS = 60
FAULTS = (pymysql.MySQLError, OSError)

Act = Callable[[Any], Any]
Row = dict[str, Any]


class Session:
    """A login that is opened when it is needed, and closed by whatever fails."""

    def __init__(self, login: Row, settings: Row) -> None:
        self.login, self.settings = login, settings
        self.connection: Any = None

    def cursor(self) -> Any:
        """Return a cursor, of a new connection if there is none."""
        if self.connection is None:
            self.connection = pymysql.connect(
                host=self.login["host"],
                port=self.login["port"],
                user=self.login["user"],
                password=self.login["password"],
                database=self.settings["database"],
                autocommit=True,
                connect_timeout=CONNECT_SECONDS,
                read_timeout=ANSWER_SECONDS,
                write_timeout=ANSWER_SECONDS,
                init_command=f"set innodb_lock_wait_timeout = {LOCK_SECONDS}",
                ssl_ca=self.settings["ca_file"],
                ssl_verify_cert=True,
                ssl_verify_identity=True,
            )
        return self.connection.cursor()

    def close(self) -> None:
        """Forget the connection: nothing is known of its state."""
        connection, self.connection = self.connection, None
        if connection is not None:
            with contextlib.suppress(*FAULTS):
                connection.close()

    def attempt(self, act: Act, deciding: str = "") -> Row:
        """Do something, and tell what became of it; from the deciding statement on it may have been done."""
        row: Row = {"start": time.monotonic(), "outcome": "failed"}
        is_sent = False
        try:
            cursor = self.cursor()
            result = act(cursor)
            if deciding:
                is_sent = True
                cursor.execute(deciding)
            row.update(result or {}, outcome="ok")
        except FAULTS as error:
            self.close()
            code = error.args[0] if error.args else None
            row.update(error=repr(error), outcome="unknown" if is_sent and code not in REFUSED else "failed")
        row["end"] = time.monotonic()
        return row


class Load:
    """The threads, and what they print."""

    def __init__(self, settings: Row) -> None:
        self.settings = settings
        self.ended = threading.Event()
        self.lock = threading.Lock()

    def tell(self, row: Row) -> None:
        """Print an operation."""
        with self.lock:
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()

    def work(self, port: str, kind: str, worker: int, one: Callable[[Session, int], Row]) -> None:
        """Make an operation after another, numbered from 1, until the end."""
        session, number = Session(self.settings[port], self.settings), 0
        while not self.ended.is_set():
            number += 1
            row = one(session, number)
            self.tell({"kind": kind, "port": port, "writer": worker, "number": number, **row})
            self.ended.wait(PAUSE_SECONDS if row["outcome"] == "ok" else AGAIN_SECONDS)
        session.close()

    def threads(self) -> list[threading.Thread]:
        """Return all threads, not begun yet."""
        plan: list[tuple[str, str, int, Callable[[Session, int], Row]]] = []
        for worker in range(self.settings["appenders"]):
            plan.append(("write", "append", worker, append(worker)))
        for worker in range(self.settings["tellers"]):
            plan.append(("write", "transfer", worker, transfer(worker, self.settings["seed"])))
        for worker in range(self.settings["readers"]):
            plan.append(("write", "latest", worker, read(latest)))
            plan.append(("write", "total", worker, read(total)))
            plan.append(("read", "total", worker, read(total)))
        return [threading.Thread(target=self.work, args=arguments, daemon=True) for arguments in plan]


def append(worker: int) -> Callable[[Session, int], Row]:
    """Return what appends a worker's next number."""

    def one(session: Session, number: int) -> Row:
        insert = f"insert into torture_append (writer, number) values ({worker}, {number})"  # noqa: S608  numbers
        return session.attempt(lambda cursor: None, insert)  # noqa: ARG005

    return one


def transfer(worker: int, seed: int) -> Callable[[Session, int], Row]:
    """Return what moves an amount from one account to another, and notes it, in one transaction."""
    chance = random.Random(seed * 1000 + worker)  # noqa: S311  amounts, no secrets

    def one(session: Session, number: int) -> Row:
        source, target = chance.sample(range(ACCOUNTS), 2)
        asked = chance.randint(1, BALANCE)

        def act(cursor: Any) -> None:
            cursor.execute("begin")
            cursor.execute(
                "select id, balance from torture_account where id in (%s, %s) order by id for update", (source, target)
            )
            amount = min(asked, dict(cursor.fetchall())[source])
            cursor.execute("update torture_account set balance = balance - %s where id = %s", (amount, source))
            cursor.execute("update torture_account set balance = balance + %s where id = %s", (amount, target))
            cursor.execute(
                "insert into torture_transfer (writer, number, source, target, amount) values (%s, %s, %s, %s, %s)",
                (worker, number, source, target, amount),
            )

        return session.attempt(act, "commit")

    return one


def read(act: Act) -> Callable[[Session, int], Row]:
    """Return what reads."""
    return lambda session, number: session.attempt(act)  # noqa: ARG005


def latest(cursor: Any) -> Row:
    """Read each writer's greatest number."""
    cursor.execute("select writer, max(number) from torture_append group by writer")
    return {"latest": {str(writer): number for writer, number in cursor.fetchall()}}


def total(cursor: Any) -> Row:
    """Read the sum of all balances."""
    cursor.execute("select sum(balance) from torture_account")
    return {"total": int(cursor.fetchall()[0][0] or 0)}


def prepare(settings: Row) -> None:
    """Make the tables, and wait until all of them is read where reads go."""
    until = time.monotonic() + PREPARE_SECONDS
    for port, act, key, wanted in (("write", make_tables, "made", True), ("read", total, "total", ACCOUNTS * BALANCE)):
        session = Session(settings[port], settings)
        while (row := session.attempt(act)).get(key) != wanted:
            if time.monotonic() > until:
                raise SystemExit(f"the tables were not made: {row}")
            time.sleep(AGAIN_SECONDS)
        session.close()


def make_tables(cursor: Any) -> Row:
    """Make the tables anew; of a group every reader has them then, and not only the one that is asked next."""
    cursor.execute("show variables like 'group_replication_consistency'")
    if cursor.fetchall():
        cursor.execute("set session group_replication_consistency = 'AFTER'")
    for statement in TABLES:
        cursor.execute(statement)
    return {"made": True}


def main() -> None:
    """Go on until standard input ends."""
    settings = json.loads(sys.stdin.readline())
    prepare(settings)
    load = Load(settings)
    load.tell({"kind": "began", "at": time.monotonic()})
    threads = load.threads()
    for thread in threads:
        thread.start()
    sys.stdin.read()
    load.ended.set()
    for thread in threads:
        thread.join(2 * ANSWER_SECONDS)


if __name__ == "__main__":
    main()
