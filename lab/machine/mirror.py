"""Where hosts get their packages: this machine's own mirror, and a folder of packages that goes before it."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from lab.cloud.store import write_atomically
from lab.settings import LabError, cache_folder

MIRROR_VARIABLE = "LAB_MIRROR"
"""An archive of Debian's or Ubuntu's form: `http://mirror.example.com/ubuntu`."""
SUITE_VARIABLE = "LAB_SUITE"
"""The release that hosts are, by its codename: `bookworm`, `noble`."""
FOLDER_VARIABLE = "LAB_PACKAGES"
"""A folder of packages with an index, whose packages go before the mirror's: see lab.machine.package_folder."""
KEYRINGS = Path("/usr/share/keyrings")
APT = (Path("/etc/apt"), Path("/var/lib/apt/lists"))
SUITE = re.compile(r"[a-z][a-z0-9-]*")
LTS = "noble"
"""Where each host is of its own image's release: what stands for the others, as the check of user data."""


@dataclass(frozen=True)
class Mirror:
    """The machine's own package source: where hosts get their packages too."""

    uri: str
    suite: str
    components: str
    apt_options: tuple[str, ...]
    folder: Path | None = field(default=None, repr=False)
    """A folder of packages that go before the archive's: see lab.machine.package_folder."""

    keyring: Path | None = None
    """The archive's keys, where they are not among those that this machine's apt trusts."""

    @property
    def sources(self) -> list[str]:
        """The lines of sources.list. An Ubuntu host on EC2 has its release's updates too."""
        suites = [self.suite, f"{self.suite}-updates"] if "universe" in self.components else [self.suite]
        return [f"deb {self.uri} {suite} {self.components}" for suite in suites]


def read_mirror() -> Mirror:
    """Return where hosts get their packages, by the variables above, else by this machine's own apt settings.

    A Debian machine's hosts are sid (cloud-init and MySQL are current there), an Ubuntu machine's are of its
    own release.

    Raises:
        LabError: the machine has no apt, or no package source for its distribution; or one of the variables has no
            archive's address, or no suite's name.
    """
    given = variables()
    uri, suite, folder = (given.get(name, "") for name in (MIRROR_VARIABLE, SUITE_VARIABLE, FOLDER_VARIABLE))
    if uri and not re.match("https?://.", uri):
        raise LabError(f"{MIRROR_VARIABLE} is {uri!r}: use an archive's address, as http://mirror.example.com/ubuntu")
    if uri and not suite and not has_releases():
        raise LabError(f"{MIRROR_VARIABLE} is set, {SUITE_VARIABLE} is not: name one of that archive's releases too")
    if suite and not SUITE.fullmatch(suite):
        raise LabError(f"{SUITE_VARIABLE} is {suite!r}: use a release's codename, for example bookworm or noble")
    own_uri, own_suite, options = _machine()
    ubuntu = "ubuntu" in (uri or own_uri)
    keyring = KEYRINGS / f"{'ubuntu' if ubuntu else 'debian'}-archive-keyring.gpg"
    return Mirror(
        uri or own_uri,
        suite or (LTS if has_releases() else own_suite),
        "main universe" if ubuntu else "main",
        options,
        Path(folder) if folder else None,
        keyring if uri and keyring.exists() else None,
    )


def has_releases() -> bool:
    """Return whether each host is of the Ubuntu release that its image is of: an archive is named, and no release."""
    given = variables()
    return "ubuntu" in given.get(MIRROR_VARIABLE, "") and SUITE_VARIABLE not in given


def variables() -> dict[str, str]:
    """Return which of the variables are set, for whoever starts a host of the lab later; the folder's path is whole."""
    given = {name: os.environ.get(name, "") for name in (MIRROR_VARIABLE, SUITE_VARIABLE, FOLDER_VARIABLE)}
    if given[FOLDER_VARIABLE]:
        given[FOLDER_VARIABLE] = str(Path(given[FOLDER_VARIABLE]).absolute())
    return {name: value for name, value in given.items() if value}


@cache
def _machine() -> tuple[str, str, tuple[str, ...]]:
    """Return what this machine's own apt settings say: address, suite and options."""
    release = platform.freedesktop_os_release()
    codename = release.get("VERSION_CODENAME", "")
    distribution = release["ID"]
    if distribution not in ("debian", "ubuntu") or not shutil.which("apt-get"):
        raise LabError(f"the lab's image is built with apt: use Debian or Ubuntu (this is {distribution})")
    uris = [line.split()[0] for line in _targets().split("\n") if line.endswith(f" {codename}")]
    if not uris:
        raise LabError(f"apt has no source for {codename}: add one to /etc/apt/sources.list.d, run apt-get update")
    return _address(uris[0]), "sid" if distribution == "debian" else codename, _acquire_options()


def _targets() -> str:
    """Return the address and the release of every list of packages that apt has, a line each.

    apt reads all lists for that, half a second of work: what it said is kept, until its sources or lists change.
    """
    kept, state = cache_folder() / "apt-targets.json", _apt_state()
    try:
        known = json.loads(kept.read_text(encoding="utf-8"))
        if known["state"] == state:
            return str(known["targets"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # none yet, or of another version of the lab
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Identifier: Packages"]
    targets = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    write_atomically(kept, json.dumps({"state": state, "targets": targets}))  # an address may have a password in it
    return targets


def _apt_state() -> list[list[str | int]]:
    """Return what changes with apt's settings, sources and lists: each path with its time and size."""
    paths = [path for folder in APT for path in (folder, *sorted(folder.rglob("*")))]
    found = [(path, path.stat()) for path in paths if path.exists()]
    return [[str(path), status.st_mtime_ns, status.st_size] for path, status in found]


def _address(uri: str) -> str:
    """Return an address that hosts can use: of a list of mirrors (apt-transport-mirror(1)), the first one.

    GitHub's runners have such a list: images/ubuntu/scripts/build/configure-apt-sources.sh in actions/runner-images.

    Raises:
        LabError: the list is no file of this machine, or names no mirror.
    """
    if not uri.startswith("mirror+"):
        return uri
    path = Path(uri.removeprefix("mirror+file:").rstrip("/"))
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise LabError(f"apt's list of mirrors {uri} cannot be read: {error.strerror}") from error
    for line in lines:
        if re.match("https?://", line):
            return line.split()[0]
    raise LabError(f"apt's list of mirrors {path} names no http mirror")


def _acquire_options() -> tuple[str, ...]:
    """Return the Acquire options that decide how this machine reaches its mirror (proxies, validity checks)."""
    dump = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True).stdout
    relevant = re.compile(r'Acquire::(Check-|https?::|Retries|ForceIPv4)[^ ]* "..*";')
    return tuple(line for line in dump.splitlines() if relevant.fullmatch(line))
