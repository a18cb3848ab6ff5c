"""What is wrong with a history, beside what is in the tables afterwards: a sentence each, none if all is well."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate, groupby

from tests.torture.history import APPEND, FAILED, LATEST, OK, TOTAL, WRITES, Content, Operation
from tests.torture.workload import ACCOUNTS, BALANCE

SHOWN = 5
"""Of each kind of finding."""


def findings(history: list[Operation], contents: Mapping[str, Content]) -> list[str]:
    """Return what is wrong.

    Args:
        history: what clients were told.
        contents: the tables afterwards, by the member's name.
    """
    found: list[str] = []
    for name, content in contents.items():
        found += _shown(f"{name}: {fault}" for fault in [*lost(history, content), *doubled(content)])
        found += _shown(f"{name}: {fault}" for fault in [*undead(history, content), *unbalanced(content)])
    found += _shown(apart(contents))
    found += _shown(wrong_totals(history))
    found += _shown(stale_reads(history))
    return found


def _shown(faults: Iterable[str]) -> list[str]:
    listed = list(faults)
    more = [f"and {len(listed) - SHOWN} more like the last one"] if len(listed) > SHOWN else []
    return [*listed[:SHOWN], *more]


def lost(history: list[Operation], content: Content) -> Iterator[str]:
    """Tell of writes that were acknowledged and are not there."""
    return _writes(history, content, OK, lambda times: times == 0, "was acknowledged and is lost")


def undead(history: list[Operation], content: Content) -> Iterator[str]:
    """Tell of writes that a client was told have failed, and that are there."""
    return _writes(history, content, FAILED, lambda times: times > 0, "was refused and is there")


def _writes(
    history: list[Operation], content: Content, outcome: str, is_wrong: Callable[[int], bool], says: str
) -> Iterator[str]:
    for kind in WRITES:
        times = content.times(kind)
        for write in history:
            if write.kind == kind and write.outcome == outcome and is_wrong(times[write.key]):
                yield f"{kind} {write.number} of writer {write.writer}, told at {write.end:.3f}, {says}"


def doubled(content: Content) -> Iterator[str]:
    """Tell of writes that are there more than once."""
    for kind in WRITES:
        for (writer, number), times in content.times(kind).items():
            if times > 1:
                yield f"{kind} {number} of writer {writer} is there {times} times"


def unbalanced(content: Content) -> Iterator[str]:
    """Tell of accounts whose balance is not what the transfers make of it."""
    expected = dict.fromkeys(range(ACCOUNTS), BALANCE)
    for _, _, source, target, amount in content.transferred:
        expected[source] -= amount
        expected[target] += amount
    for account, balance in expected.items():
        if content.balances.get(account) != balance:
            yield f"account {account} has {content.balances.get(account)}, and its transfers come to {balance}"


def apart(contents: Mapping[str, Content]) -> Iterator[str]:
    """Tell of members whose tables are not those of the first one."""
    names = list(contents)
    for name in names[1:]:
        if contents[name] != contents[names[0]]:
            yield f"{name} has other rows than {names[0]}"


def wrong_totals(history: list[Operation]) -> Iterator[str]:
    """Tell of reads, of the primary or of a reader, that saw money made or lost."""
    for read in history:
        if read.kind == TOTAL and read.outcome == OK and read.total != ACCOUNTS * BALANCE:
            yield f"the total read at {read.start:.3f} by the {read.port} port was {read.total}"


def stale_reads(history: list[Operation]) -> Iterator[str]:
    """Tell of reads where writes go that miss what was acknowledged, or seen, before they began."""
    reads = [read for read in history if read.kind == LATEST and read.outcome == OK and read.port == "write"]
    known: dict[str, list[tuple[float, int]]] = {}
    for write in history:
        if write.kind == APPEND and write.outcome == OK:
            known.setdefault(str(write.writer), []).append((write.end, write.number))
    for read in reads:
        for writer, number in read.latest.items():
            known.setdefault(writer, []).append((read.end, number))
    for writer, moments in known.items():
        moments.sort()
        ends = [end for end, _ in moments]
        greatest = list(accumulate((number for _, number in moments), max))
        for read in reads:
            before = bisect_left(ends, read.start)
            if before and read.latest.get(writer, 0) < greatest[before - 1]:
                yield (
                    f"the read at {read.start:.3f} saw {read.latest.get(writer, 0)} of writer {writer}, "
                    f"of whom {greatest[before - 1]} was known"
                )


def outcomes(history: list[Operation]) -> dict[str, dict[str, int]]:
    """Return how many operations of each kind had each outcome."""
    by_kind = sorted((f"{one.kind}s by the {one.port} port", one.outcome) for one in history)
    counted: dict[str, dict[str, int]] = {}
    for (kind, outcome), equal in groupby(by_kind):
        counted.setdefault(kind, {})[outcome] = len(list(equal))
    return counted
