"""What EC2's operations need of a machine."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Literal, Protocol


class Machinery(Protocol):
    """What `lab.machine.plane.Plane` does; a test puts something else in its place."""

    @property
    def public_pool(self) -> IPv4Network:
        """The lab's public addresses."""

    def refresh_vpc(self, vpc_id: str) -> None:
        """Make a VPC's network what its records say."""

    def launch(self, instance_id: str) -> None:
        """Boot a new host."""

    def stop(self, instance_id: str) -> None:
        """Shut a host down."""

    def start(self, instance_id: str) -> None:
        """Boot a stopped host."""

    def reboot(self, instance_id: str) -> None:
        """Boot a host again."""

    def terminate(self, instance_id: str) -> None:
        """Take a host and its disk away."""

    def detach(self, instance_id: str) -> None:
        """Take a host that is gone out of its network; under the store's lock, as all that makes networks."""

    def serve(self, region: str) -> None:
        """Have S3 and the metadata service of the region run."""

    def make_bucket(self, name: str, region: str) -> None:
        """Have S3 have a bucket."""

    def set_versioning(self, name: str, region: str, status: str) -> None:
        """Have a bucket keep old versions (Enabled), or no more (Suspended)."""

    def remove_bucket(self, name: str, region: str, force: bool) -> None:
        """Delete a bucket, with all that is in it if `force` says so."""

    def create_volume(self, volume_id: str, gib: int, snapshot_id: str = "") -> None:
        """Make a volume, empty or from a snapshot."""

    def grow_volume(self, volume_id: str, gib: int) -> None:
        """Make a volume larger."""

    def remove_volume(self, volume_id: str) -> None:
        """Take a volume away."""

    def volume_in_use(self, volume_id: str) -> bool:
        """Tell whether a host has a volume mounted."""

    def cut_off_volume(self, volume_id: str, instance_id: str) -> None:
        """Take a volume away from a host that has it mounted."""

    def create_snapshot(self, volume_id: str, snapshot_id: str) -> None:
        """Keep a volume as it is at one moment."""

    def remove_snapshot(self, snapshot_id: str) -> None:
        """Take a snapshot away."""

    def refresh_devices(self, instance_id: str) -> None:
        """Make a host's devices what its attachments say."""

    def state(self, instance_id: str) -> Literal["running", "stopped", "gone"]:
        """Tell how a host is."""
