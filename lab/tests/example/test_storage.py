"""A host that boots, and its backups: rclone with the credentials of the host's role, on an S3 of the lab's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lab.cloud.model import Instance
from lab.cloud.store import Store
from lab.engine.plugins import IMPORT_FOLDER
from lab.machine import hosts, slots
from lab.machine.plane import Plane
from lab.settings import Lab
from lab.testing import s3
from lab.tests.example.test_tiny import SOURCE, Tiny

RCLONE = "RCLONE_RETRIES=1 RCLONE_LOW_LEVEL_RETRIES=1 rclone --config=/dev/null"
REMOTE = ":s3,provider=AWS,env_auth,region=eu-central-1,no_check_bucket"


@dataclass(frozen=True)
class Storage(Tiny):
    """The example, and what its host does."""

    def sh(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as root on the host."""
        store = Store(self.lab.cloud)
        (instance,) = store.all(Instance)
        return hosts.execute(Plane(self.lab, store).host_name(instance.id), "sh", "-c", command, timeout=240)

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return str(self.outputs()["bucket"])


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """The example, up, with rclone on its host; taken down in the end."""
    folder = tmp_path_factory.mktemp("storage") / "project"
    shutil.copytree(
        SOURCE / "examples" / "storage", folder, ignore=shutil.ignore_patterns("venv", ".lab", "__pycache__")
    )
    (folder / "venv").symlink_to(sys.prefix)
    project = Storage(Lab.named("storage", folder), folder, installed=IMPORT_FOLDER)
    try:
        assert "Stack storage of project storage is up." in project.verb("up")
        done = project.sh("apt-get -qq update && apt-get -qqy --no-install-recommends install rclone")
        assert done.returncode == 0, done.stdout + done.stderr
        yield project
    finally:
        slot = slots.find(project.lab)
        project.verb("down")
        assert slot and not hosts.named(slot.prefix) and not project.lab.folder.exists()


def test_a_host_adds_to_the_bucket_and_cannot_take_away(storage: Storage) -> None:
    place = f"{REMOTE}:{storage.bucket}/mine"
    put = storage.sh(f"head -c 30000000 /dev/urandom >/tmp/big && {RCLONE} copyto /tmp/big {place}/big")
    assert put.returncode == 0, put.stderr
    assert storage.sh(f"{RCLONE} cat {place}/big | cmp - /tmp/big").returncode == 0
    gone = storage.sh(f"{RCLONE} deletefile {place}/big")
    assert gone.returncode != 0 and "is not authorized to perform: s3:DeleteObject" in gone.stderr
    assert s3.keys(storage.lab, storage.bucket) == ["mine/big"]
    storage.sh(f"echo other >/tmp/other && {RCLONE} copyto /tmp/other {place}/big")
    assert [item.size for item in s3.versions(storage.lab, storage.bucket)] == [6, 30000000]


def test_the_host_fares_as_with_an_s3_that_is_away_or_access_that_was_taken(storage: Storage) -> None:
    put = f"echo x | {RCLONE} rcat {REMOTE}:{storage.bucket}/mine/small"
    storage.verb("s3", "stop")
    try:
        assert "connection refused" in storage.sh(put).stderr
    finally:
        storage.verb("s3", "start")
    with s3.access_taken_away(storage.lab):
        assert "AccessDenied" in storage.sh(put).stderr
    assert storage.sh(put).returncode == 0


def test_trust_and_role_outlive_a_reboot_and_an_upgrade_of_the_hosts_certificates(storage: Storage) -> None:
    storage.verb("reboot", "storage")
    assert storage.sh("update-ca-certificates --fresh").returncode == 0
    listed = storage.sh(f"{RCLONE} lsf {REMOTE}:{storage.bucket}")
    assert listed.stdout == "mine/\n", listed.stderr
    checked = "import urllib.request; urllib.request.urlopen('https://s3.eu-central-1.amazonaws.com/')"
    assert "HTTP Error 403" in storage.sh(f'python3 -c "{checked}"').stderr


def test_a_second_up_changes_nothing(storage: Storage) -> None:
    assert "Nothing changed" in storage.verb("up")
    assert storage.unchanged()
