"""`python -m scripts ssh HOST`: a command's input, output and exit code are those on the host."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from tests import PROJECT_ROOT
from tests.lab.pair import LAB, Pair, run


@pytest.mark.parametrize("host", ["server", "client-1"])
def test_runs_a_command_on_each_host(pair: Pair, host: str) -> None:
    done = pair.scripts_ssh(host, "id", "-un")
    assert done.stdout.strip() == "ubuntu", done.stderr


def test_exit_code_is_the_commands(pair: Pair) -> None:
    assert pair.scripts_ssh("server", "exit 7").returncode == 7


def test_standard_input_reaches_the_command(pair: Pair) -> None:
    assert pair.scripts_ssh("server", "wc", "-c", stdin="x" * 100_000).stdout.strip() == "100000"


def test_unknown_host_is_one_clear_line(pair: Pair) -> None:
    done = pair.scripts_ssh("client-9", "true")
    assert done.returncode not in (0, 255)
    assert "client-1" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("pair")
def test_stack_that_is_not_up_is_one_clear_line() -> None:
    done = run(sys.executable, "-m", "scripts", "ssh", "server", "--stack", "nothere", "--", "true")
    assert done.returncode != 0
    assert "nothere" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("pair")
def test_without_a_command_it_is_a_shell_on_a_terminal() -> None:
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        [sys.executable, "-m", "scripts", "ssh", "server", "--stack", LAB],
        cwd=PROJECT_ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, b"echo here-$((6*7)); exit 3\n")
    seen = b""
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:  # EIO: the other end closed
        pass
    assert shell.wait(timeout=60) == 3
    assert re.search(rb"here-42", seen)
