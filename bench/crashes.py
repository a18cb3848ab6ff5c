"""The server's host crashes while a client writes, is terminated, and `up --refresh` makes a new one on its volume.

Again and again: all processes of the host end at once, after commits whose number chance decides. Counts the commits
that were acknowledged and those that are missing, after each crash. Prints JSON; exit code 1 if one is missing.
Usage: crashes.py [CRASHES [SEED]]
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from typing import Any

from bench.labs import PROJECT_ROOT, lab
from lab.settings import Lab
from tests.lab.crashing_server import COMMITS, MOST, TABLE, Server, lost
from tests.lab.pair import Pair

NAME = "benchcrashes"
LONGEST_SECONDS = 2.0
"""How long the client goes on writing after its first commits, at the most."""


def main(crashes: int, seed: int) -> dict[str, Any]:
    """Crash, and return the figures."""
    pair, chance = Pair(Lab.named(NAME), PROJECT_ROOT), random.Random(seed)  # noqa: S311  moments, no secrets
    pair.sql(TABLE)
    acknowledged: list[int] = []
    hosts, seconds, missing = set(), [], []
    for crash in range(crashes):
        server = Server(pair)
        hosts.add(server.id)
        with server.written(first=crash * MOST) as numbers:
            time.sleep(chance.uniform(0, LONGEST_SECONDS))
            server.crash()
        acknowledged += numbers
        server.ec2.terminate(server.id, force=True)
        begun = time.monotonic()
        pair.done("up", "--yes", "--skip-preview", "--refresh")
        seconds.append(round(time.monotonic() - begun, 1))
        missing.append(len(lost(pair, acknowledged)))
        print(f"crash {crash + 1}: {len(numbers)} commits, {missing[-1]} lost, up {seconds[-1]} s", file=sys.stderr)
    return {
        "crashes": crashes,
        "hosts that were lost": len(hosts),
        "commits acknowledged": len(acknowledged),
        "between two crashes at least": COMMITS,
        "lost": missing[-1],
        "lost after any crash": max(missing),
        "seconds of up": {"least": min(seconds), "median": statistics.median(seconds), "most": max(seconds)},
        "nothing left to change": not pair.planned(),
    }


if __name__ == "__main__":
    try:
        lab("up", NAME)
        figures = main(*map(int, [*sys.argv[1:3], *("20", "1")[len(sys.argv) - 1 :]]))
    finally:
        lab("down", NAME)
    print(json.dumps(figures, indent=1))
    sys.exit(bool(figures["lost after any crash"]))
