"""How long clients could not write: pauses between acknowledged writes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from tests.torture.history import OK, WRITES, Operation


@dataclass(frozen=True)
class Pause:
    """Seconds."""

    all_writers: float
    """The longest time in which nobody's write was acknowledged."""
    one_writer: float
    """The longest time in which one writer, whichever, was told of none."""


def longest(moments: Sequence[float], begin: float, end: float) -> float:
    """Return the longest time between two moments, from begin to end."""
    within = sorted(moment for moment in moments if begin < moment < end)
    return max(after - before for before, after in itertools.pairwise([begin, *within, end]))


def pause(history: list[Operation], begin: float, end: float) -> Pause:
    """Return the longest pauses from begin to end, in which there is at least one writer."""
    writers: dict[tuple[str, int], list[float]] = {}
    for one in history:
        if one.kind in WRITES:
            ends = writers.setdefault((one.kind, one.writer), [])
            if one.outcome == OK:
                ends.append(one.end)
    together = [moment for ends in writers.values() for moment in ends]
    return Pause(longest(together, begin, end), max(longest(ends, begin, end) for ends in writers.values()))
