"""The functions of the aws provider that a lab answers: zones, images, instance types, who and where one is."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from typing import Any, TypeVar

from lab.aws.endpoints import get_managed_prefix_list, get_prefix_list
from lab.aws.identity import get_instance_profile
from lab.aws.instance_functions import get_instance, get_instances
from lab.aws.network import SubnetType, VpcType, zone_id
from lab.aws.schema import NOT_SUPPORTED, Cloud
from lab.aws.storage import get_bucket
from lab.aws.volume_functions import get_ebs_volumes, get_snapshot, get_snapshot_ids, get_volume
from lab.aws.wire import Values, secret
from lab.cloud import catalog, rules
from lab.cloud.model import Eip, Subnet, Vpc
from lab.cloud.rules import ACCOUNT_ID, AwsError
from lab.machine import mirror
from lab.settings import LabError

_PARAMETER = re.compile(
    r"/aws/service/canonical/ubuntu/server(-minimal)?/(?P<release>[^/]+)/stable/current/(?P<architecture>amd64|arm64)"
    r"/hvm/ebs-gp[23]/ami-id"
)
_DEBIAN_NAMES = {"amd64": "x86_64", "arm64": "arm64"}
R = TypeVar("R", Vpc, Subnet)
ADDRESS_QUOTA = "L-0263D0A3"
"""Service Quotas' code of "EC2-VPC Elastic IPs"."""
CANONICAL = "099720109477"
"""Canonical's account, which owns Ubuntu's images."""


def get_region(cloud: Cloud, args: Values) -> Values:
    """Answer aws.get_region."""
    if args.get("name", cloud.region) != cloud.region:
        raise LabError(f"aws.get_region: a lab has one region, {cloud.region}")
    endpoint = f"ec2.{cloud.region}.amazonaws.com"
    return {
        "id": cloud.region,
        "region": cloud.region,
        "name": cloud.region,
        "endpoint": endpoint,
        "description": f"lab ({cloud.region})",
    }


def get_caller_identity(cloud: Cloud, args: Values) -> Values:  # noqa: ARG001 - all functions share one signature
    """Answer aws.get_caller_identity with the lab's account."""
    return {"id": ACCOUNT_ID, "accountId": ACCOUNT_ID, "arn": f"arn:aws:iam::{ACCOUNT_ID}:user/lab", "userId": "lab"}


def get_partition(cloud: Cloud, args: Values) -> Values:  # noqa: ARG001 - all functions share one signature
    """Answer aws.get_partition."""
    return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


def get_availability_zones(cloud: Cloud, args: Values) -> Values:
    """Answer aws.get_availability_zones: three ordinary zones."""
    zones = [
        {
            "zone-name": name,
            "zone-id": zone_id(name),
            "zone-type": "availability-zone",
            "opt-in-status": "opt-in-not-required",
            "group-name": cloud.region,
            "region-name": cloud.region,
            "state": "available",
        }
        for name in cloud.zones()
    ]
    filters = _filters(args, set(zones[0]))
    filters["state"] = [args.get("state", "available")]
    zones = [zone for zone in zones if all(zone[name] in values for name, values in filters.items())]
    zones = [
        zone
        for zone in zones
        if zone["zone-name"] not in args.get("excludeNames", ())
        and zone["zone-id"] not in args.get("excludeZoneIds", ())
    ]
    return {
        "id": cloud.region,
        "region": cloud.region,
        "names": [zone["zone-name"] for zone in zones],
        "zoneIds": [zone["zone-id"] for zone in zones],
        "groupNames": [cloud.region],
    }


