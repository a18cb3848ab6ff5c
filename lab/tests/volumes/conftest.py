"""Labs with hosts that are booted by the plane itself, without an engine, and seen to be gone afterwards."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.aws.volumes import attachment_id
from lab.cloud import catalog
from lab.cloud.ec2 import Ec2
from lab.cloud.model import Instance, Subnet, Volume, VolumeAttachment, Vpc
from lab.cloud.store import Store
from lab.machine import hosts, slots
from lab.machine.plane import Plane
from lab.settings import Lab

ZONE = "eu-central-1a"
TYPE = "t3.small" if catalog.machine_architecture() == "x86_64" else "t4g.small"


@dataclass
class World:
    """One lab with a VPC and a subnet."""

    lab: Lab
    ec2: Ec2
    plane: Plane
    subnet: Subnet

    def host(self) -> Instance:
        """Boot a host; it is not waited for."""
        group = self.ec2.default_group(self.subnet.vpc_id)
        image = catalog.IMAGES[catalog.machine_architecture()]
        return self.ec2.run(Instance("", self.subnet.id, image, TYPE, "", (group,)))

    def volume(self, gib: int = 1, snapshot_id: str = "") -> Volume:
        """Make a volume."""
        spec = Volume("", ZONE, gib, iops=3000, throughput=125, snapshot_id=snapshot_id)
        return self.ec2.create_volume(spec)

    def attach(self, volume: Volume, host: Instance, device: str = "/dev/sdf") -> VolumeAttachment:
        """Attach a volume."""
        record_id = attachment_id(device, host.id, volume.id)
        return self.ec2.attach_volume(VolumeAttachment(record_id, volume.id, host.id, device))

    def format(self, volume: Volume) -> None:
        """Make an XFS on an attached volume from outside, as the image has no xfsprogs."""
        subprocess.run(["mkfs.xfs", "-q", self.plane.volumes.device(volume.id)], check=True)

    def on(self, host: Instance, command: str) -> str:
        """Run a shell command as root on a host and return what it prints."""
        done = hosts.execute(self.plane.host_name(host.id), "sh", "-c", command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()


def by_id(volume: Volume) -> str:
    """Return the link that udev makes on EC2."""
    return f"/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{volume.id.replace('-', '')}"


def left_behind(folder: Path) -> list[str]:
    """Return the loop devices and mounts of a lab's image."""
    devices = [path.read_text().strip() for path in Path("/sys/block").glob("loop*/loop/backing_file")]
    return [device for device in devices if str(folder) in device]


@contextmanager
def world(folder: Path) -> Iterator[World]:
    lab = Lab("ebs", folder)
    store = Store(lab.cloud)
    plane = Plane(lab, store)
    ec2 = Ec2(lab, store, plane)
    mounts = plane.volumes.folder
    try:
        vpc = ec2.create(Vpc("", plane.slot.vpc_cidr), "vpc")
        subnet = ec2.create(Subnet("", vpc.id, vpc.cidr_block.replace("0.0/16", "1.0/24"), ZONE), "subnet")
        yield World(lab, ec2, plane, subnet)
    finally:
        plane.tear_down()
    assert left_behind(folder) == []
    assert left_behind(mounts) == []
    assert not mounts.exists()
    assert slots.find(lab) is None


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[World]:
    assert os.geteuid() == 0, "loop devices need root: run the tests with sudo"
    with world(tmp_path / "one") as one:
        yield one
