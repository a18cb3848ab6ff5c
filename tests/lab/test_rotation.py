"""A password is rotated while an application connects, and cut off at every point of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.engine import environment
from lab.testing.processes import cmdline, descendants
from tests import PROJECT_ROOT
from tests.lab.logins import Login
from tests.lab.pair import Pair, on, run

HERE = Path(__file__).parent
LOG_UNITS = "mysql-pair-log.timer mysql-pair-log.service"
GATE, LOAD = "/home/ubuntu/statement_gate.py", "/home/ubuntu/connection_load.py"
USER = "turning"
GRANTS = [{"database": "app", "privileges": ["ALL"]}]
PER_SECOND = 20


def server_says(pair: Pair) -> tuple[int, bool]:
    """Return the generation that the server has for the user, and whether it accepts an old password."""
    generation = "user_attributes->>'$.metadata.mysql_pair.generation'"
    old = "user_attributes->'$.additional_password' is not null"
    row = pair.sql(f"select {generation}, {old} from mysql.user where user = '{USER}'")  # noqa: S608
    generation, old = row.split()
    return int(generation), old == "1"


def ssh_argv(pair: Pair, host: str, command: str) -> list[str]:
    return [sys.executable, "-m", "scripts", "ssh", host, "--stack", pair.lab.name, "--", command]


def started(argv: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(argv, cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def rotating(pair: Pair) -> Iterator[Pair]:
    """The pair, with a user to be rotated and what the tests run on its hosts."""
    for host, target in (("server", GATE), ("client-1", LOAD)):
        text = (HERE / Path(target).name).read_text()
        assert pair.ssh(host, f"cat >{target}", stdin=text).returncode == 0
    done = pair.ssh("client-1", "sudo apt-get install -qq python3-pymysql >/dev/null")
    assert done.returncode == 0, done.stderr
    with pair.configured(users={"app": {"grants": GRANTS}, USER: {"grants": GRANTS}}, primaryUser="app"):
        pair.up()
        # The log is sent every 30 seconds: its statements would be counted too.
        on(pair, "server", f"systemctl stop {LOG_UNITS}")
        yield pair
        on(pair, "server", f"systemctl start {LOG_UNITS.split()[0]}")


def finish(pair: Pair) -> None:
    """Discard the old password."""
    generation, _ = server_says(pair)
    pair.configure({"passwordGenerations": {USER: generation}, "finishedGenerations": {USER: generation}})
    pair.up()


@contextmanager
def gate(pair: Pair, number: int, act: str = "cut") -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Stand in the way of MySQL's socket; afterwards the list has the statements that went by."""
    seen: list[str] = []
    process = started(ssh_argv(pair, "server", f"sudo python3 {GATE} {number} {act}"))
    assert process.stdout and process.stdin
    assert process.stdout.readline() == "ready\n"
    try:
        yield process, seen
    finally:
        printed, _ = process.communicate(timeout=30)
        seen += [line for line in printed.splitlines() if line != "reached"]


# What the operator does, and what the server has to say before and after: an old password is accepted.
STEPS = ["rotate", "finish"]


def ask(pair: Pair, step: str, generation: int) -> None:
    """Write a step into the config."""
    finished = generation if step == "finish" else generation - 1
    pair.configure({"passwordGenerations": {USER: generation}, "finishedGenerations": {USER: finished}})


def statements(pair: Pair, step: str, generation: int) -> list[str]:
    """Do a step undisturbed and return the statements that it took."""
    ask(pair, step, generation)
    with gate(pair, 0) as (_, seen):
        pair.up()
    return seen


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("step", STEPS)
def test_cut_off_after_any_statement_the_password_in_use_works_and_one_up_ends_right(rotating: Pair, step: str) -> None:
    """The session is cut when the server has executed a statement and before the script hears of it."""
    pair, generation = rotating, server_says(rotating)[0] + 1
    seen = {each: statements(pair, each, generation) for each in STEPS}[step]
    change = alteration(seen)
    assert 1 < change < len(seen), seen
    number = 0 if step == "rotate" else change - 1  # both read the same first
    while number < len(seen):
        generation += 1
        before = Login.of(pair, USER)
        if step == "finish":
            ask(pair, "rotate", generation)
            pair.up()
        in_use, at_first = Login.of(pair, USER), server_says(pair)
        ask(pair, step, generation)
        # Cut while it reads, it has changed nothing, and the next cut needs no recovery; from its change on, it does.
        while number < len(seen):
            number += 1
            with gate(pair, number) as (_, passed):
                pair.failing_up()
            assert len(passed) == number, passed
            assert in_use.works(pair), seen[number - 1]
            assert (server_says(pair) == at_first) == (number < change), seen[number - 1]
            if number >= change:
                break
        pair.up()
        assert server_says(pair) == (generation, step == "rotate"), seen[number - 1]
        after = Login.of(pair, USER)
        assert after.works(pair) and after.password != before.password, seen[number - 1]
        assert before.works(pair) == (step == "rotate"), seen[number - 1]
        if step == "rotate":  # makes room for the next; an `up` would do the same in six times the time
            account = pair.sql(f"select concat(quote(user), '@', quote(host)) from mysql.user where user = '{USER}'")  # noqa: S608
            pair.sql(f"alter user {account} discard old password")
    assert pair.unchanged()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("step", STEPS)
