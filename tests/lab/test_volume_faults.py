"""A data volume that is another's, damaged, late or full: what is said of it, that it stays as it is, the way out."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.aws.volumes import attachment_id
from lab.cloud.model import Snapshot, Volume, VolumeAttachment
from lab.machine import hosts
from lab.testing.processes import wait_for
from scripts.host.constants import AGENT_DIR
from tests.lab.backed import drift_goes
from tests.lab.crashing_server import Server
from tests.lab.pair import Pair, drift, verb

DATA, UNIT = "/var/lib/mysql", "mysql-pair-data"
SUPERBLOCK = 512
SCRATCH = f"{DATA}/.mysql-pair-scratch"
FREE = f"$(df --output=avail -B1 {DATA} | tail -n 1)"
FILL = f"fallocate -l $(({FREE} - (256 << 20))) {DATA}/filler; cat /dev/zero >>{DATA}/filler"
"""Allocated as far as XFS does it at once, as zeros that are written take time, and room on the machine."""
FORMAT = """
from scripts.host.mysql import data_volume, volume_device
from scripts.host.mysql.spec import DataSpec
spec = DataSpec("{}", "/dev/sdg", 16)
data_volume.make_mountable(spec, volume_device.wait(spec))
"""
INSERT = "s/.*/insert into filled values (&, repeat('x', 8000)); select &;/"
BOOT_SECONDS = 120


@pytest.fixture
def server(pair: Pair) -> Server:
    return Server(pair)


def run(server: Server, command: str) -> str:
    """Run a shell command as root on the server, and return all that it says, whatever comes of it."""
    done = hosts.execute(server.name, "sh", "-c", command, timeout=300)
    return (done.stdout + done.stderr).strip()


def data_volume(pair: Pair, server: Server) -> Volume:
    return server.ec2.store.get(Volume, pair.outputs()["data_volume_id"])


def words(server: Server) -> str:
    """Return what the mount of the volume has said since the host booted."""
    return run(server, f"journalctl --boot --no-pager --output=cat --unit={UNIT}")


def digest(file: Path) -> str:
    """Return the digest of all that a sparse file has: zeros count as nothing, be they written or not."""
    found, block = hashlib.sha256(), 1 << 20
    with file.open("rb") as content:
        at, end = 0, os.fstat(content.fileno()).st_size
        while at < end:
            try:
                at = os.lseek(content.fileno(), at, os.SEEK_DATA) // block * block
            except OSError:  # nothing but a hole
                break
            if any(part := os.pread(content.fileno(), block, at)):
                found.update(b"%d" % at + part)
            at += block
    return found.hexdigest()


@contextmanager
def volume(server: Server, zone: str) -> Iterator[Volume]:
    """Have another volume."""
    made = server.ec2.create_volume(Volume("", zone, 16, iops=3000, throughput=125, encrypted=True))
    try:
        yield made
    finally:
        server.ec2.delete_volume(made.id)


@contextmanager
def attached(server: Server, volume: Volume, instance_id: str, device: str) -> Iterator[None]:
    record = attachment_id(device, instance_id, volume.id)
    server.ec2.attach_volume(VolumeAttachment(record, volume.id, instance_id, device))
    try:
        yield
    finally:
        server.ec2.detach_volume(record)


def test_a_volume_that_the_server_cannot_have_is_refused_and_nothing_is_touched(pair: Pair, server: Server) -> None:
    own, client = data_volume(pair, server), pair.outputs()["client_instance_ids"][0]
    zone, elsewhere = own.availability_zone, f"{own.availability_zone[:-1]}c"
    snapshot = server.ec2.create_snapshot(Snapshot("", own.id, 0))
    with volume(server, elsewhere) as far, volume(server, zone) as taken, attached(server, taken, client, "/dev/sdg"):
        for config, said in (
            ({"dataVolumeId": far.id}, f"{far.id} is in {elsewhere}, and the server is in {zone}"),
            ({"dataVolumeId": taken.id}, f"{taken.id} is attached to another instance. Detach it there first"),
            (
                {"dataVolumeSnapshot": snapshot.id, "dataVolumeSize": own.size - 1},
                f"{snapshot.id} is of a volume of {own.size} GiB. Set it to {own.size} or more",
            ),
        ):
            with pair.config_kept():
                pair.configure(config)
                assert said in pair.failing_up()
    server.ec2.delete_snapshot(snapshot.id)
    assert Server(pair).id == server.id and server.sql("select 1") == "1"


@pytest.mark.parametrize(
    ("write", "said"),
    [
        ("mkfs.ext4 -q {}", "has ext4 on it, and not xfs: it is not formatted"),
        ("mkswap -q {}", "has swap on it, and not xfs: it is not formatted"),
        (
            "mkfs.xfs -q {0}; dd if=/dev/zero of={0} bs=4k count=1 conv=notrunc",
            "If it was a data volume, its file system",
        ),
        ("printf x | dd of={} bs=1 seek=8G conv=notrunc", "is not empty, and no file system is recognized on it"),
    ],
)
def test_a_volume_with_something_else_on_it_is_never_formatted(
    pair: Pair, server: Server, write: str, said: str
) -> None:
    """The agent itself is asked, on the host: by config such a volume would take the place of the server's."""
    own = data_volume(pair, server)
    with volume(server, own.availability_zone) as other:
        file = server.plane.volumes.file(other.id)
        subprocess.run(["sh", "-euc", write.format(file)], check=True, capture_output=True)
        before = digest(file)
        with attached(server, other, server.id, "/dev/sdg"):
            told = run(server, f"cd {AGENT_DIR}/current; python3 -Bc '{FORMAT.format(other.id)}'")
        assert said in told, told
        assert digest(file) == before


