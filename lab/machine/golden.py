"""A golden image: the hosts' image, after a script of the project's own has run in it.

The script is the one that makes the project's images on AWS, so both have the same in them.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from lab.machine import hosts, podman
from lab.settings import LabError

VARIABLE = "LAB_PROVISION"
"""The script's path. It runs as root, and finds the files of its folder beside it."""
BUILDER = "golden-image"
"""The container in which an image is built; the holder of the image's lock alone has one."""
FOLDER = "/run/provision"
"""Where the script's folder is in that container."""
SECONDS = 1200


def script() -> Path | None:
    """Return the script that the hosts' image is to be provisioned with; None for the plain image.

    Raises:
        LabError: there is no such file.
    """
    given = os.environ.get(VARIABLE)
    path = Path(given).absolute() if given else None
    if path and not path.is_file():
        raise LabError(f"{VARIABLE} is {given!r}: there is no such script")
    return path


def variables() -> dict[str, str]:
    """Return the variable, if it is set, for whoever starts a host of the lab later; the script's path is whole."""
    path = script()
    return {VARIABLE: str(path)} if path else {}


def tag(plain: str, path: Path) -> str:
    """Return the image's name: what is made of the same image by the same script, beside the same files."""
    digest = hashlib.sha256(f"{plain} {path.name}".encode())
    for file in sorted(entry for entry in path.parent.iterdir() if entry.is_file()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return f"{plain.rpartition(':')[0]}:golden-{digest.hexdigest()[:16]}"


def build(plain: str, path: Path, say: Callable[[str], None]) -> None:
    """Make the image of the plain one, which is there.

    Args:
        plain: the name of the hosts' image.
        path: the script.
        say: called with a line of progress.

    Raises:
        LabError: the script failed; with the end of what it said.
    """
    began = time.monotonic()
    podman.run("rm", "--force", "--ignore", BUILDER)  # of a build that was killed
    try:
        container = [f"--name={BUILDER}", "--network=host", *hosts.PRIVILEGES, f"--volume={path.parent}:{FOLDER}:ro"]
        done = podman.run("run", *container, plain, f"{FOLDER}/{path.name}", check=False, timeout=SECONDS)
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
            raise LabError(f"{path} failed in the hosts' image; nothing was kept.\n{tail}")
        podman.run("commit", "--quiet", BUILDER, tag(plain, path))
    finally:
        podman.run("rm", "--force", "--ignore", BUILDER)
    say(f"the hosts' golden image is built: {time.monotonic() - began:.0f} s")
