"""Wall time of `make up` (engine and image cached) against bench/floor.sh on the same lab hosts: pairs, in one run."""

from __future__ import annotations

import os
import secrets
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import plots
from bench.measured import ratios, spread
from lab.settings import Lab

PROJECT_ROOT = Path(__file__).resolve().parent.parent
FLOOR, PROGRAM = "benchfloor", "benchup"
PAIRS = 3


def lab(verb: str, name: str) -> None:
    """Run a verb of `python -m lab`, or stop the measurement with what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "lab", verb, "--lab", name],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"bench: lab {verb} failed\n{done.stdout}{done.stderr}")


def program() -> float:
    """Return the seconds that `lab up` takes on a lab that is set up and empty."""
    lab("setup", PROGRAM)
    began = time.monotonic()
    lab("up", PROGRAM)
    took = time.monotonic() - began
    lab("down", PROGRAM)
    return took


def floor() -> float:
    """Return the seconds that the shell script takes on a lab that is set up and empty."""
    lab("setup", FLOOR)
    key = Lab.named(FLOOR).folder / "operator-key"
    began = time.monotonic()
    subprocess.run(
        [PROJECT_ROOT / "bench/floor.sh", sys.executable, key, FLOOR],
        cwd=PROJECT_ROOT,
        input=secrets.token_urlsafe(24) + "\n",
        text=True,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    took = time.monotonic() - began
    lab("down", FLOOR)
    return took


def measure(quick: bool) -> dict[str, Any]:
    """Return pair by pair the seconds of `lab up` and of the script, the order turned about from pair to pair."""
    measured = []
    for number in range(1 if quick else PAIRS):
        if number % 2:
            bare, full = floor(), program()
        else:
            full, bare = program(), floor()
        measured.append({"wall": [full, bare], "load": os.getloadavg()[0]})
        print(f"up {number + 1}: {full:.1f} s and {bare:.1f} s, ratio {full / bare:.2f}", flush=True)
    return {"up": measured}


def markdown(measured: dict[str, Any], folder: Path) -> str:
    """Return what docs/performance.md says of it; the plot goes into a folder."""
    pairs = measured["up"]
    plots.ranges(folder / "up-ratio.svg", "times what the script takes", {"up": ratios(pairs, "wall")})
    medians = [statistics.median(pair["wall"][which] for pair in pairs) for which in (0, 1)]
    return "\n".join(
        [
            "## The first `up`",
            "",
            "Beside a plain shell script that does the same on the same lab's hosts (bench/floor.sh), wall seconds of "
            f"{len(pairs)} pair{'s' if len(pairs) > 1 else ''}: {spread(ratios(pairs, 'wall'))} times; medians "
            f"{medians[0]:.0f} s and {medians[1]:.0f} s.",
            "",
            "![ratio](performance/up-ratio.svg)",
            "",
        ]
    )
