"""The hosts' disks: a volume that grows is followed online, a full one is drift, logs are rotated."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.host.constants import AGENT_DIR
from tests.lab.backed import timers_stopped
from tests.lab.pair import Pair, drift, on

POINT = "/mnt/grown"
MAKE = f"""
command -v mkfs.xfs >/dev/null || apt-get install -qq xfsprogs >/dev/null 2>&1
image=$(mktemp /var/tmp/volume.XXXXXX)
truncate -s 600M $image
printf 'label: gpt\\nstart=2048, size=819200, type=linux\\n' | sfdisk -q $image
device=$(losetup -f --show $image)
trap '[ $? = 0 ] || {{ umount {POINT} || true; losetup -d $device; }}' EXIT  # it is the machine's
# Neither does the kernel read partition tables of itself, nor does udev make devices.
partx -u $device
number=$(cat /sys/block/$(basename $device)/*p1/dev)
rm -f ${{device}}p1; mknod ${{device}}p1 b ${{number%:*}} ${{number#*:}}
mkfs.xfs -q ${{device}}p1
mkdir -p {POINT}; mount ${{device}}p1 {POINT}
truncate -s 1200M $image; losetup -c $device
echo $device $image
"""
AGENT = f"""
import sys
sys.path.insert(0, "{AGENT_DIR}/current")
from pathlib import Path
from scripts.host.system import file_systems
file_systems.ROOT = Path("{POINT}")
def told():
    print(*(row.kind for row in file_systems.differences(0) if row.what == "size"), sep=",")
told()
file_systems.converge(1, file_systems.ROOT)
told()
"""
"""What converge and drift do about the root, done with another file system."""
PROBE = (
    "from scripts.host.system import file_systems; file_systems.converge(9999); print(file_systems.differences(9999))"
)
SLOW_LOG = "/var/log/mysql/mysql-slow.log"


@pytest.fixture(scope="module")
def grown(pair: Pair) -> Iterator[str]:
    """Where a client host has a partition of 400 MiB mounted, on a disk that is 1200 MiB by now."""
    done = pair.ssh("client-1", "sudo sh -eu", stdin=MAKE)
    assert done.returncode == 0, done.stderr
    device, image = done.stdout.split()
    yield POINT
    on(
        pair,
        "client-1",
        f"umount {POINT}; partx -d {device}; losetup -d {device}; rm {image} {device}p1; rmdir {POINT}",
    )


def size(pair: Pair, point: str) -> int:
    """Return a file system's size in MiB."""
    return int(pair.ssh("client-1", f"df --output=size -BM {point} | tail -n 1").stdout.strip().removesuffix("M"))


def test_partition_and_file_system_grow_in_use_when_the_volume_has_grown(pair: Pair, grown: str) -> None:
    assert size(pair, grown) < 400
    done = pair.ssh("client-1", "sudo python3 -B -", stdin=AGENT)
    # The file system fills its partition, which does not fill its disk; afterwards neither differs.
    assert done.stdout.split("\n") == ["partition", "", ""], done.stderr
    assert size(pair, grown) > 1000


def test_a_disk_that_is_nearly_full_is_drift(pair: Pair, grown: str) -> None:
    on(pair, "client-1", f"fallocate -l $(($(stat -f -c '%a * %S' {grown}) * 95 / 100)) {grown}/full")
    code, rows, _ = drift()
    assert (code, [(row["where"], row["kind"], row["name"], row["what"]) for row in rows]) == (
        2,
        [("client-1", "file system", grown, "free space")],
    )


def test_a_host_without_a_disk_of_its_own_has_nothing_to_grow(pair: Pair) -> None:
    """A container: the volume's size is only what the records say."""
    told = pair.ssh("server", f"cd {AGENT_DIR}/current && sudo python3 -Bc '{PROBE}'")
    assert told.stdout == "[]\n", told.stderr


def test_the_slow_log_is_where_the_distribution_rotates_it_and_a_large_one_is_rotated_within_the_hour(
    pair: Pair,
) -> None:
    with timers_stopped(pair):  # the log that is sent is closed first
        pair.sql("set global slow_query_log = on")
        try:
            considered = pair.ssh("server", "sudo logrotate --debug /etc/logrotate.d/mysql-server 2>&1").stdout
            assert f"considering log {SLOW_LOG}" in considered
            assert "hourly" in pair.ssh("server", "systemctl cat logrotate.timer").stdout
            binary_logs = pair.sql("show binary logs")
            on(pair, "server", f"truncate -s 101M {SLOW_LOG}; systemctl start logrotate.service")
            assert pair.ssh("server", f"sudo ls {SLOW_LOG}.1.gz").returncode == 0
            pair.sql("set long_query_time = 0; select 'written after the rotation'")
            assert "written after the rotation" in pair.ssh("server", f"sudo cat {SLOW_LOG}").stdout
            assert pair.sql("show binary logs") == binary_logs
        finally:
            pair.sql("set global slow_query_log = off")


def test_binary_logs_are_kept_for_as_long_as_the_volume_holds_them(pair: Pair) -> None:
    assert pair.sql("select @@global.binlog_expire_logs_seconds") == str(4 * 24 * 3600)  # of 16 GiB
