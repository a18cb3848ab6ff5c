"""What only AWS knows of the things that config names: asked before anything is registered, each thing once."""

import base64
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from ipaddress import IPv4Network
from threading import Lock
from typing import Any, NamedTuple, TypeVar

import pulumi
import pulumi_aws as aws
import yaml  # type: ignore[import-untyped]  # its stubs are no dependency of the program

from components.ahead import Ahead
from components.component import tags
from components.data_volume import DEVICE
from components.host.host import parameter_name
from components.mysql.server import MYSQL_PACKAGE
from stack_config.reader import Reader

T = TypeVar("T")
ADDRESS_QUOTA, DEFAULT_ADDRESSES = "L-0263D0A3", 5
"""The quota "EC2-VPC Elastic IPs" of Service Quotas, and what it is unless AWS has raised it (VPC User Guide)."""
SECOND = "server-2"
"""The host that a group has and a server alone has not."""
VCPU_QUOTA = "L-1216C47A"
"""The quota "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", in vCPUs."""


ZONES, ADDRESSES = "the region's availability zones", "the region's Elastic IPs"


class CloudError(Exception):
    """AWS does not know it, or could not be asked; in AWS's words."""


class TypeFacts(NamedTuple):
    """An instance type. The architecture is EC2's word for it: x86_64 or arm64."""

    memory_mib: int
    architecture: str
    vcpus: int


class ImageFacts(NamedTuple):
    """An image."""

    architecture: str
    name: str
    """Of Canonical's, one like ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260101."""


class SubnetFacts(NamedTuple):
    """A subnet."""

    vpc_id: str
    cidr: IPv4Network
    zone: str
    gives_public_addresses: bool = False
    """Whether every host that is launched in it gets one."""


class AddressFacts(NamedTuple):
    """How many Elastic IPs there may be in the region, and how many are not this stack's."""

    quota: int
    others: int
    is_told: bool
    """Whether AWS told it: a role need not be allowed to ask Service Quotas."""


class HostFacts(NamedTuple):
    """A host of the stack that there is."""

    image: str
    private_ip: str
    subnet_id: str
    is_protected: bool
    """Whether EC2 refuses to terminate it."""
    data_volume: str | None = None
    """The id of the volume that is attached as the data volume."""
    began_on_volume: bool = False
    """Whether its first boot left MySQL's installation to be done on a data volume: no data were ever on its root."""


class VolumeFacts(NamedTuple):
    """A volume."""

    zone: str
    gib: int
    encrypted: bool
    snapshot_id: str = ""
    """What it was made from; empty if it was made empty."""


