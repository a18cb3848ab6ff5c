"""bench/backups.py: the table in docs/backups.md is the one that the command makes of its figures."""

from __future__ import annotations

import json

from bench import backups


def test_a_restore_is_compared_where_its_dump_was_also_loaded_plainly() -> None:
    names = ("MiB with indexes", "dump MiB", "base MiB", "log MiB", "CPUs", "MiB of buffer pool", "whole s", "base s")
    large = {
        **dict.fromkeys((*names, "base MiB/s", "load MiB/s", "replay s", "restore s"), 2),
        **{"MySQL": "9.7.4", "load s": 90.0, "load average": [2.0, 3.0, 1.0]},
    }
    medians = {"alone": {"median": 1.0}, "beside a base": {"median": 2.0}}
    small = {**large, "plain load s": 60.0, "drill s": 70.0, "transactions, ms": medians}
    lines = backups.rendered({"4": large, "0.5": small}).splitlines()
    assert "|  | 0.5 GiB of rows | 4 GiB of rows |" in lines
    assert "| the base beside `zstd -d`, `mysql` | 60 s, ratio 1.50 | not measured |" in lines
    assert "| transaction, median alone, beside a base | 1.0 ms, 2.0 ms | not measured |" in lines
    assert "| load average of the machine | 1 to 3 on 2 CPUs | 1 to 3 on 2 CPUs |" in lines


def test_the_docs_have_the_figures_of_the_last_run() -> None:
    made = backups.rendered(json.loads(backups.RESULTS.read_text()))
    assert f"{backups.BEGIN}{made}{backups.END}" in backups.DOCS.read_text()
