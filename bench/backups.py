"""How long a base, a restore and, if asked, a drill take on a lab's server, a restore beside `zstd -d | mysql`.

Usage: backups.py [--log MIB] [--drill] [--lab LAB] [GIB...]
           1 and 4 GiB, 64 MiB if not said
       backups.py --render

Each size adds its figures to bench/backups.json, from which the table in docs/backups.md is made; --render makes only
that. With a lab's name, one that is up with backups is used and stays; all databases of its server are dropped.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any

import yaml  # type: ignore[import-untyped]

from bench.labs import PROJECT_ROOT, lab
from lab.settings import Lab

NAME = "benchbackups"
CONFIG = {"dataVolumeSize": 40, "serverInstanceType": "t3.large"}
"""Room for the data, the log and a drill's copy of both. A drill takes half of the memory that is available, which on a
lab's host is the machine's: a small one would have to page."""
ON_HOST, RESULTS = (PROJECT_ROOT / "bench" / name for name in ("backups_on_host.py", "backups.json"))
DOCS = PROJECT_ROOT / "docs/backups.md"
BEGIN, END = "<!-- bench.backups: made by the command -->\n", "<!-- bench.backups: end -->\n"
NOT_MEASURED = "not measured"


def measure(gib: str, log_mib: float, has_drill: bool, name: str) -> dict[str, Any]:
    """Return the figures that the host prints, and how long it took to have them."""
    begun = time.monotonic()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "scripts", "ssh", "server", "--stack", name, "--"),
            *("sudo", "python3", "-", gib, str(log_mib), "yes" if has_drill else "no"),
        ],
        cwd=PROJECT_ROOT,
        input=ON_HOST.read_text(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures | {"whole s": round(time.monotonic() - begun)}


def row(figures: dict[str, Any]) -> dict[str, str]:
    """Return what the table says of a size, each figure by its name."""
    beside, drill, transactions = (figures.get(name) for name in ("plain load s", "drill s", "transactions, ms"))
    load, loads = figures["load s"], figures["load average"]
    return {
        "tables, with indexes": f"{figures['MiB with indexes']} MiB",
        "dump, and base in the bucket": f"{figures['dump MiB']} MiB, {figures['base MiB']} MiB",
        "base": f"{figures['base s']:.0f} s, {figures['base MiB/s']:.1f} MiB/s of the dump",
        "restore: the base": f"{load:.0f} s, {figures['load MiB/s']:.1f} MiB/s of the dump",
        "the base beside `zstd -d`, `mysql`": f"{beside:.0f} s, ratio {load / beside:.2f}" if beside else NOT_MEASURED,
        "restore: the log": f"{figures['log MiB']} MiB in {figures['replay s']:.0f} s",
        "restore: the whole": f"{figures['restore s']:.0f} s",
        "drill": f"{drill:.0f} s" if drill else NOT_MEASURED,
        "transaction, median alone, beside a base": f"{transactions['alone']['median']} ms,"
        f" {transactions['beside a base']['median']} ms"
        if transactions
        else NOT_MEASURED,
        "the whole measurement": f"{figures['whole s'] / 60:.0f} min",
        "load average of the machine": f"{min(loads):.0f} to {max(loads):.0f} on {figures['CPUs']} CPUs",
    }


def rendered(results: dict[str, dict[str, Any]]) -> str:
    """Return the table of all sizes."""
    sizes = sorted(results, key=float)
    rows = [row(results[size]) for size in sizes]
    lines = [["", *(f"{size} GiB of rows" for size in sizes)], ["---"] * (len(sizes) + 1)]
    lines += [[name, *(one[name] for one in rows)] for name in rows[0]]
    first = results[sizes[0]]
    head = f"MySQL {first['MySQL']}, a buffer pool of {first['MiB of buffer pool']} MiB, sysbench's tables."
    return "\n".join([head, "", *("| " + " | ".join(line) + " |" for line in lines)]) + "\n"


def write(results: dict[str, dict[str, Any]]) -> None:
    """Write the table into the docs."""
    text = DOCS.read_text()
    before, _, rest = text.partition(BEGIN)
    DOCS.write_text(f"{before}{BEGIN}{rendered(results)}{END}{rest.partition(END)[2]}")


def set_up() -> None:
    """Bring a lab of the bench's own up."""
    lab("setup", NAME)
    config = Lab.named(NAME).stack_config
    document = yaml.safe_load(config.read_text())
    document["config"] |= {f"mysql-pair:{key}": value for key, value in CONFIG.items()}
    config.write_text(yaml.safe_dump(document, sort_keys=False))
    lab("up", NAME)


def main() -> None:
    """Measure each size on a lab and write what was seen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("gib", nargs="*", default=["1", "4"])
    parser.add_argument("--log", type=float, default=64)
    parser.add_argument("--drill", action="store_true")
    parser.add_argument("--lab")
    parser.add_argument("--render", action="store_true")
    words = parser.parse_args()
    results: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if words.render:
        write(results)
        return
    try:
        if not words.lab:
            set_up()
        for gib in words.gib:
            results[gib] = measure(gib, words.log, words.drill, words.lab or NAME)
            RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
            write(results)
            print(rendered(results), flush=True)
    finally:
        if not words.lab:
            lab("down", NAME)


if __name__ == "__main__":
    main()
