"""Where a lab keeps its things: one frozen dataclass that everything else in the lab is handed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
"""The work tree: where Pulumi.yaml is."""

NAME = re.compile(r"[a-z][a-z0-9]{0,15}")
"""A lab's name is also its stack's name, and part of namespaces and container names."""


class LabError(Exception):
    """A fault the user can mend; its text says what is wrong and how."""


def cache_folder() -> Path:
    """Where engine, image and container storage are kept between checkouts."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "mysql-pair"


@dataclass(frozen=True)
class Lab:
    """One lab: a name and the folder that holds all of its state."""

    name: str
    folder: Path

    @classmethod
    def named(cls, name: str) -> Lab:
        """Return the lab of that name in this work tree.

        Raises:
            LabError: the name is not a lower-case letter followed by at most 15 letters or digits.
        """
        if not NAME.fullmatch(name):
            raise LabError(
                f"lab name {name!r}: use a lower-case letter followed by at most 15 letters or digits, "
                "for example LAB=lab2"
            )
        return cls(name, PROJECT_ROOT / ".lab" / name)

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
        """The lab's own stack config file, mode 0600; Pulumi.lab.yaml is what it is made from."""
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
    def cloud(self) -> Path:
        """Records of VPCs, instances and the rest: a folder a kind, a JSON file a record."""
        return self.folder / "cloud"
