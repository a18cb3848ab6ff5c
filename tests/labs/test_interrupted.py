"""`up` killed at three points and run again ends in the same place; `down` then leaves nothing of the lab.

One lab boots the plain image; the other one the golden image, and its server loses power while MySQL is initialized.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cloud.model import Instance, Subnet, Vpc
from lab.cloud.store import Store
from lab.machine import golden, hosts, network, slots
from lab.machine.plane import Plane
from lab.machine.podman import CGROUPS
from lab.machine.slots import Slot
from lab.settings import Lab
from lab.testing.processes import wait_for
from tests import PROJECT_ROOT
from tests.lab.killed_up import killed_when
from tests.lab.pair import Pair, lab_command, removed
from tests.labs.compared import differences, state

pytestmark = pytest.mark.usefixtures("plain_image")

NAME, GOLDEN = "killed", "killedgolden"
ERROR_LOG = "/var/log/mysql/error.log"
HEALER = "xfs_healer@.service"
"""A unit that Debian sid's xfsprogs enables only where systemd runs as it is installed, for the file system `-`."""
CLIENTS = "mysql-client haproxy"
"""Packages of client hosts, which the golden image has too."""
WITH_THEM = f"apt-cache depends --recurse --installed --no-suggests --no-recommends {CLIENTS} | grep -o '^[a-z0-9].*'"
OF_IMAGES = {
    "/files//etc/systemd/system/multi-user.target.wants/xfs_healer@-.service",
}
"""In what a server may differ besides those packages."""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    yield Lab.named(NAME)
    lab_command("down", name=NAME)


def _checkpoint_has(lab: Lab, word: str) -> bool:
    stack = lab.backend / ".pulumi/stacks/mysql-pair" / f"{NAME}.json"
    return stack.exists() and word in stack.read_text()


@pytest.mark.timeout(600)
def test_up_killed_at_three_points_ends_in_the_same_place(lab: Lab) -> None:
    store = Store(lab.cloud)
    killed_when(lambda: bool(store.all(Subnet)), NAME)  # the network half made
    killed_when(lambda: bool(store.all(Instance)), NAME)  # an instance recorded, its host perhaps not yet there
    killed_when(lambda: _checkpoint_has(lab, "accounts-applied"), NAME)  # the accounts on their way
    done = lab_command("up", name=NAME)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(store.all(Vpc)) == 1
    running = [hosts.state(f"{_slot(lab).prefix}{instance.id}") for instance in store.all(Instance)]
    assert running == ["running", "running"]
    again = Pair(lab).pulumi("preview", "--expect-no-changes", "--stack", NAME)
    assert again.returncode == 0, again.stdout + again.stderr


def _slot(lab: Lab) -> Slot:
    found = slots.find(lab)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def golden_lab() -> Iterator[Lab]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(golden.VARIABLE, str(PROJECT_ROOT / "image/provision.sh"))
        yield Lab.named(GOLDEN)
        removed(GOLDEN)


@pytest.mark.timeout(600)
def test_a_server_that_loses_power_while_mysql_is_initialized_ends_like_one_that_the_package_made(
    lab: Lab, golden_lab: Lab
) -> None:
    """Its image had the package, and no data: accounts, files, modes and settings are those of the plain image's."""
    store = Store(golden_lab.cloud)
    plane = Plane(golden_lab, store)

    def server() -> Instance | None:
        return next((one for one in store.all(Instance) if one.tags["Name"].endswith("server")), None)

    def on_server(command: str) -> bool:
        one = server()
        return one is not None and hosts.execute(plane.host_name(one.id), "sh", "-c", command).returncode == 0

    def loses_power() -> bool:
        if not on_server(f"grep -q MY-013169 {ERROR_LOG}"):
            return False
        assert on_server("! systemctl is-enabled mysql && findmnt /var/lib/mysql"), "nothing starts it before"
        if one := server():
            plane.crash(one.id)
        return True

    killed_when(loses_power, GOLDEN)
    assert lab_command("start", "server", name=GOLDEN).returncode == 0
    done = lab_command("up", name=GOLDEN)
    assert done.returncode == 0, done.stdout + done.stderr
    made, plain = Pair(golden_lab), Pair(lab)
    aside = made.ssh("server", "sudo sh -c 'ls -A /var/lib/mysql.unusable-*'").stdout.split()
    assert ".mysql-pair" in aside, "nothing was deleted"
    said = made.ssh("server", f"sudo grep -c -e MY-013169 -e MY-010116 -e MY-013172 {ERROR_LOG}").stdout
    assert said == "3\n", "begun, done anew, started once"
    golden_state, plain_state = (state(pair, "server") for pair in (made, plain))
    units = set(golden_state.pop("units")) ^ set(plain_state.pop("units"))
    of_clients = {f"/packages/{name}" for name in made.ssh("server", WITH_THEM).stdout.split()}
    assert units <= {HEALER} and differences(golden_state, plain_state).keys() <= OF_IMAGES | of_clients
    assert made.sql("select count(*) from mysql.user where user = 'app'") == "1"
    assert made.unchanged()


@pytest.mark.timeout(300)
def test_it_is_up_again_after_a_reboot(golden_lab: Lab) -> None:
    pair = Pair(golden_lab)
    before = pair.sql("select @@server_uuid")
    for verb in ("stop", "start"):
        done = lab_command(verb, "server", name=GOLDEN)
        assert done.returncode == 0, done.stderr
    wait_for(lambda: pair.as_root("server", "systemctl is-active mysql").returncode == 0, pause=0.2)
    assert pair.sql("select @@server_uuid") == before
    removed(GOLDEN)  # whose processes the next test would find


@pytest.mark.timeout(300)
def test_down_leaves_nothing(lab: Lab) -> None:
    slot, folder = _slot(lab), str(lab.folder)
    before = _of_the_lab(slot)
    assert before["namespaces"] and before["links"] and before["containers"]
    names = [*before["containers"], folder]
    done = lab_command("down", name=NAME)
    assert done.returncode == 0, done.stdout + done.stderr
    # By name: the lab's number may be another lab's already.
    left = {kind: found & before[kind] for kind, found in _of_the_lab(slot).items()}
    assert not any(left.values()), left
    assert folder not in Path("/proc/self/mountinfo").read_text()
    assert slots.find(lab) is None
    assert not lab.folder.exists()
    told = {path.parent.name: _read(path).decode(errors="replace") for path in Path("/proc").glob("[0-9]*/cmdline")}
    assert [pid for pid, words in told.items() if any(name in words for name in names)] == []


def _of_the_lab(slot: Slot) -> dict[str, set[str]]:
    """Return the names of what carries a lab's number on this machine."""
    spaces, links = network.leftovers(slot)
    groups = {path.name for path in CGROUPS.glob(f"*/{slot.prefix}*")}
    return {
        "namespaces": set(spaces), "links": set(links), "containers": set(hosts.named(slot.prefix)), "groups": groups,
    }  # fmt: skip


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def test_down_of_a_lab_that_is_not_up_says_so() -> None:
    done = lab_command("down", name="neverup")
    assert done.returncode == 0
    assert "nothing is up" in done.stdout
