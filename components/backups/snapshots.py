"""Snapshots of a volume on a schedule, which Amazon Data Lifecycle Manager makes and lets go."""

from collections.abc import Mapping
from typing import Annotated, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import checks
from components.args import args_faults
from components.backups.iam import policy, role_prefix, trust
from components.component import Component, tags
from components.data_volume import DataVolume

MAKE = ["ec2:CreateSnapshot", "ec2:CreateSnapshots", "ec2:DeleteSnapshot"]
SEE = ["ec2:DescribeVolumes", "ec2:DescribeSnapshots", "ec2:DescribeInstances", "ec2:DescribeAvailabilityZones"]


class SnapshotsArgs(TypedDict):
    """What is chosen for snapshots; config says it."""

    schedule: Annotated[str, checks.snapshot_cron]
    """When, in UTC: cron(30 3 * * ? *)."""
    count: Annotated[int, checks.snapshot_count]
    """How many are kept: of more, the oldest goes."""


class VolumeSnapshotsArgs(SnapshotsArgs):
    """What Snapshots are made from."""

    volume: DataVolume
    tags: NotRequired[Annotated[Mapping[str, str], checks.tags]]
    """Of every resource, besides its name; snapshots have the volume's."""


class Snapshots(Component):
    """Snapshots of a volume on a schedule; those that there are stay when the stack is destroyed.

    Type: mysql-pair:index:Snapshots. Makes: aws.iam.Role and RolePolicy for Data Lifecycle Manager, and an
    aws.dlm.LifecyclePolicy.
    """

    def __init__(self, name: str, args: VolumeSnapshotsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the policy and its role."""
        self.refuse(name, args_faults(VolumeSnapshotsArgs, args))
        super().__init__(name, opts)
        named = tags(name, args.get("tags"))
        role = aws.iam.Role(
            f"{name}-role",
            name_prefix=role_prefix(name),
            assume_role_policy=trust("dlm"),
            tags=named,
            opts=self.child(),
        )
        allowed = aws.iam.RolePolicy(
            f"{name}-policy", name=name, role=role.name, policy=may_snapshot(), opts=self.child()
        )
        aws.dlm.LifecyclePolicy(
            f"{name}-schedule",
            description="Snapshots of the data volume of a MySQL server",
            execution_role_arn=role.arn,
            state="ENABLED",
            policy_details={
                "resource_types": ["VOLUME"],
                # A volume that has any of them is in: of its tags, its name is nobody else's.
                "target_tags": {"Name": tags(args["volume"].name)["Name"]},
                "schedules": [
                    {
                        "name": name,
                        "create_rule": {"cron_expression": args["schedule"]},
                        "retain_rule": {"count": args["count"]},
                        "copy_tags": True,
                    }
                ],
            },
            tags=named,
            opts=self.child(depends_on=[allowed]),
        )
        self.end()


def snapshots_of(
    name: str, args: SnapshotsArgs | None, volume: DataVolume | None, more_tags: Mapping[str, str]
) -> Snapshots | None:
    """Return the snapshots of a volume, if there are to be any."""
    return Snapshots(name, {**args, "volume": volume, "tags": more_tags}) if args and volume else None


def may_snapshot() -> str:
    """Return the policy (JSON) that Data Lifecycle Manager needs for snapshots of volumes.

    Source: Amazon EBS User Guide, "Control access to Amazon Data Lifecycle Manager using IAM".
    """
    tagging = {"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "arn:*:ec2:*::snapshot/*"}
    return policy({"Effect": "Allow", "Action": [*MAKE, *SEE], "Resource": "*"}, tagging)
