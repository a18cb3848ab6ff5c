"""The lab's machinery behind its records: makes networks and hosts what the records say they are."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from ipaddress import IPv4Network
from pathlib import Path

from lab.cloud import catalog, topology
from lab.cloud.model import Bucket, Instance, KeyPair, Subnet, VolumeAttachment, Vpc
from lab.cloud.store import Store
from lab.machine import balancers, cuts, file_systems, hosts, image, internet, links, mirror, network, slots
from lab.machine.hosts import State
from lab.machine.volumes import Volumes
from lab.s3 import buckets
from lab.s3.control import Control
from lab.s3.paths import server_names
from lab.settings import Lab, LabError


class Plane:
    """One lab's networks and hosts.

    Every method is idempotent: a run that was killed half-way is followed by one that finishes its work.
    """

    def __init__(self, lab: Lab, store: Store) -> None:
        """Use the records in `store`; nothing is touched before the first call."""
        self.lab = lab
        self.store = store

    @cached_property
    def slot(self) -> slots.Slot:
        """The lab's part of the machine."""
        return slots.claim(self.lab)

    @cached_property
    def volumes(self) -> Volumes:
        """The files and devices of the lab's volumes."""
        return Volumes(self.lab, self.slot)

    @property
    def public_pool(self) -> IPv4Network:
        """The lab's public addresses; .10 to .250 are for instances and Elastic IPs."""
        return self.slot.public_pool

    def host_name(self, instance_id: str) -> str:
        """Return the name of an instance's container and namespace."""
        return links.namespace(self.slot, instance_id)

    def _seed(self, instance_id: str) -> Path:
        return self.lab.folder / "seeds" / instance_id

    def refresh_vpc(self, vpc_id: str) -> None:
        """Make a VPC's namespaces, links, routes and firewall what its records say, at once.

        A VPC without a record is torn down.

        Raises:
            LabError: its CIDR overlaps a network of this machine, or the kernel refused a step.
        """
        vpc = self.store.find(Vpc, vpc_id)
        if vpc is None:
            network.remove_vpc(self.slot, vpc_id)
            return
        plan = topology.plan(self.store, vpc)
        if plan.hosts or plan.balancers or network.has_router(self.slot, vpc_id):
            network.refresh(self.slot, plan)
            balancers.refresh(self.lab.folder / "balancers", links.namespace(self.slot, vpc_id), plan)
            for name, address in _balancer_names(plan).items():
                self._tell_hosts(name, address)
        else:  # nobody is there yet to see a network: the first host's launch makes it
            internet.fence(self.slot, [vpc.cidr_block])

    def _open_way_to_mirror(self) -> dict[str, list[tuple[str, int]]]:
        endpoints = internet.mirror_endpoints(mirror.read_mirror())
        internet.open_way_to_mirror(self.slot, endpoints)
        return endpoints

    def launch(self, instance_id: str) -> None:
        """Boot a new host for an instance's record.

        Raises:
            LabError: no image, no way to the mirror, or podman could not start it; with the end of its console.
        """
        instance = self.store.get(Instance, instance_id)
        endpoints = self._open_way_to_mirror()
        region = self._region(instance)
        self._serve_profile(instance, region)
        size = catalog.instance_type(instance.instance_type)
        key = self.store.find(KeyPair, instance.key_name) if instance.key_name else None
        boot = hosts.Boot(
            name=self.host_name(instance_id),
            hostname=f"ip-{instance.private_ip.replace('.', '-')}",
            private_ip=instance.private_ip,
            image=image.ensure_image(suite=catalog.RELEASES.get(catalog.image_release(instance.ami) or "")),
            memory_mib=size.memory_mib,
            vcpus=size.vcpus,
            public_keys=(key.public_key,) if key else (),
            user_data=instance.user_data,
            known_hosts={name: addresses[0][0] for name, addresses in endpoints.items()}
            | self._s3_names(region)
            | self._balancer_names(instance),
            trusted=self.s3.prepare(),
        )
        hosts.launch(boot, self._seed(instance_id))
        hosts.require_running(boot.name)

    def stop(self, instance_id: str) -> None:
        """Shut an instance's host down in an orderly way."""
        hosts.stop(self.host_name(instance_id))

    def start(self, instance_id: str) -> None:
        """Boot an instance's host again from its disk, with the user data of its record."""
        instance = self.store.get(Instance, instance_id)
        self._serve_profile(instance, self._region(instance))
        self._open_way_to_mirror()
        size = catalog.instance_type(instance.instance_type)
        name = self.host_name(instance_id)
        hosts.give_user_data(self._seed(instance_id), instance.user_data)
        with self.store.locked():
            self._give_devices(instance_id)
        hosts.start(name, size.memory_mib, size.vcpus)
        hosts.require_running(name)

    def reboot(self, instance_id: str) -> None:
        """Stop a host and boot it again; addresses stay."""
        self.stop(instance_id)
        self.start(instance_id)

    def terminate(self, instance_id: str) -> None:
        """Take a host and its disk away; nothing happens if they are gone."""
        hosts.remove(self.host_name(instance_id), self._seed(instance_id))

    def detach(self, instance_id: str) -> None:
        """Take a host's namespace and link away; nothing happens if they are gone."""
        network.remove_host(self.slot, instance_id)

    def place(self, instance_id: str) -> tuple[str, topology.HostPlan]:
        """Return the router that a host hangs on, and its place there.

        Raises:
            LabError: it has none, not yet or no longer.
        """
        instance = self.store.get(Instance, instance_id)
        vpc = self.store.get(Vpc, self.store.get(Subnet, instance.subnet_id).vpc_id)
        hosts_there = topology.plan(self.store, vpc).hosts
        host = next((host for host in hosts_there if host.instance_id == instance_id), None)
        if host is None:
            raise LabError(f"instance {instance_id} was terminated")
        return links.namespace(self.slot, vpc.id), host

    def cut(self, instance_id: str) -> None:
        """Drop all that a host sends and all that is sent to it, as when its network fails; it runs on."""
        router, host = self.place(instance_id)
        cuts.cut(router, host.link)

    def join(self, instance_id: str) -> None:
        """Give a host that was cut off its network again."""
        router, host = self.place(instance_id)
        cuts.join(router, host.link)

    # S3 and what instances are told

    @cached_property
    def s3(self) -> Control:
        """The lab's S3, which runs only where something needs it."""
        return Control(self.lab.folder, self.slot)

    def _region(self, instance: Instance) -> str:
        return self.store.get(Subnet, instance.subnet_id).availability_zone[:-1]

    def _serve_profile(self, instance: Instance, region: str) -> None:
        if instance.options.get("iamInstanceProfile"):
            self.s3.ensure(region)

    def _s3_names(self, region: str) -> dict[str, str]:
        """Return the names of S3 and of each bucket, as a host's DNS would have them."""
        service = server_names(region)[0]
        names = [service, *(f"{bucket.id}.{service}" for bucket in self.store.all(Bucket))]
        return dict.fromkeys(names, self.s3.paths.address)

    def _balancer_names(self, instance: Instance) -> dict[str, str]:
        """Return the names of the load balancers of an instance's VPC."""
        vpc = self.store.get(Vpc, self.store.get(Subnet, instance.subnet_id).vpc_id)
        return _balancer_names(topology.plan(self.store, vpc))

    def serve(self, region: str) -> None:
        """Have S3 and the metadata service run; nothing happens if they do.

        Raises:
            LabError: the server cannot be built, or does not begin to serve.
        """
        self.s3.ensure(region)

    def make_bucket(self, name: str, region: str) -> None:
        """Make a bucket, and tell running hosts its name.

        Raises:
            LabError: S3 cannot be had, or refuses.
        """
        self.s3.ensure(region)
        buckets.make(self.s3.client(region), name)
        self._tell_hosts(f"{name}.{server_names(region)[0]}", self.s3.paths.address)

    def _tell_hosts(self, name: str, address: str) -> None:
        """Tell the hosts that there are a name."""
        line = f"{address}\t{name}\n"
        for known in (self.lab.folder / "seeds").glob("*/hosts"):
            if line not in known.read_text(encoding="utf-8"):
                with known.open("a", encoding="utf-8") as file:  # a host has it mounted: no new file
                    file.write(line)

    def set_versioning(self, name: str, region: str, status: str) -> None:
        """Have a bucket keep old versions (Enabled), or no more (Suspended).

        Raises:
            LabError: S3 cannot be had, or refuses.
        """
        self.s3.ensure(region)
        buckets.set_versioning(self.s3.client(region), name, status)

    def remove_bucket(self, name: str, region: str, force: bool) -> None:
        """Delete a bucket; nothing happens if it is gone.

        Raises:
            AwsError: BucketNotEmpty, unless `force` deletes all that is in it too.
            LabError: S3 cannot be had, or refuses.
        """
        self.s3.ensure(region)
        buckets.remove(self.s3.client(region), name, force)

    def state(self, instance_id: str) -> State:
        """Tell whether an instance's host runs, is stopped, or is gone."""
        return hosts.state(self.host_name(instance_id))

    # Volumes

    def create_volume(self, volume_id: str, gib: int, snapshot_id: str = "") -> None:
        """Make a volume, empty or from a snapshot."""
        self.volumes.create(volume_id, gib, snapshot_id)

    def grow_volume(self, volume_id: str, gib: int) -> None:
        """Make a volume larger, mounted or not."""
        self.volumes.grow(volume_id, gib)

    def remove_volume(self, volume_id: str) -> None:
        """Take a volume away; nothing happens if it is gone."""
        self.volumes.remove(volume_id)

    def volume_in_use(self, volume_id: str) -> bool:
        """Tell whether a host has a volume mounted."""
        return self.volumes.in_use(volume_id)

    def cut_off_volume(self, volume_id: str, instance_id: str) -> None:
        """Take a volume away from a host that has it mounted; what the host did not sync is lost."""
        pid = hosts.pid(self.host_name(instance_id))
        if pid and (device := self.volumes.device(volume_id)):
            file_systems.shut_down(pid, Path(device).stat().st_rdev, hide=True)
            self.volumes.abandon(volume_id)

    def create_snapshot(self, volume_id: str, snapshot_id: str) -> None:
        """Keep a volume as it is on disk at this moment."""
        self.volumes.clone(volume_id, snapshot_id)

    def remove_snapshot(self, snapshot_id: str) -> None:
        """Take a snapshot away; nothing happens if it is gone."""
        self.volumes.remove(snapshot_id)

    def crash(self, instance_id: str) -> None:
        """Kill every process of a host at once; what it did not sync to its volumes is lost, as in a power cut.

        It is off the network first: a process that sees its disk fail must not have the time to take its leave.

        Raises:
            LabError: it does not run.
        """
        name = self.host_name(instance_id)
        router, place = self.place(instance_id)
        was_cut_off = place.link in cuts.cut_off(router)
        cuts.cut(router, place.link)
        try:
            if pid := hosts.pid(name):
                for device in hosts.devices(self._seed(instance_id)):
                    file_systems.shut_down(pid, device.number)
            hosts.crash(name)
        finally:
            if not was_cut_off:
                cuts.join(router, place.link)

    def refresh_devices(self, instance_id: str) -> None:
        """Make a host's devices those of its attachments, at once if it runs; let go of volumes without attachment.

        Raises:
            LabError: the machine could not, or a volume to be let go of stays in use.
        """
        seed = self._seed(instance_id)
        if (state := self.state(instance_id)) != "gone":
            before = hosts.devices(seed)
            after = self._give_devices(instance_id)
            if state == "running":
                hosts.make_devices(self.host_name(instance_id), [old for old in before if old not in after])
        attached = {attachment.volume_id for attachment in self.store.all(VolumeAttachment)}
        for volume_id in set(self.volumes.devices()) - attached:
            self.volumes.release(volume_id)

    def _give_devices(self, instance_id: str) -> list[hosts.Device]:
        """Write down the devices of an instance's attachments, each by its name so far or the first free one."""
        seed = self._seed(instance_id)
        names = {device.volume_id: device.name for device in hosts.devices(seed)}
        wanted = []
        for attachment in self.store.all(VolumeAttachment):
            if attachment.instance_id != instance_id:
                continue
            number = Path(self.volumes.attach(attachment.volume_id)).stat().st_rdev
            name = names.get(attachment.volume_id) or _free_device(names.values())
            names[attachment.volume_id] = name
            wanted.append(hosts.Device(name, number, attachment.volume_id))
        hosts.give_devices(seed, wanted)
        return wanted

    def tear_down(self) -> None:
        """Remove every host, namespace, link and rule that carries this lab's prefix, whatever the records say."""
        self.s3.stop()
        for name in hosts.named(self.slot.prefix):
            hosts.remove(name, self._seed(name.removeprefix(self.slot.prefix)))
        self.volumes.tear_down()
        network.remove_everything(self.slot)
        slots.release(self.lab)


def _balancer_names(plan: topology.VpcPlan) -> dict[str, str]:
    """Return the names of a VPC's load balancers: /etc/hosts has one address for each, and any of them will do."""
    return {balancer.name: balancer.addresses[0] for balancer in plan.balancers}


def _free_device(taken: Collection[str]) -> str:
    """Return the name of the first NVMe device that is free; hosts see this machine's own ones too."""
    names = (f"nvme{number}n1" for number in range(1, 256))
    return next(name for name in names if name not in taken and not Path(f"/dev/{name}").exists())
