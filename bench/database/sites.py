"""The two hosts of the measurement: commands on them as root, past ssh, and what limits the server's volume.

A lab's volume is as fast as the machine. The server's processes are held to the pace of a gp3 volume by a blkio group.
"""

from __future__ import annotations

import contextlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.cloud.ec2 import Ec2
from lab.cloud.store import Store
from lab.machine import hosts
from lab.machine.plane import Plane
from lab.machine.podman import CGROUPS
from lab.settings import Lab

PACE = {"iops": 3000, "bps": 125 * 1024**2}
"""Of a gp3 volume with nothing else chosen (EBS User Guide, "General Purpose SSD volumes"); reads and writes apart."""
THROTTLES = CGROUPS / "blkio"
RUN_SECONDS = 600


@dataclass(frozen=True)
class Site:
    """A host of a lab, by its instance's id."""

    plane: Plane
    ec2: Ec2
    id: str

    @property
    def name(self) -> str:
        """The name of its container."""
        return self.plane.host_name(self.id)

    def argv(self, script: str, is_here: bool = False) -> list[str]:
        """Return what runs a shell script in all of the host's namespaces, so that it ends with the host.

        With `is_here` it has the host's programs and files, and this machine's network.
        """
        spaces = ["--mount", "--pid", "--root"] if is_here else ["--all"]
        return ["nsenter", "--target", str(hosts.pid(self.name)), *spaces, "--", "sh", "-euc", f"cd /; {script}"]

    def attempt(self, script: str, stdin: str = "", is_here: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a shell script as root, and return what it printed and its exit code."""
        argv = self.argv(script, is_here)
        return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, timeout=RUN_SECONDS)

    def run(self, script: str, stdin: str = "", is_here: bool = False) -> str:
        """Run a shell script as root, and return what it printed; one that fails ends the measurement."""
        done = self.attempt(script, stdin, is_here)
        if done.returncode != 0:
            raise SystemExit(f"bench: on {self.name}: {(done.stdout + done.stderr).strip()[-2000:]}")
        return done.stdout

    def throttle(self, volume_id: str) -> bool:
        """Hold the host's processes, and those to come, to a volume's pace; return whether this machine can."""
        if not (THROTTLES / "blkio.throttle.read_iops_device").exists():
            return False
        group, device = THROTTLES / self.name, Path(self.plane.volumes.device(volume_id))
        group.mkdir(exist_ok=True)
        numbers = Path("/sys/class/block", device.name, "dev").read_text().strip()
        for kind in ("read", "write"):
            for unit, most in PACE.items():
                (group / f"blkio.throttle.{kind}_{unit}_device").write_text(f"{numbers} {most}")
        namespace = Path(f"/proc/{hosts.pid(self.name)}/ns/pid").readlink()
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has ended
                if (process / "ns/pid").readlink() == namespace:
                    (group / "cgroup.procs").write_text(process.name)
        return True

    def forget_throttle(self) -> None:
        """Take the group away, once its processes are in none."""
        group = THROTTLES / self.name
        if group.exists():
            for process in (group / "cgroup.procs").read_text().split():
                with contextlib.suppress(OSError):
                    (THROTTLES / "cgroup.procs").write_text(process)
            group.rmdir()


def site(lab: Lab, instance_id: str) -> Site:
    """Return the host of an instance."""
    store = Store(lab.cloud)
    plane = Plane(lab, store)
    return Site(plane, Ec2(lab, store, plane), instance_id)