def get_parameter(cloud: Cloud, args: Values) -> Values:
    """Answer aws.ssm.get_parameter for Canonical's public parameters.

    The lab's image stands for every Ubuntu, unless its archive has the releases themselves.

    Raises:
        AwsError: ParameterNotFound.
    """
    match = _PARAMETER.fullmatch(args["name"])
    if not match:
        raise AwsError(
            "ParameterNotFound",
            f"couldn't find SSM parameter {args['name']!r} (a lab has Canonical's "
            "/aws/service/canonical/ubuntu/server/…/ami-id and no other)",
        )
    release = match["release"] if mirror.has_releases() else None
    if release and release not in catalog.RELEASES:
        raise AwsError("ParameterNotFound", f"a lab has images of Ubuntu {', '.join(catalog.RELEASES)}, not {release}")
    images = cloud.ec2.images(_DEBIAN_NAMES[match["architecture"]], release)
    image = images[-1]
    return {
        "id": args["name"],
        "name": args["name"],
        "arn": f"arn:aws:ssm:{cloud.region}::parameter{args['name']}",
        "type": "String",
        "insecureValue": image,
        "value": secret(image),
        "version": len(images),
        "withDecryption": args.get("withDecryption", True),
        "region": cloud.region,
    }


def get_ami(cloud: Cloud, args: Values) -> Values:
    """Answer aws.ec2.get_ami: a lab's image stands for every Ubuntu image of Canonical's.

    Raises:
        LabError: in the provider's words, no image is like that, or more than one.
    """
    owned = set(args.get("owners", [CANONICAL])) & {CANONICAL, "self", "amazon", "aws-marketplace"}
    images = [image for name in _DEBIAN_NAMES for image in _images_like(cloud, args, name)] if owned else []
    if not images:
        raise LabError("Your query returned no results. Please change your search criteria and try again.")
    if len(images) > 1 and not args.get("mostRecent"):
        raise LabError(
            "Your query returned more than one result. Please try a more specific search criteria, or set "
            "`most_recent` attribute to true."
        )
    # A later release has a higher id, up to its last digit, which is the architecture's.
    facts = max(
        images, key=lambda image: (image["image-id"][:-1], image["architecture"] == catalog.machine_architecture())
    )
    return {
        "id": facts["image-id"],
        "imageId": facts["image-id"],
        "name": facts["name"],
        "architecture": facts["architecture"],
        "arn": f"arn:aws:ec2:{cloud.region}::image/{facts['image-id']}",
        "imageType": "machine",
        "ownerId": CANONICAL,
        "public": True,
        "rootDeviceType": "ebs",
        "rootDeviceName": "/dev/sda1",
        "state": "available",
        "virtualizationType": "hvm",
        "region": cloud.region,
        "mostRecent": args.get("mostRecent", False),
    }


def _images_like(cloud: Cloud, args: Values, debian: str) -> list[dict[str, str]]:
    """Return what a search may ask of the images of an architecture, by Debian's name for it, that it finds."""
    images = []
    releases = [None, *catalog.RELEASES] if mirror.has_releases() else [None]
    for release, image in (
        (name, image) for name in releases for image in cloud.ec2.images(_DEBIAN_NAMES[debian], name)
    ):
        number = image.removeprefix("ami-")
        facts = {
            "architecture": _DEBIAN_NAMES[debian],
            "image-id": image,
            "image-type": "machine",
            "root-device-type": "ebs",
            "virtualization-type": "hvm",
            "state": "available",
            "name": f"ubuntu/images/hvm-ssd-gp3/ubuntu-{_release_in_name(release)}-{debian}-server-{number}",
        }
        filters = _filters(args, set(facts))
        names = filters.pop("name", [])
        fits = all(any(fnmatch.fnmatch(facts[key], pattern) for pattern in values) for key, values in filters.items())
        if fits and (not names or any(_names(pattern, facts["name"], debian, release) for pattern in names)):
            images.append(facts)
    return images


def _release_in_name(release: str | None) -> str:
    return f"{catalog.RELEASES[release]}-{release}" if release else "lab"


def _names(pattern: str, name: str, architecture: str, release: str | None) -> bool:
    """Tell whether a pattern of image names finds an image; one that stands for every Ubuntu, by any Ubuntu's name."""
    if release:
        return fnmatch.fnmatch(name, pattern)
    other = {"amd64": "arm64", "arm64": "amd64"}[architecture]
    return pattern.startswith(("ubuntu/images", "ubuntu-minimal/images")) and other not in pattern


