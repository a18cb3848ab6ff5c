"""scripts/gtids.py: how many transactions one set has that another lacks."""

from __future__ import annotations

import pytest

from scripts import gtids

A, B = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "11111111-2222-4333-8444-555555555555"

# what one has, what the other has, how many of the first are not in the second
SETS = [
    ("", "", 0),
    ("", f"{A}:1-5", 0),
    (f"{A}:1-5", "", 5),
    (f"{A}:1-5", f"{A}:1-5", 0),
    (f"{A}:1-7", f"{A}:1-5", 2),
    (f"{A}:1-5:9:11-12", f"{A}:2-4:11", 4),
    (f"{A}:1-100", f"{A}:1-20:40-60", 59),
    (f"{A}:1-5,\n{B}:3", f"{B}:1-5", 5),
    (f"{A.upper()}:1-5", f"{A}:1-4", 1),
    (f"{A}:1-5:by_hand:1-3", f"{A}:1-5", 3),
    (f"{A}:by_hand:1-3", f"{A}:1-3", 3),
]


@pytest.mark.parametrize(("held", "other", "count"), SETS)
def test_what_another_set_lacks_is_counted(held: str, other: str, count: int) -> None:
    assert gtids.beyond(held, other) == count
