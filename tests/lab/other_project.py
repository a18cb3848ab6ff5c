"""Another team's project in the same lab."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import yaml  # type: ignore[import-untyped]

from lab.settings import Lab
from lab.testing.project import Project
from tests.consumer_project import VARIABLES

PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class OtherProject(Project):
    """A project, with one stack of the same name."""

    name: str = field(kw_only=True)

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


@contextmanager
def other_project(lab: Lab, folder: Path, name: str, **values: object) -> Iterator[OtherProject]:
    """Make a project of a program of this suite in an empty folder, with a stack that has these config values."""
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": name, "runtime": runtime}))
    shutil.copy(PROGRAMS / f"{name}.py", folder / "__main__.py")
    with OtherProject(lab, folder, VARIABLES, name=name).stack() as project:
        project.configure(**{"aws:region": "eu-central-1", "lab": lab.name}, **values)
        yield project