def get_vpc(cloud: Cloud, args: Values) -> Values:
    """Answer aws.ec2.get_vpc by id.

    Raises:
        LabError: there is none, in the provider's words.
    """
    record = _by_id(cloud, Vpc, args, "EC2 VPC")
    kind = VpcType()
    outputs = kind.outputs(cloud, record)
    return {
        **kind.inputs(record),
        **{name: outputs[name] for name in ("arn", "mainRouteTableId", "ownerId")},
        "id": record.id,
        "cidrBlockAssociations": [
            {
                "associationId": f"vpc-cidr-assoc-{record.id.removeprefix('vpc-')}",
                "cidrBlock": record.cidr_block,
                "state": "associated",
            }
        ],
        "default": False,
        "instanceTenancy": "default",
        "state": "available",
        "tags": record.tags,
        "region": cloud.region,
    }


def get_subnet(cloud: Cloud, args: Values) -> Values:
    """Answer aws.ec2.get_subnet by id.

    Raises:
        LabError: there is none, in the provider's words.
    """
    record = _by_id(cloud, Subnet, args, "EC2 Subnet")
    kind = SubnetType()
    return {
        **kind.inputs(record),
        **kind.outputs(cloud, record),
        "id": record.id,
        "assignIpv6AddressOnCreation": False,
        "defaultForAz": False,
        "ipv6Native": False,
        "state": "available",
        "tags": record.tags,
        "region": cloud.region,
    }


def _by_id(cloud: Cloud, kind: type[R], args: Values, word: str) -> R:
    if "id" not in args:
        raise LabError(f"a search for an {word} without its id: {NOT_SUPPORTED}")
    record = cloud.ec2.store.find(kind, args["id"])
    if record is None:
        raise LabError(f"no matching {word} found")
    return record


def get_instance_type(cloud: Cloud, args: Values) -> Values:
    """Answer aws.ec2.get_instance_type with what a lab's hosts of that type are given."""
    name = args["instanceType"]
    offered = catalog.instance_type(name)
    return {
        "id": name,
        "instanceType": name,
        "defaultVcpus": offered.vcpus,
        "memorySize": offered.memory_mib,
        "supportedArchitectures": [offered.architecture],
        "burstablePerformanceSupported": offered.burstable,
        "bareMetal": False,
        "currentGeneration": True,
        "supportedVirtualizationTypes": ["hvm"],
        "region": cloud.region,
    }


def get_instance_type_offerings(cloud: Cloud, args: Values) -> Values:
    """Answer aws.ec2.get_instance_type_offerings: every zone of a lab offers every type that the lab knows."""
    filters = _filters(args, {"instance-type", "location"})
    kind = args.get("locationType", "region")
    if kind not in ("region", "availability-zone"):
        raise LabError(f"location type {kind!r}: {NOT_SUPPORTED}")
    locations = cloud.zones() if kind == "availability-zone" else [cloud.region]
    offers = [
        (name, location)
        for name in filters.get("instance-type", sorted(catalog.INSTANCE_TYPES))
        for location in filters.get("location", locations)
        if name in catalog.INSTANCE_TYPES and location in locations
    ]
    return {
        "id": cloud.region,
        "region": cloud.region,
        "locationType": kind,
        "instanceTypes": [name for name, _ in offers],
        "locations": [location for _, location in offers],
        "locationTypes": [kind for _ in offers],
    }


def get_eips(cloud: Cloud, args: Values) -> Values:
    """Answer aws.ec2.get_eips, by tags or all."""
    wanted = args.get("tags", {}).items()
    eips = [eip for eip in cloud.ec2.store.all(Eip) if wanted <= eip.tags.items()]
    return {
        "id": cloud.region,
        "region": cloud.region,
        "allocationIds": [eip.id for eip in eips],
        "publicIps": [eip.public_ip for eip in eips],
    }


def get_service_quota(cloud: Cloud, args: Values) -> Values:
    """Answer aws.servicequotas.get_service_quota for Elastic IPs: as many as the lab's pool has.

    Raises:
        AwsError: NoSuchResourceException, for another quota.
    """
    if (args.get("serviceCode"), args.get("quotaCode")) != ("ec2", ADDRESS_QUOTA):
        raise AwsError("NoSuchResourceException", "a lab has one quota, that of EC2-VPC Elastic IPs")
    return {
        "id": cloud.region,
        "region": cloud.region,
        "quotaName": "EC2-VPC Elastic IPs",
        "adjustable": True,
        "defaultValue": 5,
        "value": len(rules.PUBLIC_OFFSETS),
    }


