#!/usr/bin/env python3
"""Make one MySQL user be as described by a JSON document on standard input, or not be at all.

Usage: apply_user.py present|absent <DOCUMENT. The document has user, host, password and database. Runs as
root on the server, through the socket, on the distribution's python3-pymysql; writes only what went wrong.
"""

from __future__ import annotations

import json
import sys

import pymysql  # type: ignore[import-untyped]  # the distribution's package has no types
from pymysql.cursors import Cursor  # type: ignore[import-untyped]

Wanted = dict[str, str]

SOCKET = "/run/mysqld/mysqld.sock"
SECONDS = 30


def identifier(name: str) -> str:
    """Return the name quoted as an identifier (MySQL manual, "Schema Object Names")."""
    return "`" + name.replace("`", "``") + "`"


def pattern(database: str) -> str:
    """Return the database name for GRANT, where _ and % would match other databases ("GRANT Statement")."""
    return identifier(database.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%"))


def other_databases(cursor: Cursor, wanted: Wanted) -> list[str]:
    """Return the GRANT patterns of the user's databases other than the wanted one."""
    cursor.execute("SELECT db FROM mysql.db WHERE user = %s AND host = %s", (wanted["user"], wanted["host"]))
    granted = [identifier(row[0]) for row in cursor.fetchall()]
    return [quoted for quoted in granted if quoted != pattern(wanted["database"])]


def account_of(cursor: Cursor, wanted: Wanted) -> str:
    """Return 'user'@'host', quoted by the driver."""
    account: str = cursor.mogrify("%s@%s", (wanted["user"], wanted["host"]))
    return account


def make_present(cursor: Cursor, wanted: Wanted) -> None:
    """Create what is missing and set the rest; run twice, it ends in the same place."""
    account = account_of(cursor, wanted)
    login = "caching_sha2_password BY " + cursor.mogrify("%s", (wanted["password"],))
    # No arguments from here on, so a % in a name is only a %.
    cursor.execute(f"CREATE DATABASE IF NOT EXISTS {identifier(wanted['database'])}")
    cursor.execute(f"CREATE USER IF NOT EXISTS {account} IDENTIFIED WITH {login}")
    cursor.execute(f"ALTER USER {account} IDENTIFIED WITH {login}")
    cursor.execute(f"GRANT ALL PRIVILEGES ON {pattern(wanted['database'])}.* TO {account}")
    for other in other_databases(cursor, wanted):
        cursor.execute(f"REVOKE ALL PRIVILEGES ON {other}.* FROM {account}")


def make_absent(cursor: Cursor, wanted: Wanted) -> None:
    """Drop the user; its database stays, with everything in it."""
    cursor.execute(f"DROP USER IF EXISTS {account_of(cursor, wanted)}")


def main(verb: str) -> int:
    """Read the document and make it so; return the exit code."""
    wanted = json.load(sys.stdin)
    change = {"present": make_present, "absent": make_absent}[verb]
    try:
        connection = pymysql.connect(
            unix_socket=SOCKET, user="root", charset="utf8mb4", connect_timeout=SECONDS, read_timeout=SECONDS
        )
        with connection, connection.cursor() as cursor:
            change(cursor, wanted)
    except pymysql.MySQLError as error:
        # The code and nothing else: a syntax error's text quotes the statement, and with it the password.
        code = error.args[0] if error.args else type(error).__name__
        print(f"MySQL refused to make user {wanted['user']!r} {verb}: error {code}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
