"""What a server should have whatever its settings: root here alone, nobody anonymous, no test database."""

from __future__ import annotations

from scripts.host.common import state_file
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.mysql.server import Server

MEMORY = "mysql-hygiene.json"


def converge() -> None:
    """Put it right.

    Raises:
        HostError: root may log in from elsewhere, which somebody must have wanted.
    """
    server = Server()
    drop_anonymous(server)
    # Once: later on, a database of that name is somebody's own.
    if state_file.load(MEMORY) is None:
        drop_test_database(server)
        state_file.save(MEMORY, {"test_database": "looked for"})
    keep_root_local(server)


def differences(server: Server) -> list[Difference]:
    """Return what is not right; nothing is changed. The database `test` may be somebody's own by now."""
    users = server.rows("SELECT user, host, plugin FROM mysql.user WHERE user IN ('', 'root')")
    rows = []
    for user, part, plugin in users:
        name = f"'{user}'@'{part}'"
        if (user, part) != ("root", "localhost"):
            rows.append(Difference("user", name, "account", "none", "there"))
        elif plugin != "auth_socket":
            rows.append(Difference("user", name, "plugin", "auth_socket", plugin))
    return rows


def drop_anonymous(server: Server) -> None:
    """Drop every user without a name."""
    for (part,) in server.rows("SELECT host FROM mysql.user WHERE user = ''"):
        server.do("DROP USER ''@%s", [part])


def drop_test_database(server: Server) -> None:
    """Drop the database `test` if nothing is in it."""
    for table in ("tables", "routines", "events"):
        column = {"tables": "table", "routines": "routine", "events": "event"}[table]
        if server.one(f"SELECT COUNT(*) FROM information_schema.{table} WHERE {column}_schema = 'test'"):  # noqa: S608
            return
    server.do("DROP DATABASE IF EXISTS test")


def keep_root_local(server: Server) -> None:
    """Have root log in by the operating system's word for it.

    Raises:
        HostError: root has other host parts.
    """
    plugins = dict(server.rows("SELECT host, plugin FROM mysql.user WHERE user = 'root'"))
    if elsewhere := sorted(plugins.keys() - {"localhost"}):
        accounts = ", ".join(f"'root'@'{part}'" for part in elsewhere)
        raise HostError(f"MySQL has {accounts}: root is to log in on the server alone; drop or rename it")
    if plugins.get("localhost") != "auth_socket":
        server.do("ALTER USER root@localhost IDENTIFIED WITH auth_socket")
