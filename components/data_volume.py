"""A volume of its own for data that outlive the host that uses them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import checks
from components.args import args_faults
from components.component import Component, tags
from scripts.host.common.codec import SpecFault

DEVICE = "/dev/sdf"
"""The first name that is recommended for data volumes (EC2 User Guide, "Device names for volumes")."""
SNAPSHOT_TIME = "24h"
"""The longest that a snapshot may take: the first one of a volume copies all of it, later ones what has changed."""
IOPS_PER_GIB, IOPS_PER_MIBPS, BASE_IOPS = 500, 4, 3000
"""Most IOPS for a GiB, least IOPS for a MiB/s, and what every gp3 volume has (EBS User Guide, "General Purpose SSD
volumes")."""


class VolumeArgs(TypedDict):
    """What is chosen for the volume; config says it."""

    size_gib: NotRequired[Annotated[int, checks.data_volume_gib]]
    """It grows while it is in use, and never shrinks."""
    iops: NotRequired[Annotated[int, checks.volume_iops]]
    """3000 if not given. Changed in use, like the throughput."""
    throughput: NotRequired[Annotated[int, checks.volume_throughput]]
    """MiB/s; 125 if not given."""
    kms_key: NotRequired[Annotated[str, checks.kms_key_arn]]
    """ARN of the key that encrypts it; the account's own key for EBS if not given."""
    keep: NotRequired[bool]
    """Whether the volume stays in AWS when the stack no longer has it; true if not given."""
    volume_id: NotRequired[Annotated[str, checks.volume_id]]
    """A volume that is there, in place of one that is made: only its attachment is the stack's."""
    snapshot_id: NotRequired[Annotated[str, checks.snapshot_id]]
    """What the volume is made from; another one makes another volume."""


class DataVolumeArgs(VolumeArgs):
    """What a DataVolume is made from."""

    zone: Annotated[pulumi.Input[str], checks.zone]
    """The availability zone of the instance. A volume that is there keeps its zone."""
    protect: NotRequired[bool]
    """Whether Pulumi refuses to delete or replace the volume."""
    tags: NotRequired[Annotated[Mapping[str, str], checks.tags]]


class DataVolume(Component):
    """An encrypted gp3 volume, attached to one instance after another.

    Type: mysql-pair:index:DataVolume. Makes: aws.ebs.Volume, unless it is given one, and for `attach` an
    aws.ec2.VolumeAttachment, which stops the instance in order before it detaches the volume, and an aws.ebs.Snapshot
    where one is asked for.
    """

    volume_id: pulumi.Output[str]

    def __init__(self, name: str, args: DataVolumeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the volume."""
        self.refuse(name, [*args_faults(DataVolumeArgs, args), *volume_faults(args)])
        super().__init__(name, opts)
        self._args = args
        given = args.get("volume_id")
        self.volume_id = pulumi.Output.from_input(given) if given else self._volume().id
        self.end()

    @property
    def size_gib(self) -> int:
        """Its size; 0 if it is not known."""
        return self._args.get("size_gib", 0)

    @property
    def snapshot_id(self) -> str:
        """What it is made from; empty if it is made empty, or was there."""
        return self._args.get("snapshot_id", "")

    @property
    def identity(self) -> str:
        """What says which volume it is: where this changes, so does the volume, and no host goes on with another."""
        parts = (self._args.get(key, "") for key in ("volume_id", "snapshot_id", "kms_key"))
        return " ".join(filter(None, map(str, parts))) or "its own"

    def attach(
        self,
        instance_id: pulumi.Input[str],
        after: Sequence[pulumi.Resource],
        successor: pulumi.Resource | None = None,
        before: str | None = None,
    ) -> aws.ec2.VolumeAttachment:
        """Attach the volume to an instance, once other resources are there; it can be attached to one only.

        Args:
            instance_id: the instance's id.
            after: what is there before.
            successor: the instance, of which a former one is deleted before it is made: while it boots, the volume is
                attached to none.
            before: what a snapshot is named after that is made meanwhile; None for none.
        """
        snapshots = [self._snapshot(before, successor)] if before and successor else []
        return aws.ec2.VolumeAttachment(
            f"{self.name}-attached",
            device_name=DEVICE,
            volume_id=self.volume_id,
            instance_id=instance_id,
            stop_instance_before_detaching=True,
            opts=self.child(depends_on=[*after, *snapshots], delete_before_replace=True),
        )

    def _snapshot(self, before: str, successor: pulumi.Resource) -> aws.ebs.Snapshot:
        """Make a snapshot, which stays in AWS whatever becomes of the stack."""
        name = f"{self.name}-before-{before}"
        return aws.ebs.Snapshot(
            name,
            volume_id=self.volume_id,
            description=f"MySQL's data as they were before {before}",
            tags=tags(name, self._args.get("tags")),
            opts=self.child(
                depends_on=[successor],
                retain_on_delete=True,
                # Of the volume that the data were on then, whatever volume comes later.
                ignore_changes=["volumeId"],
                custom_timeouts=pulumi.CustomTimeouts(create=SNAPSHOT_TIME),
            ),
        )

    def _volume(self) -> aws.ebs.Volume:
        args = self._args
        return aws.ebs.Volume(
            f"{self.name}-volume",
            availability_zone=args["zone"],
            type="gp3",
            size=args.get("size_gib"),
            iops=args.get("iops"),
            throughput=args.get("throughput"),
            encrypted=True,
            kms_key_id=args.get("kms_key"),
            snapshot_id=args.get("snapshot_id"),
            tags=tags(self.name, args.get("tags")),
            opts=self.child(
                protect=args.get("protect", False),
                retain_on_delete=args.get("keep", True),
                # Another zone would be another volume, and an empty one.
                ignore_changes=["availabilityZone"],
            ),
        )


def a_data_volume(name: str, args: DataVolumeArgs | None, zone: pulumi.Input[str] | None) -> DataVolume | None:
    """Return the volume, if there is to be one: in this zone, if its host's subnet is one that is made.

    A subnet keeps its zone, whatever zones are chosen later.
    """
    if args is None:
        return None
    return DataVolume(name, args if zone is None else {**args, "zone": zone})


def volume_faults(args: VolumeArgs) -> Iterator[SpecFault]:
    """Yield what is right by itself and wrong together."""
    size, iops, throughput = args.get("size_gib"), args.get("iops"), args.get("throughput")
    if args.get("volume_id") and args.get("snapshot_id"):
        yield SpecFault(
            "snapshot_id", "is given beside volume_id", "Name one: a volume that is there is not made again"
        )
    if not (size or args.get("volume_id") or args.get("snapshot_id")):
        yield SpecFault("size_gib", "is missing", "A new volume needs a size")
    if args.get("volume_id"):
        for field in ("iops", "throughput", "kms_key"):
            if field in args:
                yield SpecFault(
                    field, "is given beside volume_id", "Leave it out: a volume that is there keeps its own"
                )
    elif size and iops and iops > max(BASE_IOPS, size * IOPS_PER_GIB):
        wrong = f"is {iops}, and gp3 has at most {IOPS_PER_GIB} for a GiB"
        yield SpecFault("iops", wrong, f"Choose {max(BASE_IOPS, size * IOPS_PER_GIB)} or less, or a larger volume")
    if throughput and throughput * IOPS_PER_MIBPS > (iops or BASE_IOPS):
        wrong = f"is {throughput} MiB/s, which needs {throughput * IOPS_PER_MIBPS} IOPS"
        yield SpecFault("throughput", wrong, "Raise the IOPS, or choose less")
