"""One lab for all end-to-end tests of a process: the pair, brought up by the command that a user types."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.other_project import OtherProject, other_project
from tests.lab.pair import Pair, brought_up


@pytest.fixture(scope="session")
def pair() -> Iterator[Pair]:
    """The pair, up; taken down when the last test has ended."""
    with brought_up() as pair:
        yield pair


@pytest.fixture(scope="session")
def third(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherProject]:
    """A third host in the pair's subnet, of another team in the same lab."""
    with other_project(pair.lab, tmp_path_factory.mktemp("third"), "third") as project:
        project.up()
        yield project
