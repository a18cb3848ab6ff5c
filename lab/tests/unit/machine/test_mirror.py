"""Where hosts get their packages: the machine's apt settings, LAB_MIRROR, LAB_SUITE and LAB_PACKAGES."""

from __future__ import annotations

import gzip
import hashlib
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from lab.machine import image, mirror
from lab.machine.mirror import Mirror, read_mirror
from lab.machine.package_folder import PackageFolder
from lab.settings import LabError

INDEX = "Package: mysql-server-8.0\nVersion: 8.0.45\nFilename: ./mysql-server.deb\nSize: 5\n\n"
UBUNTU = "http://mirror.example.com/ubuntu"


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (mirror.MIRROR_VARIABLE, mirror.SUITE_VARIABLE, mirror.FOLDER_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(mirror, "_machine", lambda: ("http://mirror.test/debian", "sid", ()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "Packages").write_text(INDEX)
    (packages / "mysql-server.deb").write_text("12345")
    return packages


def machine(monkeypatch: pytest.MonkeyPatch, release: dict[str, str], targets: str) -> Mirror:
    """Return the mirror of a machine that is such a release, whose apt has such targets."""
    monkeypatch.undo()
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    monkeypatch.setattr(shutil, "which", lambda command: f"/usr/bin/{command}")
    monkeypatch.setattr(mirror, "_targets", lambda: targets)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 0, ""))
    mirror._machine.cache_clear()
    try:
        return read_mirror()
    finally:
        mirror._machine.cache_clear()


def test_hosts_are_sid_unless_a_suite_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_mirror().sources == ["deb http://mirror.test/debian sid main"]
    monkeypatch.setenv("LAB_SUITE", "bookworm")
    assert read_mirror().sources == ["deb http://mirror.test/debian bookworm main"]


def test_hosts_of_an_ubuntu_machine_are_its_release_with_its_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    noble = {"ID": "ubuntu", "VERSION_CODENAME": "noble"}
    assert machine(monkeypatch, noble, f"{UBUNTU} noble\n{UBUNTU} noble-updates\n").sources == [
        f"deb {UBUNTU} noble main universe",
        f"deb {UBUNTU} noble-updates main universe",
    ]


def test_a_hosted_runners_list_of_mirrors_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """images/ubuntu/scripts/build/configure-apt-sources.sh in actions/runner-images."""
    mirrors = tmp_path / "apt-mirrors.txt"
    mirrors.write_text(f"http://azure.mirror.example.com/ubuntu/\tpriority:1\n{UBUNTU}/\tpriority:2\n")
    release = {"ID": "ubuntu", "VERSION_CODENAME": "jammy"}
    assert (
        machine(monkeypatch, release, f"mirror+file:{mirrors} jammy\n").uri == "http://azure.mirror.example.com/ubuntu/"
    )
    mirrors.write_text("")
    with pytest.raises(LabError, match="names no http mirror"):
        machine(monkeypatch, release, f"mirror+file:{mirrors} jammy\n")


def test_hosts_of_another_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_MIRROR", "http://mirror.test/debian")
    with pytest.raises(LabError, match="LAB_SUITE is not: name one of that archive's releases too"):
        read_mirror()
    monkeypatch.setenv("LAB_MIRROR", UBUNTU)
    assert mirror.has_releases(), "each host is of its image's"
    monkeypatch.setenv("LAB_SUITE", "noble")
    assert read_mirror().sources[1] == f"deb {UBUNTU} noble-updates main universe"
    assert not mirror.has_releases()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LAB_SUITE", "Ubuntu 24.04", "LAB_SUITE is 'Ubuntu 24.04': use a release's codename"),
        ("LAB_MIRROR", "mirror.example.com", "LAB_MIRROR is 'mirror.example.com': use an archive's address"),
    ],
)
def test_a_variable_of_another_form_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(LabError, match=said):
        read_mirror()


