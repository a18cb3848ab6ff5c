"""The program's run, and an event loop for each test: the SDK makes outputs on the current one.

Other suites' asyncio.run ends theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.unit.program.program_run import Run, run_with


@pytest.fixture(autouse=True)
def event_loop_of_the_test() -> Iterator[None]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(scope="session")
def run() -> Run:
    """The program with a config without faults."""
    return run_with()
