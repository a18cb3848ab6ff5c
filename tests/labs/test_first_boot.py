"""A first boot in which the package's initialization of MySQL fails: the same `up` mends it and ends well."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from lab.cloud.model import Instance
from lab.cloud.store import Store
from lab.machine import hosts
from lab.machine.plane import Plane
from lab.settings import Lab
from lab.testing.processes import wait_for
from tests import PROJECT_ROOT
from tests.lab.pair import Pair, lab_command, removed

pytestmark = pytest.mark.usefixtures("plain_image")

NAME = "firstboot"
BROKEN = "/etc/mysql/conf.d/broken.cnf"
SECONDS = 120


@pytest.fixture
def lab() -> Iterator[Lab]:
    yield Lab.named(NAME)
    removed(NAME)


@pytest.mark.timeout(300)
def test_an_initialization_that_failed_is_done_anew_in_the_same_up(lab: Lab) -> None:
    store = Store(lab.cloud)
    plane = Plane(lab, store)

    def on_server(command: str) -> bool:
        for instance in store.all(Instance):
            if instance.tags["Name"].endswith("server"):
                return hosts.execute(plane.host_name(instance.id), "sh", "-c", command).returncode == 0
        return False

    assert lab_command("setup", name=NAME).returncode == 0
    Pair(lab).configure({"dataVolumeSize": 0})  # on a data volume, MySQL is not the first boot's to initialize
    up = subprocess.Popen([sys.executable, "-m", "lab", "up", "--lab", NAME], cwd=PROJECT_ROOT)
    try:
        # mysqld passes the package's test of its options and cannot initialize with these; the package has its own
        # folder of options later.
        options = r"[mysqld]\ninnodb_log_group_home_dir=/nonexistent\n"
        wait_for(lambda: on_server(f"mkdir -p {BROKEN.rpartition('/')[0]} && printf '{options}' >{BROKEN}"), up)
        wait_for(lambda: on_server(f"grep -q MY-013236 /var/log/mysql/error.log && rm {BROKEN}"), up)
        assert up.wait(timeout=SECONDS) == 0
    finally:
        up.kill()
        up.wait()
    pair = Pair(lab)
    assert "package_update_upgrade_install" in pair.ssh("server", "cloud-init status --long").stdout
    assert len(pair.ssh("server", "sudo sh -c 'ls -d /var/lib/mysql.unusable-*'").stdout.split()) == 1
    assert pair.sql("select count(*) from mysql.user where user = 'app'") == "1"
    assert pair.unchanged()