def test_another_suite_and_other_packages_are_another_image(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    names = {image.tag(read_mirror())}
    monkeypatch.setenv("LAB_PACKAGES", str(folder))
    names.add(image.tag(read_mirror()))
    monkeypatch.setenv("LAB_SUITE", "bookworm")
    names.add(image.tag(read_mirror()))
    (folder / "Packages").write_text(INDEX.replace("8.0.45", "8.0.46"))
    names.add(image.tag(read_mirror()))
    assert len(names) == 4
    moved = folder.rename(folder.with_name("moved"))
    monkeypatch.setenv("LAB_PACKAGES", str(moved))
    assert image.tag(read_mirror()) in names, "by what is in it, not by where it is"


def test_plain_pulumi_is_told_the_folders_whole_path(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("LAB_PACKAGES", "packages")
    assert mirror.variables() == {"LAB_PACKAGES": str(folder)}


def spoil(folder: Path, how: str) -> None:
    package = folder / "mysql-server.deb"
    match how:
        case "gone":
            shutil.rmtree(folder)
        case "file":
            shutil.rmtree(folder)
            folder.touch()
        case "no index":
            (folder / "Packages").unlink()
        case "empty":
            (folder / "Packages").write_text("")
        case "package gone":
            package.unlink()
        case "package changed":
            package.write_text("1234567")
        case "not gzip":
            (folder / "Packages").rename(folder / "Packages.gz")
        case "unreadable":
            (folder / "Packages").unlink()
            (folder / "Packages").mkdir()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("gone", "packages, which is no folder of this machine"),
        ("file", "packages, which is no folder of this machine"),
        ("no index", "which has no index of packages: make one with `dpkg-scanpackages"),
        ("empty", "whose index names no package"),
        ("package gone", r"whose index names .*mysql-server\.deb, which is not there: make one"),
        ("package changed", r"whose index does not fit \./mysql-server\.deb: make one"),
        ("not gzip", r"which cannot be read: .*Packages\.gz: not in the form of its name"),
        ("unreadable", "which cannot be read: .*Packages: Is a directory"),
    ],
)
def test_a_folder_that_is_no_repository_is_refused(
    monkeypatch: pytest.MonkeyPatch, folder: Path, how: str, said: str
) -> None:
    monkeypatch.setenv("LAB_PACKAGES", str(folder))
    spoil(folder, how)
    with pytest.raises(LabError, match=f"LAB_PACKAGES is .*{said}"):
        image.tag(read_mirror())


@pytest.mark.parametrize("compressed", [False, True])
def test_the_copy_for_hosts_has_a_release_file_that_fits(tmp_path: Path, folder: Path, compressed: bool) -> None:
    if compressed:
        (folder / "Packages").unlink()
        (folder / "Packages.gz").write_bytes(gzip.compress(INDEX.encode()))
    packages = PackageFolder.read(folder, "LAB_PACKAGES")
    packages.copy(tmp_path / "copy")
    assert (tmp_path / "copy/mysql-server.deb").read_text() == "12345"
    assert (tmp_path / "copy/Packages").read_text() == INDEX
    assert hashlib.sha256(INDEX.encode()).hexdigest() in (tmp_path / "copy/Release").read_text()


def test_apt_is_asked_again_when_its_settings_or_lists_have_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lists, asked = tmp_path / "lists", list[list[str]]()
    lists.mkdir()

    def answer(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, f"answer {len(asked)}")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(mirror, "APT", (lists, tmp_path / "not there"))
    monkeypatch.setattr(subprocess, "run", answer)
    assert [mirror._targets(), mirror._targets()] == ["answer 1", "answer 1"]
    (lists / "Packages").write_text("new")
    assert [mirror._targets(), mirror._targets()] == ["answer 2", "answer 2"]
    for path in (tmp_path / "cache").rglob("*.json"):
        path.write_text("[")
    assert mirror._targets() == "answer 3", "what is kept cannot be read"
