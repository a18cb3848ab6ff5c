"""Volumes: files on an XFS of the lab's own, which can clone them, and loop devices where they are attached.

The file system is in a sparse image in the lab's folder, mounted below /run from the lab's first volume to `lab down`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from lab.machine.slots import Slot
from lab.settings import RUN_FOLDER, Lab, LabError

MOUNTS = RUN_FOLDER / "ebs"
"""A mount point a lab."""
IMAGE_BYTES = 1024**4
"""What the image can hold at the most; it takes up what is written to it."""
RELEASE_SECONDS = 30
"""How long a device may stay in use after its host has ended: the kernel takes mounts away a moment later."""
GIB = 1024**3
FICLONE = 0x40049409
"""Of linux/fs.h."""


class Volumes:
    """The volumes and snapshots of one lab."""

    def __init__(self, lab: Lab, slot: Slot) -> None:
        """Touch nothing before the first volume."""
        self.image = lab.folder / "volumes.img"
        self.folder = MOUNTS / f"lab{slot.number}"

    def file(self, record_id: str) -> Path:
        """Return the file of a volume or a snapshot, by its id."""
        return self.folder / record_id

    def mount(self) -> None:
        """Mount the lab's file system, which the first call makes; nothing happens if it is mounted.

        What a lab whose folder was deleted left mounted in its place is taken away.
        """
        if self.folder.is_mount():
            if self._mounted_image() == str(self.image.resolve()):
                return
            self._unmount()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.image.exists():
            new = self.image.with_suffix(".new")
            with new.open("wb") as file:
                file.truncate(IMAGE_BYTES)
            _run("mkfs.xfs", "-q", "-f", "-m", "reflink=1", "-l", "size=64m", str(new))
            new.rename(self.image)
        _run("mount", "-t", "xfs", "-o", "loop,discard,nodev", str(self.image), str(self.folder))

    def _mounted_image(self) -> str:
        number = self.folder.stat().st_dev
        backing = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/loop/backing_file")
        return backing.read_text().strip() if backing.exists() else ""

    def create(self, volume_id: str, gib: int, source_id: str = "") -> None:
        """Make an empty volume, or a clone of a snapshot; one that a killed call made is made anew.

        Raises:
            LabError: the disk is full.
        """
        self.mount()
        self.clone(source_id, volume_id) if source_id else self.file(volume_id).write_bytes(b"")
        os.truncate(self.file(volume_id), gib * GIB)

    def clone(self, source_id: str, target_id: str) -> None:
        """Make a file a clone of another one as that is on disk at one moment, also while it is written to."""
        self.mount()
        with self.file(source_id).open("rb") as source, self.file(target_id).open("wb") as target:
            fcntl.ioctl(target, FICLONE, source.fileno())

    def grow(self, volume_id: str, gib: int) -> None:
        """Let a volume be larger, also while a host has it mounted."""
        self.mount()
        os.truncate(self.file(volume_id), gib * GIB)
        if device := self.device(volume_id):
            _run("losetup", "--set-capacity", device)

    def remove(self, record_id: str) -> None:
        """Remove a volume or a snapshot; nothing happens if it is gone."""
        self.mount()
        self.release(record_id)
        self.file(record_id).unlink(missing_ok=True)

    # Devices

    def devices(self) -> dict[str, str]:
        """Return the loop device of each volume that has one, by the volume's id; not those that were abandoned."""
        found = {}
        for entry in Path("/sys/block").glob("loop*/loop/backing_file"):
            try:
                backing = Path(entry.read_text().strip())
            except OSError:  # let go since it was listed
                continue
            if backing.parent == self.folder and not backing.name.endswith(" (deleted)"):
                found[backing.name] = f"/dev/{entry.parts[3]}"
        return found

    def device(self, volume_id: str) -> str:
        """Return the loop device of a volume; "" if it has none."""
        return self.devices().get(volume_id, "")

    def attach(self, volume_id: str) -> str:
        """Return the loop device of a volume, which is made unless it is there.

        Raises:
            LabError: the volume's file is gone, or the machine has no loop device left.
        """
        self.mount()
        if device := self.device(volume_id):
            return device
        # EBS has sectors of 512 bytes; without a word, a file that a snapshot shares would have 4096 (Linux 6.18).
        options = ("--find", "--show", "--direct-io=on", "--sector-size=512")
        return _run("losetup", *options, str(self.file(volume_id)))

    def in_use(self, volume_id: str) -> bool:
        """Tell whether a volume's device is mounted, or held by something that wants it for itself alone."""
        device = self.device(volume_id)
        if not device:
            return False
        try:
            os.close(os.open(device, os.O_RDWR | os.O_EXCL))
        except OSError as error:
            return error.errno == errno.EBUSY
        return False

    def release(self, volume_id: str) -> None:
        """Take a volume's loop device away; nothing happens if it has none.

        Raises:
            LabError: it stayed in use.
        """
        if not (device := self.device(volume_id)):
            return
        _wait_for(
            lambda: not self.in_use(volume_id),
            f"volume {volume_id} stayed in use (unmount {device}, `findmnt` says where)",
        )
        _run("losetup", "--detach", device)
        _wait_for(lambda: not self.device(volume_id), f"{device} stayed attached to volume {volume_id}")

    def abandon(self, volume_id: str) -> None:
        """Leave a volume's device to who holds it, with a file that is no longer the volume's."""
        device = self.device(volume_id)
        self.clone(volume_id, f"{volume_id}.new")
        self.file(f"{volume_id}.new").rename(self.file(volume_id))
        _run("losetup", "--detach", device)

    def tear_down(self) -> None:
        """Take every device and the file system away, with the image; nothing happens if they are gone."""
        self._unmount()
        self.image.unlink(missing_ok=True)

    def _unmount(self) -> None:
        for volume_id in self.devices():
            self.release(volume_id)
        if self.folder.is_mount():
            _wait_for(self._unmounted, f"{self.folder} stayed in use")
        if self.folder.exists():
            # So it goes in the mount namespaces of running hosts' conmon too, which began with a copy of the machine's.
            self.folder.rmdir()

    def _unmounted(self) -> bool:
        """Unmount the file system, and tell whether it is: a device that was abandoned goes a moment after its host."""
        return subprocess.run(["umount", str(self.folder)], capture_output=True, check=False).returncode == 0


def _wait_for(condition: Callable[[], bool], fault: str) -> None:
    until = time.monotonic() + RELEASE_SECONDS
    while not condition():
        if time.monotonic() > until:
            raise LabError(f"{fault} for {RELEASE_SECONDS} s")
        time.sleep(0.05)


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    except FileNotFoundError as error:
        hint = "install the packages that `python -m lab packages` lists"
        raise LabError(f"{error.filename} is not installed: {hint}") from error
    if done.returncode != 0:
        raise LabError(f"{' '.join(command[:2])} failed: {done.stderr.strip()}")
    return done.stdout.strip()
