"""The scripts that run on a host, run here with stand-ins for what they call."""

from __future__ import annotations

import io
import json
import os
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pymysql  # type: ignore[import-untyped]
import pytest

HOST = Path(__file__).resolve().parents[2] / "scripts" / "host"

# what `mysql` says, what the check says in words
REFUSALS = [
    ("ERROR 2003 (HY000): Can't connect to MySQL server on '10.0.0.1:3306' (110)", "failed at network"),
    ("ERROR 2003 (HY000): Can't connect to MySQL server on '10.0.0.1:3306' (111)", "failed at service"),
    ("ERROR 2026 (HY000): SSL connection error", "failed at TLS"),
    ("ERROR 1130 (HY000): Host '10.0.0.2' is not allowed to connect", "failed at host part"),
    ("ERROR 1045 (28000): Access denied for user 'app'@'10.0.0.2'", "failed at login"),
    ("ERROR 1049 (42000): Unknown database 'app'", "failed at privileges"),
    ("something new", "MySQL refused"),
]


class Bench:
    """A folder of stand-ins that is first on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def stand_in(self, name: str, script: str) -> None:
        """Put a shell script in the place of a program."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, script: str, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a host script."""
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}
        argv = ["bash", str(HOST / script), *args]
        return subprocess.run(
            argv, input=stdin, capture_output=True, text=True, env=environment, check=False, timeout=30
        )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Stand-ins on PATH."""
    return Bench(tmp_path)


def test_a_login_that_works_lists_the_databases(bench: Bench) -> None:
    bench.stand_in("mysql", "grep -q '^password=' || exit 9; printf 'app\\ninformation_schema\\n'")
    done = bench.run("check_login.sh", "app", stdin='[client]\npassword="x"\n')
    assert (done.returncode, done.stdout) == (0, "app\ninformation_schema\n")


def test_a_login_that_does_not_see_its_database_is_a_failure(bench: Bench) -> None:
    bench.stand_in("mysql", "printf 'application\\n'")
    done = bench.run("check_login.sh", "app")
    assert done.returncode == 1
    assert "app is not among the databases" in done.stderr


@pytest.mark.parametrize(("said", "words"), REFUSALS)
def test_a_refused_login_names_the_layer(bench: Bench, said: str, words: str) -> None:
    bench.stand_in("mysql", f'echo "{said}" >&2; exit 1')
    done = bench.run("check_login.sh", "app")
    assert done.returncode == 1
    assert words in done.stderr and said in done.stderr


@pytest.fixture
def booted(bench: Bench) -> Bench:
    """A host whose first boot went well and whose MySQL answers."""
    bench.stand_in("cloud-init", "exit 0")
    bench.stand_in("sudo", 'shift; exec "$@"')
    bench.stand_in("mysql", "exit 0")
    bench.stand_in("cut", "echo ssh-ed25519 AAAA")
    bench.stand_in("tail", "echo the end of the log")
    return bench


@pytest.mark.parametrize("code", [0, 2])
def test_the_gate_opens_after_the_boot_and_tells_the_host_key(booted: Bench, code: int) -> None:
    booted.stand_in("cloud-init", f"exit {code}")
    done = booted.run("wait_ready.sh", "mysql")
    assert (done.returncode, done.stdout) == (0, "ssh-ed25519 AAAA\n")


def test_the_gate_waits_for_mysql(booted: Bench) -> None:
    flag = booted.folder / "second-try"
    booted.stand_in("mysql", f"[ -e {flag} ] && exit 0; touch {flag}; exit 1")
    assert booted.run("wait_ready.sh", "mysql").returncode == 0
    assert flag.exists()


def test_the_gate_of_a_client_does_not_ask_for_mysql(booted: Bench) -> None:
    booted.stand_in("mysql", "exit 1")
    assert booted.run("wait_ready.sh").returncode == 0


def test_a_failed_boot_keeps_the_gate_shut_and_shows_the_log(booted: Bench) -> None:
    booted.stand_in("cloud-init", "exit 1")
    done = booted.run("wait_ready.sh")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cloud-init ended with errors" in done.stderr and "the end of the log" in done.stderr


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


@pytest.fixture(scope="module")
def apply_user() -> dict[str, Any]:
    """The functions of apply_user.py."""
    return runpy.run_path(str(HOST / "apply_user.py"))


WANTED = {"user": "o'neil", "host": "10.0.0.0/16", "password": "a'b\\c", "database": "my_`db`%"}


def test_names_and_password_are_quoted(apply_user: dict[str, Any]) -> None:
    cursor = Cursor([])
    apply_user["make_present"](cursor, WANTED)
    account = r"'o\'neil'@'10.0.0.0/16'"
    login = r"IDENTIFIED WITH caching_sha2_password BY 'a\'b\\c'"
    assert cursor.statements[:4] == [
        "CREATE DATABASE IF NOT EXISTS `my_``db``%`",
        f"CREATE USER IF NOT EXISTS {account} {login}",
        f"ALTER USER {account} {login}",
        rf"GRANT ALL PRIVILEGES ON `my\_``db``\%`.* TO {account}",
    ]


def test_privileges_on_a_former_database_are_taken_away(apply_user: dict[str, Any]) -> None:
    cursor = Cursor([r"my\_`db`\%", "former"])
    apply_user["make_present"](cursor, WANTED)
    revoked = [statement for statement in cursor.statements if statement.startswith("REVOKE")]
    assert revoked == [r"REVOKE ALL PRIVILEGES ON `former`.* FROM 'o\'neil'@'10.0.0.0/16'"]


def test_deletion_drops_the_user_and_leaves_the_database(apply_user: dict[str, Any]) -> None:
    cursor = Cursor([])
    apply_user["make_absent"](cursor, WANTED)
    assert cursor.statements == [r"DROP USER IF EXISTS 'o\'neil'@'10.0.0.0/16'"]


def test_a_refused_statement_is_not_quoted_in_the_message(
    apply_user: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**_: object) -> None:
        raise pymysql.err.ProgrammingError(1064, "You have an error near 's3cret'")

    monkeypatch.setattr(pymysql, "connect", refuse)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(WANTED | {"password": "s3cret"})))
    assert apply_user["main"]("present") == 1
    said = capsys.readouterr().err
    assert "1064" in said and "s3cret" not in said
