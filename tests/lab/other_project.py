"""Another team's project in the same lab: a program in a folder of its own, and `pulumi` run there.

In a process of its own, as a user's is; the automation API would run the program in the tests' process.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml  # type: ignore[import-untyped]

from lab.settings import PROJECT_ROOT
from tests.lab.pair import Pair

PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class OtherProject:
    """A project, with one stack of the same name."""

    pair: Pair
    folder: Path
    name: str
    more: Mapping[str, str]
    """What its environment has besides the lab's."""

    @contextmanager
    def stack(self) -> Iterator[Self]:
        """Make the stack; at the end it is destroyed and removed."""
        self.done("stack", "init", self.name)
        try:
            yield self
        finally:
            destroyed = self.pulumi("destroy", "--yes", "--skip-preview")
            self.done("stack", "rm", "--yes", "--force")
            assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr

    def configure(self, **values: object) -> None:
        """Write config values into the stack's file."""
        file = self.folder / f"Pulumi.{self.name}.yaml"
        document = yaml.safe_load(file.read_text()) if file.exists() else {}
        named = {key if ":" in key else f"{self.name}:{key}": value for key, value in values.items()}
        file.write_text(yaml.safe_dump({**document, "config": document.get("config", {}) | named}))

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `pulumi`; how it ends is for the caller to judge."""
        plain = ("--non-interactive", "--color", "never")
        return self.pair.pulumi(*arguments, *plain, folder=self.folder, more=self.more)

    def done(self, *arguments: str) -> str:
        """Run `pulumi`, which has to end well, and return what it printed."""
        done = self.pulumi(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def up(self) -> str:
        return self.done("up", "--yes", "--skip-preview")

    def failing_up(self) -> str:
        """Run a `pulumi up` that has to fail, and return what it printed."""
        done = self.pulumi("up", "--yes", "--skip-preview")
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def refresh(self) -> str:
        return self.done("refresh", "--yes", "--skip-preview")

    def unchanged(self) -> bool:
        return self.pulumi("preview", "--expect-no-changes").returncode == 0

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs."""
        found: dict[str, Any] = json.loads(self.done("stack", "output", "--json"))
        return found


@contextmanager
def other_project(pair: Pair, folder: Path, name: str, **values: object) -> Iterator[OtherProject]:
    """Make a project of a program of this suite in an empty folder, with a stack that has these config values."""
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": name, "runtime": runtime}))
    shutil.copy(PROGRAMS / f"{name}.py", folder / "__main__.py")
    with OtherProject(pair, folder, name, {"PYTHONPATH": str(PROJECT_ROOT)}).stack() as project:
        project.configure(**{"aws:region": "eu-central-1", "lab": pair.lab.name}, **values)
        yield project
