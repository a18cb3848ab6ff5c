"""A lab for each file: a stack that has three servers from its first `up` on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.group.stack import SERVERS, Group
from tests.lab.pair import Pair, brought_up


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """The stack, taken down when the file's last test has ended."""
    with brought_up(servers=SERVERS) as pair:
        yield pair


@pytest.fixture
def group(pair: Pair) -> Group:
    """The stack's servers, all ONLINE."""
    group = Group(pair)
    group.require_whole()
    return group
