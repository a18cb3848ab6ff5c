"""One lab for all end-to-end tests: the pair, brought up by the command that a user types."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from lab.engine import environment
from lab.settings import PROJECT_ROOT, Lab
from tests.lab.third_host import ThirdHost, third_host

LAB = "test"


def run(*command: str, stdin: str = "", timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """Run a command in the work tree, as a user would, and return what it printed."""
    return subprocess.run(
        command, cwd=PROJECT_ROOT, input=stdin, capture_output=True, text=True, timeout=timeout, check=False
    )


def lab_command(verb: str, *arguments: str, name: str = LAB) -> subprocess.CompletedProcess[str]:
    """Run `python -m lab VERB` on a lab of the tests."""
    return run(sys.executable, "-m", "lab", verb, "--lab", name, *arguments)


@dataclass(frozen=True)
class Pair:
    """The pair of a lab that is up."""

    lab: Lab

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run plain `pulumi`, in the environment that `python -m lab env` prints."""
        return subprocess.run(
            ["pulumi", *arguments],
            cwd=PROJECT_ROOT,
            env=environment.variables(self.lab),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs, secrets in plain."""
        done = self.pulumi("stack", "output", "--json", "--show-secrets", "--stack", self.lab.name)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def ssh(self, host: str, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command on a host, as an operator would."""
        return run(
            sys.executable,
            "-m",
            "scripts",
            "ssh",
            host,
            "--stack",
            self.lab.name,
            "--",
            *command,
            stdin=stdin,
        )

    def connects(self, host: str, address: str, port: int) -> bool:
        """Tell whether a TCP connection from a host opens within three seconds."""
        probe = f"timeout 3 bash -c 'exec 3<>/dev/tcp/{address}/{port}'"
        return self.ssh(host, probe).returncode == 0


@pytest.fixture(scope="session")
def pair() -> Iterator[Pair]:
    """The pair, up; taken down when the last test has ended."""
    done = lab_command("up")
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        yield Pair(Lab.named(LAB))
    finally:
        down = lab_command("down")
        assert down.returncode == 0, down.stdout + down.stderr


@pytest.fixture(scope="session")
def third(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThirdHost]:
    """A third host in the pair's subnet, of another stack in the same lab."""
    with third_host(pair.lab, tmp_path_factory.mktemp("third")) as host:
        yield host
