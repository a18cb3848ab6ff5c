"""Makes new connections to MySQL from a client host, at a steady pace, and counts those that fail.

Usage: connection_load.py PER_SECOND, on a client host with python3-pymysql. Each line on standard input is a login as
JSON (host, port, user, password, ca_file): new connections take the last one. At the end of standard input it prints
one JSON object: for each login the connections made, and every failure in MySQL's own words.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from typing import Any

import pymysql  # type: ignore[import-untyped]

WORKERS = 8


class Load:
    """What was tried and what failed."""

    def __init__(self) -> None:
        self.login: dict[str, Any] = {}
        self.number = 0
        self.made: dict[int, int] = {}
        self.failures: list[str] = []
        self.due: queue.Queue[int | None] = queue.Queue()
        self.lock = threading.Lock()

    def work(self) -> None:
        """Connect whenever a connection is due."""
        while self.due.get() is not None:
            number, login = self.number, self.login
            fault = connect(login)
            with self.lock:
                self.made[number] = self.made.get(number, 0) + 1
                self.failures += [fault] if fault else []


def connect(login: dict[str, Any]) -> str:
    """Connect with the identity checked and ask one question; return what went wrong."""
    try:
        connection = pymysql.connect(
            host=login["host"],
            port=login["port"],
            user=login["user"],
            password=login["password"],
            connect_timeout=5,
            ssl_ca=login["ca_file"],
            ssl_verify_cert=True,
            ssl_verify_identity=True,
        )
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT CURRENT_USER()")
            cursor.fetchall()
    except (pymysql.MySQLError, OSError) as error:
        return repr(error)
    return ""


def main(per_second: float) -> None:
    """Go on until standard input ends."""
    load = Load()
    workers = [threading.Thread(target=load.work, daemon=True) for _ in range(WORKERS)]
    load.login, load.number = json.loads(sys.stdin.readline()), 1
    for worker in workers:
        worker.start()
    ended = threading.Event()
    threading.Thread(target=pace, args=(load, per_second, ended), daemon=True).start()
    print("started", flush=True)
    for line in sys.stdin:
        # The login before its number: a connection that is counted for a login was made with it or a later one.
        load.login = json.loads(line)
        load.number += 1
    ended.set()
    for _ in workers:
        load.due.put(None)
    for worker in workers:
        worker.join(30)
    print(json.dumps({"made": load.made, "failures": load.failures}))


def pace(load: Load, per_second: float, ended: threading.Event) -> None:
    """Ask for a connection, so many times a second."""
    began, count = time.monotonic(), 0
    while not ended.is_set():
        count += 1
        load.due.put(count)
        time.sleep(max(0.0, began + count / per_second - time.monotonic()))


if __name__ == "__main__":
    main(float(sys.argv[1]))
