"""Writes a row every 0.1 s, by a new connection each time and the server's identity checked; on a client host.

Its first line on standard input is a login as JSON: hosts (where the server is, or will be), port, user, password,
ca_file. It prints the moment and the number of each row that the server has acknowledged, and ends with its input.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from typing import Any

import pymysql  # type: ignore[import-untyped]

PAUSE_SECONDS = 0.1
CONNECT_SECONDS = 1
TABLE = "create table if not exists app.polled (n bigint primary key)"


def write(login: dict[str, Any], host: str, number: int | None) -> None:
    """Write a number at one of the addresses, or make the table; whatever fails is tried again by the next one."""
    try:
        connection = pymysql.connect(
            host=host,
            port=login["port"],
            user=login["user"],
            password=login["password"],
            connect_timeout=CONNECT_SECONDS,
            read_timeout=30,
            autocommit=True,
            ssl_ca=login["ca_file"],
            ssl_verify_cert=True,
            ssl_verify_identity=True,
        )
        with connection, connection.cursor() as cursor:
            if number is None:
                cursor.execute(TABLE)
            else:
                cursor.execute("insert into app.polled values (%s)", (number,))
    except (pymysql.MySQLError, OSError):
        return
    if number is not None:
        sys.stdout.write(f"{time.time():.3f} {number}\n")
        sys.stdout.flush()


def main() -> None:
    """Go on until standard input ends."""
    login = json.loads(sys.stdin.readline())
    write(login, login["hosts"][0], None)
    threading.Thread(target=pace, args=(login,), daemon=True).start()
    sys.stdin.read()


def pace(login: dict[str, Any]) -> None:
    """Begin a write at each address, ten times a second, whether the ones before have ended or not."""
    began = time.monotonic()
    for count in itertools.count():
        for at, host in enumerate(login["hosts"]):
            threading.Thread(target=write, args=(login, host, count * len(login["hosts"]) + at), daemon=True).start()
        time.sleep(max(0.0, began + (count + 1) * PAUSE_SECONDS - time.monotonic()))


if __name__ == "__main__":
    main()
