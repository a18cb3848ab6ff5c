"""The host's file systems: none is nearly full, and the root's is as large as the volume that it is on.

A volume that has grown is followed in place and online: the partition by growpart, the file system by its own program.
A host without a block device of its own (a container), and LVM, have nothing to grow here and are left alone.
Source: Amazon EBS User Guide, "Extend the file system after resizing an Amazon EBS volume".
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.host.common import process
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError

ROOT = Path("/")
MOUNTS = Path("/proc/self/mounts")
BLOCK_DEVICES = Path("/sys/dev/block")
GIB = 1024**3
LEAST_FREE_SHARE, LEAST_FREE = 0.1, 5 * GIB
"""A file system is nearly full with less than a tenth of it free, and, of a large one, less than 5 GiB."""
SECTOR = 512
"""Bytes; the kernel's unit in /sys, whatever the device's is."""
SLACK = 64 * 1024**2
"""Bytes that a partition or file system may be smaller than what it is on: both end on boundaries of their own."""
VOLUME_SECONDS = 120
"""How long a volume may take to be seen as large as EC2 has made it."""
GROW_SECONDS = 600
GROWPART = "growpart"
GROWN_ALREADY = 1
"""Its exit code where there is nothing to gain, as behind the 2 TiB that an MBR knows."""


@dataclass(frozen=True)
class Kind:
    """A kind of file system that grows while it is in use."""

    show: str
    """The program that tells its size."""
    size: re.Pattern[str]
    """Finds size and count of its blocks in that."""
    grow: str
    """The program that makes it fill its device."""
    by_point: bool = False
    """Whether the programs take where it is mounted, and not its device."""


_EXT = Kind(
    "tune2fs -l", re.compile(r"Block count: +(?P<count>\d+)$.*^Block size: +(?P<size>\d+)$", re.M | re.S), "resize2fs"
)
_XFS = Kind(
    "xfs_info", re.compile(r"^data +=.*bsize=(?P<size>\d+) +blocks=(?P<count>\d+)", re.M), "xfs_growfs", by_point=True
)
KINDS = {"ext2": _EXT, "ext3": _EXT, "ext4": _EXT, "xfs": _XFS}


@dataclass(frozen=True)
class FileSystem:
    """A file system that is mounted."""

    point: Path
    device: str
    kind: str

    @property
    def block(self) -> Block | None:
        """Its block device; None if it has none, as an overlay, or one that LVM or the like makes up."""
        number = self.point.stat().st_dev
        folder = BLOCK_DEVICES / f"{os.major(number)}:{os.minor(number)}"
        return Block(folder.resolve()) if folder.exists() and not (folder / "dm").exists() else None


@dataclass(frozen=True)
class Block:
    """A block device, a whole disk or a partition, by its folder in /sys."""

    folder: Path

    @property
    def path(self) -> str:
        """Its path in /dev."""
        return "/dev/" + self.folder.name.replace("!", "/")

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return self._number("size") * SECTOR

    @property
    def number(self) -> int | None:
        """Which partition of its disk it is; None for a whole disk."""
        return self._number("partition") if (self.folder / "partition").exists() else None

    @property
    def disk(self) -> Block:
        """The disk that it is a partition of, or itself."""
        return self if self.number is None else Block(self.folder.parent)

    @property
    def unused(self) -> int:
        """The bytes of the disk behind this partition; 0 for a whole disk, and where another partition is there."""
        if self.number is None:
            return 0
        ends = [Block(path.parent).end for path in self.disk.folder.glob("*/partition")]
        return self.disk.size - self.end if self.end == max(ends) else 0

    @property
    def end(self) -> int:
        """Where on the disk the partition ends, in bytes."""
        return self._number("start") * SECTOR + self.size

    def _number(self, name: str) -> int:
        return int((self.folder / name).read_text())


def converge(volume_gib: int, point: Path = ROOT) -> None:
    """Make partition and file system fill the volume, once it is seen to be as large as it should.

    Raises:
        HostError: the volume does not grow, or one of the programs failed.
    """
    system = _mounted().get(point)
    if system is None or (block := system.block) is None:
        return
    deadline = time.monotonic() + VOLUME_SECONDS
    while block.disk.size < volume_gib * GIB:
        if time.monotonic() > deadline:
            raise HostError(
                f"{block.disk.path} has {_gib(block.disk.size)}, and the volume should have {volume_gib} GiB"
            )
        time.sleep(1)
    if block.unused > SLACK:
        # In memory: on a disk that is full, growpart could make no temporary file.
        memory = {"TMPDIR": "/run"}
        argv = [GROWPART, block.disk.path, str(block.number)]
        done = process.run(argv, seconds=GROW_SECONDS, environment=memory)
        if done.returncode not in (0, GROWN_ALREADY):
            raise HostError(f"`{' '.join(argv)}` failed ({done.returncode}): {process.last_lines(done)}")
    if _shortfall(system, block) > SLACK:
        process.must([KINDS[system.kind].grow, _target(system, block)], seconds=GROW_SECONDS)


def differences(volume_gib: int) -> list[Difference]:
    """Return which file systems are nearly full, and what of the root's volume is not in use; nothing is changed."""
    mounted = _mounted()
    rows = [row for system in mounted.values() for row in _full(system)]
    return rows + small(ROOT, volume_gib)


