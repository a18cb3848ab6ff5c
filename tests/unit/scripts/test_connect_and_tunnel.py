"""`connect` and `tunnel`: whom one gets to, what of it is shown, and that nothing is left behind."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.testing.ports import free_port
from scripts.verbs import connect
from stack_outputs.forms import option_file
from tests.unit.scripts.stand_ins import APP, CANARY, RESOURCES, Bench, state, user
from tests.unit.scripts.stand_ins import bench as bench

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


def test_mysql_gets_the_login_by_a_pipe_and_nothing_shows_or_keeps_it(
    bench: Bench, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert bench.scripts("connect", "app", "--", "-e", "select 1; select 'two words'") == 5
    login = (bench.folder / "login").read_text()
    assert login == option_file(APP) and 'ssl-ca="/etc/mysql-pair/ca.pem"' in login
    argv = (bench.folder / "mysql.argv").read_text().splitlines()
    assert argv[0].startswith("--defaults-file=/dev/fd/") and argv[-2:] == ["-e", "select 1; select 'two words'"]
    assert "--ssl-mode=VERIFY_IDENTITY" in argv
    shown = bench.everything_shown() + "".join(argv) + (bench.folder / "environment").read_text()
    assert CANARY not in shown + "".join(capfd.readouterr())
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_script_is_piped_in_and_no_terminal_is_asked_for(bench: Bench) -> None:
    process = bench.start("connect", "app", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, _ = process.communicate("select 1;\n", timeout=30)
    assert (process.returncode, out) == (5, "select 1;\n")
    assert "\n-t\n" not in bench.everything_shown()


def test_at_a_terminal_there_is_a_prompt(bench: Bench) -> None:
    ours, theirs = pty.openpty()
    process = bench.start("connect", "app", stdin=theirs, stdout=theirs, stderr=theirs)
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
    (["tunnel", "app", "--port", "0"], "greater than or equal to 1"),
    (["tunnel", "app"], "Missing option '--port'"),
]


@pytest.mark.parametrize(("words", "said"), FAULTS)
def test_a_fault_of_the_operator_is_told_and_ends_with_2(
    bench: Bench, capfd: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    bench.put("down.app-1", "")
    assert bench.scripts(*words) == 2
    assert said in capfd.readouterr().err


def of_verbs(*verbs: str) -> list[dict[str, Any]]:
    """Return a state's resources without the commands of all verbs but these."""
    kept = [resource for resource in RESOURCES if "Command::" not in resource["urn"]]
    return [*kept, *(it for it in RESOURCES if verbs and it["urn"].endswith(verbs) and "delete" not in it)]


MYSQL_IS_UP = ("some-name", "install", "converge", "certify")


def test_after_a_first_up_that_failed_at_an_account_one_gets_to_mysql_all_the_same(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.put("state.json", state(*of_verbs(*MYSQL_IS_UP)))
    assert bench.scripts("connect", "app", "--", "-e", "create table app.t (id int)") == 5
    assert (bench.folder / "login").read_text() == option_file(APP)
    assert "no `up` has made app yet: MySQL may not know the account" in capfd.readouterr().err


def test_a_user_has_the_password_that_the_last_good_up_has_set(bench: Bench) -> None:
    changed = replace(APP, password="another")
    bench.put("state.json", state(*(it for it in RESOURCES if "user-app" not in it["urn"]), user("app", changed)))
    assert bench.scripts("connect", "app", "--", "-e", "select 1") == 5
    assert (bench.folder / "login").read_text() == option_file(APP)


# verbs whose commands the last up has come to, what is said
BROKEN_OFF = [
    (("some-name", "client-1-converge"), "the server of stack 'here' has no certificate yet: its last `up` did not"),
    ((*MYSQL_IS_UP[:3], "client-1-converge"), "has no certificate yet"),
    ((), "stack 'here' has no client host to go through"),
]


@pytest.mark.parametrize(("verbs", "said"), BROKEN_OFF)
def test_what_an_up_has_not_come_to_is_named(
    bench: Bench, capfd: pytest.CaptureFixture[str], verbs: tuple[str, ...], said: str
) -> None:
    bench.put("state.json", state(*of_verbs(*verbs)))
    for words in (["connect", "app"], ["tunnel", "app", "--port", str(free_port())]):
        assert bench.scripts(*words) == 2
        told = capfd.readouterr().err
        assert said in told and CANARY not in told


def test_a_reader_that_never_comes_is_not_waited_for(bench: Bench, tmp_path: Path) -> None:
    offer = ["bash", "-c", connect.OFFER, "offer", "1"]
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
    take = ["bash", "-c", connect.TAKE, "connect", str(fifo), "0.2"]
    process = subprocess.Popen(take, stderr=subprocess.PIPE, text=True)
    with fifo.open("wb") as writer:
        writer.write(content)
    assert process.communicate(timeout=10)[1] == "the login did not arrive within 0.2 seconds\n"
    assert (process.returncode, (bench.folder / "mysql.argv").exists()) == (1, False)


def test_a_fifo_that_is_gone_is_not_made_into_a_file(tmp_path: Path) -> None:
    take = ["bash", "-c", connect.TAKE, "connect", str(tmp_path / "gone" / "login"), "1"]
    assert subprocess.run(take, capture_output=True, check=False, timeout=10).returncode == 1


@pytest.mark.parametrize(("end", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 128 + signal.SIGTERM)])
def test_a_tunnel_says_how_to_use_it_and_ends_without_a_trace(
    bench: Bench, tmp_path: Path, end: signal.Signals, code: int
) -> None:
    port = free_port()
    process = bench.start("tunnel", "app", "--port", str(port), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
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
