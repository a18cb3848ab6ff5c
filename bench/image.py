"""A server on the golden image beside one on the plain image: `lab up`, and what of it the server's host needs."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import plots
from bench.labs import PROJECT_ROOT, boot_golden, lab
from bench.measured import ratios, spread

NAME = "benchimage"
PAIRS = 3
PHASES = {
    "boot": "the first boot has ended",
    "mysqld": "mysqld is ready",
    "query": "the first user's database is there",
}
"""Seconds from the launch of the server's host."""
MOMENTS = """
date -d "$(systemctl show --value --property=UserspaceTimestamp --timestamp=us)" +%s.%N
stat -c %.Y /var/lib/cloud/instance/boot-finished
date -d "$(sudo sed -n '/MY-010931/ { s/ .*//; p; q }' /var/log/mysql/error.log)" +%s.%N
sudo stat -c %.Y /var/lib/mysql/app"""


def measure(quick: bool) -> dict[str, Any]:
    """Return pair by pair the seconds on the golden and on the plain image, the order turned about."""
    boot_golden(True)
    lab("setup", NAME)  # builds both images, if need be
    measured = []
    for number in range(1 if quick else PAIRS):
        if number % 2:
            plain, golden = _up(golden=False), _up(golden=True)
        else:
            golden, plain = _up(golden=True), _up(golden=False)
        pair = {name: [golden[name], plain[name]] for name in golden}
        measured.append({**pair, "load": os.getloadavg()[0]})
        told = ", ".join(f"{name} {ours:.1f} s and {other:.1f} s" for name, (ours, other) in pair.items())
        print(f"image {number + 1}: {told}; load {os.getloadavg()[0]:.1f}", flush=True)
    return {"image": measured}


def _up(golden: bool) -> dict[str, float]:
    """Return what `lab up` takes on a lab that is set up and empty, and the phases of the server's host, in seconds."""
    boot_golden(golden)
    lab("setup", NAME)
    began = time.monotonic()
    lab("up", NAME)
    took = time.monotonic() - began
    launch, *moments = map(float, _ask(MOMENTS).split())
    lab("down", NAME)
    return {"wall": took, **{name: moment - launch for name, moment in zip(PHASES, moments, strict=True)}}


def _ask(script: str) -> str:
    """Return what a script prints on the server's host, or stop the measurement with what it said."""
    argv = [sys.executable, "-m", "scripts", "ssh", "server", "--stack", NAME, "--", script]
    done = subprocess.run(argv, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: the server was not asked\n{done.stdout}{done.stderr}")
    return done.stdout


def markdown(measured: dict[str, Any], folder: Path) -> str:
    """Return what docs/performance.md says of it; the plot goes into a folder."""
    pairs = measured["image"]
    named = {"lab up": "wall", **{words: name for name, words in PHASES.items()}}
    plots.ranges(
        folder / "image.svg", "of the plain image's time", {words: ratios(pairs, name) for words, name in named.items()}
    )
    rows = []
    for words, name in named.items():
        golden, plain = (statistics.median(pair[name][which] for pair in pairs) for which in (0, 1))
        rows.append(f"| {words} | {golden:.1f} s | {plain:.1f} s | {spread(ratios(pairs, name))} |")
    return "\n".join(
        [
            "## The golden image",
            "",
            f"`up` of a server and a client on the golden image and on the plain one, {len(pairs)} "
            f"pair{'s' if len(pairs) > 1 else ''}, medians. Below the first row: seconds from the launch of the "
            "server's host.",
            "",
            "| until | golden | plain | ratio |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            f"Load average of the machine meanwhile: {spread([pair['load'] for pair in pairs])}.",
            "",
            "![ratio](performance/image.svg)",
            "",
        ]
    )
