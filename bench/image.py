"""A server on the golden image beside one on the plain image: `lab up`, and what of it the server's host needs."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import plots
from bench.labs import PROJECT_ROOT
from bench.measured import spread

GOLDEN, PLAIN = "golden", "whole"
"""The ways of bench/up.py that are compared."""
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


def phases(name: str) -> dict[str, float]:
    """Return the phases of the server's host on a lab that has been brought up for the first time, in seconds."""
    launch, *moments = map(float, _ask(name, MOMENTS).split())
    return {phase: moment - launch for phase, moment in zip(PHASES, moments, strict=True)}


def _ask(name: str, script: str) -> str:
    """Return what a script prints on the server's host, or stop the measurement with what it said."""
    argv = [sys.executable, "-m", "scripts", "ssh", "server", "--stack", name, "--", script]
    done = subprocess.run(argv, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: the server was not asked\n{done.stdout}{done.stderr}")
    return done.stdout


def markdown(rounds: list[dict[str, Any]], folder: Path) -> str:
    """Return what docs/performance.md says of it; the plot goes into a folder."""
    named = {"lab up": "wall", **{words: name for name, words in PHASES.items()}}
    ratios = {words: [each[GOLDEN][name] / each[PLAIN][name] for each in rounds] for words, name in named.items()}
    plots.ranges(folder / "image.svg", "of the plain image's time", ratios)
    rows = []
    for words, name in named.items():
        golden, plain = (statistics.median(each[way][name] for each in rounds) for way in (GOLDEN, PLAIN))
        rows.append(f"| {words} | {golden:.1f} s | {plain:.1f} s | {spread(ratios[words])} |")
    return "\n".join(
        [
            "## The golden image",
            "",
            "`up` of a server and a client as they come, on the golden image and on the plain one, medians of the same "
            "rounds. Below the first row: seconds from the launch of the server's host.",
            "",
            "| until | golden | plain | ratio |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            "![ratio](performance/image.svg)",
            "",
        ]
    )
