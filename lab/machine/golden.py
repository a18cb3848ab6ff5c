"""A golden image: the hosts' image, in which packages are installed already. Hosts boot from it in a third of the time.

A service is set up by its own package: that one is left to the first boot, so that no two hosts share its data.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from lab.machine import hosts, podman
from lab.settings import LabError

VARIABLE = "LAB_PREINSTALL"
"""The packages, with blanks between them; one with a minus after it is not installed, what it needs is."""
SCRIPT = Path(__file__).with_name("preinstall.sh")
BUILDER = "golden-image"
"""The container in which an image is built; the holder of the image's lock alone has one."""


def packages() -> tuple[str, ...]:
    """Return which packages the hosts' image is to have besides its own."""
    return tuple(os.environ.get(VARIABLE, "").split())


def variables() -> dict[str, str]:
    """Return the variable, if it is set, for whoever starts a host of the lab later."""
    return {VARIABLE: " ".join(packages())} if packages() else {}


def tag(plain: str) -> str:
    """Return the image's name: what is made of the same image, by the same script, of the same packages."""
    digest = hashlib.sha256(" ".join([plain, *packages()]).encode() + SCRIPT.read_bytes())
    return f"{plain.rpartition(':')[0]}:golden-{digest.hexdigest()[:16]}"


def build(plain: str, say: Callable[[str], None]) -> None:
    """Make the image of the plain one, which is there.

    Args:
        plain: the name of the hosts' image.
        say: called with a line of progress.

    Raises:
        LabError: there is no such package, or the mirror does not answer; with apt's own words.
    """
    began = time.monotonic()
    podman.run("rm", "--force", "--ignore", BUILDER)  # of a build that was killed
    try:
        container = [f"--name={BUILDER}", "--network=host", *hosts.PRIVILEGES, f"--volume={SCRIPT}:/preinstall.sh:ro"]
        done = podman.run("run", *container, plain, "sh", "/preinstall.sh", *packages(), check=False, timeout=900)
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
            raise LabError(f"the packages of {VARIABLE} were not installed; nothing was kept.\n{tail}")
        podman.run("commit", "--quiet", BUILDER, tag(plain))
    finally:
        podman.run("rm", "--force", "--ignore", BUILDER)
    say(f"the hosts' golden image is built: {time.monotonic() - began:.0f} s")
