"""system/file_systems.py: a grown volume is followed, by the names that Linux gives to devices; a full disk is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scripts.host.common.errors import HostError
from scripts.host.system import file_systems
from tests.unit.host.stand_ins import Bench

GIB = 1024**3
TUNE2FS = "State:  clean\nBlock count:     {blocks}\nReserved block count:  9\nBlock size:               4096"
XFS_INFO = "meta-data=/dev isize=512\n     =     sectsz=512\ndata     =        bsize=4096   blocks={blocks}, imaxpct=25"


class Disk:
    """A disk in /sys, with partitions, and what of it is mounted as the root."""

    def __init__(self, bench: Bench, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bench, self.folder = bench, folder
        self.root = folder / "root"
        self.root.mkdir()
        (folder / "numbers").mkdir()
        monkeypatch.setattr(file_systems, "MOUNTS", folder / "mounts")
        monkeypatch.setattr(file_systems, "BLOCK_DEVICES", folder / "numbers")
        monkeypatch.setattr(file_systems, "ROOT", self.root)
        monkeypatch.setattr(file_systems, "VOLUME_SECONDS", 0)
        monkeypatch.setattr(file_systems, "LEAST_FREE_SHARE", 0)
        for name in ("growpart", "resize2fs", "xfs_growfs"):
            bench.stand_in(name, 'test "$1" = full && exit 1; echo "TMPDIR=$TMPDIR"')

    def add(self, name: str, **numbers: int) -> Path:
        """Make a device's folder; numbers are GiB, but for `partition`."""
        path = self.folder / "sys" / name
        path.mkdir(parents=True)
        for key, value in numbers.items():
            (path / key).write_text(f"{value if key == 'partition' else value * GIB // 512}\n")
        return path

    def mount(self, path: Path | None, kind: str, size: int = 0, device: str = "/dev/root") -> None:
        """Mount a device, or none, with a file system of so many GiB."""
        (self.folder / "mounts").write_text(f"proc /proc proc rw 0 0\n{device} {self.root} {kind} rw,discard 0 0\n")
        number = self.root.stat().st_dev
        if path:
            (self.folder / "numbers" / f"{os.major(number)}:{os.minor(number)}").symlink_to(path)
        self.bench.stand_in("tune2fs", f"cat <<E\n{TUNE2FS.format(blocks=size * GIB // 4096)}\nE")
        self.bench.stand_in("xfs_info", f"cat <<E\n{XFS_INFO.format(blocks=size * GIB // 4096)}\nE")

    def done(self) -> list[str]:
        """Return what was run that changes anything."""
        return [line for line in self.bench.calls() if not line.startswith(("tune2fs", "xfs_info"))]


