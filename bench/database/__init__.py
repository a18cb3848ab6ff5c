"""sysbench from the client host: our settings against the distribution's defaults and those of an Ansible role."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from bench.database import crash, option_files, page, ways
from bench.database.option_files import DEFAULTS, OURS
from bench.database.stack import Stack, up
from bench.database.sysbench import WORKLOADS, Sysbench

THREADS = 8
WARM_SECONDS = 2


class Size(NamedTuple):
    """How much is measured."""

    types: tuple[str, ...]
    rows: int
    """Of each table, about 250 bytes each."""
    rounds: int
    seconds: int
    """Of each run."""
    way_rounds: int
    crash_rounds: int
    load_seconds: int
    """Of writing before a crash."""


QUICK = Size(("t3.small",), 200_000, 2, 2, 1, 1, 4)
WHOLE = Size(("t3.small", "m7i.large"), 500_000, 3, 6, 3, 3, 20)


def measure(quick: bool) -> dict[str, Any]:
    """Return the rates of each type, each way and each crash."""
    size = QUICK if quick else WHOLE
    with up(size.types[0]) as stack:
        sysbench = Sysbench(stack.client, stack.server, stack.login, size.rows)
        measured: dict[str, Any] = {"rows": size.rows, "seconds": size.seconds, "threads": THREADS, "types": {}}
        try:
            for number, instance_type in enumerate(size.types):
                if number:
                    stack.become(instance_type)
                measured["throttled"] = stack.throttle()
                if not number:
                    sysbench.prepare()
                sets = {**option_files.other_sets(), OURS: option_files.current(stack.server)}
                try:
                    measured["types"][instance_type] = _rounds(stack, sysbench, sets, size)
                    if not number:
                        measured["crash"] = _crashes(stack, sysbench, sets, size)
                finally:
                    option_files.give(stack.server, sets[OURS])
                if not number:
                    measured["ways"] = ways.measure(stack, sysbench, THREADS, size.way_rounds, size.seconds)
        finally:
            sysbench.forget()
    return measured


def _rounds(stack: Stack, sysbench: Sysbench, sets: dict[str, str], size: Size) -> list[dict[str, Any]]:
    """Return round by round, for each set, what each workload made of it; the order is turned about every round."""
    measured = []
    for number in range(size.rounds):
        found: dict[str, Any] = {"load": os.getloadavg()[0]}
        for name in list(sets) if number % 2 == 0 else list(reversed(sets)):
            option_files.give(stack.server, sets[name])
            sysbench.run(WORKLOADS["read only"], THREADS, WARM_SECONDS)
            found[name] = {
                workload: sysbench.run(script, THREADS, size.seconds)._asdict()
                for workload, script in WORKLOADS.items()
            }
            rates = "; ".join(f"{workload} {result['rate']:.0f}" for workload, result in found[name].items())
            print(f"round {number + 1}, {name}: {rates}", flush=True)
        measured.append(found)
    return measured


def _crashes(stack: Stack, sysbench: Sysbench, sets: dict[str, str], size: Size) -> list[dict[str, float]]:
    """Return round by round the seconds from a crash to a write, with our settings and with the defaults."""
    measured = []
    for number in range(size.crash_rounds):
        found = {}
        for name in (DEFAULTS, OURS) if number % 2 == 0 else (OURS, DEFAULTS):
            option_files.give(stack.server, sets[name])
            found[name] = crash.seconds(
                stack.server, stack.client, stack.login, sysbench, size.load_seconds, stack.throttle
            )
            print(f"crash {number + 1}, {name}: {found[name]:.1f} s", flush=True)
        measured.append(found)
    return measured


markdown: Callable[[dict[str, Any], Path], str] = page.markdown