def _filters(args: Values, names: set[str]) -> dict[str, list[str]]:
    filters: dict[str, list[str]] = {}
    for given in args.get("filters", ()):
        if given["name"] not in names:
            raise LabError(f"filter {given['name']!r}: {NOT_SUPPORTED}")
        filters[given["name"]] = given["values"]
    return filters


Function = Callable[[Cloud, Values], Values]
FUNCTIONS: dict[str, tuple[Function, set[str]]] = {
    "aws:index/getRegion:getRegion": (get_region, {"name", "region"}),
    "aws:index/getCallerIdentity:getCallerIdentity": (get_caller_identity, set()),
    "aws:index/getAvailabilityZones:getAvailabilityZones": (
        get_availability_zones,
        {"state", "filters", "excludeNames", "excludeZoneIds", "region", "allAvailabilityZones"},
    ),
    "aws:ssm/getParameter:getParameter": (get_parameter, {"name", "withDecryption", "region"}),
    "aws:ec2/getAmi:getAmi": (get_ami, {"filters", "owners", "mostRecent", "region", "includeDeprecated"}),
    "aws:ec2/getVpc:getVpc": (get_vpc, {"id", "region"}),
    "aws:ec2/getSubnet:getSubnet": (get_subnet, {"id", "region"}),
    "aws:ec2/getInstance:getInstance": (get_instance, {"instanceId", "getUserData", "region"}),
    "aws:ec2/getInstances:getInstances": (
        get_instances,
        {"filters", "instanceTags", "instanceStateNames", "region"},
    ),
    "aws:ec2/getInstanceType:getInstanceType": (get_instance_type, {"instanceType", "region"}),
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": (
        get_instance_type_offerings,
        {"filters", "locationType", "region"},
    ),
    "aws:ec2/getEips:getEips": (get_eips, {"tags", "region"}),
    "aws:ec2/getPrefixList:getPrefixList": (get_prefix_list, {"name", "prefixListId", "filters", "region"}),
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": (
        get_managed_prefix_list,
        {"name", "id", "filters", "region"},
    ),
    "aws:iam/getInstanceProfile:getInstanceProfile": (get_instance_profile, {"name"}),
    "aws:s3/getBucket:getBucket": (get_bucket, {"bucket", "region"}),
    "aws:index/getPartition:getPartition": (get_partition, set()),
    "aws:ebs/getVolume:getVolume": (get_volume, {"filters", "tags", "mostRecent", "region"}),
    "aws:ebs/getEbsVolumes:getEbsVolumes": (get_ebs_volumes, {"filters", "tags", "region"}),
    "aws:ebs/getSnapshot:getSnapshot": (
        get_snapshot,
        {"filters", "tags", "snapshotIds", "owners", "mostRecent", "region"},
    ),
    "aws:ebs/getSnapshotIds:getSnapshotIds": (get_snapshot_ids, {"filters", "owners", "region"}),
    "aws:servicequotas/getServiceQuota:getServiceQuota": (get_service_quota, {"serviceCode", "quotaCode", "region"}),
}
"""Each function, and the arguments of it that a lab honours."""


def call(cloud: Cloud, token: str, args: Values) -> dict[str, Any]:
    """Answer a function.

    Raises:
        LabError: the lab does not have it, or not with these arguments.
    """
    if token not in FUNCTIONS:
        raise LabError(f"function {token}: {NOT_SUPPORTED}")
    function, honoured = FUNCTIONS[token]
    if strange := sorted(set(args) - honoured):
        raise LabError(f"function {token}: argument {', '.join(strange)}: {NOT_SUPPORTED}")
    if args.get("region", cloud.region) != cloud.region:
        raise LabError(f"function {token}: a lab has one region, {cloud.region}")
    return function(cloud, args)
