"""The example of the README, on a lab that is installed by pip: a project that has nothing of this repository."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.engine.plugins import IMPORT_FOLDER
from lab.machine import hosts, slots
from lab.settings import Lab
from lab.testing.project import Project

SOURCE = IMPORT_FOLDER / "lab"
NOT_INSTALLED = ("tests", "examples", "build", "__pycache__", "*.egg-info")
BOOT_SECONDS = 60


@dataclass(frozen=True)
class Tiny(Project):
    """The example in a folder of its own, and the installed lab that it runs on."""

    installed: Path = Path()

    def verb(self, *words: str) -> str:
        """Run `python -m lab` in the project's folder; it has to end well."""
        done = subprocess.run(
            [sys.executable, "-m", "lab", *words],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.installed), "LAB": self.lab.name},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ssh(self, address: str, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command on a host, with the lab's key."""
        known_hosts = self.folder.parent / "known_hosts"
        options = ["StrictHostKeyChecking=accept-new", f"UserKnownHostsFile={known_hosts}", "ConnectTimeout=3"]
        flags = [word for option in options for word in ("-o", option)]
        return subprocess.run(
            ["ssh", "-F", "none", "-i", str(self.lab.operator_key), *flags, f"ubuntu@{address}", command],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def installed(folder: Path) -> Path:
    """Install the lab as `pip install ./lab` does, but for its requirements, and return where."""
    copy = folder / "source"  # pip builds in the folder that it is given
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns(*NOT_INSTALLED))
    site = folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--target", str(site), str(copy)], check=True)
    return site


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    """The example, up; taken down in the end."""
    folder = tmp_path_factory.mktemp("tiny") / "project"
    shutil.copytree(SOURCE / "examples" / "tiny", folder, ignore=shutil.ignore_patterns("venv", ".lab", "__pycache__"))
    (folder / "venv").symlink_to(sys.prefix)
    project = Tiny(Lab.named("tiny", folder), folder, installed=installed(folder.parent))
    try:
        assert "Stack tiny of project tiny is up." in project.verb("up")
        yield project
    finally:
        slot = slots.find(project.lab)
        project.verb("down")
        assert slot and not hosts.named(slot.prefix) and not project.lab.folder.exists()


def test_the_lab_is_installed_whole(tiny: Tiny) -> None:
    kept = {"pyproject.toml", "requirements.txt", "requirements-test.txt", "README.md"}
    source = {path.relative_to(SOURCE) for path in SOURCE.rglob("*") if path.is_file()}
    source = {path for path in source if not {"tests", "examples", "build", "__pycache__"} & set(path.parts)}
    source = {path for path in source if str(path) not in kept and not path.parts[0].endswith(".egg-info")}
    site = tiny.installed / "lab"
    assert "podman" in tiny.verb("packages").split()
    assert source - {path.relative_to(site) for path in site.rglob("*")} == set()


def test_the_operator_of_the_lab_reaches_the_instance_by_ssh_alone(tiny: Tiny) -> None:
    address = tiny.outputs()["public_ip"]
    deadline = time.monotonic() + BOOT_SECONDS
    while (done := tiny.ssh(address, "cat /etc/motd")).returncode and time.monotonic() < deadline:
        time.sleep(1)
    assert done.stdout == "Made by a Pulumi program.", done.stderr
    tiny.verb("exec", "tiny", "systemd-run", "--quiet", "python3", "-m", "http.server", "80")
    with pytest.raises(TimeoutError):
        socket.create_connection((address, 80), timeout=2)
    assert int(tiny.verb("drops", "tiny").split()[1]) > 0


def test_a_hosts_mounts_are_shared_as_on_ec2(tiny: Tiny) -> None:
    """Without that, services of Debian 12 and Ubuntu 22.04 do not get their credentials."""
    assert tiny.verb("exec", "tiny", "findmnt", "--noheadings", "--output=PROPAGATION", "/").strip() == "shared"


def test_its_verbs_know_the_instance_and_a_second_up_changes_nothing(tiny: Tiny) -> None:
    (line,) = [line for line in tiny.verb("status").splitlines() if line.split()[:1] == ["tiny"]]
    assert line.split()[2] == "running" and tiny.outputs()["public_ip"] in line
    assert "Nothing changed" in tiny.verb("up")
    assert tiny.unchanged()
