"""How `make test` shares the tests out over processes, which run side by side; the image of their labs' hosts; and what
a lost connection says."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pulumi_aws  # noqa: F401  its packages are there to be loaded on demand
import pytest
from pulumi.runtime import settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from components import lean
from lab.machine import golden

BY_FILE = ("tests/lab/", "tests/labs/", "tests/groups/", "tests/unit/", "lab/tests/unit/")
"""A process brings up one lab for all files of the first that it gets; files of the next two have labs of their own;
unit tests need none."""
LONG = (
    "tests/group/",
    "tests/groups/",
    "tests/labs/",
    "lab/tests/conformance/",
    "lab/tests/network/",
    "tests/policy/",
    "tests/lab/",
)
"""The order of what takes minutes. Files of tests/group are one story, and go to one process; those of tests/lab share
a lab, and stay in theirs: a restored server stays one."""
SHORT = ("tests/unit/", "lab/tests/unit/")

# The golden image, so that few tests wait for packages. Those of a first boot on a machine that has none of them use
# the plain image: the fixture `plain_image`.
os.environ.setdefault(golden.VARIABLE, str(Path(__file__).parent / "image/provision.sh"))

# As the program does: a package of the SDK that is loaded whole takes up to a second.
lean.load_on_demand("pulumi_aws")


def place(nodeid: str) -> int:
    """Return when a test's turn is: long suites come first and short ones last, so that all processes end together."""
    if nodeid.startswith(SHORT):
        return len(LONG) + 1
    return next((number for number, folder in enumerate(LONG) if nodeid.startswith(folder)), len(LONG))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the suites into that order, which xdist keeps by its option --no-loadscope-reorder."""
    items.sort(key=lambda item: place(item.nodeid))


class BySuite(LoadScopeScheduling):  # type: ignore[misc]  # ships no types
    """A suite goes to one process whole; those that take long go file by file."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file.startswith(BY_FILE) else file.rpartition("/")[0]


def pytest_xdist_make_scheduler(config: Any, log: Any) -> BySuite:
    """Share tests out so (pytest-xdist, "Customizing tests scheduling")."""
    return BySuite(config, log)


@pytest.fixture(scope="session", autouse=True)
def lost_connections() -> Iterator[None]:
    """Log how a program run by the automation API lost its engine: the SDK says "has terminated" whatever it was."""
    exception_of = settings.grpc_error_to_exception

    def told(error: grpc.RpcError) -> Exception:
        logging.getLogger("grpc").warning("%s", error)
        return exception_of(error)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(settings, "grpc_error_to_exception", told)
        yield


def pytest_collection_finish() -> None:
    """Have no garbage collection look again at what was imported and collected: it stays until the end."""
    gc.freeze()
