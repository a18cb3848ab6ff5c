"""What the faults of schedule.py are on a lab: each is made, left for a while, and taken back whatever happens."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lab.machine import hosts
from tests.lab.pair import run
from tests.torture.members import Members
from tests.torture.schedule import Step

PROXY = "mysql-pair-proxy"
SWITCH_SECONDS = 120
SLOW, SLOW_UNIT = "while sleep 0.1; do pkill -STOP -x mysqld; sleep 0.4; pkill -CONT -x mysqld; done", "torture-slow"
"""A fifth of its time is left to a mysqld, which is not silent for long enough to be put out of the group."""


class FaultError(Exception):
    """A fault could not be made, or what was to be a planned step failed: a finding."""


class Nemesis:
    """Makes faults on a stack's members, and on the client host's proxy."""

    def __init__(self, stack: str, members: Members, client_id: str) -> None:
        """Begin with what there is."""
        self.stack, self.members, self.client_id = stack, members, client_id

    def target(self, step: Step) -> str:
        """Return the name of the host that a step happens to, as roles are now; empty if it is all of them.

        Raises:
            FaultError: there is no member in that role.
        """
        if not step.kind.role:
            return ""
        names = self.members.in_role(step.kind.role)
        if not names:
            raise FaultError(f"{step.kind.name}: there is no member in that role")
        return step.pick(names)

    @contextmanager
    def made(self, step: Step, target: str) -> Iterator[None]:
        """Make a fault, and take it back at the block's end."""
        match step.kind.act:
            case "crash":
                instance = self.members.instances[target].id
                self.members.plane.crash(instance)
                try:
                    yield
                finally:
                    self.members.ec2.start(instance)
            case "cut":
                instance = self.members.instances[target].id
                self.members.plane.cut(instance)
                try:
                    yield
                finally:
                    self.members.plane.join(instance)
            case "pause":
                self._signal(target, "STOP")
                try:
                    yield
                finally:
                    self._signal(target, "CONT")
            case "slow":
                self._do(target, "systemd-run", "--collect", f"--unit={SLOW_UNIT}", "sh", "-c", SLOW)
                try:
                    yield
                finally:
                    self._do(target, "systemctl", "stop", SLOW_UNIT)
                    self._signal(target, "CONT")
            case "kill":
                self._signal(target, "KILL")
                yield
            case "switch-over":
                self._switch_over()
                yield
            case _:
                self._kill_proxy()
                yield

    def _signal(self, target: str, signal: str) -> None:
        self._do(target, "systemctl", "kill", "--signal", signal, "mysql")

    def _do(self, target: str, *command: str) -> None:
        done = self.members.execute(target, *command)
        if done.returncode != 0:
            raise FaultError(f"`{' '.join(command)}` on {target} failed: {done.stderr.strip()}")

    def _switch_over(self) -> None:
        done = run(sys.executable, "-m", "scripts", "switch-over", "--stack", self.stack, timeout=SWITCH_SECONDS)
        if done.returncode != 0:
            raise FaultError(f"switch-over ended with {done.returncode}: {(done.stdout + done.stderr).strip()}")

    def _kill_proxy(self) -> None:
        container = self.members.plane.host_name(self.client_id)
        done = hosts.execute(container, "systemctl", "kill", "--signal", "KILL", PROXY)
        if done.returncode != 0:
            raise FaultError(f"the proxy was not killed: {done.stderr.strip()}")
