"""What a server should have whatever its settings: root here alone, nobody anonymous, no test database."""

from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.mysql import kept
from scripts.host.mysql.server import Session

STATE = "mysql-hygiene.json"
"""Beside the data: is there once the database `test` was looked for."""
USERS = "SELECT user, host, plugin FROM mysql.user WHERE user IN ('', 'root')"


def converge() -> None:
    """Put it right.

    Raises:
        HostError: root may log in from elsewhere, which somebody must have wanted.
    """
    session = Session()
    users = session.rows(USERS)
    for user, part, _ in users:
        if not user:
            session.do("DROP USER ''@%s", [part])
    # Once: later on, a database of that name is somebody's own.
    if kept.load(STATE) is None:
        _drop_test_database(session)
        kept.save(STATE, {"test_database": "looked for"})
    plugins = {part: plugin for user, part, plugin in users if user == "root"}
    if elsewhere := sorted(plugins.keys() - {"localhost"}):
        accounts = ", ".join(f"'root'@'{part}'" for part in elsewhere)
        raise HostError(f"MySQL has {accounts}: root is to log in on the server alone; drop or rename it")
    # By the operating system's word for it.
    if plugins.get("localhost") != "auth_socket":
        session.do("ALTER USER root@localhost IDENTIFIED WITH auth_socket")


def differences(session: Session) -> list[Difference]:
    """Return what is not right; nothing is changed. The database `test` may be somebody's own by now."""
    rows = []
    for user, part, plugin in session.rows(USERS):
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
