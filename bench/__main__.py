"""Measure, print, and write docs/performance.md: python -m bench [PART...] [--quick] [--lab NAME]

All parts, if none is named; with --quick all but the group. Figures are kept in docs/performance/figures.json, those
of parts that were not run too, and the page and its plots are made from that file alone; --write makes them anew and
measures nothing.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from bench import database, group, preview, slope, up

ROOT = Path(__file__).resolve().parent.parent
PAGE, FOLDER = ROOT / "docs/performance.md", ROOT / "docs/performance"
KEPT = FOLDER / "figures.json"
PARTS: dict[str, ModuleType] = {
    part.__name__.rpartition(".")[2]: part for part in (preview, slope, up, database, group)
}
"""Each measures (`measure`), and says its section of the page (`markdown`)."""
LONG = ("group",)
"""Left out by --quick unless they are named."""
HEAD = """# Performance

`make bench` measures on this machine and writes this page, its plots and
[its figures](performance/figures.json); `make bench QUICK=1` repeats less and leaves the group out, and
`make bench ARGS=preview` runs one part. What is compared runs by turns in one run, so a ratio holds on other machines
where seconds do not. Behind a median stand the least and the greatest value.
"""


def main() -> None:
    """Measure what is asked for, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--lab", default="", help="for preview: a lab to use, which stays up")
    parser.add_argument("--write", action="store_true", help="write the page from the figures that are kept")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    usual = [name for name in PARTS if not (options.quick and name in LONG)]
    for name in () if options.write else options.parts or usual:
        print(f"== {name}; load average {_load()}", flush=True)
        began = time.monotonic()
        more = {"given": options.lab} if name == "preview" else {}
        figures = PARTS[name].measure(options.quick, **more)
        keep(name, figures, options.quick)
        print(f"== {name} ended after {time.monotonic() - began:.0f} s; load average {_load()}", flush=True)
    write(_kept())
    print(PAGE.read_text())


def keep(name: str, figures: dict[str, Any], quick: bool) -> None:
    """Keep a part's figures beside those of the others."""
    FOLDER.mkdir(exist_ok=True)
    today = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    run = {"date": today, "cpus": os.cpu_count(), "quick": quick, "figures": figures}
    KEPT.write_text(json.dumps({**_kept(), name: run}, indent=1) + "\n")


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    return {name: kept[name] for name in PARTS if name in kept}


def write(kept: dict[str, Any]) -> None:
    """Write the page and its plots from figures."""
    sections = [HEAD]
    for name, part in PARTS.items():
        if name in kept:
            run = kept[name]
            sections.append(part.markdown(run["figures"], FOLDER))
            quick = ", with `QUICK=1`" if run["quick"] else ""
            sections.append(f"Measured on {run['date']} on a machine with {run['cpus']} CPUs{quick}.\n")
    PAGE.write_text("\n".join(sections))


def _load() -> str:
    return ", ".join(f"{load:.1f}" for load in os.getloadavg())


if __name__ == "__main__":
    main()
