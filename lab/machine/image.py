"""The hosts' image: built once from this machine's own package mirror, cached, rebuilt when its recipe changes."""

from __future__ import annotations

import fcntl
import hashlib
import platform
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab.machine import podman
from lab.settings import MACHINE_FOLDER, LabError, cache_folder

RECIPE = Path(__file__).parent / "image"
"""Files that go into the image as they are, and packages.txt."""

NEEDED_BYTES = 3 * 1024**3
"""Free space below which no build is begun: archive, import and layers take about 1.3 GiB."""


@dataclass(frozen=True)
class Mirror:
    """The machine's own package source: where hosts get their packages too."""

    uri: str
    suite: str
    components: str
    apt_options: tuple[str, ...]


@cache
def read_mirror() -> Mirror:
    """Read suite, address and apt options from this machine's own settings.

    A Debian machine's hosts are sid (cloud-init and MySQL are current there), an Ubuntu machine's are of its
    own release.

    Raises:
        LabError: the machine has no apt, or no package source for its distribution.
    """
    release = platform.freedesktop_os_release()
    codename = release.get("VERSION_CODENAME", "")
    distribution = release["ID"]
    if distribution not in ("debian", "ubuntu") or not shutil.which("apt-get"):
        raise LabError(f"the lab's image is built with apt: use Debian or Ubuntu (this is {distribution})")
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Identifier: Packages"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    uris = [line.split()[0] for line in targets if line.endswith(f" {codename}")]
    if not uris:
        raise LabError(f"apt has no source for {codename}: add one to /etc/apt/sources.list.d, run apt-get update")
    suite = "sid" if distribution == "debian" else codename
    components = "main" if distribution == "debian" else "main universe"
    return Mirror(uris[0], suite, components, _acquire_options())


def _acquire_options() -> tuple[str, ...]:
    """Return the Acquire options that decide how this machine reaches its mirror (proxies, validity checks)."""
    dump = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True).stdout
    relevant = re.compile(r'Acquire::(Check-|https?::|Retries|ForceIPv4)[^ ]* "..*";')
    return tuple(line for line in dump.splitlines() if relevant.fullmatch(line))


def tag(mirror: Mirror) -> str:
    """Return the image's name: the same recipe and mirror give the same name."""
    digest = hashlib.sha256(repr(mirror).encode())
    for path in sorted(RECIPE.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(RECIPE)).encode() + b"\0" + path.read_bytes())
    return f"localhost/{MACHINE_FOLDER}-lab:{digest.hexdigest()[:16]}"


def ensure_image(say: Callable[[str], None] = print) -> str:
    """Build the image unless it is there, and return its name.

    Two runs at once build it once. A build that was killed leaves nothing that a later one would trust.

    Args:
        say: called with a line of progress.

    Raises:
        LabError: the disk is nearly full, the mirror does not answer, or the build failed.
    """
    mirror = read_mirror()
    name = tag(mirror)
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if podman.run("image", "exists", name, check=False).returncode == 0:
            return name
        free = shutil.disk_usage(cache_folder()).free
        if free < NEEDED_BYTES:
            raise LabError(
                f"{free // 1024**2} MiB free under {cache_folder()}, the image needs {NEEDED_BYTES // 1024**2}: "
                "make room, or point XDG_CACHE_HOME at a larger disk"
            )
        remove_half_built()
        say(f"building the hosts' image ({mirror.suite}), about a minute, once")
        began = time.monotonic()
        with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="image-") as work:
            archive = Path(work) / "image.tar"
            _bootstrap(mirror, archive)
            podman.run("import", str(archive), name)
        say(f"the hosts' image is built: {time.monotonic() - began:.0f} s")
    return name


def remove_half_built() -> None:
    """Remove what a build that was killed left in the cache; only the holder of the image's lock may."""
    for left in cache_folder().glob("image-*"):
        shutil.rmtree(left, ignore_errors=True)


def _bootstrap(mirror: Mirror, archive: Path) -> None:
    packages = (RECIPE / "packages.txt").read_text().split()
    tree = RECIPE / "files"
    command = [
        "mmdebstrap",
        "--variant=minbase",
        f"--include={','.join(packages)}",
        "--skip=cleanup/apt/lists",  # `apt-get update` on a host then asks for what has changed only
        *(f"--aptopt={option}" for option in mirror.apt_options),
        "--dpkgopt=force-unsafe-io",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        f'--customize-hook=cp -r --preserve=mode {shlex.quote(str(tree))}/. "$1"',
        f'--customize-hook=sh {shlex.quote(str(RECIPE / "customize"))} "$1"',
        mirror.suite,
        str(archive),
        f"deb {mirror.uri} {mirror.suite} {mirror.components}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join(done.stderr.strip().splitlines()[-15:])
        hint = (
            "the package mirror of this machine's apt settings did not answer: check `apt-get update`"
            if re.search(r"Could not (resolve|connect)|Failed to fetch|Connection failed|Temporary failure", tail)
            else "see the lines above"
        )
        raise LabError(f"the image was not built; nothing was kept.\n{tail}\n{hint}")
