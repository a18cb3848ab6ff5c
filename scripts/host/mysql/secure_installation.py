"""What a server should have whatever its settings: root here alone, nobody anonymous, no test database."""

from __future__ import annotations

from scripts.host.common import state_file
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.mysql.server import Session

STATE = "mysql-hygiene.json"
"""Is there once the database `test` was looked for."""


def converge() -> None:
    """Put it right.

    Raises:
        HostError: root may log in from elsewhere, which somebody must have wanted.
    """
    session = Session()
    for (part,) in session.rows("SELECT host FROM mysql.user WHERE user = ''"):
        session.do("DROP USER ''@%s", [part])
    # Once: later on, a database of that name is somebody's own.
    if state_file.load(STATE) is None:
        _drop_test_database(session)
        state_file.save(STATE, {"test_database": "looked for"})
    _keep_root_local(session)


def differences(session: Session) -> list[Difference]:
    """Return what is not right; nothing is changed. The database `test` may be somebody's own by now."""
    users = session.rows("SELECT user, host, plugin FROM mysql.user WHERE user IN ('', 'root')")
    rows = []
    for user, part, plugin in users:
        name = f"'{user}'@'{part}'"
        if (user, part) != ("root", "localhost"):
            rows.append(Difference("user", name, "account", "none", "present"))
        elif plugin != "auth_socket":
            rows.append(Difference("user", name, "plugin", "auth_socket", plugin))
    return rows


def _drop_test_database(session: Session) -> None:
    """Drop the database `test` if nothing is in it."""
    for kind in ("table", "routine", "event"):
        if session.one(f"SELECT COUNT(*) FROM information_schema.{kind}s WHERE {kind}_schema = 'test'"):  # noqa: S608
            return
    session.do("DROP DATABASE IF EXISTS test")


def _keep_root_local(session: Session) -> None:
    """Have root log in by the operating system's word for it; a root with another host part is an error."""
    plugins = dict(session.rows("SELECT host, plugin FROM mysql.user WHERE user = 'root'"))
    if elsewhere := sorted(plugins.keys() - {"localhost"}):
        accounts = ", ".join(f"'root'@'{part}'" for part in elsewhere)
        raise HostError(f"MySQL has {accounts}: root is to log in on the server alone; drop or rename it")
    if plugins.get("localhost") != "auth_socket":
        session.do("ALTER USER root@localhost IDENTIFIED WITH auth_socket")
