"""A short torture, of a seed that is always the same, finds nothing."""

from __future__ import annotations

import pytest

from tests.group.stack import Group
from tests.torture.__main__ import torture

SEED = 51823
"""It begins with the proxy's end, a slow secondary, the end of the primary's mysqld, and a switch-over right after it:
hosts are the other files' part."""
BUDGET = 45
"""Seconds in which faults are begun."""


@pytest.mark.timeout(600)
def test_a_short_torture_finds_nothing(group: Group) -> None:
    report = torture(group.pair, SEED, BUDGET)
    print(f"\n{report.text()}")
    assert report.findings == []
