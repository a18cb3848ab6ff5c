"""Series of MySQL, such as 8.4, and from which to which data go: never back, and never past one of long-term support.

Which version had the data last, MySQL writes beside them (MySQL 8.4 manual, "What the MySQL Upgrade Process Upgrades"):
8.4 and later in mysql_upgrade_history; those before in mysql_upgrade_info, which a new server's data do not have (seen
with 8.0.46). So the agent notes it too.
"""

import re
from pathlib import Path

from scripts.host.common import process
from scripts.host.common.errors import HostError
from scripts.host.mysql import kept
from scripts.host.system import packages

LONG_TERM = ((5, 7), (8, 0), (8, 4), (9, 7))
"""Data go from each of them to the next, and to the innovation releases between (MySQL manual, "Upgrade Paths")."""
HISTORY, INFO = "mysql_upgrade_history", "mysql_upgrade_info"
NOTE = "mysql-version.json"
"""Beside the data: the version that answered from them when the host was last converged."""
PACKAGE = "mysql-server"
Number = tuple[int, ...]


def refusal(data: str, program: str) -> str:
    """Return why MySQL of one version must not have the data of another; empty if it may."""
    before, after = of(data), of(program)
    if after < before:
        return f"MySQL {program} does not start on data that MySQL {data} has had"
    following = next((number for number in LONG_TERM if number > before), None)
    if following and after > following:
        return f"MySQL {data}'s data do not go to {program} at once, but to {_text(following)} first"
    return ""


def of(version: str) -> Number:
    """Return the series of a version such as 8.4, 8.4.13 or 8.4.13-0ubuntu1."""
    match = re.match(r"(\d+)\.(\d+)", version)
    if match is None:
        raise HostError(f"{version!r} is no version of MySQL")
    return int(match[1]), int(match[2])


def _text(number: Number) -> str:
    return ".".join(map(str, number))


def of_data(folder: Path) -> str | None:
    """Return the version of MySQL that a data directory was last used with; None if it does not tell."""
    found = []
    if (history := folder / HISTORY).exists():
        # mysqld writes it anew at an upgrade: a half of it tells nothing.
        found = re.findall(r'"version"\s*:\s*"(\d[\d.]*)', history.read_text(errors="replace"))
    if (info := folder / INFO).exists():
        found += re.findall(r"^(\d+\.\d+\.\d+)", info.read_text(errors="replace"))
    if (note := folder / kept.FOLDER.name / NOTE).exists():
        found += re.findall(r"\d+\.\d+\.\d+", note.read_text())
    return max(found, key=_numbers, default=None)


def note(version: str) -> None:
    """Note beside the data which version answers from them."""
    number = version.partition("-")[0]
    if kept.load(NOTE) != number:
        kept.save(NOTE, number)


def _numbers(version: str) -> Number:
    return tuple(int(part) for part in version.split(".") if part)


def of_program() -> str | None:
    """Return the version of the mysqld that is installed here, or that would be; None if there is none to be had."""
    try:
        match = re.search(r"Ver (\d+\.\d+\.\d+)", process.run(["mysqld", "--version"]).stdout)
    except HostError:
        match = None
    return match[1] if match else _candidate() or _candidate(update=True)


def _candidate(update: bool = False) -> str | None:
    if update:
        packages.apt_get("update")
    policy = process.run(["apt-cache", "policy", PACKAGE]).stdout
    match = re.search(r"^ +Candidate: (?:\d+:)?(\d+\.\d+\.\d+)", policy, re.MULTILINE)
    return match[1] if match else None


def require(folder: Path, what: str) -> None:
    """Refuse a data directory that this host's MySQL must not have.

    Args:
        folder: the data directory.
        what: what it is on, to begin a sentence with.

    Raises:
        HostError: it is of a newer series, or of one too old.
    """
    data = of_data(folder)
    program = of_program() if data else None
    if data and program and (why := refusal(data, program)):
        raise HostError(
            f"{what} has data of MySQL {data}, and this host has MySQL {program}: {why}. It is not started on "
            "them, and nothing was changed. Choose the release that fits the data (serverUbuntuRelease), or set "
            "dataVolumeSnapshot to a snapshot of before the data were upgraded"
        )
