"""The functions of the aws provider that tell of volumes and snapshots."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import TypeVar

from lab.aws.schema import NOT_SUPPORTED, Cloud
from lab.aws.snapshots import SnapshotType
from lab.aws.volumes import VolumeType
from lab.aws.wire import Values
from lab.cloud.model import Snapshot, Volume
from lab.cloud.rules import ACCOUNT_ID, AwsError
from lab.cloud.volumes import rfc3339
from lab.settings import LabError

R = TypeVar("R", Volume, Snapshot)


def get_volume(cloud: Cloud, args: Values) -> Values:
    """Answer aws.ebs.get_volume.

    Raises:
        LabError: in the provider's words, no volume is like that, or more than one.
    """
    record = _only(_volumes(cloud, args), args)
    kind = VolumeType()
    outputs = kind.outputs(cloud, record)
    return {
        **{name: value for name, value in outputs.items() if name != "type" and value is not None},
        "id": record.id,
        "volumeId": record.id,
        "volumeType": record.type,
        "multiAttachEnabled": False,
        "outpostArn": "",
        "volumeInitializationRate": 0,
        "tags": record.tags,
        "region": cloud.region,
    }


def get_ebs_volumes(cloud: Cloud, args: Values) -> Values:
    """Answer aws.ebs.get_ebs_volumes; that there are none is no error."""
    return {"id": cloud.region, "ids": [volume.id for volume in _volumes(cloud, args)], "region": cloud.region}


def get_snapshot(cloud: Cloud, args: Values) -> Values:
    """Answer aws.ebs.get_snapshot.

    Raises:
        AwsError: InvalidSnapshot.NotFound, for an id that does not exist.
        LabError: in the provider's words, no snapshot is like that, or more than one.
    """
    record = _only(_snapshots(cloud, args), args)
    kind = SnapshotType()
    return {
        **kind.outputs(cloud, record),
        "id": record.id,
        "snapshotId": record.id,
        "volumeId": record.volume_id,
        "description": record.description,
        "startTime": rfc3339(record.start_time),
        "state": "completed",
        "outpostArn": "",
        "ownerAlias": "",
        "tags": record.tags,
        "region": cloud.region,
    }


def get_snapshot_ids(cloud: Cloud, args: Values) -> Values:
    """Answer aws.ebs.get_snapshot_ids, the newest first; that there are none is no error."""
    found = sorted(_snapshots(cloud, args), key=_born, reverse=True)
    return {"id": cloud.region, "ids": [snapshot.id for snapshot in found], "region": cloud.region}


def _volumes(cloud: Cloud, args: Values) -> list[Volume]:
    asked = _asked(args)
    return [volume for volume in cloud.ec2.store.all(Volume) if _is_like(_volume_facts(cloud, volume), volume, asked)]


def _snapshots(cloud: Cloud, args: Values) -> list[Snapshot]:
    wanted = args.get("snapshotIds")
    for snapshot_id in wanted or ():
        if cloud.ec2.store.find(Snapshot, snapshot_id) is None:
            raise AwsError("InvalidSnapshot.NotFound", f"The snapshot '{snapshot_id}' does not exist.")
    if not set(args.get("owners", ("self",))) & {"self", ACCOUNT_ID}:
        return []
    asked = _asked(args)
    return [
        snapshot
        for snapshot in cloud.ec2.store.all(Snapshot)
        if (wanted is None or snapshot.id in wanted) and _is_like(_snapshot_facts(snapshot), snapshot, asked)
    ]


def _volume_facts(cloud: Cloud, volume: Volume) -> dict[str, str]:
    attachment = cloud.ec2.attachment(volume.id)
    return {
        "volume-id": volume.id,
        "availability-zone": volume.availability_zone,
        "size": str(volume.size),
        "snapshot-id": volume.snapshot_id,
        "encrypted": str(volume.encrypted).lower(),
        "volume-type": volume.type,
        "status": "in-use" if attachment else "available",
        "attachment.instance-id": attachment.instance_id if attachment else "",
        "attachment.device": attachment.device_name if attachment else "",
    }


def _snapshot_facts(snapshot: Snapshot) -> dict[str, str]:
    return {
        "snapshot-id": snapshot.id,
        "volume-id": snapshot.volume_id,
        "volume-size": str(snapshot.volume_size),
        "description": snapshot.description,
        "encrypted": str(snapshot.encrypted).lower(),
        "status": "completed",
        "owner-id": ACCOUNT_ID,
    }


def _asked(args: Values) -> list[tuple[str, list[str]]]:
    tags = [(f"tag:{key}", [value]) for key, value in args.get("tags", {}).items()]
    return [*tags, *((entry["name"], entry["values"]) for entry in args.get("filters", ()))]


def _is_like(facts: dict[str, str], record: Volume | Snapshot, asked: list[tuple[str, list[str]]]) -> bool:
    """Tell whether a record is what filters ask for; `*` and `?` stand for others, as in EC2."""
    for name, patterns in asked:
        if name.startswith("tag:"):
            value = record.tags.get(name.removeprefix("tag:"))
        elif name in facts:
            value = facts[name]
        else:
            raise LabError(f"filter {name!r}: {NOT_SUPPORTED}")
        if value is None or not any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns):
            return False
    return True


def _only(found: Sequence[R], args: Values) -> R:
    if not found:
        raise LabError("Your query returned no results. Please change your search criteria and try again.")
    if len(found) > 1 and not args.get("mostRecent"):
        raise LabError(
            "Your query returned more than one result. Please try a more specific search criteria, or set "
            "`most_recent` attribute to true."
        )
    return max(found, key=_born)


def _born(record: Volume | Snapshot) -> str:
    return record.create_time if isinstance(record, Volume) else record.start_time
