"""`connect`, `tunnel` and `users`: whom one gets to, what of it is shown, and that nothing is left behind."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab.testing.ports import free_port
from lab.testing.processes import wait_for
from scripts.__main__ import VERBS
from scripts.stack import PROJECT_ROOT
from scripts.table import table
from scripts.verbs import connect
from tests.unit.operator_bench import CANARY, SECRETS, Bench
from tests.unit.operator_bench import bench as bench

MYSQL = """#!/bin/bash
printf '%s\\n' "$@" >"$BENCH/mysql.argv"
env >"$BENCH/environment"
file=${1#--defaults-file=}
cat "$file" >"$BENCH/login"
[ -t 0 ] && echo terminal || cat
exit 5
"""


@pytest.fixture(autouse=True)
def hosts(bench: Bench) -> None:
    """A mysql on the client host that says what it was given."""
    bench.program("mysql", MYSQL)


def start(*words: str, **streams: int) -> subprocess.Popen[str]:
    """Start the command line as a process of its own."""
    argv = [sys.executable, "-m", "scripts", *words, "--stack", "here"]
    return subprocess.Popen(argv, cwd=PROJECT_ROOT, text=True, start_new_session=True, **streams)  # type: ignore[call-overload,no-any-return]


def test_mysql_gets_the_login_by_a_pipe_and_nothing_shows_or_keeps_it(
    bench: Bench, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert bench.scripts("connect", "app", "--", "-e", "select 1; select 'two words'") == 5
    assert (bench.folder / "login").read_text() == SECRETS["option_files"]["app"]
    argv = (bench.folder / "mysql.argv").read_text().splitlines()
    assert argv[0].startswith("--defaults-file=/dev/fd/") and argv[-2:] == ["-e", "select 1; select 'two words'"]
    assert {"--ssl-mode=VERIFY_IDENTITY", "--ssl-ca=/etc/mysql-pair/ca.pem"} <= {*argv}
    shown = bench.everything_shown() + "".join(argv) + (bench.folder / "environment").read_text()
    assert CANARY not in shown + "".join(capfd.readouterr())
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_script_is_piped_in_and_no_terminal_is_asked_for(bench: Bench) -> None:
    process = start("connect", "app", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, _ = process.communicate("select 1;\n", timeout=30)
    assert (process.returncode, out) == (5, "select 1;\n")
    assert "\n-t\n" not in bench.everything_shown()


def test_at_a_terminal_there_is_a_prompt(bench: Bench) -> None:
    ours, theirs = pty.openpty()
    process = start("connect", "app", stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    assert process.wait(30) == 5
    assert b"terminal" in os.read(ours, 4096)
    assert "\n-t\n" in bench.everything_shown()


def test_another_client_host_is_named(bench: Bench) -> None:
    assert bench.scripts("connect", "app", "--host", "app-1", "--", "--version") == 5
    assert all("HostKeyAlias=app-1" in path.read_text() for path in bench.folder.glob("ssh.*"))


# words of the command line, what is said
FAULTS = [
    (["connect", "nobody"], "has no user 'nobody'; it has app, reports"),
    (["connect", "app", "--host", "server"], "has no client host 'server'; it has client-1, app-1"),
    (["connect", "app", "--host", "app-1"], "app-1 cannot be reached by ssh: ssh: connect to host: Connection timed"),
    (["tunnel", "nobody", "--port", "3307"], "has no user 'nobody'; it has app, reports"),
    (["tunnel", "app", "--port", "0"], "'0' is no TCP port"),
    (["tunnel", "app"], "--port"),
    (["users", "--", "more"], "nothing may stand behind --"),
]


@pytest.mark.parametrize(("words", "said"), FAULTS)
def test_a_fault_of_the_operator_is_told_and_ends_with_2(
    bench: Bench, capfd: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    bench.put("down.app-1", "")
    assert bench.scripts(*words) == 2
    assert said in capfd.readouterr().err


def test_a_stack_of_an_older_program_says_what_brings_the_output(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.put("secrets.json", {})
    assert bench.scripts("connect", "app") == 2
    assert "run `pulumi up --stack here`" in capfd.readouterr().err


def test_a_reader_that_never_comes_is_not_waited_for(bench: Bench, tmp_path: Path) -> None:
    offer = ["bash", "-c", connect.OFFER, "offer", "3"]
    process = subprocess.Popen(offer, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin and process.stdout
    process.stdin.write(CANARY)
    process.stdin.close()
    fifo = Path(process.stdout.readline().strip())
    assert fifo.is_fifo() and fifo.stat().st_mode & 0o777 == 0o600 and fifo.parent.stat().st_mode & 0o777 == 0o700
    assert process.wait(10) != 0
    assert not fifo.parent.exists() and list((tmp_path / "tmp").iterdir()) == []
    assert not (bench.folder / "login").exists()


@pytest.mark.parametrize("content", [b"", b"half of a log"])
def test_a_login_that_does_not_arrive_whole_is_not_waited_for(bench: Bench, tmp_path: Path, content: bytes) -> None:
    fifo = tmp_path / "login"
    os.mkfifo(fifo)
    take = ["bash", "-c", connect.TAKE, "connect", str(fifo), "1", "--ssl-ca=x"]
    process = subprocess.Popen(take, stderr=subprocess.PIPE, text=True)
    with fifo.open("wb") as writer:
        writer.write(content)
    assert process.communicate(timeout=10)[1] == "the login did not arrive within 1 seconds\n"
    assert (process.returncode, (bench.folder / "mysql.argv").exists()) == (1, False)


def test_a_fifo_that_is_gone_is_not_made_into_a_file(tmp_path: Path) -> None:
    take = ["bash", "-c", connect.TAKE, "connect", str(tmp_path / "gone" / "login"), "1", "--ssl-ca=x"]
    assert subprocess.run(take, capture_output=True, check=False, timeout=10).returncode == 1


@pytest.mark.parametrize(("end", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 128 + signal.SIGTERM)])
def test_a_tunnel_says_how_to_use_it_and_ends_without_a_trace(
    bench: Bench, tmp_path: Path, end: signal.Signals, code: int
) -> None:
    port = free_port()
    process = start("tunnel", "app", "--port", str(port), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    said = [process.stdout.readline() for _ in range(6)]
    assert said[0].startswith(f"127.0.0.1:{port} leads to 10.20.0.10:3306 by way of client-1")
    assert said[1].startswith(f"  mysql://ap%40p@127.0.0.1:{port}/app?ssl-mode=VERIFY_CA&ssl-ca=%2F")
    assert "pulumi stack output connection_strings --show-secrets --stack here" in said[3]
    ca_file = Path(said[4].split()[0])
    assert ca_file.read_text().startswith("-----BEGIN CERTIFICATE") and ca_file.parent.stat().st_mode & 0o777 == 0o700
    assert f"-L\n127.0.0.1:{port}:10.20.0.10:3306\n" in bench.everything_shown()
    process.send_signal(end)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (code, "")
    assert CANARY not in "".join(said) + out + bench.everything_shown()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_port_that_is_taken_is_told_before_anybody_is_dialled(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        assert bench.scripts("tunnel", "app", "--port", str(port)) == 2
    assert f"port {port} of this machine is taken" in capfd.readouterr().err
    assert bench.everything_shown().count("HostKeyAlias") == 0


def test_a_tunnel_that_does_not_open_says_why(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("forward", "Could not request local forwarding.\n")
    assert bench.scripts("tunnel", "app", "--port", str(free_port())) == 2
    assert "broke off: Could not request local forwarding." in capfd.readouterr().err


def test_users_are_a_table_with_those_of_the_stack_first(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.users(
        {"key": None, "account": "'o\x1b[2Jdd'@'%'", "generation": None, "grants": [], "locked": True},
        {"key": "app", "old_password_accepted": True, "generation": 2, "roles": ["reader"]},
    )
    assert bench.scripts("users") == 0
    lines = [line.split() for line in capfd.readouterr().out.splitlines()]
    assert lines[1] == [
        "app",
        "'app'@'10.20.0.0/16'",
        "ALL",
        "ON",
        "app.*",
        "2026-01-02T03:04:05Z",
        "2",
        "accepted",
        "-",
    ]
    assert lines[2] == ["role", "reader"]
    assert lines[3] == ["(unmanaged)", "'o\\x1b[2Jdd'@'%'", "-", "2026-01-02T03:04:05Z", "-", "-", "locked"]


def test_users_as_json_are_what_the_server_tells(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.users({"key": "app"})
    assert bench.scripts("users", "--json") == 0
    assert json.loads(capfd.readouterr().out) == json.loads((bench.folder / "list.json").read_text())


def test_a_server_without_the_tools_is_told(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    assert bench.scripts("users") == 2
    assert "the server cannot tell its accounts" in capfd.readouterr().err


def test_a_table_is_aligned_and_a_cell_may_have_lines() -> None:
    assert table(("A", "B"), [["1\n22", "x"], ["", "y"]]) == "A   B\n1   x\n22\n    y"


def test_every_verb_is_known_by_its_own_name() -> None:
    named = [
        "ssh",
        "connect",
        "tunnel",
        "users",
        "rotate",
        "finish-rotation",
        "drift",
        "mend",
        "diagram",
        "preview-report",
    ]
    assert [*VERBS] == named


def test_ctrl_c_while_the_stack_is_read_is_no_traceback(bench: Bench) -> None:
    bench.program("pulumi", '#!/bin/sh\n: >"$BENCH/started"; exec sleep 30\n')
    process = start("users", stderr=subprocess.PIPE)
    wait_for((bench.folder / "started").exists, process, 20)
    os.killpg(process.pid, signal.SIGINT)
    assert (process.communicate(timeout=20)[1], process.returncode) == ("", 130)
