"""tests/torture/checker.py: what is wrong is found, and what may be so is not."""

from __future__ import annotations

import pytest

from tests.torture.checker import SHOWN, findings, outcomes
from tests.torture.history import FAILED, UNKNOWN, Content, Operation
from tests.unit.torture.histories import append, content, latest, total, transfer

WHOLE = 800

GOOD: dict[str, tuple[list[Operation], Content]] = {
    "all acknowledged writes are there": ([append(1, 1), append(2, 2), transfer(1, 3)], content(1, 2, moved=5)),
    "what was refused is not there": ([append(1, 1), append(2, 2, FAILED)], content(1)),
    "what may have been done is there": ([append(1, 1, UNKNOWN)], content(1)),
    "what may have been done is not there": ([append(1, 1, UNKNOWN), transfer(1, 2, UNKNOWN)], content()),
    "a read sees what was acknowledged before it": ([append(1, 1), latest(1.5, 1)], content(1)),
    "a read beside a write need not see it": ([append(1, 1), latest(0.95, 0)], content(1)),
    "a read sees more than was acknowledged": ([append(1, 1, UNKNOWN), latest(1.5, 1), latest(2, 1)], content(1)),
    "a reader may be behind": ([append(1, 1), latest(1.5, 0, port="read")], content(1)),
    "a read that failed says nothing": ([total(7, outcome=FAILED)], content()),
    "no money is made": ([total(WHOLE), total(WHOLE, port="write")], content()),
}

WRONG: dict[str, tuple[list[Operation], Content, str]] = {
    "an acknowledged append is lost": (
        [append(1, 1)],
        content(),
        "server: append 1 of writer 0, told at 1.000, was ac",
    ),
    "an acknowledged transfer is lost": ([transfer(1, 1)], content(), "server: transfer 1 of writer 0"),
    "another writer's number is no substitute": ([append(1, 1, writer=1)], content(1), "append 1 of writer 1"),
    "a refused write is there": ([append(1, 1, FAILED)], content(1), "was refused and is there"),
    "a write is there twice": ([append(1, 1)], content(1, 1), "server: append 1 of writer 0 is there 2 times"),
    "a doubtful write is there twice": ([append(1, 1, UNKNOWN)], content(1, 1), "is there 2 times"),
    "a balance is another": ([], content(moved=5, balances={}), "account 0 has None, and its transfers come to 95"),
    "a reader saw money made": ([total(801)], content(), "by the read port was 801"),
    "the primary saw money lost": ([total(799, port="write")], content(), "by the write port was 799"),
    "a read misses what was acknowledged": ([append(1, 1), latest(1.5, 0)], content(1), "saw 0 of writer 0, of whom 1"),
    "a read goes back": (
        [append(1, 9, UNKNOWN), latest(1, 1), latest(2, 0)],
        content(),
        "the read at 2.000 saw 0 of writer 0, of whom 1 was known",
    ),
}


@pytest.mark.parametrize(("history", "there"), GOOD.values(), ids=GOOD.keys())
def test_what_may_be_so_is_not_found(history: list[Operation], there: Content) -> None:
    assert findings(history, {"server": there, "server-2": there}) == []


@pytest.mark.parametrize(("history", "there", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_found_and_named(history: list[Operation], there: Content, words: str) -> None:
    assert words in "\n".join(findings(history, {"server": there}))


def test_every_member_is_looked_at() -> None:
    found = findings([append(1, 1)], {"server": content(1), "server-2": content()})
    assert [line.partition(",")[0] for line in found] == [
        "server-2: append 1 of writer 0",
        "server-2 has other rows than server",
    ]


def test_many_of_a_kind_are_counted() -> None:
    found = findings([append(number, number) for number in range(1, 100)], {"server": content()})
    assert len(found) == SHOWN + 1
    assert found[-1] == "and 94 more like the last one"


def test_outcomes_are_counted_by_kind_and_port() -> None:
    history = [append(1, 1), append(2, 2), append(3, 3, UNKNOWN), total(WHOLE), total(WHOLE, port="write")]
    assert outcomes(history) == {
        "appends by the write port": {"ok": 2, "unknown": 1},
        "totals by the read port": {"ok": 1},
        "totals by the write port": {"ok": 1},
    }
