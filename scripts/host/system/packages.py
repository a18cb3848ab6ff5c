"""The packages that a spec lists: installed if missing, purged again when a later spec no longer lists them."""

import re
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from scripts.host.common import process, state_file
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError

STATE = "packages.json"
"""`asked`: the packages that a spec listed. `before`: those of them that were there before."""
IMAGE = "image-packages"
"""A state file: what the image had, one name a line, written by the first boot before it installs any."""
NEVER_PURGED = {"mysql-server"}
"""Its purge takes the databases along."""
EXTENDED_STATES = Path("/var/lib/apt/extended_states")
LOCK_SECONDS = 300
"""How long another apt (the daily upgrade) may take."""
APT_SECONDS = 900
UPDATED = (
    Path("/var/cache/apt/pkgcache.bin"),
    Path("/var/lib/cloud/instance/sem/config_package_update_upgrade_install"),
)
"""Files that an update of apt's lists writes: apt itself where they have changed, and cloud-init in the first boot."""
FRESH_SECONDS = 600
OUTDATED = ("Unable to fetch", "Failed to fetch", "Unable to locate", "no installation candidate")
"""apt's words where its lists are not those of the archive any more, or never had a package."""
QUIET = {
    "DEBIAN_FRONTEND": "noninteractive",
    # Ubuntu's needrestart would otherwise restart mysqld when a library of its own is new.
    "NEEDRESTART_SUSPEND": "1",
}
APT_GET = ["apt-get", "-q", "-y", "-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}"]
# `apt-get update` and downloads wait for no lock, whatever DPkg::Lock::Timeout says (seen with apt 3.3).
LOCKED = ("Could not get lock", "Unable to lock", "Unable to acquire the dpkg")


def converge(names: Sequence[str]) -> None:
    """Install what is missing, and purge what only an earlier spec listed."""
    state = state_file.load(STATE) or {"asked": [], "before": []}
    desired, former = set(names), set(state["asked"])
    installed = versions(desired | former)
    before = set(state["before"]) | _there_before(desired - former, installed)
    # Saved first: an installation that is cut off has been asked for all the same.
    state_file.save(STATE, {"asked": sorted(former | desired), "before": sorted(before)})
    _install(names, installed)
    dropped = former - desired
    _purge(sorted((dropped - before - NEVER_PURGED) & installed.keys()))
    state_file.save(STATE, {"asked": sorted(names), "before": sorted(before - dropped)})


def install_missing(names: Sequence[str]) -> None:
    """Install those that are missing, before the others; a spec lists them too."""
    _install(names, versions(names))


def differences(names: Sequence[str]) -> list[Difference]:
    """Return which of the packages are missing, or marked as installed only for others; nothing is changed."""
    installed, marked = versions(set(names)), _automatic()
    missing = [name for name in names if name not in installed]
    others = [name for name in names if name in installed and name in marked]
    rows = [Difference("package", name, "package", "installed", "missing") for name in missing]
    return rows + [Difference("package", name, "mark", "manual", "automatic") for name in others]


def versions(names: Collection[str]) -> dict[str, str]:
    """Return the versions of those packages that are installed."""
    if not names:
        return {}
    # Exit code 1: one of them is unknown here, which only means that it is not installed.
    listed = process.run(["dpkg-query", "-W", "-f", "${Package}\t${Version}\t${Status}\n", *sorted(names)]).stdout
    rows = [line.split("\t") for line in listed.splitlines()]
    return {name: version for name, version, status in rows if status.endswith(" ok installed")}


def _automatic() -> set[str]:
    """Return the packages marked as installed only for others."""
    text = EXTENDED_STATES.read_text() if EXTENDED_STATES.exists() else ""
    stanzas = [stanza for stanza in text.split("\n\n") if "Auto-Installed: 1" in stanza]
    return {match[1] for stanza in stanzas if (match := re.search(r"^Package: (\S+)$", stanza, re.MULTILINE))}


def _there_before(new: set[str], installed: Iterable[str]) -> set[str]:
    """Return which of the packages asked for the first time were on the host before anybody asked."""
    image = state_file.FOLDER / IMAGE
    return new & (set(image.read_text().split()) if image.exists() else set(installed))


def _install(names: Sequence[str], installed: Iterable[str]) -> None:
    # One that came for another's sake is asked for now: it gets the mark, and stays at its version.
    marked = _automatic()
    missing = [name for name in names if name not in installed or name in marked]
    if not missing:
        return
    install = ("install", "--no-upgrade", "-o", "Dpkg::Options::=--force-confold", *missing)
    if not set(missing) <= set(installed):
        if _lists_are_fresh():
            try:
                apt_get(*install)
            except HostError as error:
                if not any(words in str(error) for words in OUTDATED):
                    raise
            else:
                return
        apt_get("update")
    apt_get(*install)


def _lists_are_fresh() -> bool:
    """Return whether apt's lists were updated a moment ago, as in the first boot."""
    return any(path.exists() and time.time() - path.stat().st_mtime < FRESH_SECONDS for path in UPDATED)


def download(folder: Path, name: str, version: str) -> None:
    """Have apt put a version of a package into a folder.

    Raises:
        HostError: it cannot be had, in apt's words.
    """
    argv = ["sh", "-c", 'cd "$0" && apt-get -q download "$1"', str(folder), f"{name}={version}"]
    process.must(argv, seconds=APT_SECONDS)


def _purge(dropped: Sequence[str]) -> None:
    """Purge packages and what was installed for them alone; one that another needs stays."""
    if not dropped:
        return
    # Marked by hand first, so that a run that was cut off after the next mark finds the same difference.
    process.must(["apt-mark", "manual", *dropped])
    others = _orphans()
    process.must(["apt-mark", "auto", *dropped])
    if alone := sorted(_orphans() - others):
        apt_get("purge", *alone)


def _orphans() -> set[str]:
    simulated = process.must(["apt-get", "-s", "autoremove"])
    return set(re.findall(r"^Remv (\S+)", simulated, re.MULTILINE))


def apt_get(*args: str) -> None:
    """Run apt-get, waiting for another one's lock, and after a run of dpkg that was cut off has been ended.

    Raises:
        HostError: it failed, in its own words.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    repaired = False
    while (done := process.run([*APT_GET, *args], seconds=APT_SECONDS, environment=QUIET)).returncode != 0:
        if "dpkg --configure -a" in done.stderr and not repaired:
            # A run of dpkg was cut off.
            process.must(["dpkg", "--force-confold", "--configure", "-a"], seconds=APT_SECONDS, environment=QUIET)
            repaired = True
        elif any(text in done.stderr for text in LOCKED) and time.monotonic() < deadline:
            time.sleep(1)
        else:
            raise HostError(f"`apt-get {' '.join(args)}` failed ({done.returncode}): {process.last_lines(done)}")
