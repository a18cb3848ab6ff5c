"""Volumes of real hosts: what survives a crash, what a snapshot holds, when a detach waits, what is left at the end."""

from __future__ import annotations

import fcntl
import os
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from lab.cloud import volumes
from lab.cloud.model import Snapshot
from lab.machine import hosts
from lab.settings import LabError
from lab.testing.processes import wait_for
from lab.tests.volumes.conftest import World, by_id, left_behind, world

GROW = 0x4010586E
"""XFS_IOC_FSGROWFSDATA of xfs_fs.h, which xfs_growfs uses: blocks, and the share of inodes in percent."""
MOUNT = "[Mount]\nWhat={what}\nWhere=/data\nType=xfs\n[Install]\nWantedBy=multi-user.target\n"


def test_what_was_synced_survives_a_crash_and_moves_to_a_new_host(lab: World) -> None:
    volume, first = lab.volume(), lab.host()
    attachment = lab.attach(volume, first)
    assert lab.on(first, f"readlink -f {by_id(volume)}; blockdev --getsize64 --getss /dev/nvme1n1").split() == [
        "/dev/nvme1n1", str(1024**3), "512",
    ]  # fmt: skip
    lab.format(volume)
    lab.on(first, "mkdir /data; mount /dev/nvme1n1 /data; echo kept >/data/synced; sync /data /data/synced")
    lab.on(first, "echo lost >/data/unsynced")
    lab.plane.crash(first.id)
    assert lab.plane.state(first.id) == "stopped"
    lab.ec2.detach_volume(attachment.id)
    second = lab.host()
    lab.attach(volume, second)
    assert lab.on(second, "mkdir /data; mount /dev/nvme1n1 /data; ls /data; cat /data/synced").split() == [
        "synced", "kept",
    ]  # fmt: skip
    lab.ec2.terminate(second.id)
    assert lab.ec2.attachment(volume.id) is None
    assert lab.plane.volumes.devices() == {}


def test_a_unit_mounts_a_volume_at_every_boot(lab: World) -> None:
    volume, host = lab.volume(), lab.host()
    attachment = lab.attach(volume, host)
    lab.format(volume)
    unit = MOUNT.format(what=by_id(volume))
    lab.on(host, f"mkdir /data; echo '{unit}' >/etc/systemd/system/data.mount")
    lab.on(
        host, "cd /etc/systemd/system; mkdir -p multi-user.target.wants; ln -s ../data.mount multi-user.target.wants/"
    )
    for _ in range(2):
        lab.plane.crash(host.id)
        lab.plane.volumes._unmount()  # as after a restart of the machine
        lab.ec2.start(host.id)
        wait_for(lambda: "active" in lab.on(host, "systemctl is-active data.mount || true").split(), seconds=60)
    lab.plane.crash(host.id)
    lab.ec2.detach_volume(attachment.id)
    lab.ec2.start(host.id)
    assert lab.on(host, "ls /dev | grep -c nvme || true") == "0"


def test_a_snapshot_under_a_writer_has_what_was_synced_before_it(lab: World) -> None:
    volume, host = lab.volume(), lab.host()
    lab.attach(volume, host)
    lab.format(volume)
    lab.on(host, "mkdir /data /copy; mount /dev/nvme1n1 /data; sync -f /data")
    writer = "i=0; while :; do i=$((i+1)); echo $i >>/data/log; sync /data/log; echo $i >/run/synced; done"
    lab.on(host, f"nohup sh -c '{writer}' >/dev/null 2>&1 &")
    for _ in range(3):
        lab.on(host, "rm -f /run/synced; until [ -s /run/synced ]; do sleep 0.1; done")
        before = int(lab.on(host, "cat /run/synced"))
        snapshot = lab.ec2.create_snapshot(Snapshot("", volume.id, 0))
        after = int(lab.on(host, "cat /run/synced"))
        copy = lab.volume(2, snapshot.id)
        second = lab.attach(copy, host, "/dev/sdg")
        lines = lab.on(host, f"mount -o nouuid {by_id(copy)} /copy; cat /copy/log; umount /copy").split()
        assert lines == [str(number + 1) for number in range(len(lines))]
        assert before <= len(lines) <= after + 1
        lab.ec2.detach_volume(second.id)
        lab.ec2.delete_volume(copy.id)
        lab.ec2.delete_snapshot(snapshot.id)


def test_a_volume_grows_while_it_is_mounted(lab: World) -> None:
    volume, host = lab.volume(), lab.host()
    lab.attach(volume, host)
    lab.format(volume)
    lab.on(host, "mkdir /data; mount /dev/nvme1n1 /data; echo kept >/data/file")
    lab.ec2.modify_volume(replace(volume, size=3))
    assert lab.on(host, "blockdev --getsize64 /dev/nvme1n1") == str(3 * 1024**3)
    folder = os.open(f"/proc/{hosts.pid(lab.plane.host_name(host.id))}/root/data", os.O_RDONLY)
    try:
        fcntl.ioctl(folder, GROW, struct.pack("QII", 3 * 1024**3 // 4096, 25, 0))
    finally:
        os.close(folder)
    assert int(lab.on(host, "df --output=size -BM /data | tail -1").rstrip("M")) > 2900
    assert lab.on(host, "cat /data/file") == "kept"


def test_a_mounted_volume_is_detached_when_it_is_unmounted_or_by_force(
    lab: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume, host, other = lab.volume(), lab.host(), lab.host()
    attachment = lab.attach(volume, host)
    lab.format(volume)
    lab.on(host, "mkdir /data; mount /dev/nvme1n1 /data; echo kept >/data/synced; sync /data /data/synced")
    with monkeypatch.context() as patch:
        patch.setattr(volumes, "DETACH_SECONDS", 0)
        with pytest.raises(LabError, match="'busy'"):
            lab.ec2.detach_volume(attachment.id)
    lab.on(host, "umount /data")
    lab.ec2.detach_volume(attachment.id)
    lab.on(host, f"test ! -e {by_id(volume)} -a ! -e /dev/nvme1n1")
    attachment = lab.attach(volume, host)
    lab.on(host, "mount /dev/nvme1n1 /data; nohup sh -c 'exec >>/data/open; while sleep 0.1; do echo x; done' 2>&1 &")
    lab.ec2.detach_volume(attachment.id, force=True)
    lab.attach(volume, other)
    written = lab.on(
        other, "mkdir /data; mount /dev/nvme1n1 /data; cat /data/synced; echo new >/data/new; sync /data/new"
    )
    assert written == "kept"


def test_hosts_of_another_lab_do_not_keep_a_volume(lab: World, tmp_path: Path) -> None:
    with world(tmp_path / "two") as two:
        two.attach(two.volume(), two.host())
        lab.host()
        assert left_behind(two.plane.volumes.folder)
    # and nothing of the second one is left, though a host that was booted beside it runs on


def test_what_a_lab_without_its_folder_left_mounted_is_taken_away(lab: World) -> None:
    lab.volume()
    lab.plane.volumes.image.rename(lab.lab.folder / "other.img")
    volume = lab.volume()
    assert [path.name for path in lab.plane.volumes.folder.iterdir()] == [volume.id]


def test_a_machine_without_xfsprogs_is_told_what_to_do(lab: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(LabError, match=r"mkfs\.xfs is not installed: install the packages"):
        lab.volume()
