"""A Pulumi project on a lab, run as its user runs it: plain `pulumi` in the project's folder, in a process of its own.

The automation API would run an inline program in the tests' process.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.cloud.model import Instance
from lab.cloud.store import Store
from lab.engine import environment
from lab.machine import hosts
from lab.machine.plane import Plane
from lab.settings import Lab

PULUMI_SECONDS = 400
"""Several times what the longest run of `pulumi` here takes."""
PLAIN = ("--non-interactive", "--color", "never")


@dataclass(frozen=True)
class Project:
    """A project, with the stack that is selected in it."""

    lab: Lab
    folder: Path = field(default_factory=Path.cwd)
    more: Mapping[str, str] = field(default_factory=dict)
    """What its environment has besides the lab's."""

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run plain `pulumi` in the project's folder, in the environment that `python -m lab env` prints, and more.

        One that does not end is ended, with the stack's lock, so that it fails its own test and no other.
        """
        pipe = subprocess.PIPE
        variables = {**environment.variables(self.lab), **self.more}
        process = subprocess.Popen(
            ["pulumi", *arguments], cwd=self.folder, env=variables, stdout=pipe, stderr=pipe, text=True
        )
        try:
            out, err = process.communicate(timeout=PULUMI_SECONDS)
        except subprocess.TimeoutExpired:
            told = self._end(process)
            raise AssertionError(f"pulumi {arguments[0]} does not end:\n{told}\n{self._consoles()}") from None
        except BaseException:  # the test's own deadline
            self._end(process)
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def _end(self, process: subprocess.Popen[str]) -> str:
        """End a run of `pulumi`, and return what it printed."""
        for _ in range(2):  # the second time it waits for nobody
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                return "".join(process.communicate(timeout=30))
        process.kill()
        process.wait()
        cancel = ["pulumi", "cancel", "--yes"]  # of the stack that is selected
        subprocess.run(cancel, cwd=self.folder, env=environment.variables(self.lab), timeout=60, check=False)
        return "it had to be killed"

    def _consoles(self) -> str:
        """Return the end of every host's console."""
        store = Store(self.lab.cloud)
        names = [Plane(self.lab, store).host_name(instance.id) for instance in store.all(Instance)]
        return "\n".join(f"{name}:\n{hosts.console(name)}" for name in names)

    def done(self, *arguments: str) -> str:
        """Run `pulumi`, which has to end well, and return what it printed."""
        done = self.pulumi(*arguments, *PLAIN)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def up(self) -> str:
        """Run `pulumi up` and return what it printed; it has to end well."""
        return self.done("up", "--yes", "--skip-preview")

    def failing_up(self) -> str:
        """Run a `pulumi up` that has to fail, and return what it printed."""
        done = self.pulumi("up", "--yes", "--skip-preview", *PLAIN)
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def refresh(self) -> str:
        """Run `pulumi refresh` and return what it printed; it has to end well."""
        return self.done("refresh", "--yes", "--skip-preview")

    def unchanged(self) -> bool:
        """Tell whether another `up` would change nothing."""
        return self.pulumi("preview", "--expect-no-changes", *PLAIN).returncode == 0

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs, secrets in plain."""
        outputs: dict[str, Any] = json.loads(self.done("stack", "output", "--json", "--show-secrets"))
        return outputs
