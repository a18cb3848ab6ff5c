"""The functions of the aws provider that tell of instances."""

from __future__ import annotations

import base64
import fnmatch

from lab.aws.compute import InstanceType
from lab.aws.schema import NOT_SUPPORTED, Cloud
from lab.aws.wire import Values
from lab.cloud import catalog
from lab.cloud.model import Instance, Volume, VolumeAttachment
from lab.settings import LabError


def get_instances(cloud: Cloud, args: Values) -> Values:
    """Answer aws.ec2.get_instances; that there are none is no error.

    Source: Terraform's aws provider, data source aws_instances: those that run, where no state is asked for. Amazon
    EC2 API Reference, DescribeInstances: the filters.
    """
    asked = [(f"tag:{key}", [value]) for key, value in args.get("instanceTags", {}).items()]
    asked += [(entry["name"], entry["values"]) for entry in args.get("filters", ())]
    states = args.get("instanceStateNames", ["running"])
    instances = [
        instance
        for instance in cloud.ec2.instances()
        if all(_is_like(instance, name, patterns) for name, patterns in asked)
        and cloud.ec2.plane.state(instance.id) in states
    ]
    public = [cloud.ec2.public_ip(instance) for instance in instances]
    return {
        "id": cloud.region,
        "ids": [instance.id for instance in instances],
        "instanceTags": args.get("instanceTags", {}),
        "privateIps": [instance.private_ip for instance in instances],
        "publicIps": [address for address in public if address],
        "ipv6Addresses": [],
        "region": cloud.region,
    }


def _is_like(instance: Instance, name: str, patterns: list[str]) -> bool:
    known = {
        "architecture": catalog.image_architecture(instance.ami),
        "image-id": instance.ami,
        "instance-type": instance.instance_type,
        "subnet-id": instance.subnet_id,
    }
    if name.startswith("tag:"):
        value = instance.tags.get(name.removeprefix("tag:"))
    elif name in known:
        value = known[name]
    else:
        raise LabError(f"filter {name!r}: {NOT_SUPPORTED}")
    return value is not None and any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns)


def get_instance(cloud: Cloud, args: Values) -> Values:
    """Answer aws.ec2.get_instance by id.

    Raises:
        LabError: there is none, in the provider's words.
    """
    record = cloud.ec2.find_instance(args["instanceId"]) if "instanceId" in args else None
    if record is None:
        raise LabError("no matching EC2 Instance found")
    kind = InstanceType()
    volume = kind.outputs(cloud, record)["rootBlockDevice"]
    facts = {**kind.inputs(record), **kind.outputs(cloud, record)}
    return {
        **{name: value for name, value in facts.items() if name not in ("rootBlockDevice", "metadataOptions")},
        "id": record.id,
        "instanceId": record.id,
        "rootBlockDevices": [volume],
        "ebsBlockDevices": _ebs_block_devices(cloud, record),
        **({"userDataBase64": base64.b64encode(record.user_data.encode()).decode()} if args.get("getUserData") else {}),
        "metadataOptions": [facts.get("metadataOptions", {})],
        "tags": record.tags,
        "region": cloud.region,
    }


def _ebs_block_devices(cloud: Cloud, instance: Instance) -> list[Values]:
    """Return what the provider tells of an instance's volumes besides the root's."""
    attached = [item for item in cloud.ec2.store.all(VolumeAttachment) if item.instance_id == instance.id]
    return [
        {
            "deviceName": item.device_name,
            "volumeId": item.volume_id,
            "volumeSize": cloud.ec2.store.get(Volume, item.volume_id).size,
            "deleteOnTermination": False,
        }
        for item in attached
    ]
