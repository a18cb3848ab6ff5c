"""How long a base, a drill and a restore take on a lab's server, before and after restores by several sessions.

Usage: backups.py [--pairs N] [--log MIB] [--no-drill] [--lab LAB] [GIB...]
           1 and 4 GiB, one pair of restores, 64 MiB if not said
       backups.py --render
       backups.py --table FILE

Each size adds its figures to bench/backups.json, from which the table in docs/backups.md is made; --render makes only
that, and --table prints the one of a file. With a lab's name, one that is up with backups is used and stays; all
databases of its server are dropped.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from bench.up import PROJECT_ROOT, lab
from lab.settings import Lab

NAME = "benchbackups"
CONFIG = {"dataVolumeSize": 40, "serverInstanceType": "t3.large"}
"""Room for the data, the log and a drill's copy of both. A drill takes half of the memory that is available, which on a
lab's host is the machine's: a small one would have to page."""
ON_HOST, RESULTS = (PROJECT_ROOT / "bench" / name for name in ("backups_on_host.py", "backups.json"))
DOCS = PROJECT_ROOT / "docs/backups.md"
BEGIN, END = "<!-- bench.backups: made by the command -->\n", "<!-- bench.backups: end -->\n"


def measure(gib: float, log_mib: float, pairs: int, is_rehearsed: bool, name: str) -> dict[str, Any]:
    """Return the figures that the host prints."""
    words = ["sudo", "python3", "-", *map(str, (gib, log_mib, pairs)), "yes" if is_rehearsed else "no"]
    done = subprocess.run(
        [sys.executable, "-m", "scripts", "ssh", "server", "--stack", name, "--", *words],
        cwd=PROJECT_ROOT,
        input=ON_HOST.read_text(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def spread(values: list[float], form: str = "{:.0f}") -> str:
    """Return one value, or the median with the least and the greatest."""
    if len(values) == 1:
        return form.format(values[0])
    texts = [form.format(value) for value in (statistics.median(values), min(values), max(values))]
    return f"{texts[0]} ({texts[1]} to {texts[2]})"


def row(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what the table says of a size, each figure with its name."""
    restores = figures["restores"]
    before, after = ([one for one in restores if one["before"] is is_before] for is_before in (True, False))

    def both(name: str) -> str:
        ratios = [new[name] / old[name] for old, new in zip(before, after, strict=True)]
        old, new = (spread([one[name] for one in ones]) for ones in (before, after))
        return f"{old}, now {new}: {spread(ratios, '{:.2f}')}"

    medians = [figures["transactions, ms"][name]["median"] for name in ("alone", "beside a base")]
    loads = [figures["load average"], *(one["load average"] for one in restores)]
    return [
        ("tables, with indexes", f"{figures['MiB with indexes']} MiB"),
        ("dump, and base in the bucket", f"{figures['dump MiB']} MiB, {figures['base MiB']} MiB"),
        ("base", f"{figures['base s']:.0f} s, {figures['base MiB/s']} MiB/s of the dump"),
        ("restore: load, s", both("load s")),
        ("restore: mysqld's CPU, s", both("load CPU s")),
        ("restore: written by mysqld, MiB", both("load MiB written")),
        ("restore, with the log", f"{spread([one['restore s'] for one in after])} s"),
        (f"replay of {figures['log MiB']} MiB of log", f"{spread(figures['log MiB/s'], '{:.1f}')} MiB/s"),
        ("drill", f"{figures['drill']['s']:.0f} s" if "drill" in figures else "not tried"),
        ("transaction, median alone and beside a base", f"{medians[0]} ms, {medians[1]} ms"),
        ("load average of the machine", f"{min(loads):.0f} to {max(loads):.0f} on {figures['CPUs']} CPUs"),
    ]


def rendered(results: dict[str, dict[str, Any]]) -> str:
    """Return the table of all sizes."""
    sizes = sorted(results, key=float)
    rows = [dict(row(results[size])) for size in sizes]
    names = list(dict.fromkeys(name for one in rows for name in one if "replay" not in name))
    replays = [next(f"{value} ({name})" for name, value in one.items() if "replay" in name) for one in rows]
    lines = [["", *(f"{size} GiB of rows" for size in sizes)], ["---"] * (len(sizes) + 1)]
    lines += [[name, *(one[name] for one in rows)] for name in names]
    lines.append(["replay", *replays])
    first = results[sizes[0]]
    head = f"MySQL {first['MySQL']}, a buffer pool of {first['MiB of buffer pool']} MiB, sysbench's tables."
    return "\n".join([head, "", *("| " + " | ".join(line) + " |" for line in lines)]) + "\n"


def write(results: dict[str, dict[str, Any]]) -> None:
    """Write the table into the docs."""
    text = DOCS.read_text()
    before, _, rest = text.partition(BEGIN)
    DOCS.write_text(f"{before}{BEGIN}{rendered(results)}{END}{rest.partition(END)[2]}")


def main() -> None:
    """Measure each size on a lab and write what was seen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("gib", nargs="*", default=["1", "4"])
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("--log", type=float, default=64)
    parser.add_argument("--no-drill", action="store_true")
    parser.add_argument("--lab")
    parser.add_argument("--render", action="store_true")
    parser.add_argument("--table", type=Path)
    words = parser.parse_args()
    if words.table:
        print(rendered(json.loads(words.table.read_text())), end="")
        return
    results: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if words.render:
        write(results)
        return
    name = words.lab or NAME
    try:
        if not words.lab:
            lab("setup", NAME)
            config = Lab.named(NAME).stack_config
            document = yaml.safe_load(config.read_text())
            document["config"] |= {f"mysql-pair:{key}": value for key, value in CONFIG.items()}
            config.write_text(yaml.safe_dump(document, sort_keys=False))
            lab("up", NAME)
        for gib in words.gib:
            results[gib] = measure(float(gib), words.log, words.pairs, not words.no_drill, name)
            RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
            write(results)
            print(rendered(results), flush=True)
    finally:
        if not words.lab:
            lab("down", NAME)


if __name__ == "__main__":
    main()
