"""common/gtids.py: sets of GTIDs, as MySQL writes them."""

from __future__ import annotations

import pytest

from scripts.host.common.gtids import GtidSet, together

A, B = "97b64900-ebe0-11f1-bdda-6e8c315f54a6", "11111111-ebe0-11f1-bdda-6e8c315f54a6"


@pytest.mark.parametrize(
    ("one", "other", "is_within"),
    [
        ("", "", True),
        ("", f"{A}:1", True),
        (f"{A}:1", "", False),
        (f"{A}:1-5", f"{A}:1-5", True),
        (f"{A}:2-4", f"{A}:1-5", True),
        (f"{A}:1-6", f"{A}:1-5", False),
        # What a group numbers after another member has become the primary.
        (f"{A}:1-5:1000003-1000010", f"{A}:1-7:1000001-1000010", True),
        (f"{A}:4-9", f"{A}:1-5:8-10", False),
        # Intervals that touch are one.
        (f"{A}:1-9", f"{A}:5-9:1-4", True),
        (f"{A}:1-9", f"{A}:1-4,\n{A}:5-9", True),
        (f"{A}:1-5", f"{B}:1-5", False),
        (f"{A}:1-5,\n{B}:7", f"{B}:1-9,{A}:1-5", True),
        (f"{A.upper()}:3", f"{A}:1-5", True),
        # Tags, of MySQL 8.3 and later.
        (f"{A}:1-5:billing:1-3", f"{A}:1-5", False),
        (f"{A}:billing:2", f"{A}:1-5:billing:1-3:sales:9", True),
    ],
)
def test_whether_a_server_has_all_of_anothers_transactions(one: str, other: str, is_within: bool) -> None:
    assert (GtidSet.parsed(one) <= GtidSet.parsed(other)) is is_within


def test_what_either_has_is_in_both_together() -> None:
    either = GtidSet.parsed(f"{A}:1-5") | GtidSet.parsed(f"{A}:6-9,{B}:1")
    assert either == GtidSet.parsed(f"{A}:1-9,{B}:1") == GtidSet.parsed(together(f"{A}:1-5,\n{A}:6-9", "", f"{B}:1"))


@pytest.mark.parametrize("text", ["x", f"{A}", f"{A}:1-", f"{A}:-", "binlog.000001:4"])
def test_what_is_no_set_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        GtidSet.parsed(text)


A, B = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "11111111-2222-4333-8444-555555555555"
# what one has, what the other has, how many of the first are not in the second
BEYOND = [
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


@pytest.mark.parametrize(("held", "other", "count"), BEYOND)
def test_what_another_set_lacks_is_counted(held: str, other: str, count: int) -> None:
    assert GtidSet.parsed(held).beyond(GtidSet.parsed(other)) == count