def small(point: Path, volume_gib: int) -> list[Difference]:
    """Return what of the volume that is mounted there is not in use."""
    system = _mounted().get(point)
    return list(_small(system, system.block, volume_gib)) if system and system.block else []


def can_grow() -> bool:
    """Return whether this host has the program that grows partitions."""
    return shutil.which(GROWPART) is not None


def _full(system: FileSystem) -> Iterator[Difference]:
    """Give what is nearly used up, space or inodes, for those that are not root."""
    status = os.statvfs(system.point)
    size, free = status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize
    least = min(int(size * LEAST_FREE_SHARE), LEAST_FREE)
    if free < least:
        found = f"{_gib(free)} of {_gib(size)}"
        yield Difference("file system", str(system.point), "free space", f"at least {_gib(least)}", found)
    # Some file systems make inodes as they need them, and tell none.
    if status.f_favail < status.f_files * LEAST_FREE_SHARE:
        found = f"{status.f_favail} of {status.f_files}"
        yield Difference("file system", str(system.point), "free inodes", f"at least {LEAST_FREE_SHARE:.0%}", found)


def _small(system: FileSystem, block: Block, volume_gib: int) -> Iterator[Difference]:
    disk = block.disk
    if disk.size < volume_gib * GIB:
        yield Difference("volume", disk.path, "size", f"{volume_gib} GiB", _gib(disk.size))
    if block.unused > SLACK:
        yield Difference("partition", block.path, "size", _gib(block.size + block.unused), _gib(block.size))
    if (short := _shortfall(system, block)) > SLACK:
        yield Difference("file system", str(system.point), "size", _gib(block.size), _gib(block.size - short))


def _mounted() -> dict[Path, FileSystem]:
    """Return what can be written and is on a device, each device once, and the root's, by where it is mounted."""
    systems: dict[int, FileSystem] = {}
    for line in MOUNTS.read_text().splitlines():
        device, escaped, kind, options = line.split()[:4]
        point = Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), escaped))
        if point != ROOT and not (device.startswith("/dev/") and "rw" in options.split(",") and point.is_dir()):
            continue
        systems.setdefault(point.stat().st_dev, FileSystem(point, device, kind))
    return {system.point: system for system in systems.values()}


def _shortfall(system: FileSystem, block: Block) -> int:
    """Return how many bytes the file system is smaller than its device; 0 for a kind that does not grow."""
    if (kind := KINDS.get(system.kind)) is None:
        return 0
    shown = process.must([*kind.show.split(), _target(system, block)])
    if (sizes := kind.size.search(shown)) is None:
        raise HostError(f"`{kind.show}` does not tell the size of {system.point}")
    return block.size - int(sizes["size"]) * int(sizes["count"])


def _target(system: FileSystem, block: Block) -> str:
    return str(system.point) if KINDS[system.kind].by_point else block.path


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