def test_a_damaged_file_system_is_never_formatted_and_mysql_is_up_once_it_is_mended(pair: Pair, server: Server) -> None:
    """The superblock goes in a power cut, with the log of the file system still to be replayed."""
    pair.sql("create table app.kept (n int primary key); insert into app.kept values (7)")
    own = data_volume(pair, server)
    server.crash()
    file = server.plane.volumes.file(own.id)
    with file.open("r+b") as content:
        content.write(bytes(SUPERBLOCK))
        os.fsync(content.fileno())
    before = digest(file)
    server.ec2.start(server.id)
    wait_for(lambda: "cannot be mounted" in words(server), seconds=BOOT_SECONDS)
    assert "run `xfs_repair /dev/" in words(server)
    assert server.sql("select 1") == ""
    assert run(server, f"ls -A {DATA}") == ""
    code, rows, _ = drift()
    assert code != 0 and ("data volume", "not mounted") in [(row["kind"], row["found"]) for row in rows]
    repaired = verb("repair", "--yes")
    assert repaired.returncode != 0
    assert (
        f"volume {own.id} is not empty, and no file system is recognized on it: it is not formatted" in repaired.stdout
    )
    assert digest(file) == before
    told = run(server, "xfs_repair /dev/nvme1n1")
    assert "writing modified primary superblock" in told and "needs to\nbe replayed" in told
    # It is mounted by itself, which replays the log.
    wait_for(lambda: server.sql("select n from app.kept") == "7", seconds=BOOT_SECONDS)
    drift_goes()
    assert pair.unchanged()
    pair.sql("drop table app.kept")


def test_a_volume_that_comes_late_is_waited_for_and_mysql_starts_by_itself(pair: Pair, server: Server) -> None:
    attachment = server.ec2.attachment(data_volume(pair, server).id)
    assert attachment
    server.ec2.stop(server.id)
    server.ec2.detach_volume(attachment.id)
    server.ec2.start(server.id)
    wait_for(lambda: "waiting for the data volume" in words(server), seconds=BOOT_SECONDS)
    # As when its five minutes are up.
    run(server, f"systemctl kill --signal=KILL {UNIT}")
    wait_for(lambda: run(server, "systemctl is-active mysql") == "inactive", seconds=BOOT_SECONDS)
    assert run(server, f"ls -A {DATA}") == ""
    pair.done("up", "--yes", "--skip-preview", "--refresh")
    wait_for(lambda: server.sql("select 1") == "1", seconds=BOOT_SECONDS)
    drift_goes()


def test_a_full_volume_is_made_larger_in_one_up_though_mysql_does_not_start_on_it(pair: Pair, server: Server) -> None:
    pair.sql("create table app.filled (n int primary key, t text); insert into app.filled values (0, '')")
    run(server, FILL)
    said = run(server, f'seq 2000 | sed "{INSERT}" | timeout 20 mysql -BN --unbuffered app')
    acknowledged = ["0", *(line for line in said.splitlines() if line.isdigit())]
    assert len(acknowledged) < 2000
    code, rows, _ = drift()
    assert code != 0 and (DATA, "free space") in [(row["name"], row["what"]) for row in rows]
    run(server, "systemctl restart mysql")
    assert server.sql("select 1") == ""
    pair.configure({"dataVolumeSize": data_volume(pair, server).size + 4})
    pair.up()
    assert set(acknowledged) <= set(pair.sql("select n from app.filled").split())
    run(server, f"rm {DATA}/filler")
    pair.sql("drop table app.filled")
    drift_goes()


def test_a_drill_without_room_is_refused_or_says_so_and_the_server_runs_on(server: Server) -> None:
    process = run(server, "pidof mysqld")
    run(server, FILL)
    refused = verb("drill")
    assert refused.returncode != 0 and "make the volume larger" in refused.stdout + refused.stderr
    run(server, f"rm {DATA}/filler")
    # Somebody else fills it on the way.
    filling = f"until [ -e {SCRATCH}/data/ibdata1 ]; do sleep 0.02; done; {FILL}"
    with ThreadPoolExecutor() as other:
        filled = other.submit(run, server, f"timeout 60 sh -c '{filling}'")
        failed = verb("drill")
        filled.result()
    assert failed.returncode != 0 and re.search("No space left|Disk is full", failed.stderr), failed.stderr
    assert run(server, f"ls -d {SCRATCH}/*").startswith("ls: cannot access")
    run(server, f"rm {DATA}/filler")
    assert run(server, "pidof mysqld") == process
    assert verb("drill").returncode == 0
    drift_goes()
