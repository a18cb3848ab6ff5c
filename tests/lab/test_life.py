"""Stop, start, crash, and hosts changed behind the engine's back."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab import stack
from lab.cloud.model import Instance
from lab.cloud.store import Store
from lab.machine import hosts, podman
from lab.machine.plane import Plane
from lab.machine.podman import CGROUPS
from lab.testing.processes import wait_for
from tests.lab.other_project import OtherProject
from tests.lab.pair import LAB, Pair, lab_command


def answers(pair: Pair, host: str, seconds: float = 60) -> bool:
    """Wait until a host lets an operator in."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if pair.ssh(host, "true").returncode == 0:
            return True
        time.sleep(1)
    return False


def name_of(pair: Pair, instance_id: str) -> str:
    return Plane(pair.lab, Store(pair.lab.cloud)).host_name(instance_id)


def test_elastic_ip_and_data_stay_when_a_host_is_stopped_and_started(pair: Pair) -> None:
    before = pair.outputs()
    assert lab_command("stop", "server").returncode == 0
    assert "stopped" in lab_command("status").stdout
    assert not pair.connects("client-1", before["server_private_ip"], 3306)
    assert lab_command("start", "server").returncode == 0
    assert answers(pair, "server")
    wait_for(lambda: pair.connects("client-1", before["server_private_ip"], 3306), seconds=60)
    pair.refresh()
    assert pair.outputs() == before


def test_crashed_host_boots_again_from_its_disk(pair: Pair) -> None:
    pair.ssh("client-1", "echo kept >kept.txt; sync")
    assert lab_command("crash", "client-1").returncode == 0
    assert "stopped" in lab_command("status").stdout
    assert lab_command("start", "client-1").returncode == 0
    assert answers(pair, "client-1")
    assert pair.ssh("client-1", "cat", "kept.txt").stdout.strip() == "kept"


def test_public_address_without_an_elastic_ip_changes_on_stop_and_start(third: OtherProject) -> None:
    before = third.outputs()["public_ip"]
    lab_command("stop", "third")
    lab_command("start", "third")
    third.refresh()
    record = Store(third.lab.cloud).get(Instance, third.outputs()["instance_id"])
    assert record.auto_public_ip not in ("", before)


def test_hosts_outlive_what_started_them(pair: Pair) -> None:
    """No process of the command that launched the hosts is left, and they run: conmon is init's child."""
    name = name_of(pair, pair.outputs()["server_instance_id"])
    pid = podman.run("container", "inspect", "--format={{.State.ConmonPid}}", name).stdout.strip()
    conmon = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    assert conmon[1] == "1"


def test_host_has_the_memory_and_cpu_of_its_type(pair: Pair) -> None:
    """A process that asks for more than a t3.small's 2 GiB is killed; the host lives."""
    done = pair.ssh("server", "python3 -c 'x = bytearray(2200 * 1024**2)'")
    assert done.returncode != 0
    assert pair.ssh("server", "true").returncode == 0


def test_host_gets_no_more_cpu_time_than_its_type_has(pair: Pair) -> None:
    """The kernel's own word, whichever version of control groups it has: two vCPUs of a t3.small."""
    name = name_of(pair, pair.outputs()["server_instance_id"])
    init = podman.run("container", "inspect", "--format={{.State.Pid}}", name).stdout.strip()
    groups = [line.split(":", 2) for line in Path(f"/proc/{init}/cgroup").read_text().splitlines()]
    version1 = [path for _, controllers, path in groups if "cpu" in controllers.split(",")]
    if version1:
        folder = CGROUPS / "cpu" / version1[0].strip("/")
        quota, period = ((folder / f"cpu.cfs_{part}_us").read_text() for part in ("quota", "period"))
    else:
        limited = next(one for one in (CGROUPS / groups[0][2].strip("/")).parents if "max" not in _cpu_max(one))
        quota, period = _cpu_max(limited).split()
    assert int(quota) / int(period) == 2


def _cpu_max(folder: Path) -> str:
    return (folder / "cpu.max").read_text()


def test_refresh_sees_a_host_that_is_gone_and_up_makes_it_anew(third: OtherProject) -> None:
    gone = third.outputs()["instance_id"]
    assert lab_command("terminate", "third").returncode == 0
    assert "1 deleted" in third.refresh()
    third.up()
    assert third.outputs()["instance_id"] != gone


def test_host_that_does_not_boot_shows_the_end_of_its_console(
    pair: Pair, third: OtherProject, capsys: pytest.CaptureFixture[str]
) -> None:
    name = name_of(pair, third.outputs()["instance_id"])
    wait_for(lambda: "cloud-init[" in hosts.console(name), seconds=60)  # it may have been made a moment ago
    lab_command("crash", "third")
    stack.show_consoles(pair.lab)
    seen = capsys.readouterr().out
    assert lab_command("start", "third").returncode == 0
    assert "third does not run; the end of its console" in seen
    assert "cloud-init[" in seen
    assert "\x1b" not in seen


def test_two_reboots_side_by_side_end_with_both_hosts_up(pair: Pair) -> None:
    both = [subprocess.Popen([sys.executable, "-m", "lab", "reboot", "client-1", "--lab", LAB]) for _ in range(2)]
    assert {process.wait(timeout=180) for process in both} <= {0, 1}
    assert answers(pair, "client-1")
