"""How `make test` shares the tests out: a folder's are run one after the other, beside those of other folders."""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]


class ByFolder(LoadScopeScheduling):  # type: ignore[misc]  # ships no types
    """The tests of a folder share what is costly (tests/lab: one lab), so one process runs them all."""

    def _split_scope(self, nodeid: str) -> str:
        return "/".join(nodeid.split("/")[:2])


def pytest_xdist_make_scheduler(config: Any, log: Any) -> ByFolder:
    """Share tests out by folder (pytest-xdist, "Customizing tests scheduling")."""
    return ByFolder(config, log)
