"""The operator's verbs on a stack: a prompt, a tunnel, the table of users, and a rotation in two steps."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql  # type: ignore[import-untyped]
import pytest
import yaml  # type: ignore[import-untyped]

from lab.engine import environment
from lab.testing.ports import free_port
from tests import PROJECT_ROOT
from tests.lab.pair import LAB, Pair, run

LOOK = """
for _ in $(seq 100); do pgrep -x mysql >/dev/null && break; sleep 0.1; done
cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'
"""
"""Waits for mysql, then prints every process's arguments and environment."""
FOREIGN = "'by-hand'@'%'"


def scripts(*words: str, stdin: str = "", behind: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run a verb on the lab's stack, as an operator would."""
    argv = [sys.executable, "-m", "scripts", *words, "--stack", LAB]
    return run(*argv, *(("--", *behind) if behind else ()), stdin=stdin)


def password(pair: Pair, user: str) -> str:
    return unquote(urlsplit(pair.outputs()["connection_strings"][user]).password or "")


def logs_in(pair: Pair, user: str, word: str) -> bool:
    """Tell whether a user logs in from the client host with a password."""
    command = "mysql --defaults-extra-file=/dev/stdin --protocol=tcp --execute='select 1'"
    option_file = f'[client]\nuser="{user}"\npassword="{word}"\nhost="{pair.outputs()["mysql_host"]}"\n'
    return pair.as_root("client-1", command, stdin=option_file).returncode == 0


def users() -> dict[str, dict[str, Any]]:
    """Return what `users` tells, by account."""
    done = scripts("users", "--json")
    assert done.returncode == 0, done.stderr
    return {user["account"]: user for user in json.loads(done.stdout)["users"]}


def config(pair: Pair) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(pair.lab.stack_config.read_text())["config"]
    return found


def test_connect_runs_statements_as_the_user_over_tls(pair: Pair) -> None:
    statement = "select user(), database(); show session status like 'Ssl_cipher'"
    done = scripts("connect", "app", behind=("--batch", "--skip-column-names", "-e", statement))
    assert done.returncode == 0, done.stderr
    (who, database), (_, cipher) = (line.split("\t") for line in done.stdout.splitlines())
    assert (who, database) == (f"app@{pair.outputs()['client_private_ips'][0]}", "app")
    assert cipher.startswith("TLS_")


def test_connect_passes_a_script_on_and_mysql_s_exit_code_back(pair: Pair) -> None:
    done = scripts("connect", "app", stdin="select 6 * 7;\n")
    assert (done.returncode, "42" in done.stdout) == (0, True)
    assert scripts("connect", "app", stdin="select nonsense;\n").returncode == 1
    assert pair.ssh("client-1", "find /tmp -name login -o -name 'tmp.*' 2>/dev/null").stdout == ""


@pytest.mark.usefixtures("pair")
def test_connect_at_a_terminal_is_a_prompt() -> None:
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-m", "scripts", "connect", "app", "--stack", LAB]
    prompt = subprocess.Popen(argv, cwd=PROJECT_ROOT, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen, asked = b"", False
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
            if b"mysql> " in seen and not asked:
                os.write(ours, b"select concat('here-', 6 * 7);\nquit\n")
                asked = True
    except OSError:  # EIO: the other end closed
        pass
    assert prompt.wait(timeout=60) == 0
    assert b"here-42" in seen


def test_a_password_is_in_no_argument_and_no_environment_while_one_is_connected(pair: Pair) -> None:
    word = password(pair, "app")
    argv = [sys.executable, "-m", "scripts", "connect", "app", "--stack", LAB]
    session = subprocess.Popen(argv, cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert session.stdin and session.stdout
    try:
        session.stdin.write("select 'connected';\n")
        session.stdin.flush()
        seen = pair.ssh("client-1", "sudo sh", stdin=LOOK).stdout
        here = b"".join(
            file.read_bytes() for kind in ("cmdline", "environ") for file in _readable(f"/proc/[0-9]*/{kind}")
        )
        assert "--ssl-mode=VERIFY_IDENTITY" in seen and word not in seen
        assert b"connect" in here and word.encode() not in here
    finally:
        session.communicate("\n", timeout=60)


def _readable(pattern: str) -> Iterator[Path]:
    for file in Path("/").glob(pattern.lstrip("/")):
        try:
            file.read_bytes()
        except OSError:  # ended meanwhile
            continue
        yield file


@contextmanager
def tunnel(port: int) -> Iterator[list[str]]:
    """Keep a tunnel open, and give what it says."""
    argv = [sys.executable, "-m", "scripts", "tunnel", "app", "--port", str(port), "--stack", LAB]
    process = subprocess.Popen(
        argv, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout
    try:
        yield [process.stdout.readline() for _ in range(6)]
    finally:
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")


def test_a_tunnel_leads_to_the_server_with_its_authority_checked_and_ends_with_ctrl_c(pair: Pair) -> None:
    port, word = free_port(), password(pair, "app")
    with tunnel(port) as said:
        url = urlsplit(said[1].strip())
        ca_file = Path(unquote(url.query.partition("ssl-ca=")[2]))
        assert (url.hostname, url.port, url.password) == ("127.0.0.1", port, None) and word not in "".join(said)
        connection = pymysql.connect(
            host="127.0.0.1", port=port, user="app", password=word,
            ssl_ca=str(ca_file), ssl_verify_cert=True, ssl_verify_identity=False,
        )  # fmt: skip
        with connection, connection.cursor() as cursor:
            cursor.execute("select user()")
            assert cursor.fetchone() == (f"app@{pair.outputs()['client_private_ips'][0]}",)
        assert scripts("tunnel", "app", "--port", str(port)).returncode == 2
    assert not ca_file.exists()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=3)


def test_users_tells_of_those_of_the_stack_and_of_others(pair: Pair) -> None:
    pair.sql(f"create user {FOREIGN} account lock; grant select on *.* to {FOREIGN}")
    try:
        found = users()
        mine = next(user for user in found.values() if user["key"] == "app")
        assert (mine["generation"], mine["locked"], mine["old_password_accepted"]) == (1, False, False)
        assert (found[FOREIGN]["key"], found[FOREIGN]["locked"]) == (None, True)
        shown = scripts("users").stdout
        assert shown.index("ALL ON app.*") < shown.index("(unmanaged)") < shown.index("SELECT ON *.*")
        assert password(pair, "app") not in shown
    finally:
        pair.sql(f"drop user {FOREIGN}")


GRANTS = [{"database": "app", "privileges": ["ALL"]}]


GIVEN = {"given": "First-password-1", "other": "Other-password-1"}
"""Passwords of the config; the stack makes that of `turn`."""


@pytest.fixture(scope="module")
def more_users(pair: Pair) -> Iterator[Pair]:
    """The pair, with users to rotate."""
    names = ("app", "turn", *GIVEN)
    with pair.configured(users={name: {"grants": GRANTS} for name in names}, primaryUser="app"):
        # As one secret text, which `pulumi config set --path` would forget.
        set_secret(pair, "userPasswords", json.dumps(GIVEN))
        pair.up()
        yield pair


def test_a_rotation_in_two_steps_is_safe_to_repeat(more_users: Pair) -> None:
    pair, committed = more_users, run("git", "status", "--porcelain", "--", "Pulumi*.yaml").stdout
    old = password(pair, "turn")
    assert "Nothing to do" in scripts("finish-rotation", "turn", "--yes").stdout
    assert scripts("rotate", "turn", "--no-up").returncode == 0
    assert config(pair)["mysql-pair:passwordGenerations"] == {"turn": 2}
    assert scripts("finish-rotation", "turn", "--yes").returncode == 2
    # As after an interruption between the config and `up`.
    done = scripts("rotate", "turn", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    new = password(pair, "turn")
    assert new != old and logs_in(pair, "turn", old) and logs_in(pair, "turn", new)
    again = scripts("rotate", "turn", "--yes")
    assert (again.returncode, "finish-rotation turn" in again.stderr) == (2, True)
    assert password(pair, "turn") == new
    end = scripts("finish-rotation", "turn", "--yes")
    assert end.returncode == 0, end.stdout + end.stderr
    assert (logs_in(pair, "turn", old), logs_in(pair, "turn", new)) == (False, True)
    assert "Nothing to do" in scripts("finish-rotation", "turn", "--yes").stdout
    for secret in (old, new):
        assert secret not in "".join((done.stdout, done.stderr, again.stderr, end.stdout, end.stderr))
    assert run("git", "status", "--porcelain", "--", "Pulumi*.yaml").stdout == committed


def test_a_password_of_the_config_is_rotated_with_its_generation_and_no_other_user_s_is_lost(more_users: Pair) -> None:
    done = scripts("rotate", "given", "--yes", "--stdin", stdin="Second-password-2")
    assert done.returncode == 0, done.stdout + done.stderr
    passwords = {name: password(more_users, name) for name in GIVEN}
    assert passwords == {"given": "Second-password-2", "other": GIVEN["other"]}
    assert all(logs_in(more_users, "given", word) for word in (GIVEN["given"], "Second-password-2"))


def set_secret(pair: Pair, key: str, value: str) -> None:
    """Set a secret of the stack's config, by standard input."""
    argv = ["pulumi", "config", "set", "--secret", f"mysql-pair:{key}"]
    subprocess.run(
        argv, cwd=PROJECT_ROOT, env=environment.variables(pair.lab), input=value, text=True, check=True, timeout=60
    )
