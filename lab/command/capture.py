"""What a command wrote: kept as its outputs, kept for an error's text, and passed on to the engine line by line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Tell = Callable[[str], Awaitable[None]]
"""Shows one line as the resource's status."""

_LOGGED = {
    "stdout": {"stdout"},
    "stderr": {"stderr"},
    "stdoutAndStderr": {"stdout", "stderr"},
}
"""Which streams are shown for each `logging`; any other word shows none. Source: remote/logging.go:27-32."""

PREVIOUS = ("PULUMI_COMMAND_STDOUT", "PULUMI_COMMAND_STDERR")
"""The environment variables that carry the last run's outputs. Source: util/util.go:29-30."""


class CommandError(Exception):
    """A command or its connection failed; the text is the official provider's."""


@dataclass(frozen=True)
class Job:
    """One command to run, whichever machine it runs on."""

    command: str
    environment: dict[str, str]
    previous: dict[str, str]
    """PULUMI_COMMAND_STDOUT and PULUMI_COMMAND_STDERR, where they are asked for and not empty."""
    stdin: str
    logging: str | None

    @classmethod
    def of(cls, command: str, properties: dict[str, Any], outputs: dict[str, Any]) -> Job:
        """Return the job for a resource's properties and the outputs of its last run.

        An empty output is no environment variable. Source: remote/commandOutputs.go:51-71.
        """
        previous = dict(zip(PREVIOUS, (outputs.get("stdout"), outputs.get("stderr")), strict=True))
        passed_on = properties.get("addPreviousOutputInEnv") is not False
        return cls(
            command=command,
            environment=properties.get("environment") or {},
            previous={name: value for name, value in previous.items() if value and passed_on},
            stdin=properties.get("stdin") or "",
            logging=properties.get("logging"),
        )


class Capture:
    """Collects both streams of one command."""

    def __init__(self, logging: str | None, tell: Tell) -> None:
        """Collect, and show the streams that `logging` names (both if it is None) through `tell`."""
        self._tell = tell
        self._shown = {"stdout", "stderr"} if logging is None else _LOGGED.get(logging, set())
        self._streams = {"stdout": bytearray(), "stderr": bytearray()}
        self._both = bytearray()
        self._line = bytearray()

    async def feed(self, stream: str, data: bytes) -> None:
        """Take what the command wrote to `stdout` or `stderr`."""
        self._streams[stream] += data
        self._both += data
        if stream in self._shown:
            self._line += data
            *lines, rest = bytes(self._line).split(b"\n")
            self._line = bytearray(rest)
            for line in lines:
                await self._tell(_text(line))

    async def end(self) -> None:
        """Show the last line if no newline ended it."""
        if self._line:
            await self._tell(_text(self._line))
            self._line.clear()

    @property
    def outputs(self) -> dict[str, str]:
        """The resource's stdout and stderr, each without one trailing newline."""
        return {name: _text(data).removesuffix("\n") for name, data in self._streams.items()}

    @property
    def both(self) -> str:
        """Both streams in the order they arrived."""
        return _text(self._both)


def _text(data: bytes | bytearray) -> str:
    return bytes(data).decode("utf-8", errors="replace")
