"""apply_user.py: the statements it sends, and what it never says."""

from __future__ import annotations

import io
import json

import pymysql  # type: ignore[import-untyped]
import pytest

import apply_user


class Cursor:
    """Quotes as the driver does, and remembers what it was told."""

    def __init__(self, granted: list[str]) -> None:
        self.statements: list[str] = []
        self._granted = granted

    def mogrify(self, text: str, args: tuple[str, ...]) -> str:
        """Return the statement with the arguments quoted by pymysql."""
        return text % tuple(f"'{pymysql.converters.escape_string(arg)}'" for arg in args)

    def execute(self, statement: str, args: tuple[str, ...] | None = None) -> None:
        """Remember a statement."""
        self.statements.append(statement if args is None else self.mogrify(statement, args))

    def fetchall(self) -> list[tuple[str]]:
        """Return the databases that mysql.db has for the user."""
        return [(name,) for name in self._granted]


WANTED = {"user": "o'neil", "host": "10.0.0.0/16", "password": "a'b\\c", "database": "my_`db`%"}


def test_names_and_password_are_quoted() -> None:
    cursor = Cursor([])
    apply_user.make_present(cursor, WANTED)
    account = r"'o\'neil'@'10.0.0.0/16'"
    login = r"IDENTIFIED WITH caching_sha2_password BY 'a\'b\\c'"
    assert cursor.statements[:4] == [
        "CREATE DATABASE IF NOT EXISTS `my_``db``%`",
        f"CREATE USER IF NOT EXISTS {account} {login}",
        f"ALTER USER {account} {login}",
        rf"GRANT ALL PRIVILEGES ON `my\_``db``\%`.* TO {account}",
    ]


def test_privileges_on_a_former_database_are_taken_away() -> None:
    cursor = Cursor([r"my\_`db`\%", "former"])
    apply_user.make_present(cursor, WANTED)
    revoked = [statement for statement in cursor.statements if statement.startswith("REVOKE")]
    assert revoked == [r"REVOKE ALL PRIVILEGES ON `former`.* FROM 'o\'neil'@'10.0.0.0/16'"]


def test_deletion_drops_the_user_and_leaves_the_database() -> None:
    cursor = Cursor([])
    apply_user.make_absent(cursor, WANTED)
    assert cursor.statements == [r"DROP USER IF EXISTS 'o\'neil'@'10.0.0.0/16'"]


def test_a_refused_statement_is_not_quoted_in_the_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**_: object) -> None:
        raise pymysql.err.ProgrammingError(1064, "You have an error near 's3cret'")

    monkeypatch.setattr(pymysql, "connect", refuse)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(WANTED | {"password": "s3cret"})))
    assert apply_user.main("present") == 1
    said = capsys.readouterr().err
    assert "1064" in said and "s3cret" not in said