@pytest.fixture
def disk(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A host's disk."""
    return Disk(bench, tmp_path, monkeypatch)


def rows(volume_gib: int) -> list[tuple[str, str, str, str]]:
    """Return what differs: kind, name, expected, found."""
    return [(row.kind, row.name, row.expected, row.found) for row in file_systems.differences(volume_gib)]


@pytest.mark.parametrize(
    ("name", "partition", "number"),
    [("nvme0n1", "nvme0n1p1", 1), ("xvda", "xvda1", 1), ("sda", "sda16", 16), ("cciss!c0d0", "cciss!c0d0p2", 2)],
)
def test_a_grown_volume_grows_partition_and_file_system(disk: Disk, name: str, partition: str, number: int) -> None:
    disk.add(name, size=20)
    disk.mount(disk.add(f"{name}/{partition}", size=15, start=1, partition=number), "ext4", size=8)
    device = f"/dev/{partition}".replace("!", "/")
    assert rows(20) == [
        ("partition", device, "19.0 GiB", "15.0 GiB"),
        ("file system", str(disk.root), "15.0 GiB", "8.0 GiB"),
    ]
    disk.done()
    file_systems.converge(20, disk.root)
    assert disk.done() == [f"growpart /dev/{name.replace('!', '/')} {number}", f"resize2fs {device}"]


def test_a_partition_that_fills_its_disk_is_left_alone(disk: Disk) -> None:
    disk.add("nvme0n1", size=20)
    disk.add("nvme0n1/nvme0n1p15", size=1, start=0, partition=15)
    disk.mount(disk.add("nvme0n1/nvme0n1p1", size=19, start=1, partition=1), "ext4", size=19)
    file_systems.converge(20, disk.root)
    assert disk.done() == []
    assert rows(20) == []


def test_a_partition_with_another_one_behind_it_is_left_alone(disk: Disk) -> None:
    disk.add("xvda", size=20)
    disk.add("xvda/xvda2", size=1, start=10, partition=2)
    disk.mount(disk.add("xvda/xvda1", size=10, start=0, partition=1), "xfs", size=10)
    file_systems.converge(20, disk.root)
    assert disk.done() == []


def test_a_file_system_on_a_whole_disk_needs_no_partition(disk: Disk) -> None:
    disk.mount(disk.add("nvme0n1", size=20), "xfs", size=16)
    file_systems.converge(20, disk.root)
    assert disk.done() == [f"xfs_growfs {disk.root}"]


def test_a_host_without_a_disk_of_its_own_has_nothing_to_grow(disk: Disk) -> None:
    disk.mount(None, "overlay", device="overlay")
    file_systems.converge(20, disk.root)
    assert disk.done() == []
    assert rows(20) == []


def test_logical_volumes_are_left_alone(disk: Disk) -> None:
    path = disk.add("dm-0", size=10)
    (path / "dm").mkdir()
    disk.mount(path, "ext4", size=8)
    file_systems.converge(20, disk.root)
    assert disk.done() == []
    assert rows(20) == []


def test_a_file_system_of_another_kind_is_left_alone(disk: Disk) -> None:
    disk.mount(disk.add("xvda", size=20), "f2fs", size=8)
    file_systems.converge(20, disk.root)
    assert disk.done() == []


def test_a_volume_that_does_not_become_larger_is_told(disk: Disk) -> None:
    disk.mount(disk.add("xvda", size=16), "ext4", size=16)
    with pytest.raises(HostError, match=r"/dev/xvda has 16\.0 GiB, and the volume should have 20 GiB"):
        file_systems.converge(20, disk.root)
    assert rows(20) == [("volume", "/dev/xvda", "20 GiB", "16.0 GiB")]


def test_what_growpart_says_is_told(disk: Disk) -> None:
    disk.bench.stand_in("growpart", "echo 'FAILED: unable to determine partition type' >&2; exit 2")
    disk.add("xvda", size=20)
    disk.mount(disk.add("xvda/xvda1", size=15, start=1, partition=1), "ext4", size=15)
    with pytest.raises(HostError, match="unable to determine partition type"):
        file_systems.converge(20, disk.root)


def test_an_old_partition_table_is_no_fault_where_it_ends(disk: Disk) -> None:
    """An MBR knows 2 TiB."""
    disk.bench.stand_in("growpart", "echo NOCHANGE: partition 1 could only be grown by 0; exit 1")
    disk.add("xvda", size=4096)
    disk.mount(disk.add("xvda/xvda1", size=2047, start=1, partition=1), "ext4", size=2047)
    file_systems.converge(4096, disk.root)


def test_a_partition_grows_on_a_disk_that_is_full(disk: Disk) -> None:
    """growpart makes its temporary files in TMPDIR."""
    disk.bench.stand_in("growpart", 'test "$TMPDIR" = /run')
    disk.add("xvda", size=20)
    disk.mount(disk.add("xvda/xvda1", size=15, start=1, partition=1), "ext4", size=15)
    file_systems.converge(20, disk.root)


def status(size: int, free: int, files: int = 1000, free_files: int = 1000) -> os.statvfs_result:
    """Return what statvfs says; sizes in GiB."""
    blocks = GIB // 4096
    return os.statvfs_result(
        (4096, 4096, size * blocks, free * blocks, free * blocks, files, free_files, free_files, 0, 255)
    )


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        (status(16, 2), []),
        (status(16, 1), [("free space", "at least 1.6 GiB", "1.0 GiB of 16.0 GiB")]),
        (status(16384, 6), []),
        (status(16384, 4), [("free space", "at least 5.0 GiB", "4.0 GiB of 16384.0 GiB")]),
        (status(16, 8, 1000, 99), [("free inodes", "at least 10%", "99 of 1000")]),
        # btrfs makes inodes as it needs them.
        (status(16, 8, 0, 0), []),
    ],
)
def test_a_disk_that_is_nearly_full_is_drift(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, stated: os.statvfs_result, found: list[tuple[str, str, str]]
) -> None:
    monkeypatch.setattr(file_systems, "LEAST_FREE_SHARE", 0.1)
    monkeypatch.setattr(os, "statvfs", lambda _: stated)
    disk.mount(None, "overlay", device="overlay")
    assert [(row.what, row.expected, row.found) for row in file_systems.differences(16)] == found


def test_each_device_is_told_once_and_what_cannot_fill_up_is_left_out(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snap is always full, and a container has files mounted that are on the machine's disk."""
    monkeypatch.setattr(file_systems, "LEAST_FREE_SHARE", 0.1)
    monkeypatch.setattr(os, "statvfs", lambda _: status(16, 0))
    disk.mount(None, "ext4")
    (disk.root / "a b").mkdir()
    (disk.root / "file").touch()
    more = [("/dev/loop0", "/proc", "squashfs", "ro"), ("/dev/vda", f"{disk.root}/file", "ext4", "rw")]
    more += [("/dev/vda", f"{disk.root}/a\\040b", "ext4", "rw"), ("server:/", "/not/there", "nfs4", "rw")]
    with (disk.folder / "mounts").open("a") as mounts:
        mounts.writelines(f"{' '.join(line)} 0 0\n" for line in more)
    assert [row.name for row in file_systems.differences(0)] == [str(disk.root)]
