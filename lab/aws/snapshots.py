"""EBS snapshots."""
# ruff: noqa: ARG002 - the types share one signature a method, whether each of them needs all of it or not

from __future__ import annotations

from typing import ClassVar

from lab.aws.network import REGION, TAGS
from lab.aws.schema import Cloud, Property, ResourceType
from lab.aws.wire import Values
from lab.cloud.model import Record, Snapshot
from lab.cloud.rules import ACCOUNT_ID


class SnapshotType(ResourceType):
    """aws.ebs.Snapshot: a volume as it was on disk at one moment."""

    urn_type = "aws:ebs/snapshot:Snapshot"
    kind = Snapshot
    prefix = "snap"
    properties: ClassVar = {
        "volumeId": Property(required=True, replaces=True),
        "description": Property(replaces=True),
        "storageTier": Property(computed=True, only=("standard",)),
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("arn", "dataEncryptionKeyId", "encrypted", "kmsKeyId", "ownerId", "storageTier", "volumeSize")

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> Snapshot:
        """Return the snapshot that inputs ask for."""
        existing = cloud.ec2.store.find(Snapshot, record_id) if record_id else None
        if existing is None:
            return Snapshot(record_id, inputs["volumeId"], 0, inputs.get("description", ""))
        kept = (existing.description, existing.encrypted, existing.kms_key_id, existing.start_time)
        return Snapshot(record_id, existing.volume_id, existing.volume_size, *kept)

    def create(self, cloud: Cloud, record: Snapshot) -> Record:
        """Make the snapshot."""
        return cloud.ec2.create_snapshot(record)

    def delete(self, cloud: Cloud, record_id: str, inputs: Values) -> None:
        """Delete the snapshot."""
        cloud.ec2.delete_snapshot(record_id)

    def inputs(self, record: Snapshot) -> Values:
        """Return the inputs that a snapshot tells of itself."""
        return {
            "volumeId": record.volume_id,
            "description": record.description or None,
            "storageTier": "standard",
        }

    def outputs(self, cloud: Cloud, record: Snapshot) -> Values:
        """Return what EC2 adds to a snapshot."""
        return {
            "arn": f"arn:aws:ec2:{cloud.region}::snapshot/{record.id}",
            "dataEncryptionKeyId": "",
            "encrypted": record.encrypted,
            "kmsKeyId": record.kms_key_id,
            "ownerId": ACCOUNT_ID,
            "storageTier": "standard",
            "volumeSize": record.volume_size,
        }
