"""LAB_PACKAGES: the packages of a folder go before the mirror's, in the hosts' image and for a host's own apt."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from lab.machine import hosts, image, podman


def package(folder: Path, name: str, version: str) -> str:
    """Make a package with nothing in it, and return its paragraph of the index."""
    control = folder / "tree" / "DEBIAN" / "control"
    control.parent.mkdir(parents=True)
    fields = f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: nobody <nobody@lab.test>\n"
    control.write_text(f"{fields}Description: for a test\n")
    file = folder / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--build", str(folder / "tree"), str(file)], check=True, capture_output=True)
    shutil.rmtree(folder / "tree")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return f"{fields}Filename: ./{file.name}\nSize: {file.stat().st_size}\nSHA256: {digest}\n"


def test_hosts_have_a_folders_packages_rather_than_the_mirrors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is in the image, older than the mirror's; the other one a host installs, without the mirror."""
    folder, recipe = tmp_path / "packages", tmp_path / "image"
    folder.mkdir()
    index = [package(folder, "netbase", "1.0+folder"), package(folder, "lab-test-hello", "2")]
    (folder / "Packages").write_text("\n".join(index))
    (recipe / "files").mkdir(parents=True)
    (recipe / "packages.txt").write_text("apt\nnetbase\n")
    (recipe / "customize").touch()
    monkeypatch.setattr(image, "RECIPE", recipe)
    monkeypatch.setenv("LAB_PACKAGES", str(folder))
    monkeypatch.delenv("LAB_PROVISION", raising=False)
    name = image.ensure_image()
    try:
        folder.rename(tmp_path / "gone")
        script = "apt-get -qq update; apt-get -qq install lab-test-hello; dpkg-query -W netbase lab-test-hello"
        done = podman.run("run", "--rm", "--network=none", *hosts.PRIVILEGES, name, "sh", "-c", script, check=False)
        assert done.stdout.splitlines()[-2:] == ["lab-test-hello\t2", "netbase\t1.0+folder"], done.stdout + done.stderr
    finally:
        podman.run("image", "rm", "--force", name)
