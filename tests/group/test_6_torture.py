"""A short torture, of a seed that is always the same, finds nothing."""

from __future__ import annotations

import pytest

from tests.group.stack import SEED, Group
from tests.torture.__main__ import torture

BUDGET = 60
"""Seconds in which faults are begun."""


@pytest.mark.timeout(600)
def test_a_short_torture_finds_nothing(group: Group) -> None:
    report = torture(group.pair, SEED, BUDGET)
    print(f"\n{report.text()}")
    assert report.findings == []
