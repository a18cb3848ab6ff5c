"""What a lab is: a name, a folder that holds all of its state, and the Pulumi project that runs on it."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_NAME = "lab"
NAME = re.compile(r"[a-z][a-z0-9]{0,15}")
"""A lab's name is also its stack's name, and part of namespaces and container names."""

MACHINE_FOLDER = "mysql-pair"
"""What the lab's folders on a machine are called, after the project that the lab belongs to."""
RUN_FOLDER = Path("/run") / MACHINE_FOLDER
"""What the labs of this machine share until it reboots: slots, and podman's runtime state."""


class LabError(Exception):
    """A fault that the user can repair; its text says what is wrong and what to do."""


def cache_folder() -> Path:
    """Where engine, image and container storage are kept between checkouts."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / MACHINE_FOLDER


def project_folder() -> Path:
    """Return the folder of the Pulumi project that the current folder is in.

    Raises:
        LabError: neither the current folder nor one above it has a Pulumi.yaml.
    """
    current = Path.cwd()
    for folder in (current, *current.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise LabError(f"{current} is in no Pulumi project (no Pulumi.yaml here or above): change to the project's folder")


@dataclass(frozen=True)
class Lab:
    """One lab: a name, the folder that holds all of its state, and the project whose stack it runs."""

    name: str
    folder: Path
    project: Path = field(default_factory=Path.cwd)
    """The folder of the project's Pulumi.yaml."""

    @classmethod
    def named(cls, name: str, project: Path | None = None) -> Lab:
        """Return the lab of that name of a project; without one, of the project that the current folder is in.

        Raises:
            LabError: the name is not a lower-case letter followed by at most 15 letters or digits, or there is no
                project.
        """
        if not NAME.fullmatch(name):
            raise LabError(
                f"lab name {name!r}: use a lower-case letter followed by at most 15 letters or digits, for example lab2"
            )
        project = project or project_folder()
        return cls(name, project / ".lab" / name, project)

    def command(self, verb: str) -> str:
        """Return the command line of one of the lab's verbs, as the user of this process would type it."""
        python = Path(sys.executable)
        current = Path.cwd()
        shown = python.relative_to(current) if python.is_relative_to(current) else python
        option = "" if self.name == DEFAULT_NAME else f" --lab {self.name}"
        return f"{shown} -m lab {verb}{option}"

    @property
    def project_config(self) -> Path:
        """The project's own values for its labs, committed: see lab.project_config."""
        return self.project / "Pulumi.lab.yaml"

    @property
    def pulumi_home(self) -> Path:
        """PULUMI_HOME: plugins, credentials and selected stack of this lab alone."""
        return self.folder / "pulumi-home"

    @property
    def backend(self) -> Path:
        """The folder behind PULUMI_BACKEND_URL=file://."""
        return self.folder / "backend"

    @property
    def passphrase_file(self) -> Path:
        """PULUMI_CONFIG_PASSPHRASE_FILE, mode 0600."""
        return self.folder / "passphrase"

    @property
    def stack_config(self) -> Path:
        """The lab's own stack config file, mode 0600; made from the project's Pulumi.lab.yaml."""
        return self.folder / f"Pulumi.{self.name}.yaml"

    @property
    def environment_file(self) -> Path:
        """KEY=VALUE lines, mode 0600: the environment in which plain `pulumi` works on this lab."""
        return self.folder / "environment"

    @property
    def bin(self) -> Path:
        """What `python -m lab env` puts first on PATH: the pulumi shim and the language host."""
        return self.folder / "bin"

    @property
    def operator_key(self) -> Path:
        """The ssh key of the lab's operator, mode 0600; its public half is beside it, with the suffix .pub."""
        return self.folder / "operator-key"

    @property
    def cloud(self) -> Path:
        """Records of VPCs, instances and the rest: a folder a kind, a JSON file a record."""
        return self.folder / "cloud"
