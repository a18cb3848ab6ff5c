"""The whole program run under mocks, once for each config: what it registers and exports."""

from __future__ import annotations

import functools
import gc
import runpy
from collections.abc import Set
from pathlib import Path
from typing import Any, TypeVar

import pulumi

from scripts.host.common import codec
from tests.unit.program import mocks
from tests.unit.program.configs import GOOD, set_config

Spec = TypeVar("Spec")
PROGRAM = Path(__file__).resolve().parents[3] / "__main__.py"
SECRET_MARK = "4dabf18193072939515e22adb298388d"
"""The key of a secret in Pulumi's wire format."""


class Run:
    """One run of the program: what it registered and what it exported."""

    def __init__(
        self, said: dict[str, str] | None = None, volumes: Set[str] | None = frozenset(), **changes: str
    ) -> None:
        self.seen = mocks.start()
        self.seen.volumes = None if volumes is None else frozenset(volumes)
        self.seen.said = {**(said or {}), **self.seen.said}  # the first end that fits counts
        self.outputs: dict[str, Any] = {}
        self.secret_outputs: set[str] = set()
        set_config(**changes)

        async def read_outputs() -> None:
            for name, value in mocks.exported().items():
                output = pulumi.Output.from_input(value)
                self.outputs[name] = await output.future()
                if await output.is_secret():
                    self.secret_outputs.add(name)

        @mocks.tested
        def program() -> Any:
            runpy.run_path(str(PROGRAM))
            return read_outputs()

        try:
            program()
        finally:
            gc.enable()  # which the program turns off, in a process of its own

    def inputs(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the inputs of every resource of a kind, by name."""
        return self.seen.of_type(kind)

    @property
    def commands(self) -> dict[str, dict[str, Any]]:
        """The inputs of the remote commands, by name."""
        return self.inputs("command:remote:Command")

    def spec(self, command: str, kind: type[Spec]) -> Spec:
        """Return what a command's standard input is to the agent that reads it."""
        return codec.decode(kind, plain(self.commands[command]["stdin"]))

    @property
    def instances(self) -> dict[str, dict[str, Any]]:
        """The inputs of the instances, by name."""
        return self.inputs("aws:ec2/instance:Instance")

    @property
    def ingress(self) -> list[dict[str, Any]]:
        """The inputs of the ingress rules."""
        return list(self.inputs("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").values())


def all_before(run: Run, name: str) -> set[str]:
    """Return everything that has to be there before a resource is made."""
    found: set[str] = set()
    ahead = [name]
    while ahead:
        for needed in run.seen.dependencies.get(ahead.pop(), set()) - found:
            found.add(needed)
            ahead.append(needed)
    return found


def run_with(**changes: str) -> Run:
    """Return the run of a config with these changes; tests only look at it, so one run is enough for all of them."""
    return _run_with(frozenset((key, value) for key, value in changes.items() if GOOD.get(key) != value))


@functools.cache
def _run_with(changes: frozenset[tuple[str, str]]) -> Run:
    return Run(None, frozenset(), **dict(changes))


def plain(value: Any) -> Any:
    """Return an input without its secret marks."""
    if isinstance(value, dict):
        return plain(value["value"]) if SECRET_MARK in value else {k: plain(v) for k, v in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list) else value


def without_secrets(value: Any) -> Any:
    """Return an input with every secret left out."""
    if isinstance(value, dict):
        return None if SECRET_MARK in value else {k: without_secrets(v) for k, v in value.items()}
    return [without_secrets(entry) for entry in value] if isinstance(value, list) else value
