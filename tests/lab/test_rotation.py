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
from scripts.host.accounts.spec import AccountsSpec, UserSpec
from scripts.host.common import codec
from tests import PROJECT_ROOT
from tests.lab.accounts_script import COMMAND, own_spec
from tests.lab.backed import timers_stopped
from tests.lab.logins import Login
from tests.lab.pair import Pair, run

HERE = Path(__file__).parent
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
        with timers_stopped(pair):  # whose statements would be counted too
            yield pair


@contextmanager
def gate(pair: Pair, number: int, act: str = "cut") -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Stand in the way of MySQL's socket; afterwards the list has the statements that went by."""
    seen: list[str] = []
    pipe, argv = subprocess.PIPE, [*pair.inside("server"), "python3", GATE, str(number), act]
    process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout and process.stdin
    assert process.stdout.readline() == "ready\n"
    try:
        yield process, seen
    finally:
        printed, _ = process.communicate(timeout=30)
        seen += [line for line in printed.splitlines() if line != "reached"]


# What the operator does; afterwards the server accepts an old password, or none.
STEPS = {"rotate": True, "finish": False}


def ask(pair: Pair, step: str, generation: int) -> None:
    """Write a step into the config."""
    finished = generation if step == "finish" else generation - 1
    pair.configure({"passwordGenerations": {USER: generation}, "finishedGenerations": {USER: finished}})


class Agent:
    """What `up` does to the user, without `pulumi`: the agent's verb over ssh, with other passwords."""

    def __init__(self, pair: Pair) -> None:
        self.pair, self.own, self.login = pair, own_spec(pair), Login.of(pair, USER)

    def applied(self, step: str, generation: int) -> bool:
        """Do a step; tell whether it ended well."""
        done, password = generation - (step == "rotate"), self.password(generation)

        def changed(user: UserSpec) -> UserSpec:
            return replace(user, password=password, generation=generation, finished_generation=done)

        users = (changed(user) if user.key == USER else user for user in self.own.users)
        return self.run(replace(self.own, users=tuple(users)))

    def run(self, spec: AccountsSpec) -> bool:
        return self.pair.as_root("server", f"{COMMAND} apply", stdin=codec.encode(spec)).returncode == 0

    def password(self, generation: int) -> str:
        return f"Pa$$w0rd {generation}"

    def works(self, generation: int) -> bool:
        """Tell whether a generation's password is accepted."""
        return replace(self.login, password=self.password(generation)).works(self.pair)

    def statements(self, step: str, generation: int) -> list[str]:
        """Do a step undisturbed and return the statements that it takes."""
        with gate(self.pair, 0) as (_, seen):
            assert self.applied(step, generation)
        return seen

    def put_back(self) -> None:
        """Have the server's user be the stack's again."""
        account = self.pair.sql(f"select concat(quote(user), '@', quote(host)) from mysql.user where user = '{USER}'")  # noqa: S608
        self.pair.sql(f"drop user {account}")
        assert self.run(self.own)


@pytest.fixture
def agent(rotating: Pair) -> Iterator[Agent]:
    agent = Agent(rotating)
    yield agent
    agent.put_back()


@pytest.fixture(scope="module")
def seen(rotating: Pair) -> dict[str, list[str]]:
    """The statements of each step."""
    agent, generation = Agent(rotating), server_says(rotating)[0] + 1
    found = {step: agent.statements(step, generation) for step in STEPS}
    agent.put_back()
    return found


@pytest.mark.timeout(1200)
def test_cut_off_after_any_statement_the_password_in_use_works_and_one_run_ends_right(
    rotating: Pair, agent: Agent, seen: dict[str, list[str]]
) -> None:
    """The session is cut when the server has executed a statement and before the agent hears of it."""
    pair, generation = rotating, server_says(rotating)[0]
    assert agent.applied("finish", generation), "the password is one of the agent's"

    def cut(step: str, number: int) -> tuple[int, bool]:
        with gate(pair, number) as (_, passed):
            assert not agent.applied(step, generation)
        assert passed == seen[step][:number]
        assert agent.works(generation - (step == "rotate")), passed
        return server_says(pair)

    # While it reads, the same for both steps, it changes nothing, and the next cut needs no recovery.
    generation, at_first = generation + 1, server_says(pair)
    for number in range(1, alteration(seen["rotate"])):
        assert cut("rotate", number) == at_first, seen["rotate"][number - 1]
    after = max(len(statements) - alteration(statements) for statements in seen.values())
    assert after > 0, seen
    for later in range(after + 1):
        for step, old_accepted in STEPS.items():
            number = alteration(seen[step]) + later
            if number <= len(seen[step]):
                assert cut(step, number) == (generation, old_accepted), seen[step][number - 1]
            assert agent.applied(step, generation)
            assert server_says(pair) == (generation, old_accepted), later
            assert (agent.works(generation), agent.works(generation - 1)) == (True, old_accepted), later
        generation += 1


CUTS = [("rotate", "cut"), ("finish", "kill"), ("rotate", "kill"), ("finish", "cut")]


@pytest.mark.timeout(900)
def test_a_cut_session_or_a_killed_provider_leaves_the_rest_to_one_up(
    rotating: Pair, seen: dict[str, list[str]]
) -> None:
    """When the server has executed the statement that changes the user, and the agent waits for its answer."""
    pair, generation, before = rotating, server_says(rotating)[0], Login.of(rotating, USER)
    for step, act in CUTS:
        generation += step == "rotate"
        former, before = before, Login.of(pair, USER)
        ask(pair, step, generation)
        number = alteration(seen[step])
        if act == "cut":
            with gate(pair, number):
                pair.failing_up()
        else:
            killed_at(pair, number)
        assert before.works(pair)
        pair.up()
        assert server_says(pair) == (generation, STEPS[step])
        after = Login.of(pair, USER)
        assert after.works(pair) and (after.password != before.password) == STEPS[step]
        assert before.works(pair)
        assert step == "rotate" or not former.works(pair)
    assert pair.unchanged()


def killed_at(pair: Pair, number: int) -> None:
    """Run `pulumi up`, and kill its provider while the agent waits for a statement's answer."""
    with gate(pair, number, "hold") as (process, _):
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


def alteration(statements: list[str]) -> int:
    """Return the number of the statement that changes the user, counted from 1."""
    return 1 + statements.index("ALTER USER")


@pytest.mark.timeout(600)
def test_an_application_that_connects_all_the_time_sees_no_failure(rotating: Pair) -> None:
    """20 new connections a second from a client host, through `rotate` and `finish-rotation`."""
    pair = rotating
    old = Login.of(pair, USER)
    load = pair.start("client-1", f"python3 {LOAD} {PER_SECOND}")
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
    load = rotating.start("client-1", f"python3 {LOAD} {PER_SECOND}")
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
