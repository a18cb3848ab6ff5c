"""bench/backups.py: the table in docs/backups.md is the one that the command makes of its figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[4]


def table(figures: Path) -> str:
    """Return what the command makes of figures."""
    argv = [sys.executable, "-m", "bench.backups", "--table", str(figures)]
    return subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def restore(before: bool, seconds: float) -> dict[str, Any]:
    """Return the figures of a restore."""
    same = {"load average": 2.0, "load CPU s": 5.0, "load MiB written": 100}
    return {"before": before, "load s": seconds, "restore s": seconds + 1, **same}


def test_restores_are_compared_pair_by_pair(tmp_path: Path) -> None:
    pairs = [(True, 100.0), (False, 50.0), (False, 60.0), (True, 200.0)]
    figures = {
        "restores": [restore(*one) for one in pairs],
        "transactions, ms": {"alone": {"median": 1.0}, "beside a base": {"median": 2.0}},
        "load average": 1.0,
        "base s": 10.0,
        "base MiB/s": 5.0,
        "log MiB/s": [1.0, 3.0],
        "drill": {"s": 70.0},
        "MySQL": "9.7.4",
        **dict.fromkeys(("MiB with indexes", "dump MiB", "base MiB", "log MiB", "CPUs", "MiB of buffer pool"), 2),
    }
    path = tmp_path / "figures.json"
    path.write_text(json.dumps({"1": figures}))
    lines = table(path).splitlines()
    assert "| restore: load, s | 150 (100 to 200), now 55 (50 to 60): 0.40 (0.30 to 0.50) |" in lines
    assert "| load average of the machine | 1 to 2 on 2 CPUs |" in lines


def test_the_docs_have_the_figures_of_the_last_run() -> None:
    made = table(ROOT / "bench/backups.json")
    assert f"<!-- bench.backups: made by the command -->\n{made}<!--" in (ROOT / "docs/backups.md").read_text()
