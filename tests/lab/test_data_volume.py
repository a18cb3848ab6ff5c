"""MySQL's data outlive their host: its crashes, its loss, another address, and the root volume that they began on.

`pytest -s` prints the seconds it took. `python -m bench.crashes` has a new host after every crash.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab.cloud.model import Volume, VolumeAttachment
from lab.cloud.store import Store
from lab.machine import hosts
from scripts.host.constants import CA_FILE
from scripts.host.mysql import data_move
from tests.lab.crashing_server import MOST, TABLE, Server, lost
from tests.lab.killed_up import killed_when
from tests.lab.pair import LAB, Pair, drift, lab_command, on

CRASHES = int(os.environ.get("CRASHES", "2"))
IDENTITY = "select @@server_uuid, group_concat(concat(user, '@', host) order by user) from mysql.user "
KEPT = ("connection_string", "mysql_ca_certificate", "data_volume_id")


@pytest.fixture(scope="module")
def table(pair: Pair) -> Iterator[None]:
    """The writer's table."""
    pair.sql(TABLE)
    yield
    pair.sql("drop table if exists app.acknowledged")


def state(pair: Pair) -> dict[str, Any]:
    """Return what clients know of the server, and what its data know of themselves."""
    return {**{key: pair.outputs()[key] for key in KEPT}, "identity": pair.sql(IDENTITY)}


def uptime(pair: Pair) -> int:
    return int(pair.sql("select variable_value from performance_schema.global_status where variable_name = 'Uptime'"))


def test_mysql_does_not_start_without_its_volume(pair: Pair) -> None:
    on(pair, "server", "systemctl stop mysql; umount /var/lib/mysql")
    refused = pair.ssh("server", "sudo systemctl start mysql; sudo ls /var/lib/mysql")
    assert "Assertion failed" in refused.stderr and refused.stdout == ""
    code, rows, _ = drift()
    assert ("data volume", "not mounted") in [(row["kind"], row["found"]) for row in rows], (code, rows)
    on(pair, "server", "systemctl restart mysql-pair-data; systemctl start mysql")
    assert drift() == (0, [], [])


def test_the_volume_grows_in_use(pair: Pair) -> None:
    started = uptime(pair)
    with pair.config_kept():
        pair.configure({"dataVolumeSize": 20})
        assert set(pair.planned()) >= {"server-data-volume", "server-converged"}
        pair.up()
        assert "20G" in pair.ssh("server", "df -h --output=size /var/lib/mysql").stdout
        assert uptime(pair) > started, "no restart"
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


@pytest.mark.timeout(600)
def test_data_on_the_root_volume_move_to_a_data_volume_though_the_host_crashes_on_the_way(pair: Pair) -> None:
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
    server = Server(pair)
    killed_when(lambda: crashed(server, f"{data_move.STAGE}/ibdata1"), LAB)  # while it is copied
    server.start()
    assert server.sql("select * from app.moved") == "7", "it serves from the root volume as before"
    killed_when(lambda: crashed(server, str(data_move.FORMER)), LAB)  # after the turn
    server.ec2.start(server.id)
    done = lab_command("up")  # which takes the dead run's lock away
    assert done.returncode == 0, done.stdout + done.stderr
    assert {**state_on_root(pair), "rows": pair.sql("select * from app.moved")} == before
    assert pair.ssh("server", "findmnt -no FSTYPE /var/lib/mysql").stdout.strip() == "xfs"
    assert pair.ssh("server", "ls -d /var/lib/mysql?*").stdout.split() == [
        f"/var/lib/mysql-{name}" for name in ("files", "keyring", "pair", "pair-status", "upgrade")
    ]
    assert drift() == (0, [], [])
    assert pair.unchanged()
    pair.sql("drop table app.moved; drop database test")


def crashed(server: Server, path: str) -> bool:
    """Crash the host if it has a file or a folder; return whether it had."""
    if hosts.execute(server.name, "test", "-e", path).returncode != 0:
        return False
    server.crash()
    return True


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
    assert drift() == (0, [], [])
