"""A machine that boots nothing: it remembers what it was told, and can be made to fail or to die."""

from __future__ import annotations

import threading
from ipaddress import IPv4Network
from typing import Literal

from lab.cloud.rules import AwsError
from lab.cloud.store import Store
from lab.settings import LabError


class FakePlane:
    """What lab.machine.plane.Plane does, on paper."""

    public_pool = IPv4Network("198.18.7.0/24")

    def __init__(self, store: Store) -> None:
        """Have no host yet; `store` is the lab's, for tests that look at its records."""
        self.store = store
        self.hosts: dict[str, Literal["running", "stopped"]] = {}
        self.buckets: dict[str, int] = {}
        """How many objects are in each."""
        self.calls: list[tuple[str, str]] = []
        self.refuse: set[str] = set()
        """Verbs that fail."""
        self.volumes: dict[str, int] = {}
        """GiB by id."""
        self.mounted: set[str] = set()
        """Volumes that a host uses."""
        self.before_launch = threading.Event()
        self.before_launch.set()

    def _do(self, verb: str, subject: str) -> None:
        self.calls.append((verb, subject))
        if verb in self.refuse:
            raise LabError(f"the machine refused to {verb}")

    def refresh_vpc(self, vpc_id: str) -> None:
        """Remember that a VPC was made as its records say."""
        self._do("refresh", vpc_id)

    def launch(self, instance_id: str) -> None:
        """Run a host, once `before_launch` is set."""
        self.before_launch.wait(60)
        self._do("launch", instance_id)
        self.hosts[instance_id] = "running"

    def stop(self, instance_id: str) -> None:
        """Have a host stopped."""
        self._do("stop", instance_id)
        self.hosts[instance_id] = "stopped"

    def start(self, instance_id: str) -> None:
        """Have a host run again."""
        self._do("start", instance_id)
        self.hosts[instance_id] = "running"

    def reboot(self, instance_id: str) -> None:
        """Remember that a host was stopped and booted."""
        self._do("reboot", instance_id)

    def terminate(self, instance_id: str) -> None:
        """Have a host gone."""
        self._do("terminate", instance_id)
        self.hosts.pop(instance_id, None)

    def detach(self, instance_id: str) -> None:
        """Remember that a host's link was taken away."""
        self._do("detach", instance_id)

    def serve(self, region: str) -> None:
        """Remember that the services of a region were to run."""
        self._do("serve", region)

    def make_bucket(self, name: str, region: str) -> None:
        """Have a bucket."""
        self._do("make_bucket", f"{region}/{name}")
        self.buckets.setdefault(name, 0)

    def set_versioning(self, name: str, region: str, status: str) -> None:
        """Remember whether a bucket is to keep old versions."""
        self._do("set_versioning", f"{region}/{name} {status}")

    def remove_bucket(self, name: str, region: str, force: bool) -> None:
        """Have a bucket no more, unless something is in it."""
        self._do("remove_bucket", f"{region}/{name}")
        if self.buckets.get(name) and not force:
            raise AwsError(
                "BucketNotEmpty",
                "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
            )
        self.buckets.pop(name, None)

    def create_volume(self, volume_id: str, gib: int, snapshot_id: str = "") -> None:  # noqa: ARG002
        """Have a volume."""
        self._do("create", volume_id)
        self.volumes[volume_id] = gib

    def grow_volume(self, volume_id: str, gib: int) -> None:
        """Have a larger volume."""
        self._do("grow", volume_id)
        self.volumes[volume_id] = gib

    def remove_volume(self, volume_id: str) -> None:
        """Have a volume gone."""
        self._do("remove", volume_id)
        self.volumes.pop(volume_id, None)

    def volume_in_use(self, volume_id: str) -> bool:
        """Tell whether a host uses a volume."""
        return volume_id in self.mounted

    def cut_off_volume(self, volume_id: str, instance_id: str) -> None:  # noqa: ARG002
        """Have a volume that no host uses."""
        self._do("cut off", volume_id)
        self.mounted.discard(volume_id)

    def create_snapshot(self, volume_id: str, snapshot_id: str) -> None:
        """Have a snapshot."""
        self._do("snapshot", volume_id)
        self.volumes[snapshot_id] = self.volumes[volume_id]

    def remove_snapshot(self, snapshot_id: str) -> None:
        """Have a snapshot gone."""
        self.remove_volume(snapshot_id)

    def refresh_devices(self, instance_id: str) -> None:
        """Remember that a host was given its devices."""
        self._do("devices", instance_id)

    def state(self, instance_id: str) -> Literal["running", "stopped", "gone"]:
        """Tell whether a host runs, is stopped, or is gone."""
        return self.hosts.get(instance_id, "gone")
