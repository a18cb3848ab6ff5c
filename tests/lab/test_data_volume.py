"""MySQL's data outlive their host: its crashes, its loss, another address, and the root volume that they began on.

A writer counts a commit when the client has it acknowledged, and not before. `pytest -s` prints the seconds it took.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lab.cloud.ec2 import Ec2
from lab.cloud.model import Volume, VolumeAttachment
from lab.cloud.store import Store
from lab.machine import hosts
from lab.machine.plane import Plane
from lab.testing.processes import wait_for
from scripts.host.constants import CA_FILE
from tests.lab.pair import LAB, Pair, lab_command, on
from tests.lab.test_drift import drift
from tests.labs.test_interrupted import killed_when

CRASHES = 20
COMMITS = 200
"""At least so many are acknowledged between two crashes."""
IDENTITY = "select @@server_uuid, group_concat(concat(user, '@', host) order by user) from mysql.user "
COMMIT = "insert into app.acknowledged values ({0}); select {0};"
MOST = 20000
"""More than are written between two."""
KEPT = ("connection_string", "mysql_ca_certificate", "data_volume_id")


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


@pytest.fixture(scope="module")
def table(pair: Pair) -> Iterator[None]:
    """The writer's table."""
    pair.sql("create table app.acknowledged (n int primary key)")
    yield
    pair.sql("drop table if exists app.acknowledged")


def lost(pair: Pair, acknowledged: list[int]) -> set[int]:
    """Return which of the acknowledged numbers are not there."""
    return set(acknowledged) - set(map(int, pair.sql("select n from app.acknowledged").split()))


def state(pair: Pair) -> dict[str, Any]:
    """Return what clients know of the server, and what its data know of themselves."""
    return {**{key: pair.outputs()[key] for key in KEPT}, "identity": pair.sql(IDENTITY)}


def uptime(pair: Pair) -> int:
    return int(pair.sql("select variable_value from performance_schema.global_status where variable_name = 'Uptime'"))


def has_no_drift() -> bool:
    return drift() == (0, [], [])


def test_mysql_does_not_start_without_its_volume(pair: Pair) -> None:
    on(pair, "server", "systemctl stop mysql; umount /var/lib/mysql")
    refused = pair.ssh("server", "sudo systemctl start mysql; sudo ls /var/lib/mysql")
    assert "Assertion failed" in refused.stderr and refused.stdout == ""
    code, rows, _ = drift()
    assert ("data volume", "not mounted") in [(row["kind"], row["found"]) for row in rows], (code, rows)
    on(pair, "server", "systemctl restart mysql-pair-data; systemctl start mysql")
    assert has_no_drift()


def test_the_volume_grows_in_use(pair: Pair) -> None:
    started = uptime(pair)
    with pair.config_kept():
        pair.configure({"dataVolumeSize": 20})
        assert set(pair.planned()) >= {"server-data-volume", "server-converged"}
        pair.up()
        assert "20G" in pair.ssh("server", "df -h --output=size /var/lib/mysql").stdout
        assert uptime(pair) > started, "no restart"
        assert has_no_drift()
        pair.configure({"dataVolumeSize": 16})
        assert "has 20 GiB: a volume does not shrink. Set it to 20 or more" in pair.failing_up()
        pair.configure({"dataVolumeSize": 0})
        assert "they are not moved back to the root volume" in pair.failing_up()
    pair.configure({"dataVolumeSize": 20})


def test_another_address_keeps_the_data_and_a_killed_replacement_is_finished(pair: Pair) -> None:
    before = state(pair)
    address = before["connection_string"].partition("@")[2].partition(":")[0]
    new = f"{address.rpartition('.')[0]}.20"
    with pair.config_kept():  # the next test begins without a server
        pair.configure({"serverPrivateIp": new})
        killed_when(lambda: not Store(pair.lab.cloud).all(VolumeAttachment), LAB)
        done = lab_command("up")  # which takes the dead run's lock away
        assert done.returncode == 0, done.stdout + done.stderr
        after = state(pair)
        assert after["connection_string"] == before["connection_string"].replace(address, new)
        assert {**after, "connection_string": ""} == {**before, "connection_string": ""}
        assert has_no_drift()


def test_data_on_the_root_volume_move_to_a_data_volume_in_one_up(pair: Pair) -> None:
    """The server is lost with its volume first, and made anew as it was before there were data volumes."""
    assert lab_command("terminate", "server").returncode == 0
    with pair.config_kept():
        pair.configure({"dataVolumeSize": 0})
        pair.done("up", "--yes", "--skip-preview", "--refresh")
        assert pair.outputs().get("data_volume_id") is None
        assert not Store(pair.lab.cloud).all(Volume)
        pair.sql("create table app.moved (n int primary key); insert into app.moved values (7); create database test")
        before = {**state_on_root(pair), "rows": pair.sql("select * from app.moved")}
    pair.configure({"dataVolumeSize": 16})
    assert pair.planned()["server-data-attached"] == "create"
    begun = time.monotonic()
    pair.up()
    print(f"\nan empty server's data moved in {time.monotonic() - begun:.0f} s")
    assert {**state_on_root(pair), "rows": pair.sql("select * from app.moved")} == before
    assert pair.ssh("server", "findmnt -no FSTYPE /var/lib/mysql").stdout.strip() == "xfs"
    assert pair.ssh("server", "ls -d /var/lib/mysql?*").stdout.split() == [
        f"/var/lib/mysql-{name}" for name in ("files", "keyring", "pair", "pair-status", "upgrade")
    ]
    assert has_no_drift()
    assert pair.unchanged()
    pair.sql("drop table app.moved; drop database test")


def state_on_root(pair: Pair) -> dict[str, Any]:
    outputs = pair.outputs()
    kept = {key: outputs[key] for key in ("connection_string", "mysql_ca_certificate")}
    return {**kept, "identity": pair.sql(IDENTITY), "databases": pair.sql("show databases")}


@pytest.mark.usefixtures("table")
@pytest.mark.timeout(900)
def test_no_acknowledged_commit_is_lost_in_crashes_of_the_host_nor_with_the_host_itself(pair: Pair) -> None:
    """The host is replaced in the end, so that nothing of the former data is on its root volume."""
    before, server = state(pair), Server(pair)
    acknowledged: list[int] = []
    begun = time.monotonic()
    for crash in range(CRASHES):
        with server.written(first=crash * MOST) as numbers:
            server.crash()
        acknowledged += numbers
        server.start()
    assert lost(pair, acknowledged) == set()
    print(f"\n{CRASHES} crashes in {time.monotonic() - begun:.0f} s, {len(acknowledged)} commits acknowledged, 0 lost")
    with server.written(first=CRASHES * MOST) as numbers:
        server.crash()
    acknowledged += numbers
    assert lab_command("terminate", "server").returncode == 0
    begun = time.monotonic()
    pair.done("up", "--yes", "--skip-preview", "--refresh")
    print(f"a lost host is replaced in {time.monotonic() - begun:.0f} s")
    assert lost(pair, acknowledged) == set()
    assert state(pair) == before
    assert pair.ssh("client-1", "cat", CA_FILE).stdout == before["mysql_ca_certificate"]
    assert has_no_drift()
    assert pair.unchanged()
