"""`make up` from nothing, and in a second checkout with everything cached: python -m bench.nothing

The repository as it is committed is cloned into a folder of its own, in which every cache of the lab, Go and pip is,
and which is removed at the end. Printed is what `make up` says, each line with the seconds since its beginning.
Debian's packages are not removed first. It downloads about a gigabyte.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = "benchnothing"
DETAILS = (" +", "@", "    ", "\n")
"""How lines begin that are not printed: the engine's steps and outputs."""


def main() -> None:
    """Measure both, and print when which line came."""
    with tempfile.TemporaryDirectory(prefix="nothing-", ignore_cleanup_errors=True) as folder:
        work = Path(folder)
        caches = {"XDG_CACHE_HOME": "cache", "GOMODCACHE": "modules", "GOCACHE": "objects"}
        variables = {**os.environ, "LAB": NAME, **{name: str(work / place) for name, place in caches.items()}}
        try:
            for checkout in ("from nothing", "cached"):
                tree = work / checkout.replace(" ", "-")
                subprocess.run(["git", "clone", "--quiet", ROOT, tree], check=True)
                try:
                    took = up(tree, variables)
                finally:
                    subprocess.run(["make", "down"], cwd=tree, env=variables, stdout=subprocess.DEVNULL, check=False)
                print(f"{checkout}: {took:.0f} s, load average {os.getloadavg()[0]:.1f}", flush=True)
        finally:
            subprocess.run(["chmod", "-R", "u+w", work / "modules"], check=False)  # Go's cache is read-only


def up(tree: Path, variables: Mapping[str, str]) -> float:
    """Run `make up` in a checkout, and return the seconds it took."""
    began = time.monotonic()
    command = ["make", "up"]
    with subprocess.Popen(
        command, cwd=tree, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        for line in run.stdout or ():
            if not line.startswith(DETAILS):
                print(f"{time.monotonic() - began:7.1f} {line}", end="", flush=True)
    if run.returncode != 0:
        sys.exit(f"bench: make up failed in {tree}")
    return time.monotonic() - began


if __name__ == "__main__":
    main()
