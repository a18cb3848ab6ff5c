"""What a host has written to its console, as text; its devices; where it has one mounted."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lab.machine import file_systems, hosts
from lab.machine.hosts import plain


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("[\x1b[0;32m  OK  \x1b[0m] Reached \x1b[0;1;39mssh.service\x1b[0m.\r\n", "[  OK  ] Reached ssh.service."),
        ("\x1b7\x1b[32766;32766H\x1b[6n\x1b8\n\nbooted\n", "booted"),
        ("Finished \x1b[0;1\ncloud-init[9]: torn\n", "Finished\ncloud-init[9]: torn"),
        ("torn \x1b\napart\n", "torn\napart"),
        ("[ *** ] A start job is running\n[***   ] A start job is running\nlast\n", "last"),
        (
            "(Reading database ... \r(Reading database ... 5%\r\n0% [Working]\r33% [2 mysql]\rE: no such package\r\n",
            "E: no such package",
        ),
        ("Get:1 http://m.test sid InRelease\nSetting up mysql-common (5.8) ...\nProgress: [ 10%]\nlast\n", "last"),
        ("ci-info: | ssh-ed25519 | 88:af |\nssh-ed25519 AAAAC3 root@h\n|.o+*=o.   E+ooo.o|\nlast\n", "last"),
        ("first\nsecond\nthird\nfourth\n", "second\nthird\nfourth"),
    ],
)
def test_the_end_of_a_console_is_plain_text(written: str, text: str) -> None:
    assert plain(written, 3) == text


def test_a_hosts_devices_are_a_script_that_is_read_again(tmp_path: Path) -> None:
    assert hosts.devices(tmp_path) == []
    devices = [hosts.Device(f"nvme{n}n1", os.makedev(7, 300 + n), f"vol-0{n}") for n in (1, 2)]
    hosts.give_devices(tmp_path, devices)
    assert hosts.devices(tmp_path) == devices
    made = (tmp_path / "devices/make").read_text().replace("device()", "unused()")
    show = subprocess.run(
        ["sh", "-c", f'device() {{ echo "$@"; }}\n{made}'], capture_output=True, text=True, check=True
    )
    assert show.stdout == "nvme1n1 7 301 vol01 vol-01\nnvme2n1 7 302 vol02 vol-02\n"
    assert devices[0].paths == ("/dev/nvme1n1", "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol01")


def test_a_mount_point_is_found_by_its_device(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (
        "30 1 7:3 / /data rw - xfs /dev/nvme1n1 rw\n"
        "31 1 7:4 / /other rw - xfs /dev/nvme2n1 rw\n"
        "32 1 7:3 /sub /with\\040blank\\134ü rw - xfs /dev/nvme1n1 rw\n"
    )
    monkeypatch.setattr(Path, "read_text", lambda path: lines if str(path) == "/proc/9/mountinfo" else "")
    assert file_systems.mount_points(9, os.makedev(7, 3)) == ["/with blank\\ü", "/data"]
    assert file_systems.mount_points(8, os.makedev(7, 3)) == []
