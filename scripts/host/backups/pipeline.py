"""Programs that feed each other with no file in between: one that fails ends all, before the last one is complete."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO

from scripts.host.backups.repository import hint_of
from scripts.host.common.errors import HostError
from scripts.host.common.process import NO_MORE, Environment

PIPE = subprocess.PIPE
CHUNK = 1 << 20
"""Bytes that are read at a time."""
END_SECONDS = 900
"""How long a program may take once its input has ended: an upload's last parts, a large transaction's commit."""
ERROR_LINES = 5
SHELL = 128
"""What a shell adds to the signal that ended its command."""


class Pipeline:
    """Programs of one pipeline. Leaving the block by an error kills them: what they write is then cut off."""

    def __init__(self) -> None:
        """Begin without programs."""
        self._parts: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []

    def __enter__(self) -> "Pipeline":
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill what still runs.

        Raises:
            HostError: a program ended early, so that another one or we could not write to it.
        """
        # Those that have failed by themselves say why; the others are only in the way.
        words = self._failures(wait=1) if isinstance(error, BrokenPipeError) else ""
        for process, stderr in self._parts:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, stderr):
                if stream is not None:
                    _close(stream)
        if isinstance(error, BrokenPipeError):
            raise HostError(words or "a program of the pipeline ended early") from error

    def start(
        self,
        argv: Sequence[str],
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
        environment: Environment = NO_MORE,
        end: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Start a program; without a stream given, its standard input and output are pipes of ours.

        Args:
            argv: the program and its arguments.
            stdin: what it reads: another one's output, which is then closed on our side.
            stdout: a file that it writes to.
            environment: variables besides our own.
            end: whether it prints nothing.
        """
        stderr = tempfile.TemporaryFile()  # noqa: SIM115  closed in __exit__
        variables: Mapping[str, str] = {**os.environ, "LC_ALL": "C", **environment}
        output = subprocess.DEVNULL if end else stdout or PIPE
        try:
            process = subprocess.Popen(
                argv, stdin=stdin or PIPE, stdout=output, stderr=stderr, env=variables, bufsize=CHUNK
            )
        except FileNotFoundError as error:
            stderr.close()
            raise HostError(f"there is no {argv[0]} on this host") from error
        if stdin is not None:
            # So that the program before it notices when this one ends.
            stdin.close()
        self._parts.append((process, stderr))
        return process

    def finish(self, *processes: subprocess.Popen[bytes], at_leisure: bool = False) -> None:
        """Wait until these programs, or all, have ended well.

        Args:
            processes: these programs; all if none is named.
            at_leisure: whether each may still take any time.

        Raises:
            HostError: one did not; the message has its own words.
        """
        if words := self._failures(None if at_leisure else END_SECONDS, processes):
            raise HostError(words)

    def _failures(self, wait: float | None, processes: Sequence[subprocess.Popen[bytes]] = ()) -> str:
        words = []
        for process, stderr in self._parts:
            if processes and process not in processes:
                continue
            try:
                code = process.wait(wait)
            except subprocess.TimeoutExpired:
                if wait == END_SECONDS:
                    words.append(f"`{_name(process)}` did not end within {wait:g} seconds")
                continue
            said = _last_lines(stderr)
            # One that could not write on has not failed itself.
            if code not in (0, -signal.SIGPIPE, SHELL + signal.SIGPIPE) and "broken pipe" not in said.lower():
                words.append(f"{hint_of(said)}`{_name(process)}` failed ({code}): {said}")
        return "\n".join(words)


def _name(process: "subprocess.Popen[bytes]") -> str:
    argv = process.args
    return str(argv[0]) if isinstance(argv, (list, tuple)) else str(argv)


def _last_lines(stderr: IO[bytes]) -> str:
    stderr.seek(0)
    text = stderr.read()[-8192:].decode(errors="replace").strip()
    # rclone puts the time before each line, and counts its tries.
    lines = [re.sub(r"^[\d/]{10} [\d:]{8} ", "", line) for line in text.splitlines() if "ERROR : Attempt" not in line]
    return "\n".join(list(dict.fromkeys(lines))[-ERROR_LINES:])


def _close(stream: IO[bytes]) -> None:
    # What was still to be written has nowhere to go.
    with contextlib.suppress(OSError):
        stream.close()
