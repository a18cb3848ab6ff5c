"""podman as the lab calls it: storage of its own, and cgroups as this machine has them.

A lab never touches containers or images of the user's own podman.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lab.settings import RUN_FOLDER, LabError, cache_folder

CGROUPS = Path("/sys/fs/cgroup")

# On a machine whose /sys/fs/cgroup is version 1, podman gets a mount namespace in which it is version 2:
# systemd in a host needs that. $1 is a version 1 group to join first (or empty): its limits are inherited.
_PRIVATE_CGROUPS = """
group=$1; shift
for controller in memory cpu; do
    [ -z "$group" ] || echo $$ >"/sys/fs/cgroup/$controller/$group/cgroup.procs" || exit 70
done
mount -t cgroup2 none /sys/fs/cgroup && exec "$@"
"""


def unified_cgroups() -> bool:
    """Tell whether this machine's /sys/fs/cgroup is a version 2 mount with a memory controller to give."""
    controllers = CGROUPS / "cgroup.controllers"
    return controllers.exists() and "memory" in controllers.read_text().split()


def _command(arguments: Sequence[str], group: str) -> list[str]:
    podman = [
        "podman",
        f"--root={cache_folder() / 'containers'}",
        f"--runroot={RUN_FOLDER / 'containers'}",
        "--storage-driver=overlay",
        "--cgroup-manager=cgroupfs",
        "--events-backend=file",
        *arguments,
    ]
    if unified_cgroups():
        return podman
    return ["unshare", "--mount", "sh", "-c", _PRIVATE_CGROUPS, "sh", group, *podman]


def run(*arguments: str, group: str = "", check: bool = True, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run podman and return what it printed.

    Args:
        arguments: podman's own, without its global options.
        group: name of a version 1 control group to start in (see lab.machine.limits), or empty.
        check: whether a non-zero exit is an error.
        timeout: seconds.

    Raises:
        LabError: podman is missing, failed, or did not end in time.
    """
    # A host started by `run -d` keeps the pipes it was given: without standard input and with files it
    # cannot hold its starter up (a pipe would stay open until the host ends).
    RUN_FOLDER.mkdir(parents=True, exist_ok=True)
    stem = RUN_FOLDER / f"podman-{os.getpid()}-{id(arguments):x}-{os.urandom(4).hex()}"
    out, err = stem.with_suffix(".out"), stem.with_suffix(".err")
    try:
        with out.open("w") as stdout, err.open("w") as stderr:
            done = subprocess.run(
                _command(arguments, group),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                timeout=timeout,
                check=False,
            )
        result = subprocess.CompletedProcess(done.args, done.returncode, out.read_text(), err.read_text())
    except FileNotFoundError as error:
        hint = "install the packages that `python -m lab packages` lists"
        raise LabError(f"{error.filename} is not installed: {hint}") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"podman {arguments[0]} did not end within {timeout:.0f} s") from error
    finally:
        out.unlink(missing_ok=True)
        err.unlink(missing_ok=True)
    if check and result.returncode != 0:
        raise LabError(f"podman {arguments[0]} failed: {result.stderr.strip()[-2000:]}")
    return result
