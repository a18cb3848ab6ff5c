"""system/packages.py: what is installed, what is purged, and what apt is asked for."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from scripts.host.common import state_file
from scripts.host.common.errors import HostError
from scripts.host.system import packages
from tests.unit.host.stand_ins import Bench

LOCKED = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1 (apt)"


class Apt:
    """A host's packages: dpkg-query, apt-mark and apt-get on a folder with a file per package."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch, *there: str) -> None:
        self.bench = bench
        self.folder = bench.folder / "packages"
        self.folder.mkdir()
        self.states = bench.folder / "states"
        monkeypatch.setattr(packages, "EXTENDED_STATES", self.states)
        monkeypatch.setattr(packages, "LOCK_SECONDS", 5)
        for name in there:
            (self.folder / name).touch()
        bench.stand_in(
            "dpkg-query",
            f"""shift 3; for name; do
              [ -e {self.folder}/$name ] && printf '%s\\t1.0\\tinstall ok installed\\n' "$name"; done; exit 1""",
        )
        bench.stand_in("apt-mark", f'echo "$*" >{bench.folder}/marked')
        bench.stand_in(
            "apt-get",
            f"""case "$*" in
              *autoremove) echo "Remv orphan [1.0]"; cd {self.folder}; grep -q '^auto' {bench.folder}/marked &&
                for name in $(cut -d ' ' -f 2- {bench.folder}/marked) itslibrary; do
                  [ -e "$name" ] && echo "Remv $name [1.0]"; done; true ;;
              *install*) shift 8; for name; do touch {self.folder}/$name; done ;;
              *purge*) for word; do rm -f {self.folder}/$word; done ;;
            esac""",
        )

    def there(self) -> set[str]:
        """Return what is installed."""
        return {path.name for path in self.folder.iterdir()}

    def asked(self) -> list[str]:
        """Return the changes apt-get was asked for since the last time."""
        lines = [line for line in self.bench.calls() if line.startswith("apt-get -q ")]
        return [line.split("Timeout=5 ")[-1] for line in lines]


