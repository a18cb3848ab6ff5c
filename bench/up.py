"""Wall time of `make up` (engine and image cached) against bench/floor.sh on the same lab hosts: pairs, in one run.

Prints both times and their ratio pair by pair, then the median and spread of the ratios. Usage: up.py [PAIRS]
"""

from __future__ import annotations

import secrets
import statistics
import subprocess
import sys
import time
from pathlib import Path

from lab.settings import Lab

PROJECT_ROOT = Path(__file__).resolve().parent.parent
FLOOR, PROGRAM = "benchfloor", "benchup"


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


def main(pairs: int) -> None:
    """Measure, the order turned about from pair to pair, and print."""
    ratios = []
    print("pair   up s   floor s   ratio")
    for number in range(1, pairs + 1):
        if number % 2:
            up, bare = program(), floor()
        else:
            bare, up = floor(), program()
        ratios.append(up / bare)
        print(f"{number:4} {up:6.1f} {bare:9.1f} {ratios[-1]:7.2f}", flush=True)
    print(f"ratio: median {statistics.median(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
