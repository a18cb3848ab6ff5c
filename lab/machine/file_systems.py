"""What happens to a host's file systems in a power cut: what was not synced is lost.

A host's processes share the machine's kernel, which outlives them and would write everything out.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
from pathlib import Path

_SHUT_DOWN = 0x8004587D
"""XFS_IOC_GOINGDOWN of xfs_fs.h, which is ext4's EXT4_IOC_SHUTDOWN too."""
_NOTHING_FLUSHED = (2).to_bytes(4, "little")
"""XFS_FSOP_GOING_FLAGS_NOLOGFLUSH."""


def mount_points(pid: int, device: int) -> list[str]:
    """Return where the processes of a mount namespace have a device mounted, the last mounted first.

    Source: proc_pid_mountinfo(5): blanks and backslashes of a path are written in octal.
    """
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return []
    fields = [line.split() for line in reversed(lines)]
    written = [entry[4].encode() for entry in fields if entry[2] == number]
    return [path.decode("unicode_escape").encode("latin-1").decode() for path in written]


def shut_down(pid: int, device: int, hide: bool = False) -> None:
    """Let nothing more reach a device from the file system on it; one that cannot be shut down is left alone.

    Args:
        pid: a process of the mount namespace that the file system is mounted in.
        device: its device number.
        hide: take it out of sight too. Files that are open on it fail from now on.
    """
    points = mount_points(pid, device)
    if not points:
        return
    with contextlib.suppress(OSError):
        folder = os.open(f"/proc/{pid}/root{points[0]}", os.O_RDONLY)
        try:
            for point in points if hide else ():
                command = ["nsenter", f"--target={pid}", "--mount", "--pid", "umount", "--lazy", point]
                subprocess.run(command, capture_output=True, check=False, timeout=30)
            fcntl.ioctl(folder, _SHUT_DOWN, _NOTHING_FLUSHED)
        finally:
            os.close(folder)
