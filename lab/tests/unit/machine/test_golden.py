"""The golden image: which packages are in it, and what its name follows."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.machine import golden, image, podman
from lab.machine.mirror import Mirror
from lab.settings import LabError

APT = """#!/bin/sh
echo "$@" >>"$0.told"
case "$*" in
*--simulate*nonsense*) echo "E: Unable to locate package nonsense" >&2; exit 100 ;;
*--simulate*) for name in mysql-common mysql-server-core-8.0 mysql-server-8.0 mysql-server rclone; do
    echo "Inst $name (1.0 Ubuntu)"; done ;;
esac
"""


@pytest.fixture
def preinstall(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the script with an apt that says what Ubuntu's does."""
    for name in ("apt-get", "apt-mark", "apt-cache"):
        (tmp_path / name).write_text(APT)
        (tmp_path / name).chmod(0o755)

    def run(*names: str) -> subprocess.CompletedProcess[str]:
        path = f"{tmp_path}:/usr/bin:/bin"
        return subprocess.run(
            ["sh", golden.SCRIPT, *names], env={"PATH": path}, capture_output=True, text=True, check=False
        )

    return run


def test_a_service_is_left_to_the_first_boot_and_what_it_needs_is_there(
    preinstall: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    assert preinstall("mysql-server-", "rclone").returncode == 0
    told = (tmp_path / "apt-get.told").read_text().splitlines()
    names = "mysql-common mysql-server-core-8.0 rclone"
    assert f"-q -y install --no-install-recommends {names}" in told
    assert (tmp_path / "apt-mark.told").read_text() == f"auto {names}\n"


def test_all_is_installed_where_nothing_is_left_out(
    preinstall: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    assert preinstall("mysql-server", "rclone").returncode == 0
    assert "mysql-server-8.0 mysql-server rclone\n" in (tmp_path / "apt-mark.told").read_text()


def test_a_package_that_there_is_not_ends_the_build_in_apt_s_words(
    preinstall: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = preinstall("nonsense")
    assert (done.returncode, "Unable to locate package nonsense" in done.stderr) == (100, True)


def test_a_failed_build_leaves_no_image_and_no_container(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, ...]] = []

    def run(*arguments: str, **_: object) -> subprocess.CompletedProcess[str]:
        told.append(arguments)
        return subprocess.CompletedProcess(arguments, 100, "", "E: Unable to locate package nonsense")

    monkeypatch.setattr(podman, "run", run)
    monkeypatch.setenv("LAB_PREINSTALL", "nonsense")
    with pytest.raises(LabError, match=r"LAB_PREINSTALL were not installed(.|\n)*locate package nonsense"):
        golden.build("localhost/lab:plain", print)
    assert [words[0] for words in told] == ["rm", "run", "rm"]


def test_hosts_boot_the_plain_image_unless_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = Mirror("http://mirror.test/debian", "sid", "main", ())
    monkeypatch.setattr(image, "read_mirror", lambda: mirror)
    monkeypatch.setattr(image, "_exists", lambda _: True)
    monkeypatch.delenv("LAB_PREINSTALL", raising=False)
    plain = image.ensure_image()
    assert (plain, golden.variables()) == (image.tag(mirror), {})
    monkeypatch.setenv("LAB_PREINSTALL", "mysql-client  rclone")
    both = image.ensure_image()
    assert golden.variables() == {"LAB_PREINSTALL": "mysql-client rclone"}
    monkeypatch.setenv("LAB_PREINSTALL", "rclone")
    assert len({plain, both, image.ensure_image()}) == 3
