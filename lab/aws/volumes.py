"""EBS volumes and their attachments."""
# ruff: noqa: ARG002 - the types share one signature a method, whether each of them needs all of it or not

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import ClassVar

from lab.aws.network import REGION, TAGS
from lab.aws.schema import Cloud, Failure, Property, ResourceType, attempt
from lab.aws.wire import Values
from lab.cloud import volume_rules
from lab.cloud.model import Record, Snapshot, Volume, VolumeAttachment
from lab.cloud.rules import ACCOUNT_ID, AwsError
from lab.cloud.volumes import rfc3339


class VolumeType(ResourceType):
    """aws.ebs.Volume: a gp3 volume."""

    urn_type = "aws:ebs/volume:Volume"
    kind = Volume
    prefix = "vol"
    properties: ClassVar = {
        "availabilityZone": Property(required=True, replaces=True),
        "encrypted": Property("bool", replaces=True, computed=True, without_effect="kept in clear in the lab's image"),
        "finalSnapshot": Property("bool", default=False),
        "iops": Property("number", computed=True, without_effect="as fast as this machine's disk"),
        "kmsKeyId": Property(replaces=True, computed=True, without_effect="a lab has no KMS"),
        "multiAttachEnabled": Property("bool", only=(False,), replaces=True),
        "size": Property("number", computed=True),
        "snapshotId": Property(replaces=True, computed=True),
        "throughput": Property("number", computed=True, without_effect="as fast as this machine's disk"),
        "type": Property(required=True, only=("gp3",)),  # EBS makes gp2 where it is not given
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("arn", "createTime", "encrypted", "iops", "kmsKeyId", "size", "snapshotId", "throughput")

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield sizes and speeds that EBS refuses."""
        if not {"size", "snapshotId"} & {*inputs, *unknown}:
            yield Failure("size", "one of `size,snapshotId` must be specified")
        if "size" in inputs and not unknown & {"iops", "throughput"}:
            volume = Volume("", "", inputs["size"], "gp3", *_speeds(inputs, None))
            yield from attempt("size", volume_rules.check_volume, volume)

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> Volume:
        """Return the volume that inputs ask for; what they leave open, EC2 decides."""
        if inputs["availabilityZone"] not in cloud.zones():
            raise AwsError("InvalidZone.NotFound", f"The zone '{inputs['availabilityZone']}' does not exist.")
        existing = cloud.ec2.store.find(Volume, record_id) if record_id else None
        source = cloud.ec2.store.find(Snapshot, inputs.get("snapshotId", ""))
        size = inputs.get("size") or (existing.size if existing else source.volume_size if source else 1)
        key = inputs.get("kmsKeyId", existing.kms_key_id if existing else "")
        encrypted = bool(inputs.get("encrypted", existing.encrypted if existing else False))
        if source and source.encrypted and not existing:
            encrypted, key = True, key or source.kms_key_id
        if key and not encrypted:
            raise AwsError(
                "InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set."
            )
        if encrypted and not key:
            key = f"arn:aws:kms:{cloud.region}:{ACCOUNT_ID}:key/{DEFAULT_KEY}"
        speeds = _speeds(inputs, existing)
        snapshot = existing.snapshot_id if existing else inputs.get("snapshotId", "")
        return Volume(record_id, inputs["availabilityZone"], size, "gp3", *speeds, encrypted, key, snapshot)

    def create(self, cloud: Cloud, volume: Volume) -> Record:
        """Make the volume."""
        return cloud.ec2.create_volume(volume)

    def update(self, cloud: Cloud, volume: Volume, changed: set[str]) -> Record:
        """Change the volume where it is."""
        return cloud.ec2.modify_volume(volume)

    def delete(self, cloud: Cloud, record_id: str, inputs: Values) -> None:
        """Delete the volume, with a last snapshot if that is asked for."""
        cloud.ec2.delete_volume(record_id, bool(inputs.get("finalSnapshot")))

    def inputs(self, record: Volume) -> Values:
        """Return the inputs that a volume tells of itself."""
        return {
            "availabilityZone": record.availability_zone,
            "size": record.size,
            "type": record.type,
            "iops": record.iops,
            "throughput": record.throughput,
            "encrypted": record.encrypted,
            "kmsKeyId": record.kms_key_id or None,
            "snapshotId": record.snapshot_id or None,
        }

    def outputs(self, cloud: Cloud, record: Volume) -> Values:
        """Return what EC2 adds to a volume."""
        return {
            **self.inputs(record),
            "arn": cloud.arn(f"volume/{record.id}"),
            "createTime": rfc3339(record.create_time),
            "kmsKeyId": record.kms_key_id,
            "snapshotId": record.snapshot_id,
        }


DEFAULT_KEY = "00000000-0000-4000-8000-000000000eb5"
"""The id that stands for aws/ebs, the account's own key."""


def _speeds(inputs: Values, existing: Volume | None) -> tuple[int, int]:
    """Return IOPS and throughput: given, as they are, or gp3's own."""
    iops = inputs.get("iops") or (existing.iops if existing else volume_rules.GP3_IOPS[0])
    throughput = inputs.get("throughput") or (existing.throughput if existing else volume_rules.GP3_THROUGHPUT[0])
    return iops, throughput


class VolumeAttachmentType(ResourceType):
    """aws.ec2.VolumeAttachment."""

    urn_type = "aws:ec2/volumeAttachment:VolumeAttachment"
    kind = VolumeAttachment
    properties: ClassVar = {
        "deviceName": Property(required=True, replaces=True),
        "instanceId": Property(required=True, replaces=True),
        "volumeId": Property(required=True, replaces=True),
        "forceDetach": Property("bool"),
        "skipDestroy": Property("bool"),
        "stopInstanceBeforeDetaching": Property("bool"),
        "region": REGION,
    }
    computed = ()

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield a name that EC2 does not take for a device."""
        if "deviceName" in inputs:
            yield from attempt("deviceName", volume_rules.check_device_name, inputs["deviceName"])

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> VolumeAttachment:
        """Return the attachment that inputs ask for; its id is made of them."""
        device, instance, volume = inputs["deviceName"], inputs["instanceId"], inputs["volumeId"]
        return VolumeAttachment(attachment_id(device, instance, volume), volume, instance, device)

    def create(self, cloud: Cloud, record: VolumeAttachment) -> Record:
        """Attach the volume."""
        cloud.ec2.find_instance(record.instance_id)
        return cloud.ec2.attach_volume(record)

    def update(self, cloud: Cloud, record: VolumeAttachment, changed: set[str]) -> Record:
        """Do nothing: what can change is for the detach to read."""
        return record

    def delete(self, cloud: Cloud, record_id: str, inputs: Values) -> None:
        """Detach the volume, its host stopped first if that is asked for."""
        if inputs.get("skipDestroy"):
            return
        if inputs.get("stopInstanceBeforeDetaching"):
            cloud.ec2.stop(inputs["instanceId"])
        cloud.ec2.detach_volume(record_id, bool(inputs.get("forceDetach")))

    def find(self, cloud: Cloud, record_id: str) -> Record | None:
        """Return the attachment, or None if its host is gone."""
        if record_id.count(":") == 2:  # as an import names it
            device, volume, instance = record_id.split(":")
            record_id = attachment_id(device, instance, volume)
        record = cloud.ec2.store.find(VolumeAttachment, record_id)
        return record if record and cloud.ec2.find_instance(record.instance_id) else None

    def inputs(self, record: VolumeAttachment) -> Values:
        """Return the inputs that an attachment tells of itself."""
        return {"deviceName": record.device_name, "instanceId": record.instance_id, "volumeId": record.volume_id}

    def outputs(self, cloud: Cloud, record: VolumeAttachment) -> Values:
        """Return nothing: an attachment is what it was asked to be."""
        return {}


def attachment_id(device_name: str, instance_id: str, volume_id: str) -> str:
    """Return the id that the provider makes for an attachment, as EC2 has none."""
    return f"vai-{zlib.crc32(f'{device_name}-{instance_id}-{volume_id}-'.encode())}"
