"""The real engine with the lab's language host: what a user sees of a program's life."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.engine.build import PROGRAM, ensure_engine
from lab.testing.engine_project import EngineProject

MakeProject = Callable[..., EngineProject]


def test_up_preview_and_output(make_project: MakeProject) -> None:
    project = make_project("import pulumi\npulumi.export('stack', pulumi.get_stack())\n")
    code, told = project.pulumi("preview", "--stack=t")
    assert code == 0
    assert "+ 1 to create" in told
    code, told = project.up()
    assert code == 0
    assert 'stack: "t"' in told
    assert "warning" not in told  # such as one about a language host found on PATH
    assert project.pulumi("preview", "--stack=t", "--expect-no-changes")[0] == 0
    assert project.pulumi("stack", "output", "stack", "--stack=t") == (0, "t\n")


def test_config_reaches_the_program_and_secrets_stay_secret(make_project: MakeProject) -> None:
    project = make_project(
        "import pulumi\nconfig = pulumi.Config()\n"
        "pulumi.export('plain', config.require_object('list')[1])\n"
        "pulumi.export('hidden', config.require_secret('password'))\n"
        "pulumi.export('known', pulumi.runtime.config.is_config_secret(config.full_key('password')))\n"
    )
    for arguments in (["--path", "list[0]", "a"], ["--path", "list[1]", "b"], ["--secret", "password", "hunter2"]):
        project.pulumi("config", "set", "--stack=t", *arguments)
    _, told = project.up()
    for line in ('plain : "b"', "hidden: [secret]", "known : true"):
        assert line in told
    assert "hunter2" not in told


def test_what_the_program_prints_is_seen(make_project: MakeProject) -> None:
    project = make_project("import sys\nprint('spoken aloud')\nprint('complained', file=sys.stderr)\n")
    code, told = project.up()
    assert code == 0
    assert "spoken aloud" in told
    assert "complained" in told


def test_an_exception_is_told_once_and_fails_the_update(make_project: MakeProject) -> None:
    project = make_project("def main():\n    raise ValueError('the reason')\nmain()\n")
    code, told = project.up()
    assert code not in (0, None)
    report = told.partition("Diagnostics:")[2]
    assert report.count("ValueError: the reason") == 1
    assert "__main__.py" in report
    assert "pulumi-language-python-exec" not in report  # the program's frames alone
    assert "non-zero exit code" not in report
    assert project.last_event() == "failed"


def test_an_exit_code_of_the_programs_own_is_told(make_project: MakeProject) -> None:
    code, told = make_project("import sys\nsys.exit(3)\n").up()
    assert code not in (0, None)
    assert "program exited with non-zero exit code: 3" in told


def test_a_killed_program_is_told(make_project: MakeProject) -> None:
    code, told = make_project("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n").up()
    assert code not in (0, None)
    assert "program exited unexpectedly: signal: Killed" in told


def test_a_missing_package_is_told(make_project: MakeProject) -> None:
    code, told = make_project("import no_such_package\n").up()
    assert code not in (0, None)
    assert "ModuleNotFoundError: No module named 'no_such_package'" in told


def test_a_missing_virtualenv_is_told_with_the_commands_that_make_it(make_project: MakeProject) -> None:
    project = make_project("", virtualenv="venv")
    code, told = project.up()
    assert code not in (0, None)
    assert f"python3 -m venv {project.folder}/venv\n" in told
    assert "Traceback" not in told


def test_install_makes_the_virtualenv_and_about_shows_it(make_project: MakeProject) -> None:
    project = make_project("", virtualenv="venv")  # no requirements.txt: nothing is downloaded
    code, told = project.pulumi("install", "--no-plugins")
    assert code == 0, told
    assert (project.folder / "venv" / "bin" / "python").exists()
    code, told = project.pulumi("about")
    assert code == 0
    assert f"executable='{project.folder}/venv/bin/python'" in told
    assert "languageHost='stand-in of the lab'" in told


def test_about_lists_the_plugins_of_the_lab(make_project: MakeProject) -> None:
    _, told = make_project("").pulumi("about")
    assert "resource  aws      7." in told
    assert "resource  command  1." in told


SLEEPER = """
import os, pathlib, time
pathlib.Path("pid").write_text(f"{os.getpid()} {os.getppid()}")
time.sleep(120)
"""


@pytest.mark.parametrize("killed_by", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_leaves_no_traceback_and_no_process(
    make_project: MakeProject, killed_by: signal.Signals
) -> None:
    project = make_project(SLEEPER)
    run = project.start("up", "--yes", "--skip-preview", "--stack=t")
    wait_for(lambda: (project.folder / "pid").exists() and bool((project.folder / "pid").read_text()))
    run.send_signal(killed_by)  # to the engine alone, as a terminal's Ctrl-C: its plugins are in groups of their own
    told, _ = run.communicate(timeout=30)
    assert run.returncode != 0
    assert "Traceback" not in told
    assert "KeyboardInterrupt" not in told
    program_and_host = [Path("/proc", pid) for pid in (project.folder / "pid").read_text().split()]
    wait_for(lambda: not any(process.exists() for process in program_and_host))


def wait_for(holds: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until something holds; fail after that many seconds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.05)


def test_a_policy_pack_stops_the_update(make_project: MakeProject, tmp_path: Path) -> None:
    project = make_project("import pulumi\npulumi.export('a', 1)\n")
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text(f"runtime:\n  name: python\n  options: {{virtualenv: {sys.prefix}}}\n")
    (pack / "__main__.py").write_bytes(Path(__file__).with_name("policy_pack.py").read_bytes())
    code, told = project.up("--policy-pack", os.fspath(pack))
    assert code not in (0, None)
    assert "no stack is good enough" in told
    assert "the pack speaks from pack" in told  # its output, and its working folder
    assert "policies-of-the-test" in told
    (pack / "__main__.py").write_text("raise SystemExit('the pack does not start')\n")
    code, told = project.up("--policy-pack", os.fspath(pack))
    assert code not in (0, None)
    assert "the pack does not start" in told


WITHOUT = {
    **{f"login {url}": url.split("//")[0] for url in ("s3://b", "gs://b", "azblob://b", "postgres://user@host/b")},
    "stack init other --secrets-provider=awskms://key": "built with the secrets provider `passphrase` alone",
    **{command: f"`pulumi {command}`" for command in ("api", "do", "env", "insights", "neo", "org")},
}


@pytest.mark.skipif(ensure_engine().path.parent != PROGRAM.folder, reason="the engine is not the lab's own")
@pytest.mark.parametrize("command", WITHOUT)
def test_the_labs_engine_says_what_it_is_built_without(make_project: MakeProject, command: str) -> None:
    code, told = make_project("").pulumi(*command.split())
    assert code not in (0, None)
    assert WITHOUT[command] in told and "install the Pulumi CLI for" in told
