"""CPU seconds of the program under pulumi's mocks with 1, 50 and 200 users, client hosts and rules.

Beside it the SDK alone: as many commands as there are resources, registered by a program that does nothing else.
As a program (python -m bench.slope WHAT COUNT) it prints seconds and resources of one run.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import runpy
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import plots

ROOT = Path(__file__).resolve().parent.parent
COUNTS = (1, 50, 200)
REPEATS, QUICK_REPEATS = 5, 1
GRANTS = [{"database": "app", "privileges": ["SELECT"]}]


def config(what: str, count: int) -> dict[str, str]:
    """Return the config of the program with so many of them."""
    many: dict[str, Any] = {
        "users": {"users": {f"u{number:03}": {"grants": GRANTS} for number in range(count)}, "primaryUser": "u000"},
        "clients": {"clients": [{"name": "jump"}, *_groups(count)]},
        "rules": {"extraEgress": [_way(number) for number in range(count)]},
    }
    values = {"users": {"u000": {"grants": GRANTS}}, "primaryUser": "u000", "userPasswords": {}, **many[what]}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def _groups(count: int) -> list[dict[str, Any]]:
    """Return groups of so many private hosts: one has at most a hundred."""
    sizes = [100] * (count // 100) + ([count % 100] if count % 100 else [])
    return [{"name": f"group-of-{at}-clients", "count": size, "public": False} for at, size in enumerate(sizes)]


def _way(number: int) -> dict[str, str]:
    return {"cidr": f"10.{number}.0.0/16", "protocol": "tcp", "ports": "443"}


def once(what: str, count: int) -> tuple[float, int]:
    """Return the CPU seconds of one run, without imports, and how many resources it registered."""
    from pulumi_command import local

    from tests.unit.program import configs, mocks

    # The tests' own loop begins an answer within another: of hundreds at once that takes longer than all else.
    seen = mocks.start(asyncio.new_event_loop())

    @mocks.tested
    def program() -> None:
        if what == "sdk":
            gc.disable()
            for number in range(count):
                local.Command(f"c{number}", create="true", triggers=[1])
        else:
            runpy.run_path(str(ROOT / "__main__.py"))

    if what != "sdk":
        import components.outputs  # noqa: F401  it is not what is measured
        import stack_config  # noqa: F401

        configs.set_config(**config(what, count))
    began = time.process_time()
    program()
    return time.process_time() - began, len(seen.resources)


def measure(quick: bool) -> dict[str, Any]:
    """Return seconds and resources, by what there are many of and how many."""
    found: dict[str, Any] = {}
    for what in ("users", "clients", "rules", "sdk"):
        found[what] = {}
        for count in COUNTS:
            runs = [_run(what, count) for _ in range(QUICK_REPEATS if quick else REPEATS)]
            seconds, resources = [run[0] for run in runs], runs[0][1]
            found[what][str(count)] = {"seconds": seconds, "resources": resources}
            print(f"{what} {count}: {min(seconds):.2f} s, {resources} resources", flush=True)
    return found


def _run(what: str, count: int) -> tuple[float, int]:
    command = [sys.executable, "-W", "ignore", "-m", "bench.slope", what, str(count)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    seconds, resources = done.stdout.split()[-2:]
    return float(seconds), int(resources)


def _steps(of_what: dict[str, Any]) -> list[tuple[float, float]]:
    """Return milliseconds and resources of one more, from the first count to the second and from there to the third."""
    known = [(count, of_what[str(count)]) for count in COUNTS]
    return [
        (
            1000 * (statistics.median(more["seconds"]) - statistics.median(less["seconds"])) / (high - low),
            (more["resources"] - less["resources"]) / (high - low),
        )
        for (low, less), (high, more) in itertools.pairwise(known)
    ]


def markdown(measured: dict[str, Any], folder: Path) -> str:
    """Return what docs/performance.md says of it; the plot goes into a folder."""
    plots.lines(
        folder / "slope.svg",
        ("how many", "CPU seconds of the program"),
        {
            what: {count: measured[what][str(count)]["seconds"] for count in COUNTS}
            for what in ("users", "clients", "rules")
        },
    )
    sdk = _steps(measured["sdk"])[-1][0]
    rows = []
    for what in ("users", "clients", "rules"):
        (first, _), (second, resources) = _steps(measured[what])
        rows.append(
            f"| {what} | {first:.1f} ms | {second:.1f} ms | {second / first:.2f} | {resources:.0f} | "
            f"{second / resources / sdk:.2f} |"
        )
    return "\n".join(
        [
            "## One more user, client host, rule",
            "",
            "CPU of the program's own process in a run, with the engine replaced by Pulumi's mocks; medians. The last "
            "column is what one resource takes, beside one that a program registers with the SDK and does nothing else "
            f"({sdk:.1f} ms in this run). The aim is under 10 ms each, and the same at 200 as at 1.",
            "",
            "| | one more up to 50 | one more up to 200 | ratio of the two | resources each | ratio to the SDK |",
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
            "![seconds by number](performance/slope.svg)",
            "",
        ]
    )


if __name__ == "__main__":
    print(*once(sys.argv[1], int(sys.argv[2])))
