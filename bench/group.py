"""sysbench against a group of three servers and against one server, by turns: what agreeing costs, and where reads go.

Both stacks are up on this machine at once, with the same settings, and one is idle while the other is measured.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bench import plots
from bench.database.sites import Site, site
from bench.database.stack import Stack, up
from bench.database.sysbench import TABLES, WORKLOADS, Sysbench
from bench.measured import spread

INSTANCE_TYPE = "t3.small"
NAMES = {1: "benchone", 3: "benchgroup"}
"""Of labs, by how many servers."""
THREADS, WARM_SECONDS = 8, 2
ONE_WRITE = "oltp_update_non_index"
"""One row and one commit."""
READS, LATENCY = "point select, by the port for reading", "milliseconds of a write"


class Size(NamedTuple):
    """How much is measured."""

    rows: int
    rounds: int
    seconds: int
    """Of each run."""


QUICK, WHOLE = Size(50_000, 2, 1), Size(200_000, 5, 8)


@dataclass(frozen=True)
class Side:
    """A stack that is up, with its tables."""

    sysbench: Sysbench
    read_port: int

    def figures(self, seconds: int) -> dict[str, float]:
        """Return transactions a second of each workload, and the milliseconds of a write by one thread alone."""
        self.sysbench.run(WORKLOADS["read write"], THREADS, WARM_SECONDS)
        found = {name: self.sysbench.run(script, THREADS, seconds).rate for name, script in WORKLOADS.items()}
        reads = self.sysbench.run(WORKLOADS["point select"], THREADS, seconds, port=self.read_port)
        return {**found, READS: reads.rate, LATENCY: 1000 / self.sysbench.run(ONE_WRITE, 1, seconds).rate}


def measure(quick: bool) -> dict[str, Any]:
    """Return round by round the figures of both; the order is turned about every round."""
    size = QUICK if quick else WHOLE
    measured = []
    with ExitStack() as held:
        sides = {count: held.enter_context(_side(count, size.rows)) for count in NAMES}
        for number in range(size.rounds):
            found: dict[str, Any] = {"load": os.getloadavg()[0]}
            for count in list(sides) if number % 2 == 0 else list(reversed(sides)):
                found[str(count)] = sides[count].figures(size.seconds)
                told = "; ".join(f"{name} {figure:.1f}" for name, figure in found[str(count)].items())
                print(f"round {number + 1}, servers {count}: {told}", flush=True)
            measured.append(found)
    return {"rounds": measured, "rows": size.rows}


@contextmanager
def _side(count: int, rows: int) -> Iterator[Side]:
    """Give a stack of so many servers, which is taken down afterwards."""
    with up(INSTANCE_TYPE, NAMES[count], {"servers": count}) as stack:
        sysbench = Sysbench(stack.client, stack.server, stack.login, rows, _others(stack))
        sysbench.prepare()
        yield Side(sysbench, stack.pair.outputs()["mysql_read_port"])


def _others(stack: Stack) -> list[Site]:
    return [site(stack.pair.lab, instance) for instance in stack.pair.outputs()["server_instance_ids"][1:]]


def ratios(rounds: list[dict[str, Any]], name: str) -> list[float]:
    """Return round by round a figure of the group's, as a multiple of the one server's."""
    return [one["3"][name] / one["1"][name] for one in rounds]


def markdown(measured: dict[str, Any], folder: Path) -> str:
    """Return what docs/performance.md says of it; the plot goes into a folder."""
    rounds: list[dict[str, Any]] = measured["rounds"]
    rates = (*WORKLOADS, READS)
    plots.ranges(folder / "group.svg", "times one server", {name: ratios(rounds, name) for name in (*rates, LATENCY)})
    loads = [one["load"] for one in rounds]
    writes = {count: statistics.median(one[str(count)][LATENCY] for one in rounds) for count in NAMES}
    return "\n".join(
        [
            "## A group of servers",
            "",
            f"sysbench on a client host of a group of three and on one of a single server, {INSTANCE_TYPE} each, by "
            f"turns on this machine: {THREADS} threads over TLS, {TABLES} tables of {measured['rows']:,} rows, "
            f"{len(rounds)} rounds. The group's client goes by its proxy. All hosts share this machine's processors "
            "and its disk, and no zone is between them: on EC2 a commit takes a round trip to another zone more, and "
            "each reader has processors of its own.",
            "",
            "| | one server, a second | a group of three, a second | ratio |",
            "| --- | --- | --- | --- |",
            *(_row(rounds, name) for name in rates),
            "",
            f"A write of one row by one thread, its commit included: {writes[1]:.2f} ms on one server and "
            f"{writes[3]:.2f} ms in the group, {spread(ratios(rounds, LATENCY))} times as long. Load average "
            f"meanwhile: {min(loads):.1f} to {max(loads):.1f}.",
            "",
            "![ratios](performance/group.svg)",
            "",
        ]
    )


def _row(rounds: list[dict[str, Any]], name: str) -> str:
    one, three = (statistics.median(found[str(count)][name] for found in rounds) for count in NAMES)
    return f"| {name} | {one:.0f} | {three:.0f} | {spread(ratios(rounds, name))} |"
