"""Memory and CPU of an instance type, held by control groups of whichever version the machine has."""

from __future__ import annotations

import contextlib
import os
import signal
import time

from lab.machine.podman import CGROUPS, unified_cgroups

PERIOD_US = 100_000
"""The scheduler's period in microseconds: a quota of two periods is two vCPUs."""
VISIBLE = 0.925
"""Of an instance type's memory, what a host of it has: 0.93 GiB of a t3.micro's 1, 1.85 of a t3.small's 2 (on EC2)."""


def flags(memory_mib: int, vcpus: int) -> list[str]:
    """Return podman's flags for the limits: none where version 1 groups hold them (see `make_group`)."""
    if not unified_cgroups():
        return []
    return [f"--memory={int(memory_mib * VISIBLE)}m", f"--cpus={vcpus}"]


def make_group(name: str, memory_mib: int, vcpus: int) -> str:
    """Make the version 1 groups of a host and return their name; "" where podman sets the limits itself."""
    if unified_cgroups():
        return ""
    memory, cpu = CGROUPS / "memory" / name, CGROUPS / "cpu" / name
    memory.mkdir(exist_ok=True)
    cpu.mkdir(exist_ok=True)
    (memory / "memory.limit_in_bytes").write_text(str(int(memory_mib * VISIBLE) * 1024**2))
    (cpu / "cpu.cfs_period_us").write_text(str(PERIOD_US))
    (cpu / "cpu.cfs_quota_us").write_text(str(PERIOD_US * vcpus))
    return name


def remove_group(name: str) -> None:
    """End what is left in a host's groups (conmon, if the host was killed) and remove them."""
    for controller in ("memory", "cpu"):
        folder = CGROUPS / controller / name
        for _ in range(50):
            if not folder.exists():
                break
            with contextlib.suppress(OSError):  # busy until the last process is reaped; another call removes it too
                for pid in (folder / "cgroup.procs").read_text().split():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
                folder.rmdir()
            time.sleep(0.05)
