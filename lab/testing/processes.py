"""Processes of this machine, as /proc shows them: parent, session, and what one was started with."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Process(NamedTuple):
    """One that runs."""

    pid: int
    parent: int
    session: int


def running() -> Iterator[Process]:
    """Return every process that has not ended (proc_pid_stat(5))."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, _, session, *_ = stat.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            yield Process(int(stat.parent.name), int(parent), int(session))


def descendants(pid: int) -> set[int]:
    """Return the processes below one, itself included."""
    parents = {process.pid: process.parent for process in running()}
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def wait_for(
    reached: Callable[[], object],
    process: subprocess.Popen[Any] | None = None,
    seconds: float = 120,
    pause: float = 0.02,
) -> None:
    """Wait until a condition holds, and no longer than the process that is to bring it about runs.

    A look that is itself a run of a command takes the processor from the tests beside it: its `pause`, in seconds, is
    long.
    """
    deadline = time.monotonic() + seconds
    while not reached():
        assert process is None or process.poll() is None, "it ended before"
        assert time.monotonic() < deadline
        time.sleep(pause)


def cmdline(pid: int) -> str:
    """Return a process's command line; nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
