"""The program's run, and an event loop for each test: the SDK makes outputs on the current one.

Other suites' asyncio.run ends theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.unit.program.configs import BACKUP_KEY
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


@pytest.fixture(scope="session")
def configured() -> Run:
    """The program with keys of which none changes what comes of another: one run for the tests of each."""
    return run_with(
        backupKeep="false",
        backupKey=BACKUP_KEY,
        instanceProfile="session-manager",
        lowerCaseTableNames="1",
        serverAmi="ami-0123456789abcdef0",
        serverCertificateNames='["db.example.org", "*.db.example.org"]',
        sshEndpoints='{"server": {"host": "127.0.0.1", "port": 2201}}',
        tags='{"Team": "data"}',
        terminationProtection="false",
    )
