"""tests/torture/gaps.py: how long nobody, or somebody, could not write."""

from __future__ import annotations

from tests.torture.gaps import Pause, pause
from tests.torture.history import FAILED, UNKNOWN
from tests.unit.torture.histories import append, latest


def test_pause_is_the_longest_time_between_two_acknowledged_writes() -> None:
    assert pause([append(1, 11), append(2, 14), append(3, 15)], 10, 16) == Pause(3, 3)


def test_time_before_the_first_and_after_the_last_write_counts() -> None:
    assert pause([append(1, 14), append(2, 15)], 10, 16).all_writers == 4
    assert pause([append(1, 11), append(2, 12)], 10, 16).all_writers == 4
    assert pause([append(1, 5)], 10, 16) == Pause(6, 6)


def test_only_what_was_acknowledged_ends_a_pause() -> None:
    history = [append(1, 11), append(2, 12, FAILED), append(3, 13, UNKNOWN), latest(13, 1), append(4, 15)]
    assert pause(history, 10, 15.5).all_writers == 4


def test_writer_that_hangs_while_the_others_write_is_seen() -> None:
    history = [append(number, 10 + number) for number in range(1, 9)] + [append(1, 10.5, writer=1)]
    assert pause(history, 10, 19) == Pause(1, 8.5)


def test_writer_that_never_writes_is_seen() -> None:
    assert pause([append(1, 11), append(1, 11, FAILED, writer=1)], 10, 12) == Pause(1, 2)
