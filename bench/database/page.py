"""What docs/performance.md says of the database, and its plot."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from bench import plots
from bench.database import ways
from bench.database.option_files import DEFAULTS, OURS, ROLE
from bench.database.sysbench import TABLES, WORKLOADS
from bench.measured import spread

AIM = 2.0
NAMES = {DEFAULTS: "the distribution's defaults", ROLE: "geerlingguy.mysql", OURS: "ours"}
ROW_BYTES = 256
"""Of a row with its index, on disk."""


def ratios(rounds: list[dict[str, Any]], name: str, workload: str) -> list[float]:
    """Return round by round the rate with a set of settings, as a multiple of that with the defaults."""
    return [one[name][workload]["rate"] / one[DEFAULTS][workload]["rate"] for one in rounds]


def markdown(measured: dict[str, Any], folder: Path) -> str:
    """Return what docs/performance.md says of it; the plot goes into a folder."""
    types: dict[str, list[dict[str, Any]]] = measured["types"]
    plots.ranges(
        folder / "database.svg",
        "times the transactions with the distribution's defaults",
        {
            f"{instance_type}, {workload}, {NAMES[name]}": ratios(rounds, name, workload)
            for instance_type, rounds in types.items()
            for workload in WORKLOADS
            for name in (ROLE, OURS)
        },
        aim=AIM,
    )
    mib = measured["rows"] * TABLES * ROW_BYTES // 1024**2
    lines = [
        "## The database",
        "",
        f"sysbench on the client host, {measured['threads']} threads over TLS, {TABLES} tables of {measured['rows']:,} "
        f"rows (about {mib} MiB; the default buffer pool has 128), every row as likely as another. Every commit is "
        "synced (`innodb_flush_log_at_trx_commit` and `sync_binlog` are 1, the doublewrite buffer is on) with each of "
        "three sets of settings: ours as the program derives them, the distribution's defaults, and those of the "
        "Ansible role geerlingguy.mysql 6.3.1. mysqld restarts with each by turns, and reads the tables once.",
        "",
        _limits(measured),
        "",
        "| type | workload | defaults, a second | geerlingguy.mysql, ratio | ours, ratio | 95 % within |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(instance_type, rounds, workload) for instance_type, rounds in types.items() for workload in WORKLOADS),
        "",
        "![ratios](performance/database.svg)",
        "",
        *_ways(measured["ways"]),
        *_crash(measured["crash"]),
    ]
    return "\n".join(lines)


def _limits(measured: dict[str, Any]) -> str:
    loads = [one["load"] for rounds in measured["types"].values() for one in rounds]
    pace = (
        "the server's processes are held to a gp3 volume's 3000 reads and 3000 writes and 125 MiB a second"
        if measured["throttled"]
        else "nothing holds the server to a gp3 volume's pace"
    )
    return (
        "The hosts have their types' memory and vCPUs, and share this machine's processors, so what saturates them is "
        f"slower here than on EC2. Their disk is a file: {pace}; a single read or sync takes as long as this "
        f"machine's disk does. Load average meanwhile: {min(loads):.1f} to {max(loads):.1f}."
    )


def _row(instance_type: str, rounds: list[dict[str, Any]], workload: str) -> str:
    rates = [one[DEFAULTS][workload]["rate"] for one in rounds]
    latency = [statistics.median(one[name][workload]["p95_ms"] for one in rounds) for name in (DEFAULTS, OURS)]
    return (
        f"| {instance_type} | {workload} | {statistics.median(rates):.0f} ({min(rates):.0f} to {max(rates):.0f}) | "
        f"{spread(ratios(rounds, ROLE, workload))} | {spread(ratios(rounds, OURS, workload))} | "
        f"{latency[0]:.0f} ms, and ours {latency[1]:.0f} ms |"
    )


def _ways(rounds: list[dict[str, float]]) -> list[str]:
    rows = []
    for name in rounds[0]:
        rates = statistics.median(one[name] for one in rounds)
        beside = ways.BESIDE.get(name)
        ratio = f"{spread([one[name] / one[beside] for one in rounds])} of *{beside}*" if beside else ""
        rows.append(f"| {name} | {rates:.0f} | {ratio} |")
    return [
        "### The way to it",
        "",
        "The same point select with our settings; *a connection each* opens one for each query, as a program without a "
        "pool does. Debian's sysbench has a client's certificate checked each time, so that its handshakes cost more "
        "than an application's. The tunnel is `python -m scripts tunnel`, and sysbench runs at its end, here.",
        "",
        "| | queries a second | ratio |",
        "| --- | --- | --- |",
        *rows,
        "",
    ]


def _crash(rounds: list[dict[str, float]]) -> list[str]:
    times = "1 crash" if len(rounds) == 1 else f"{len(rounds)} crashes"
    ours, defaults = ([one[name] for one in rounds] for name in (OURS, DEFAULTS))
    return [
        "### After a crash",
        "",
        "The server's host loses its power after writes at full speed, and boots again at once. Seconds until the "
        f"client's next write is acknowledged, boot included: {spread(ours)} with our settings, whose redo log is "
        f"larger, and {spread(defaults)} with the defaults ({times} each).",
        "",
    ]
