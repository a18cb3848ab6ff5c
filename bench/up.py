"""Wall time of `make up` (engine and image cached) against bench/floor.sh on the same lab hosts, by turns in one run.

The program runs as it comes, and with what the script does alone: MySQL's data on the root volume, and no backups.
"""

from __future__ import annotations

import os
import secrets
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench import plots
from bench.labs import PROJECT_ROOT, boot_golden, lab
from bench.measured import ratios, spread
from lab.settings import Lab
from tests.lab.pair import Pair

FLOOR, PROGRAM = "benchfloor", "benchup"
WAYS = {"same": "the script's job", "whole": "as it comes: data volume and backups too"}
ROUNDS = 3
SCRIPTS_JOB: dict[str, object] = {"dataVolumeSize": 0, "backupDays": 0}


def program(config: Mapping[str, object]) -> float:
    """Return the seconds that `lab up` takes with these config values on a lab that is set up and empty."""
    with _set_up(PROGRAM) as made:
        Pair(made, PROJECT_ROOT).configure(config)
        began = time.monotonic()
        lab("up", PROGRAM)
        return time.monotonic() - began


def floor() -> float:
    """Return the seconds that the shell script takes on a lab that is set up and empty."""
    with _set_up(FLOOR) as made:
        began = time.monotonic()
        subprocess.run(
            [PROJECT_ROOT / "bench/floor.sh", sys.executable, made.folder / "operator-key", FLOOR],
            cwd=PROJECT_ROOT,
            input=secrets.token_urlsafe(24) + "\n",
            text=True,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return time.monotonic() - began


@contextmanager
def _set_up(name: str) -> Iterator[Lab]:
    """Give an empty lab, which is taken away afterwards."""
    lab("setup", name)
    try:
        yield Lab.named(name, PROJECT_ROOT)
    finally:
        lab("down", name)


def measure(quick: bool) -> dict[str, Any]:
    """Return round by round the seconds of `lab up`, both ways, and of the script; each round begins with another."""
    boot_golden(False)  # the script knows a host whose first boot installs MySQL
    ways = {"whole": partial(program, {}), "same": partial(program, SCRIPTS_JOB), "script": floor}
    measured = []
    for number in range(1 if quick else ROUNDS):
        names = deque(ways)
        names.rotate(-number)
        took = {name: ways[name]() for name in names}
        script = took.pop("script")
        measured.append({**{name: [seconds, script] for name, seconds in took.items()}, "load": os.getloadavg()[0]})
        told = ", ".join(f"{name} {seconds:.1f} s, ratio {seconds / script:.2f}" for name, seconds in took.items())
        print(f"up {number + 1}: script {script:.1f} s, {told}", flush=True)
    return {"up": measured}


def markdown(measured: dict[str, Any], folder: Path) -> str:
    """Return what docs/performance.md says of it; the plot goes into a folder."""
    rounds = measured["up"]
    of_ways = {words: ratios(rounds, name) for name, words in WAYS.items()}
    plots.ranges(folder / "up-ratio.svg", "times what the script takes", of_ways)
    script = statistics.median(each["same"][1] for each in rounds)
    rows = [
        f"| {words} | {statistics.median(each[name][0] for each in rounds):.1f} s | {spread(of_ways[words])} |"
        for name, words in WAYS.items()
    ]
    return "\n".join(
        [
            "## The first `up`",
            "",
            "Beside a plain shell script on the same lab's hosts (bench/floor.sh), which has MySQL's data on the root "
            f"volume and makes no backups; wall seconds by turns, {len(rounds)} round{'s' if len(rounds) > 1 else ''}. "
            f"The script takes {script:.1f} s. The aim is 1.05 for the same job.",
            "",
            "| | median | ratio to the script |",
            "| --- | --- | --- |",
            *rows,
            "",
            "![ratio](performance/up-ratio.svg)",
            "",
        ]
    )
