"""How `make test` shares the tests out over processes, which run side by side."""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

BY_FILE = ("tests/lab/", "tests/labs/")
"""A process brings up one lab for all files of the first that it gets; files of the second have labs of their own."""


class BySuite(LoadScopeScheduling):  # type: ignore[misc]  # ships no types
    """A suite goes to one process whole; those that take long go file by file."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file.startswith(BY_FILE) else "/".join(file.split("/")[:2])


def pytest_xdist_make_scheduler(config: Any, log: Any) -> BySuite:
    """Share tests out so (pytest-xdist, "Customizing tests scheduling")."""
    return BySuite(config, log)
