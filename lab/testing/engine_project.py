"""A lab's Pulumi in a temporary folder, and throw-away projects in it; no hosts, no network."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from lab.engine import environment
from lab.engine.build import ensure_engine
from lab.settings import Lab

VENV = Path(sys.prefix)


@dataclass(frozen=True)
class EngineProject:
    """A project with a stack `t`, and how to run `pulumi` in it."""

    folder: Path
    variables: Mapping[str, str]
    runs: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `pulumi` with standard output and error in one stream."""
        run = subprocess.Popen(
            ["pulumi", *arguments, "--color=never"],
            cwd=self.folder,
            env=dict(self.variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.runs.append(run)
        return run

    def pulumi(self, *arguments: str) -> tuple[int, str]:
        """Run `pulumi` and return its exit code and all it wrote."""
        run = self.start(*arguments)
        told, _ = run.communicate(timeout=120)
        return run.returncode, told

    def up(self, *arguments: str) -> tuple[int, str]:
        """Run `pulumi up` without its preview."""
        return self.pulumi("up", "--yes", "--skip-preview", "--stack=t", *arguments)

    def last_event(self) -> str:
        """Return how the last update ended."""
        _, told = self.pulumi("stack", "history", "--stack=t", "--json")
        return str(json.loads(told)[0]["result"])


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A prepared lab, whose folder's name has a space as a user's may."""
    folder = tmp_path_factory.mktemp("a lab")
    (folder / "Pulumi.yaml").write_text("name: project-of-the-lab\nruntime: python\n")
    lab = Lab("lab", folder / "lab", folder)
    # The stand-in is what is tested, even where the CLI has the stock language host.
    environment.prepare(lab, replace(ensure_engine(), has_language_host=False))
    return lab


@pytest.fixture
def make_project(lab: Lab, tmp_path: Path) -> Iterator[Callable[..., EngineProject]]:
    """Write a project of one program; whatever it left running is killed in the end."""
    made: list[EngineProject] = []

    def make(program: str, name: str = "tiny", virtualenv: str | None = str(VENV)) -> EngineProject:
        folder = tmp_path / name
        folder.mkdir()
        options = {"virtualenv": virtualenv} if virtualenv else {}
        runtime = {"name": "python", "options": options}
        (folder / "Pulumi.yaml").write_text(json.dumps({"name": f"{name}-{tmp_path.name}", "runtime": runtime}))
        (folder / "__main__.py").write_text(program)
        project = EngineProject(folder, environment.variables(lab))
        made.append(project)
        assert project.pulumi("stack", "init", "t")[0] == 0
        return project

    yield make
    for project in made:
        for run in project.runs:
            if run.poll() is None:
                run.kill()
            run.communicate()
