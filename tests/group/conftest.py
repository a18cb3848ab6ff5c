"""One lab for the story of a group: a stack of one server, which grows to three, goes through it all, and shrinks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.group.stack import Group
from tests.lab.pair import Pair, brought_up


@pytest.fixture(scope="package")
def pair() -> Iterator[Pair]:
    """The stack, of one server at first; taken down when the last test has ended."""
    with brought_up() as pair:
        yield pair


@pytest.fixture
def group(pair: Pair) -> Group:
    """The stack, of three servers that are all ONLINE: a test that is run alone has it grow."""
    group = Group(pair)
    group.grow()
    group.require_whole()
    return group
