"""The hosts' image: built once from this machine's own package mirror, cached, rebuilt when its recipe changes."""

from __future__ import annotations

import fcntl
import hashlib
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lab.machine import golden, podman
from lab.machine.mirror import FOLDER_VARIABLE, SUITE_VARIABLE, Mirror, read_mirror
from lab.machine.package_folder import ON_HOSTS, PREFERENCES, PackageFolder
from lab.settings import MACHINE_FOLDER, LabError, cache_folder

RECIPE = Path(__file__).parent / "image"
"""Files that go into the image as they are, and packages.txt."""

NEEDED_BYTES = 3 * 1024**3
"""Free space below which no build is begun: archive, import and layers take about 1.3 GiB."""


def tag(mirror: Mirror) -> str:
    """Return the image's name: the same recipe, this file too, mirror and folder of packages give the same name."""
    digest = hashlib.sha256(f"{mirror!r} {_folder(mirror)}".encode() + Path(__file__).read_bytes())
    for path in sorted(RECIPE.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(RECIPE)).encode() + b"\0" + path.read_bytes())
    return f"localhost/{MACHINE_FOLDER}-lab:{digest.hexdigest()[:16]}"


def _folder(mirror: Mirror) -> PackageFolder | None:
    return PackageFolder.read(mirror.folder, FOLDER_VARIABLE) if mirror.folder else None


def ensure_image(say: Callable[[str], None] = print, suite: str | None = None) -> str:
    """Build the image unless it is there, and return its name: the golden one's, where a script is to provision it.

    Two runs at once build it once. A build that was killed leaves nothing that a later one would trust.

    Args:
        say: called with a line of progress.
        suite: the release that the image is of, by its codename; None for that of the settings.

    Raises:
        LabError: the disk is nearly full, the mirror does not answer or has no such suite, the folder of packages
            cannot be used, or the build failed.
    """
    mirror = read_mirror()
    mirror = replace(mirror, suite=suite) if suite else mirror
    plain = tag(mirror)
    script = golden.script()
    name = golden.tag(plain, script) if script else plain
    if _exists(name):  # without the lock: another image may be being built
        return name
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _exists(plain):
            _build(mirror, plain, say)
        if script and not _exists(name):
            _require_room()
            golden.build(plain, script, say)
    return name


def _build(mirror: Mirror, name: str, say: Callable[[str], None]) -> None:
    _require_room()
    remove_half_built()
    say(f"building the hosts' image ({mirror.suite}), about a minute, once")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="image-") as work:
        archive = Path(work) / "image.tar"
        _bootstrap(mirror, archive, Path(work))
        podman.run("import", str(archive), name)
    say(f"the hosts' image is built: {time.monotonic() - began:.0f} s")


def _require_room() -> None:
    free = shutil.disk_usage(cache_folder()).free
    if free < NEEDED_BYTES:
        raise LabError(
            f"{free // 1024**2} MiB free under {cache_folder()}, the image needs {NEEDED_BYTES // 1024**2}: "
            "make room, or point XDG_CACHE_HOME at a larger disk"
        )


def _exists(name: str) -> bool:
    return podman.run("image", "exists", name, check=False).returncode == 0


def remove_half_built() -> None:
    """Remove what a build that was killed left in the cache; only the holder of the image's lock may."""
    for left in cache_folder().glob("image-*"):
        shutil.rmtree(left, ignore_errors=True)


def _bootstrap(mirror: Mirror, archive: Path, work: Path) -> None:
    packages = (RECIPE / "packages.txt").read_text().split()
    tree = RECIPE / "files"
    command = [
        "mmdebstrap",
        "--variant=minbase",
        f"--include={','.join(packages)}",
        "--skip=cleanup/apt/lists",  # `apt-get update` on a host then asks for what has changed only
        *([f"--keyring={mirror.keyring}"] if mirror.keyring else []),
        *(f"--aptopt={option}" for option in mirror.apt_options),
        "--dpkgopt=force-unsafe-io",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        *_folder_options(mirror, work),
        # On newer releases /etc/default/locale is a link to it, which leads nowhere yet on Ubuntu 24.04.
        '--customize-hook=[ ! -h "$1/etc/default/locale" ] || touch "$1/etc/locale.conf"',
        f'--customize-hook=cp -r --preserve=mode {shlex.quote(str(tree))}/. "$1"',
        f'--customize-hook=sh {shlex.quote(str(RECIPE / "customize"))} "$1"',
        mirror.suite,
        str(archive),
        *mirror.sources,
        *([f"deb [trusted=yes] copy:{work / 'folder'} ./"] if mirror.folder else []),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join(done.stderr.strip().splitlines()[-15:])
        raise LabError(f"the image was not built; nothing was kept.\n{tail}\n{_hint(mirror, tail)}")


def _folder_options(mirror: Mirror, work: Path) -> list[str]:
    """Return the options by which image and hosts have the folder of packages, if there is one."""
    packages = _folder(mirror)
    if packages is None:
        return []
    folder, preferences = work / "folder", work / "preferences"
    folder.mkdir()
    packages.copy(folder)
    preferences.write_text(PREFERENCES)
    quoted, on_hosts = shlex.quote(str(folder)), f'"$1"{ON_HOSTS}'
    return [
        f'--setup-hook=cp {shlex.quote(str(preferences))} "$1/etc/apt/preferences.d/lab-packages"',
        f"--customize-hook=mkdir -p {on_hosts} && cp -r {quoted}/. {on_hosts}",
        f'--customize-hook=sed -i "s#copy:{folder}#file:{ON_HOSTS}#" "$1/etc/apt/sources.list"',
    ]


def _hint(mirror: Mirror, tail: str) -> str:
    """Return what to do about a build that failed so."""
    if "does not have a Release file" in tail:
        return f"the mirror has no suite {mirror.suite}: {SUITE_VARIABLE} is a release's codename, as bookworm or noble"
    if "NO_PUBKEY" in tail:
        return f"this machine has no key of {mirror.uri}: put ubuntu-archive-keyring.gpg into /usr/share/keyrings"
    if re.search(r"Could not (resolve|connect)|Failed to fetch|Connection failed|Temporary failure", tail):
        return "the package mirror of this machine's apt settings did not answer: check `apt-get update`"
    return "see the lines above"