def test_a_killed_provider_leaves_the_rest_to_one_up(rotating: Pair, step: str) -> None:
    """Killed while the server has executed the statement that changes the user, and the script waits for its answer."""
    pair, generation = rotating, server_says(rotating)[0] + 1
    numbers = {step: alteration(statements(pair, step, generation)) for step in STEPS}
    generation += 1
    before = Login.of(pair, USER)
    if step == "finish":
        ask(pair, "rotate", generation)
        pair.up()
    ask(pair, step, generation)
    with gate(pair, numbers[step], "hold") as (process, _):
        up = subprocess.Popen(
            ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"],
            cwd=PROJECT_ROOT,
            env=environment.variables(pair.lab),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout and process.stdin
        assert process.stdout.readline() == "reached\n"
        providers = [pid for pid in descendants(up.pid) if "command_provider" in cmdline(pid)]
        assert providers, "there is a provider to kill"
        for pid in providers:
            os.kill(pid, signal.SIGKILL)
        assert up.wait(timeout=120) != 0
        process.stdin.write("go on\n")
        process.stdin.flush()
        time.sleep(1)
    pair.up()
    assert server_says(pair) == (generation, step == "rotate")
    assert Login.of(pair, USER).works(pair)
    assert before.works(pair) == (step == "rotate")
    finish(pair)


def alteration(statements: list[str]) -> int:
    """Return the number of the statement that changes the user, counted from 1."""
    return 1 + statements.index("ALTER USER")


@pytest.mark.timeout(600)
def test_an_application_that_connects_all_the_time_sees_no_failure(rotating: Pair) -> None:
    """20 new connections a second from a client host, through `rotate` and `finish-rotation`."""
    pair = rotating
    old = Login.of(pair, USER)
    load = started(ssh_argv(pair, "client-1", f"python3 {LOAD} {PER_SECOND}"))
    assert load.stdin and load.stdout
    load.stdin.write(old.as_json() + "\n")
    load.stdin.flush()
    assert load.stdout.readline() == "started\n"
    began = time.monotonic()

    done = verb(pair, "rotate", USER)
    assert done.returncode == 0, done.stdout + done.stderr
    new = Login.of(pair, USER)
    assert new.password != old.password
    load.stdin.write(new.as_json() + "\n")
    load.stdin.flush()
    time.sleep(2)  # connections that were under way with the old one have ended
    done = verb(pair, "finish-rotation", USER)
    assert done.returncode == 0, done.stdout + done.stderr
    time.sleep(2)

    lasted = time.monotonic() - began
    printed, _ = load.communicate(timeout=60)
    found: dict[str, Any] = json.loads(printed)
    assert found["failures"] == []
    assert found["made"].keys() == {"1", "2"}
    assert sum(found["made"].values()) > 0.8 * PER_SECOND * lasted
    assert (old.works(pair), new.works(pair)) == (False, True)


def test_the_load_sees_a_password_that_is_refused(rotating: Pair) -> None:
    """Or the test before this one could not fail."""
    load = started(ssh_argv(rotating, "client-1", f"python3 {LOAD} {PER_SECOND}"))
    assert load.stdin and load.stdout
    load.stdin.write(replace(Login.of(rotating, USER), password="another").as_json() + "\n")
    load.stdin.flush()
    assert load.stdout.readline() == "started\n"
    time.sleep(1)
    printed, _ = load.communicate(timeout=60)
    assert "1045" in json.loads(printed)["failures"][0]


def verb(pair: Pair, *words: str) -> subprocess.CompletedProcess[str]:
    """Run an operator's command that changes the stack."""
    return run(sys.executable, "-m", "scripts", *words, "--stack", pair.lab.name, "--yes")
