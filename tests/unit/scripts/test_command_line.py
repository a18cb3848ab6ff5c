"""`python -m scripts`: its verbs, its help, what is passed on after `--`, and its exit codes."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
import typer.main

from lab.testing.processes import wait_for
from scripts.__main__ import app, main
from scripts.stack import PROJECT_ROOT
from tests.unit.scripts.stand_ins import Bench
from tests.unit.scripts.stand_ins import bench as bench

VERBS = [
    "status",
    "ssh",
    "connect",
    "tunnel",
    "users",
    "rotate",
    "finish-rotation",
    "drift",
    "repair",
    "upgrade",
    "switch-over",
    "rejoin",
    "start-group",
    "force-quorum",
    "backup",
    "backups",
    "drill",
    "extract",
    "diagram",
    "preview-report",
]


def test_every_verb_is_known_by_the_name_of_its_file() -> None:
    group = typer.main.get_command(app)
    assert [*group.commands] == VERBS  # type: ignore[attr-defined]
    files = {path.stem.replace("_", "-") for path in (PROJECT_ROOT / "scripts/verbs").glob("[a-z]*.py")}
    assert files == {*VERBS}


def test_help_lists_every_verb_and_needs_no_stack(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capfd.readouterr().out
    assert all(f"│ {verb} " in shown for verb in VERBS)
    assert "completion" not in shown and "\x1b" not in shown


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_says_how_it_is_called(capfd: pytest.CaptureFixture[str], verb: str) -> None:
    assert main([verb, "--help"]) == 0
    shown = capfd.readouterr().out
    assert f"Usage: python -m scripts {verb} [OPTIONS]" in shown and "\x1b" not in shown


# words of the command line, what is said
MISUSES = [
    (["ssh"], "Missing argument 'HOST'"),
    (["users", "--", "more"], "Got unexpected extra argument(s) (more)"),
    (["mend"], "No such command 'mend'"),
    (["users", "--colour"], "No such option: --colour"),
    (
        ["preview-report", "-", "--fail-on", "everything"],
        "--fail-on takes data-loss, exposure, separated by commas",
    ),
]


@pytest.mark.parametrize(("words", "said"), MISUSES)
def test_a_misuse_is_told_and_ends_with_2(capfd: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert main(words) == 2
    out, err = capfd.readouterr()
    assert (said in err, out) == (True, "")


def test_without_a_verb_the_help_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "preview-report" in "".join(capfd.readouterr())


def test_the_stack_is_the_one_of_the_environment_unless_it_is_named(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.users()
    # Of its own: whoever runs the tests may have a lab up in this work tree.
    monkeypatch.setenv("PULUMI_HOME", str(bench.folder))
    monkeypatch.setenv("PULUMI_STACK", "gone")
    assert (main(["users"]), main(["users", "--stack", "here"])) == (2, 0)
    monkeypatch.setenv("PULUMI_STACK", "here")
    assert main(["users"]) == 0
    monkeypatch.setenv("PULUMI_STACK", "")
    assert main(["users"]) == 2
    assert bench.asked()[-1]["argv"][4] == "lab"


def test_words_after_the_first_dashes_belong_to_the_command(bench: Bench) -> None:
    done = bench.run("ssh", "server", "--", "printf", "%s.", "a b", "--", "--stack", "--help", "-x")
    assert (done.returncode, done.stdout) == (0, "a b.--.--stack.--help.-x.")


def test_ctrl_c_while_the_stack_is_read_is_no_traceback(bench: Bench) -> None:
    bench.program("pulumi", '#!/bin/sh\n: >"$BENCH/started"; exec sleep 30\n')
    process = bench.start("users", stderr=subprocess.PIPE)
    wait_for((bench.folder / "started").exists, process, 20)
    os.killpg(process.pid, signal.SIGINT)
    assert (process.communicate(timeout=20)[1], process.returncode) == ("", 130)


# what Python says where the agent should be
NO_AGENT = [
    "python3: can't open file '/usr/local/lib/mysql-pair/current': [Errno 2] No such file or directory",
    "/usr/bin/python3: can't find '__main__' module in '/usr/local/lib/mysql-pair/current'",
]


@pytest.mark.parametrize("said", NO_AGENT)
def test_an_agent_that_is_missing_or_older_is_told_with_what_puts_it_there(
    bench: Bench, capfd: pytest.CaptureFixture[str], said: str
) -> None:
    bench.program("sudo", f'#!/bin/sh\necho "{said}" >&2; exit 1\n')
    assert bench.scripts("users") == 2
    assert capfd.readouterr().err == (
        "scripts users: server: the host agent in /usr/local/lib/mysql-pair is missing or of an older version; "
        "`repair` or `pulumi up` puts it there\n"
    )


def test_an_agent_that_fails_is_told_by_its_own_words(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.program("sudo", "#!/bin/sh\necho 'MySQL does not answer' >&2; exit 1\n")
    assert bench.scripts("users") == 2
    assert capfd.readouterr().err == "scripts users: server: MySQL does not answer\n"
