"""The pair's server while it crashes, and a writer on it that counts what a client has acknowledged, and not before."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from lab.cloud.ec2 import Ec2
from lab.cloud.store import Store
from lab.machine import hosts
from lab.machine.plane import Plane
from lab.testing.processes import wait_for
from tests.lab.pair import Pair

COMMITS = 200
"""At least so many are acknowledged between two crashes."""
MOST = 20000
"""More than are written between two."""
TABLE = "create table app.acknowledged (n int primary key)"
COMMIT = "insert into app.acknowledged values ({0}); select {0};"


class Server:
    """The pair's server, past ssh: what is asked of it goes on while it crashes."""

    def __init__(self, pair: Pair) -> None:
        """Find its host."""
        store = Store(pair.lab.cloud)
        self.id = pair.outputs()["server_instance_id"]
        self.plane = Plane(pair.lab, store)
        self.ec2 = Ec2(pair.lab, store, self.plane)
        self.name = self.plane.host_name(self.id)

    def sql(self, statement: str) -> str:
        """Return the rows of a statement, empty while MySQL does not answer."""
        return hosts.execute(self.name, "mysql", "-BNe", statement).stdout.strip()

    def crash(self) -> None:
        """Cut the power."""
        self.plane.crash(self.id)

    def start(self) -> None:
        """Boot, and wait for MySQL."""
        self.ec2.start(self.id)
        wait_for(lambda: self.sql("select 1") == "1", seconds=120)

    @contextmanager
    def written(self, first: int) -> Iterator[list[int]]:
        """Write numbers from this one on, a commit each; give those that were acknowledged, which grow meanwhile."""
        statements = "\n".join(COMMIT.format(n) for n in range(first, first + MOST))
        file = self.plane.lab.folder / "statements.sql"
        file.write_text(statements)
        # In all of the host's namespaces, so that it is killed with it.
        argv = ["nsenter", "--target", str(hosts.pid(self.name)), "--all", "mysql", "-BN", "--unbuffered"]
        with file.open() as script:
            process = subprocess.Popen(argv, stdin=script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        acknowledged: list[int] = []
        assert process.stdout
        for line in process.stdout:
            acknowledged.append(int(line))
            if len(acknowledged) == COMMITS:
                break
        try:
            yield acknowledged
            # What came while it crashed counts too.
            acknowledged += [int(line) for line in process.stdout.read().decode().splitlines()[:-1]]
        finally:
            process.kill()
            process.wait()


def lost(pair: Pair, acknowledged: list[int]) -> set[int]:
    """Return which of the acknowledged numbers are not there."""
    return set(acknowledged) - set(map(int, pair.sql("select n from app.acknowledged").split()))
