"""The golden image: what its script runs in, and what its name follows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.machine import golden, image, podman
from lab.machine.mirror import Mirror
from lab.settings import LabError


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name a script, beside which is a file that it reads."""
    path = tmp_path / "provision.sh"
    path.write_text("#!/bin/sh\n")
    path.with_name("packages.txt").write_text("rclone\n")
    monkeypatch.setenv("LAB_PROVISION", str(path))
    return path


def test_the_script_finds_its_folder_beside_it(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, ...]] = []

    def run(*arguments: str, **_: object) -> subprocess.CompletedProcess[str]:
        told.append(arguments)
        return subprocess.CompletedProcess(arguments, 0, "", "")

    monkeypatch.setattr(podman, "run", run)
    golden.build("localhost/lab:plain", script, print)
    assert [words[0] for words in told] == ["rm", "run", "commit", "rm"]
    assert f"--volume={script.parent}:/run/provision:ro" in told[1] and told[1][-1] == "/run/provision/provision.sh"
    assert told[2][-1] == golden.tag("localhost/lab:plain", script)


def test_a_failed_build_leaves_no_image_and_no_container(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, ...]] = []

    def run(*arguments: str, **_: object) -> subprocess.CompletedProcess[str]:
        told.append(arguments)
        return subprocess.CompletedProcess(arguments, 100, "", "E: Unable to locate package nonsense")

    monkeypatch.setattr(podman, "run", run)
    with pytest.raises(LabError, match=r"provision.sh failed in the hosts' image(.|\n)*locate package nonsense"):
        golden.build("localhost/lab:plain", script, print)
    assert [words[0] for words in told] == ["rm", "run", "rm"]


def test_hosts_boot_the_plain_image_unless_a_script_is_named(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = Mirror("http://mirror.test/debian", "sid", "main", ())
    monkeypatch.setattr(image, "read_mirror", lambda: mirror)
    monkeypatch.setattr(image, "_exists", lambda _: True)
    provisioned = image.ensure_image()
    monkeypatch.delenv("LAB_PROVISION")
    plain = image.ensure_image()
    assert (plain, golden.variables()) == (image.tag(mirror), {})
    assert provisioned == golden.tag(plain, script) != plain


def test_the_image_s_name_follows_script_and_files_beside_it_and_no_folder(script: Path) -> None:
    names = [golden.tag("localhost/lab:plain", script)]
    (script.parent / "aws").mkdir()
    assert golden.tag("localhost/lab:plain", script) == names[0]
    for file in (script, script.with_name("packages.txt")):
        file.write_text(file.read_text() + "\n")
        names.append(golden.tag("localhost/lab:plain", script))
    assert len({*names, golden.tag("localhost/lab:other", script)}) == 4


def test_hosts_that_are_made_later_get_the_script_by_its_whole_path(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(script.parent)
    monkeypatch.setenv("LAB_PROVISION", "provision.sh")
    assert golden.variables() == {"LAB_PROVISION": str(script)}


def test_a_script_that_there_is_not_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_PROVISION", "nonsense.sh")
    with pytest.raises(LabError, match=r"LAB_PROVISION is 'nonsense.sh': there is no such script"):
        golden.script()
