"""The workflows as data, and their steps run here as a runner runs them: the very lines and variables of the files."""

from __future__ import annotations

import functools
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from tests import PROJECT_ROOT, forked

FOLDER = PROJECT_ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.iterdir())
EXPRESSION = "${{"
ON = True
"""The key `on`, as YAML 1.1 reads it."""
RUNNER = {
    "CI": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "team/pair",
    "GITHUB_RUN_ID": "7",
}
"""What a runner puts into the environment of each step, besides the files."""
PAGE = "https://github.com/team/pair/actions/runs/7"
SECONDS = 300


@functools.cache
def read(file: Path) -> dict[Any, Any]:
    """Return a workflow."""
    found: dict[Any, Any] = yaml.safe_load(file.read_text())
    return found


@dataclass(frozen=True)
class Step:
    """A step of a job, with the variables of workflow, job and step."""

    workflow: str
    job: str
    raw: Mapping[str, Any]
    environment: Mapping[str, str]

    @property
    def line(self) -> str:
        """What it runs, empty if it uses an action."""
        return str(self.raw.get("run", ""))

    @property
    def name(self) -> str:
        """Where it is and what it does."""
        return f"{self.workflow} {self.job}: {self.line or self.raw['uses'].partition('@')[0]}"


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the workflow's name, the job's key and the job."""
    for file in FILES:
        for key, job in read(file)["jobs"].items():
            yield file.stem, key, job


def steps() -> Iterator[Step]:
    """Yield every step of every workflow."""
    for workflow, key, job in jobs():
        outer = read(FOLDER / f"{workflow}.yml").get("env", {}) | job.get("env", {})
        for raw in job["steps"]:
            yield Step(workflow, key, raw, outer | raw.get("env", {}))


def step(workflow: str, words: str) -> Step:
    """Return the one step of a workflow that runs a line with these words."""
    (found,) = [each for each in steps() if each.workflow == workflow and words in each.line]
    return found


@dataclass(frozen=True)
class Done:
    """What a step did."""

    code: int
    log: str
    summary: str
    files: Mapping[str, str] = field(default_factory=dict)
    """What it wrote to GITHUB_OUTPUT and GITHUB_ENV."""


def execute(
    of: Step, folder: Path, given: Mapping[str, str], base: Mapping[str, str] = os.environ, *, anew: bool = True
) -> Done:
    """Run a step as a runner does.

    Args:
        of: the step.
        folder: where the runner's files are.
        given: the values of the variables that are expressions in the workflow.
        base: the environment of the runner itself.
        anew: by bash, as it is; otherwise a line that is a module of ours is a fork of this process (tests/forked.py).
    """
    expressions = {name for name, value in of.environment.items() if EXPRESSION in str(value)}
    assert expressions <= given.keys(), f"values of {expressions - given.keys()} are missing"
    files = {name: folder / name for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_ENV")}
    for file in files.values():
        file.write_text("")
    env = {**base, **RUNNER, **{name: str(file) for name, file in files.items()}, **of.environment, **given}
    words, null, pipe = shlex.split(of.line), subprocess.DEVNULL, subprocess.PIPE
    if not anew and words[:2] == [".venv/bin/python", "-m"]:
        process = forked.start(*words[2:], env=env, stdin=null, stdout=pipe, stderr=subprocess.STDOUT)
    else:
        argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", of.line]
        process = subprocess.Popen(
            argv, cwd=PROJECT_ROOT, env=env, text=True, stdin=null, stdout=pipe, stderr=subprocess.STDOUT
        )
    with process:
        log, _ = process.communicate(timeout=SECONDS)
    written = {name: file.read_text() for name, file in files.items()}
    return Done(process.returncode, log, written.pop("GITHUB_STEP_SUMMARY"), written)