@pytest.fixture
def apt(bench: Bench, monkeypatch: pytest.MonkeyPatch, state_folder: Path) -> Apt:  # noqa: ARG001  # it is used
    """A host with three packages on it."""
    monkeypatch.setattr(packages, "UPDATED", ())
    monkeypatch.setattr(packages, "APT_GET", ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=5"])
    return Apt(bench, monkeypatch, "mysql-server", "curl", "orphan")


def test_nothing_missing_is_one_question_to_dpkg(apt: Apt) -> None:
    packages.converge(["mysql-server", "curl"])
    apt.bench.calls()
    packages.converge(["mysql-server", "curl"])
    assert [line.split()[0] for line in apt.bench.calls()] == ["dpkg-query"]


def test_what_is_missing_is_installed_after_an_update(apt: Apt) -> None:
    packages.converge(["curl", "sysstat"])
    assert "sysstat" in apt.there()
    assert [line.split()[0] for line in apt.asked()] == ["update", "install"]


@pytest.mark.parametrize(
    ("seconds", "said", "asked"),
    [
        (60, "", ["install"]),
        (3600, "", ["update", "install"]),
        (60, "E: Unable to locate package sysstat", ["install", "update", "install"]),
    ],
)
def test_lists_that_were_updated_a_moment_ago_are_updated_only_if_they_will_not_do(
    apt: Apt, monkeypatch: pytest.MonkeyPatch, seconds: int, said: str, asked: list[str]
) -> None:
    updated = apt.bench.folder / "updated"
    updated.touch()
    os.utime(updated, (0, time.time() - seconds))
    monkeypatch.setattr(packages, "UPDATED", (updated, apt.bench.folder / "none"))
    flag = apt.bench.folder / "again"
    if said:
        apt.bench.stand_in("apt-get", f'[ -e {flag} ] && exit 0; touch {flag}; echo "{said}" >&2; exit 100')
    packages.converge(["sysstat"])
    assert [line.split()[0] for line in apt.asked()] == asked


def test_what_came_for_another_package_is_marked_as_asked_for_and_not_upgraded(apt: Apt) -> None:
    apt.states.write_text("Package: curl\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: x\nAuto-Installed: 0\n")
    packages.converge(["curl"])
    assert apt.asked() == ["install --no-upgrade -o Dpkg::Options::=--force-confold curl"]


def test_a_dropped_package_goes_with_what_only_it_needed(apt: Apt) -> None:
    packages.converge(["sysstat"])
    (apt.folder / "itslibrary").touch()
    packages.converge([])
    assert apt.there() == {"mysql-server", "curl", "orphan"}


def test_a_purge_that_was_cut_off_is_done_the_next_time(apt: Apt) -> None:
    packages.converge(["sysstat"])
    working = (apt.bench.folder / "apt-get").read_text()
    (apt.bench.folder / "apt-get").write_text(working.replace("rm -f", "exit 1; rm -f"))
    with pytest.raises(HostError):
        packages.converge([])
    (apt.bench.folder / "apt-get").write_text(working)
    packages.converge([])
    assert "sysstat" not in apt.there()


@pytest.mark.parametrize("name", ["mysql-server", "curl"])
def test_what_was_there_before_or_holds_the_data_is_never_purged(apt: Apt, name: str) -> None:
    packages.converge([name])
    packages.converge([])
    assert name in apt.there() and apt.asked() == []


def test_what_the_first_boot_installed_is_not_what_the_image_had(apt: Apt, state_folder: Path) -> None:
    (state_folder / packages.IMAGE).write_text("orphan\n")
    packages.converge(["mysql-server", "curl"])
    packages.converge(["mysql-server"])
    assert apt.there() == {"mysql-server", "orphan"}


def test_an_installation_that_was_cut_off_counts_as_asked_for(apt: Apt) -> None:
    apt.bench.stand_in("apt-get", f"touch {apt.folder}/sysstat; exit 1")
    with pytest.raises(HostError):
        packages.converge(["sysstat"])
    assert state_file.load(packages.STATE)["asked"] == ["sysstat"]
    assert state_file.load(packages.STATE)["before"] == []


def test_another_apt_is_waited_for(apt: Apt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    flag = apt.bench.folder / "again"
    apt.bench.stand_in("apt-get", f'[ -e {flag} ] && exit 0; touch {flag}; echo "{LOCKED}" >&2; exit 100')
    packages.converge(["sysstat"])
    assert [line.split()[0] for line in apt.asked()] == ["update", "update", "install"]


def test_a_dpkg_that_was_cut_off_is_finished_first(apt: Apt) -> None:
    flag = apt.bench.folder / "configured"
    said = "E: dpkg was interrupted, you must manually run 'sudo dpkg --configure -a'"
    apt.bench.stand_in("apt-get", f'[ -e {flag} ] && exit 0; echo "{said}" >&2; exit 100')
    apt.bench.stand_in("dpkg", f"touch {flag}")
    packages.converge(["sysstat"])
    assert flag.exists()


def test_an_unknown_package_is_told_in_apt_s_words(apt: Apt) -> None:
    apt.bench.stand_in("apt-get", 'echo "E: Unable to locate package nosuch" >&2; exit 100')
    with pytest.raises(HostError, match="Unable to locate package nosuch"):
        packages.converge(["nosuch"])


def test_missing_and_wrongly_marked_packages_are_told_and_left(apt: Apt) -> None:
    apt.states.write_text("Package: curl\nAuto-Installed: 1\n\nPackage: orphan\nAuto-Installed: 1\n")
    rows = packages.differences(["mysql-server", "curl", "sysstat"])
    assert [(row.name, row.what, row.found) for row in rows] == [
        ("sysstat", "package", "missing"),
        ("curl", "mark", "automatic"),
    ]
    assert (apt.there(), apt.asked()) == ({"mysql-server", "curl", "orphan"}, [])
