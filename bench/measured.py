"""What a command takes, with every process that it starts: wall seconds and CPU seconds."""

from __future__ import annotations

import ctypes
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): what the engine leaves behind becomes this process's child, and is waited for."""


class Taken(NamedTuple):
    """Seconds."""

    wall: float
    cpu: float


def run(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Taken:
    """Run a command and return what it took; one that fails ends the measurement with what it said."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before, began = _cpu(), time.monotonic()
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    wall = time.monotonic() - began
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(command)} failed\n{done.stdout}{done.stderr}")
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return Taken(wall, _cpu() - before)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pairs(count: int, one: Callable[[], Taken], other: Callable[[], Taken], named: str) -> list[dict[str, Any]]:
    """Measure both so many times, the order turned about from pair to pair, and return pair by pair what each took."""
    measured = []
    for number in range(count):
        if number % 2:
            second, first = other(), one()
        else:
            first, second = one(), other()
        pair = {"wall": [first.wall, second.wall], "cpu": [first.cpu, second.cpu], "load": os.getloadavg()[0]}
        measured.append(pair)
        wall, cpu = first.wall / second.wall, first.cpu / second.cpu
        print(
            f"{named} {number + 1}: {first.wall:6.2f} s and {second.wall:6.2f} s, ratio {wall:.2f}; "
            f"CPU {first.cpu:.2f} s and {second.cpu:.2f} s, ratio {cpu:.2f}; load {pair['load']:.1f}",
            flush=True,
        )
    return measured


def ratios(measured: list[dict[str, Any]], kind: str) -> list[float]:
    """Return the ratio of each pair, of its wall or its CPU seconds."""
    return [pair[kind][0] / pair[kind][1] for pair in measured]


def spread(values: Sequence[float]) -> str:
    """Return a median with its least and its greatest value."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
