"""The files of scripts/host on a host: one folder, named by its content, that every later command works with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_command import remote

from components.remote_command import Step, Target, run

HOST_SCRIPTS = Path(__file__).resolve().parent.parent / "scripts" / "host"
FOLDER = "/usr/local/lib/mysql-pair"


@dataclass(frozen=True)
class Tools:
    """The folder on a host, and the command that put it there."""

    folder: str
    installed: remote.Command

    def python(self, file: str) -> list[str]:
        """Return the beginning of an argv that runs a Python file of the folder as root."""
        return ["sudo", "-n", "python3", f"{self.folder}/{file}"]

    def path(self, file: str) -> str:
        """Return where a file of the folder lies."""
        return f"{self.folder}/{file}"

    @staticmethod
    def current(file: str) -> list[str]:
        """Return as `python` does, but of whichever folder the host has: for deletions, which may come late."""
        return ["sudo", "-n", "python3", f"{FOLDER}/current/{file}"]


def install_tools(name: str, target: Target, parent: pulumi.Resource) -> Tools:
    """Put the files of scripts/host on a host, for root to write and everyone to run."""
    files = host_files()
    folder = folder_of(files)
    script = (HOST_SCRIPTS / "install.py").read_text()
    step = Step(create=["sudo", "-n", "python3", "-c", script, folder], stdin=json.dumps(files))
    return Tools(folder, run(name, target, step, parent))


def host_files() -> dict[str, str]:
    """Return the scripts by name."""
    return {path.name: path.read_text() for path in sorted(HOST_SCRIPTS.iterdir()) if path.suffix in (".py", ".sh")}


def folder_of(files: dict[str, str]) -> str:
    """Return where files of that content lie on a host: another content is another folder, and runs anew."""
    return f"{FOLDER}/{hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:12]}"
