"""What an operator's command knows of a stack: its outputs and config, as the pulumi CLI gives them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT_ROOT = Path(__file__).resolve().parent.parent
NAMESPACE = "mysql-pair"


class OperatorError(Exception):
    """A fault that the operator can mend; its text says how."""


@dataclass(frozen=True)
class Stack:
    """A stack by name."""

    name: str

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs, secrets masked.

        Raises:
            OperatorError: there is no such stack, or nothing is up in it.
        """
        done = self._pulumi("stack", "output", "--json")
        if done.returncode != 0:
            raise OperatorError(f"stack {self.name!r} cannot be read:\n{done.stderr.strip()}")
        outputs: dict[str, Any] = json.loads(done.stdout)
        if not outputs:
            raise OperatorError(f"stack {self.name!r} is not up: {self._up_hint()}")
        return outputs

    def config(self, key: str) -> str | None:
        """Return a config value, decrypted, or None if it is not set: an empty one is not.

        Raises:
            OperatorError: the config cannot be read or decrypted.
        """
        done = self._pulumi("config", "get", f"{NAMESPACE}:{key}")
        if done.returncode == 0:
            return done.stdout if done.stdout.strip() else None
        if "not found" in done.stderr:
            return None
        raise OperatorError(f"the config of stack {self.name!r} cannot be read:\n{done.stderr.strip()}")

    def _pulumi(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = stack_environment(self.name, os.environ)
        argv = ["pulumi", *words, "--stack", self.name, "--non-interactive", "--color", "never"]
        try:
            return subprocess.run(
                argv,
                cwd=PROJECT_ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError as error:
            raise OperatorError(f"there is no `pulumi` on PATH: {self._up_hint()}") from error

    def _up_hint(self) -> str:
        return "run `make up`" if self.name == "lab" else f"run `pulumi up --stack {self.name}`"


def stack_environment(name: str, environment: Mapping[str, str], root: Path = PROJECT_ROOT) -> dict[str, str]:
    """Return the environment in which `pulumi` finds this stack.

    A lab's stack lives in a backend of its own, which `.lab/<name>/environment` describes. It is used unless
    the caller has a PULUMI_HOME that is another one: that is a choice, and is kept.
    """
    merged = dict(environment)
    file = root / ".lab" / name / "environment"
    if not file.is_file():
        return merged
    own = dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)
    if merged.get("PULUMI_HOME", own.get("PULUMI_HOME")) != own.get("PULUMI_HOME"):
        return merged
    folder = own.pop("PATH_PREPEND", None)
    if folder:
        merged["PATH"] = os.pathsep.join(filter(None, [folder, merged.get("PATH")]))
    return merged | own
