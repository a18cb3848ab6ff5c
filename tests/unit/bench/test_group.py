"""bench/group.py: what its page says of figures."""

from __future__ import annotations

from pathlib import Path

from bench import group
from bench.database.sysbench import WORKLOADS

RATES = (*WORKLOADS, group.READS)


def test_page_has_medians_and_the_ratios_of_each_round(tmp_path: Path) -> None:
    rounds = [
        {
            "load": 1.0 + number,
            "1": {**dict.fromkeys(RATES, 1000.0), group.LATENCY: 2.0},
            "3": {**dict.fromkeys(RATES, rate), group.LATENCY: latency},
        }
        for number, (rate, latency) in enumerate(((500.0, 3.0), (800.0, 4.0), (900.0, 6.0)))
    ]
    page = group.markdown({"rounds": rounds, "rows": 50_000}, tmp_path)
    assert "| write only | 1000 | 800 | 0.80 (0.50 to 0.90) |" in page
    assert f"| {group.READS} | 1000 | 800 | 0.80 (0.50 to 0.90) |" in page
    assert "2.00 ms on one server and 4.00 ms in the group, 2.00 (1.50 to 3.00) times as long" in page
    assert "Load average meanwhile: 1.0 to 3.0." in page
    assert (tmp_path / "group.svg").exists()
