"""The first `up` (engine and image cached), four ways on labs of this machine, by turns in one run.

As it comes, on the plain image and on the golden one; with what bench/floor.sh does alone, which has MySQL's data on
the root volume and makes no backups; and that script itself. One of them is traced.
"""

from __future__ import annotations

import os
import secrets
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench import image, plots, trace
from bench.labs import PROJECT_ROOT, boot_golden, lab
from bench.measured import spread
from lab.settings import Lab
from tests.lab.pair import Pair

FLOOR, PROGRAM = "benchfloor", "benchup"
SCRIPT = "script"
WAYS = {"same": "the script's job", "whole": "as it comes: data volume and backups too"}
"""What is compared with the script."""
ROUNDS = 3
SCRIPTS_JOB: dict[str, object] = {"dataVolumeSize": 0, "backupDays": 0}


def whole(golden: bool, traces: list[dict[str, Any]]) -> dict[str, float]:
    """Return the seconds that `lab up` takes on an empty lab that is set up; the first on the plain image is traced."""
    with _set_up(PROGRAM, golden):
        if golden or traces:
            took = _up()
        else:
            traces.append(trace.traced_up(PROGRAM))
            took = traces[0]["took"]
        return {"wall": took, **image.phases(PROGRAM)}


def scripts_job() -> dict[str, float]:
    """Return the same with what the script does alone."""
    with _set_up(PROGRAM) as made:
        Pair(made, PROJECT_ROOT).configure(SCRIPTS_JOB)
        return {"wall": _up()}


def _up() -> float:
    began = time.monotonic()
    lab("up", PROGRAM)
    return time.monotonic() - began


def floor() -> dict[str, float]:
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
        return {"wall": time.monotonic() - began}


@contextmanager
def _set_up(name: str, golden: bool = False) -> Iterator[Lab]:
    """Give an empty lab, which is taken away afterwards."""
    boot_golden(golden)
    lab("setup", name)
    try:
        yield Lab.named(name, PROJECT_ROOT)
    finally:
        lab("down", name)


def measure(quick: bool) -> dict[str, Any]:
    """Return round by round the seconds of each way; each round begins with another."""
    traces: list[dict[str, Any]] = []
    ways: dict[str, Callable[[], dict[str, float]]] = {
        "whole": partial(whole, False, traces),
        "golden": partial(whole, True, traces),
        "same": scripts_job,
        SCRIPT: floor,
    }
    boot_golden(True)
    lab("setup", PROGRAM)  # builds both images, if need be
    rounds = []
    for number in range(1 if quick else ROUNDS):
        names = deque(ways)
        names.rotate(-number)
        took = {name: ways[name]() for name in names}
        rounds.append({**took, "load": os.getloadavg()[0]})
        print(
            f"up {number + 1}: " + ", ".join(f"{name} {each['wall']:.1f} s" for name, each in took.items()), flush=True
        )
    return {"rounds": rounds, "trace": traces[0]}


def markdown(measured: dict[str, Any], folder: Path) -> str:
    """Return what docs/performance.md says of it; the plots go into a folder."""
    rounds: list[dict[str, Any]] = measured["rounds"]
    ratios = {words: [each[name]["wall"] / each[SCRIPT]["wall"] for each in rounds] for name, words in WAYS.items()}
    plots.ranges(folder / "up-ratio.svg", "times what the script takes", ratios)
    rows = [
        f"| {words} | {statistics.median(each[name]['wall'] for each in rounds):.1f} s | {spread(ratios[words])} |"
        for name, words in WAYS.items()
    ]
    return "\n".join(
        [
            trace.markdown(measured["trace"], folder),
            "## The first `up`",
            "",
            "Beside a plain shell script on the same lab's hosts (bench/floor.sh), which has MySQL's data on the root "
            f"volume and makes no backups; wall seconds by turns, {len(rounds)} round{'s' if len(rounds) > 1 else ''}, "
            f"load average {min(each['load'] for each in rounds):.1f} to {max(each['load'] for each in rounds):.1f}. "
            f"The script takes {statistics.median(each[SCRIPT]['wall'] for each in rounds):.1f} s. The aim is 1.05 for "
            "the same job.",
            "",
            "| | median | ratio to the script |",
            "| --- | --- | --- |",
            *rows,
            "",
            "![ratio](performance/up-ratio.svg)",
            "",
            image.markdown(rounds, folder),
        ]
    )