class Aws:
    """AWS: asked by the provider's functions, which wait for the answer. Each question raises CloudError."""

    def instance_type(self, name: str) -> TypeFacts:
        """Return the facts of an instance type."""
        facts = _ask(lambda: aws.ec2.get_instance_type(instance_type=name))
        architecture = "arm64" if "arm64" in facts.supported_architectures else "x86_64"
        return TypeFacts(facts.memory_size, architecture, facts.default_vcpus)

    def image(self, image: str) -> ImageFacts:
        """Return the facts of an image."""
        filters = [aws.ec2.GetAmiFilterArgs(name="image-id", values=[image])]
        facts = _ask(lambda: aws.ec2.get_ami(filters=filters, include_deprecated=True))
        return ImageFacts(facts.architecture, facts.name or "")

    def ubuntu_image(self, release: str, architecture: str) -> str:
        """Return the id of the current image of an Ubuntu release, as a host that is made now gets it."""
        name = parameter_name([architecture], release)
        return _ask(lambda: aws.ssm.get_parameter(name=name)).insecure_value

    def hosts(self, names: Sequence[str], **filters: str) -> list[str]:
        """Return the ids of those hosts of the stack that there are.

        Args:
            names: as config has them: server, client-1; all there are, if none is given.
            filters: of DescribeInstances (Amazon EC2 API Reference), such as architecture or image-id.
        """
        own = tags("")
        words = {"tag:Project": [own["Project"]], "tag:Stack": [own["Stack"]]}
        words |= {"tag:Name": [tags(name)["Name"] for name in names]} if names else {}
        words |= {name.replace("_", "-"): [value] for name, value in filters.items()}
        asked = [aws.ec2.GetInstancesFilterArgs(name=name, values=values) for name, values in words.items()]
        states = ["pending", "running", "stopping", "stopped"]
        return list(_ask(lambda: aws.ec2.get_instances(filters=asked, instance_state_names=states)).ids)

    def is_there(self, name: str) -> bool:
        """Return whether there is a host of this name."""
        return bool(self.hosts([name]))

    def host(self, name: str) -> HostFacts | None:
        """Return the facts of a host of the stack; None if there is none of that name yet."""
        for instance_id in self.hosts([name]):
            facts = _ask(lambda: aws.ec2.get_instance(instance_id=instance_id, get_user_data=True))  # noqa: B023  asked at once
            attached = [disk.volume_id for disk in facts.ebs_block_devices if disk.device_name == DEVICE]
            return HostFacts(
                facts.ami,
                facts.private_ip,
                facts.subnet_id,
                facts.disable_api_termination,
                attached[0] if attached else None,
                leaves_mysql(facts.user_data_base64),
            )
        return None

    def volume(self, volume_id: str) -> VolumeFacts:
        """Return the facts of a volume."""
        filters = [aws.ebs.GetVolumeFilterArgs(name="volume-id", values=[volume_id])]
        facts = _ask(lambda: aws.ebs.get_volume(filters=filters))
        return VolumeFacts(facts.availability_zone, facts.size, facts.encrypted, facts.snapshot_id or "")

    def own_volume(self, name: str) -> str | None:
        """Return the id of the stack's volume of that name; None if there is none."""
        ids = _ask(lambda: aws.ebs.get_ebs_volumes(filters=_named(aws.ebs.GetEbsVolumesFilterArgs, name))).ids
        return ids[0] if ids else None

    def has_snapshot(self, name: str) -> bool:
        """Return whether the stack has a snapshot of that name."""
        filters = _named(aws.ebs.GetSnapshotIdsFilterArgs, name)
        return bool(_ask(lambda: aws.ebs.get_snapshot_ids(filters=filters, owners=["self"])).ids)

    def is_attached(self, volume_id: str) -> bool:
        """Return whether a volume that there is, is attached to an instance."""
        named = {"volume-id": volume_id, "status": "in-use"}
        filters = [aws.ebs.GetVolumeFilterArgs(name=name, values=[value]) for name, value in named.items()]
        try:
            return bool(_ask(lambda: aws.ebs.get_volume(filters=filters)))
        except CloudError:
            return False

    def snapshot_gib(self, snapshot_id: str) -> int:
        """Return the size of the volume that a snapshot was made of."""
        return _ask(lambda: aws.ebs.get_snapshot(snapshot_ids=[snapshot_id])).volume_size

    def vpc_ranges(self, vpc_id: str) -> tuple[IPv4Network, ...]:
        """Return a VPC's ranges, the primary one first."""
        vpc = _ask(lambda: aws.ec2.get_vpc(id=vpc_id))
        more = [entry.cidr_block for entry in vpc.cidr_block_associations or () if entry.state == "associated"]
        return tuple(IPv4Network(cidr) for cidr in dict.fromkeys([vpc.cidr_block, *more]))

    def subnet(self, subnet_id: str) -> SubnetFacts:
        """Return the facts of a subnet."""
        facts = _ask(lambda: aws.ec2.get_subnet(id=subnet_id))
        return SubnetFacts(
            facts.vpc_id, IPv4Network(facts.cidr_block), facts.availability_zone, facts.map_public_ip_on_launch
        )

    def bucket(self, name: str) -> str:
        """Return the region of a bucket that this account may see."""
        return _ask(lambda: aws.s3.get_bucket(bucket=name)).bucket_region

    def zones(self) -> Sequence[str]:
        """Return the region's zones that need no opting in: Local Zones would sort before ordinary ones."""
        filters = [aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"])]
        return _ask(lambda: aws.get_availability_zones(state="available", filters=filters)).names

    def zones_offering(self, instance_type: str) -> Sequence[str]:
        """Return the zones in which an instance type is offered."""
        filters = [aws.ec2.GetInstanceTypeOfferingsFilterArgs(name="instance-type", values=[instance_type])]
        kind = "availability-zone"
        return sorted(_ask(lambda: aws.ec2.get_instance_type_offerings(filters=filters, location_type=kind)).locations)

    def elastic_addresses(self) -> AddressFacts:
        """Return how many Elastic IPs this stack may have; what AWS does not tell is as by default."""
        own = {"Project": pulumi.get_project(), "Stack": pulumi.get_stack()}
        with Ahead() as ahead:
            every = ahead.begin(_ask, lambda: aws.ec2.get_eips())
            ours = ahead.begin(_ask, lambda: aws.ec2.get_eips(tags=own))
            quota = self.quota(ADDRESS_QUOTA)
        try:
            others = len(every.result().allocation_ids) - len(ours.result().allocation_ids)
        except CloudError:
            return AddressFacts(DEFAULT_ADDRESSES, 0, is_told=False)
        return AddressFacts(DEFAULT_ADDRESSES if quota is None else quota, others, is_told=quota is not None)

    def quota(self, code: str) -> int | None:
        """Return one of the account's quotas for EC2; None where AWS does not tell it."""
        try:
            return int(_ask(lambda: aws.servicequotas.get_service_quota(service_code="ec2", quota_code=code)).value)
        except CloudError:
            return None


def _named(filter_args: Callable[..., T], name: str) -> list[T]:
    """Return the filters that find the stack's resource of that name, by its tags."""
    return [filter_args(name=f"tag:{key}", values=[value]) for key, value in tags(name).items()]


def leaves_mysql(user_data: str | None) -> bool:
    """Return whether a first boot's user data, in base64, are a server's that leave MySQL to the host agent."""
    try:
        config = yaml.safe_load(base64.b64decode(user_data or ""))
    except (ValueError, yaml.YAMLError):
        return False
    packages = config.get("packages") if isinstance(config, dict) else None
    return isinstance(packages, list) and MYSQL_PACKAGE not in packages


def _ask(question: Callable[[], T]) -> T:
    try:
        return question()
    except Exception as error:  # the SDK has no narrower class for what a function's call comes to
        words = str(error).strip() or type(error).__name__
        # Before them the SDK and the engine say which function was called.
        raise CloudError(words.splitlines()[-1].rpartition("returned an error: ")[2].rstrip(".")) from error


class Lookups:
    """The questions, each with the key of config that it is about, and each put once."""

    def __init__(self, reader: Reader, cloud: Aws, ahead: Ahead) -> None:
        """Begin with nothing known; questions are put by `ahead`."""
        self.cloud = cloud
        self._reader, self._ahead = reader, ahead
        self._put: dict[tuple[str, str], Future[Any]] = {}
        self._lock = Lock()
        self._told = set[tuple[str, str]]()

    def begin(self, question: Callable[[str], T], about: str) -> Future[T]:
        """Put a question that will probably be asked: nobody waits for the answer yet."""
        with self._lock:
            known = question.__name__, about
            if known not in self._put:
                self._put[known] = self._ahead.begin(question, about)
            return self._put[known]

    def begin_usual(
        self,
        servers: Sequence[str],
        instance_types: Iterable[str],
        images: Iterable[str | None],
        subnets: Iterable[str | None],
    ) -> None:
        """Put what nearly every config comes to, all at once: an answer of AWS's takes a tenth of a second or more.

        What it does not know of the instance types, images and subnets in config is told when they are asked for.
        `servers` are the servers' names among hosts.
        """
        for server in servers:
            self.begin(self._of_server if len(servers) == 1 else self._of_member, server)
        if len(servers) == 1:
            self.begin(self.cloud.is_there, SECOND)
        self.begin(self._addresses, ADDRESSES)
        self.begin(self._quota, VCPU_QUOTA)
        if not self._reader.is_set("vpcId"):
            self.begin(self._zones, ZONES)
        for name in filter(None, instance_types):
            self.begin(self.cloud.instance_type, name)
            self.begin(self.cloud.zones_offering, name)
        for image in filter(None, images):
            self.begin(self.cloud.image, image)
        for subnet in filter(None, subnets):
            self.begin(self.cloud.subnet, subnet)

    def _of_server(self, name: str) -> HostFacts | None:
        """Put what is asked of a server that there is, when it is known, and return its facts."""
        if current := self.begin(self.cloud.host, name).result():
            self.begin(self.cloud.image, current.image)
            self.begin(self.cloud.subnet, current.subnet_id)
            if current.data_volume:
                self.begin(self.cloud.volume, current.data_volume)
        return current

    def _of_member(self, name: str) -> None:
        """Put the same of one of several, and of one that there is not, whether it has data."""
        if not self._of_server(name):
            self.begin(self.cloud.own_volume, f"{name}-data")

    def ask(self, key: str | None, question: Callable[[str], T], about: str) -> T | None:
        """Return the answer to one of the cloud's questions; None where AWS has none, which is a fault of the key."""
        known = question.__name__, about
        try:
            return self.begin(question, about).result()
        except CloudError as error:
            if key and known not in self._told:
                self._told.add(known)
                self._reader.add_fault(
                    key, f"AWS does not know {about}: {error}", "Check the name, the region and the credentials"
                )
            return None

    def may_have(self, question: Callable[[str], T], about: str) -> bool:
        """Return whether AWS has an answer to one of the cloud's questions, or refuses to tell."""
        try:
            return bool(self.begin(question, about).result())
        except CloudError:
            return True

    def zones(self, key: str) -> Sequence[str] | None:
        """Return the region's zones."""
        return self.ask(key, self._zones, ZONES)

    def addresses(self) -> AddressFacts:
        """Return how many Elastic IPs there may be."""
        return self.begin(self._addresses, ADDRESSES).result()

    def quota(self, code: str) -> int | None:
        """Return one of the account's quotas for EC2; None where AWS does not tell it."""
        return self.begin(self._quota, code).result()

    def _zones(self, _: str) -> Sequence[str]:
        return self.cloud.zones()

    def _addresses(self, _: str) -> AddressFacts:
        return self.cloud.elastic_addresses()

    def _quota(self, code: str) -> int | None:
        return self.cloud.quota(code)

    def zones_offering(self, key: str, instance_type: str) -> Sequence[str] | None:
        """Return the zones in which an instance type is offered; None where AWS does not know the type."""
        facts = self.ask(key, self.cloud.instance_type, instance_type)
        return self.ask(key, self.cloud.zones_offering, instance_type) if facts else None

    def boots(
        self,
        keys: tuple[str, str],
        instance_type: str,
        image: str | None,
        hosts: Sequence[str],
        loses_data: bool = True,
    ) -> TypeFacts | None:
        """Return the facts of an instance type; an image that it cannot boot is a fault.

        Args:
            keys: of the type and of the image, about which AWS is asked even where it does not know the type.
            instance_type: as config has it.
            image: its id, if there is one.
            hosts: the names of the hosts; without an image in config, those that there are keep theirs.
            loses_data: whether a host that is replaced loses what is on it.
        """
        facts = (
            self.ask(keys[0], self.cloud.instance_type, instance_type) if self._reader.is_readable(keys[0]) else None
        )
        image_facts = self._image(keys[1], image, hosts) if image else None
        if facts and not image:
            self._keeps_architecture(keys, instance_type, facts.architecture, hosts, loses_data)
        if facts and image_facts and image_facts.architecture != facts.architecture:
            wrong = f"{image} is an image for {image_facts.architecture}, {instance_type} is {facts.architecture}"
            self._reader.add_fault(keys[1], wrong, "Choose one that fits")
        return facts

    def _image(self, key: str, image: str, hosts: Sequence[str]) -> ImageFacts | None:
        """Return an image's facts; a withdrawn one is no fault where all these hosts were made from it already."""
        facts = self.ask(None, self.cloud.image, image)
        if facts is None and not self._all_have(image, hosts):
            self.ask(key, self.cloud.image, image)
        return facts

    def _all_have(self, image: str, hosts: Sequence[str]) -> bool:
        try:
            return len(self.cloud.hosts(hosts, image_id=image)) == len(hosts)
        except CloudError:
            return False

    def _keeps_architecture(
        self, keys: tuple[str, str], instance_type: str, architecture: str, hosts: Sequence[str], loses_data: bool
    ) -> None:
        """Refuse a type that the image of a host that there is does not boot on."""
        former = "arm64" if architecture == "x86_64" else "x86_64"
        if not self.ask(keys[0], lambda _: self.cloud.hosts([], architecture=former), f"the stack's {former} hosts"):
            return
        about = f"the {former} hosts among {', '.join(hosts)}"
        if self.ask(keys[0], lambda _: self.cloud.hosts(hosts, architecture=former), about):
            wrong = (
                f"{instance_type} is {architecture}, and the image of {', '.join(hosts)} is for {former}: a host would "
                "be deleted, and not come up again"
            )
            lost = "and lose what is on it" if loses_data else "and the host is replaced: its data volume stays"
            hint = f"Choose a type for {former}, or set {keys[1]} to an image for {architecture}, {lost}"
            self._reader.add_fault(keys[0], wrong, hint)
