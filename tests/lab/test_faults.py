"""Faults of the machine and of the user: a clear message, and nothing half-made is trusted."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab.machine import image, internet, podman
from lab.machine.mirror import Mirror, read_mirror
from lab.settings import LabError, cache_folder
from lab.testing.processes import wait_for
from tests import PROJECT_ROOT
from tests.lab.pair import LAB, Pair, lab_command, run


def test_not_root_is_told_to_use_sudo() -> None:
    done = run("setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-m", "lab", "up")
    assert done.returncode != 0
    assert "run it as root" in done.stderr
    assert "Traceback" not in done.stderr


def test_lab_in_use_names_the_process_that_holds_it(pair: Pair) -> None:
    with (pair.lab.folder / "run.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        done = lab_command("up")
    assert done.returncode == 1
    assert f"in use by process {os.getpid()}" in done.stderr


def test_stack_in_use_by_plain_pulumi_names_the_process(pair: Pair) -> None:
    """A user's own `pulumi` holds the stack: it is not taken from under it."""
    locks = pair.lab.backend / ".pulumi/locks/organization/mysql-pair" / LAB
    locks.mkdir(parents=True, exist_ok=True)
    lock = locks / "held.json"
    lock.write_text(f'{{"pid": {os.getpid()}, "hostname": "{os.uname().nodename}", "username": "me"}}')
    try:
        done = lab_command("preview")
    finally:
        lock.unlink()
    assert done.returncode == 1
    assert f"process {os.getpid()}" in done.stderr


def test_bad_lab_name_says_what_a_good_one_is() -> None:
    done = lab_command("up", name="My-Lab")
    assert done.returncode == 1
    assert "lower-case letter" in done.stderr


def test_unknown_host_lists_those_that_there_are(pair: Pair) -> None:
    done = lab_command("stop", "client-7")
    assert done.returncode == 1
    assert pair.outputs()["server_instance_id"] in done.stderr


def test_nearly_full_disk_is_said_before_the_image_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", small], check=True)
    try:
        monkeypatch.setenv("XDG_CACHE_HOME", str(small))
        with pytest.raises(LabError, match=r"MiB free under .* make room"):
            image.ensure_image()
    finally:
        subprocess.run(["umount", "--recursive", small], check=True)


def test_unreachable_mirror_is_said_and_nothing_of_the_image_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nowhere = Mirror("http://127.0.0.1:9/debian", "sid", "main", ())
    monkeypatch.setattr(image, "read_mirror", lambda: nowhere)
    with pytest.raises(LabError, match=r"package mirror .* did not answer"):
        image.ensure_image()
    assert podman.run("image", "exists", image.tag(nowhere), check=False).returncode == 1
    assert not list(cache_folder().glob("image-*"))


def test_mirror_whose_name_does_not_resolve_is_said() -> None:
    with pytest.raises(LabError, match="does not resolve"):
        internet.mirror_endpoints(Mirror("http://mirror.invalid/debian", "sid", "main", ()))


def test_image_is_built_anew_when_its_recipe_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = read_mirror()
    before = image.tag(mirror)
    changed = tmp_path / "image"
    shutil.copytree(image.RECIPE, changed)
    (changed / "packages.txt").write_text((changed / "packages.txt").read_text() + "less\n")
    monkeypatch.setattr(image, "RECIPE", changed)
    assert image.tag(mirror) != before


def test_build_that_was_killed_leaves_no_image_and_the_next_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tmp_path / "image"
    shutil.copytree(image.RECIPE, recipe)
    (recipe / "packages.txt").write_text("base-files\n")
    script = f"""
from pathlib import Path
from lab.machine import image
image.RECIPE = Path({str(recipe)!r})
image.ensure_image()
"""
    build = subprocess.Popen(
        [sys.executable, "-c", script], cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL, start_new_session=True
    )
    wait_for(lambda: list(cache_folder().glob("image-*/image.tar*")), build, 60)
    os.killpg(build.pid, 9)
    build.wait()
    monkeypatch.setattr(image, "RECIPE", recipe)
    name = image.tag(read_mirror())
    assert podman.run("image", "exists", name, check=False).returncode == 1
    image.remove_half_built()
    assert not list(cache_folder().glob("image-*"))
