"""VPC endpoints: the way to S3 for subnets that have no other."""
# ruff: noqa: ARG002 - the types share one signature a method, whether each of them needs all of it or not

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from lab.aws.network import REGION, TAGS
from lab.aws.schema import NOT_SUPPORTED, Cloud, Failure, Property, ResourceType, attempt
from lab.aws.wire import Values
from lab.cloud import policies
from lab.cloud.model import PrefixList, VpcEndpoint
from lab.cloud.rules import ACCOUNT_ID, AwsError
from lab.settings import LabError


class VpcEndpointType(ResourceType):
    """aws.ec2.VpcEndpoint of the type Gateway, for S3."""

    urn_type = "aws:ec2/vpcEndpoint:VpcEndpoint"
    kind = VpcEndpoint
    prefix = "vpce"
    properties: ClassVar = {
        "vpcId": Property(required=True, replaces=True),
        "serviceName": Property(required=True, replaces=True),
        "vpcEndpointType": Property(default="Gateway", only=("Gateway",), replaces=True),
        "routeTableIds": Property("strings", computed=True),
        "policy": Property(json=True, computed=True),
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("arn", "cidrBlocks", "ownerId", "policy", "prefixListId", "routeTableIds", "state")

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield a policy that AWS refuses, or that a lab cannot decide by."""
        if "policy" in inputs:
            yield from attempt("policy", policies.check, inputs["policy"], True)

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> VpcEndpoint:
        """Return the endpoint that inputs ask for."""
        service = inputs["serviceName"]
        if service != f"com.amazonaws.{cloud.region}.s3":
            raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{service}' does not exist")
        existing = cloud.ec2.store.find(VpcEndpoint, record_id) if record_id else None
        given = inputs.get("routeTableIds", existing.route_table_ids if existing else ())
        policy = inputs.get("policy", existing.policy if existing else "")
        own = (existing.prefix_list_id, existing.address) if existing else ("", "")
        return VpcEndpoint(record_id, inputs["vpcId"], service, tuple(sorted(given)), policy, *own)

    def inputs(self, record: VpcEndpoint) -> Values:
        """Return the inputs that an endpoint tells of itself."""
        return {
            "vpcId": record.vpc_id,
            "serviceName": record.service_name,
            "vpcEndpointType": "Gateway",
            "routeTableIds": list(record.route_table_ids),
            "policy": record.policy or None,
        }

    def outputs(self, cloud: Cloud, record: VpcEndpoint) -> Values:
        """Return what EC2 adds to an endpoint."""
        entries = cloud.ec2.store.get(PrefixList, record.prefix_list_id).entries
        return {
            "arn": cloud.arn(f"vpc-endpoint/{record.id}"),
            "cidrBlocks": [cidr for cidr, _ in entries],
            "dnsEntries": [],
            "networkInterfaceIds": [],
            "ownerId": ACCOUNT_ID,
            "policy": record.policy or policies.FULL_ACCESS,
            "prefixListId": record.prefix_list_id,
            "privateDnsEnabled": False,
            "requesterManaged": False,
            "routeTableIds": list(record.route_table_ids),
            "securityGroupIds": [],
            "state": "available",
            "subnetIds": [],
        }


def _service_list(cloud: Cloud, args: Values) -> PrefixList:
    """Return AWS's own prefix list that a search names; a lab has that of S3."""
    record = cloud.ec2.service_prefix_list(cloud.region)
    asked = {args.get("name", record.id), args.get("id", record.id), args.get("prefixListId", record.id)}
    if args.get("filters"):
        raise LabError(f"a search for a prefix list by filters: {NOT_SUPPORTED}")
    if not asked <= {record.name, record.id}:
        raise LabError("no matching EC2 Prefix List found")
    return record


def get_prefix_list(cloud: Cloud, args: Values) -> Values:
    """Answer aws.ec2.get_prefix_list for S3's.

    Raises:
        LabError: there is none, in the provider's words.
    """
    record = _service_list(cloud, args)
    blocks = [cidr for cidr, _ in record.entries]
    return {
        "id": record.id,
        "prefixListId": record.id,
        "name": record.name,
        "cidrBlocks": blocks,
        "region": cloud.region,
    }


def get_managed_prefix_list(cloud: Cloud, args: Values) -> Values:
    """Answer aws.ec2.get_managed_prefix_list for S3's.

    Raises:
        LabError: there is none, in the provider's words.
    """
    record = _service_list(cloud, args)
    return {
        "id": record.id,
        "name": record.name,
        "addressFamily": "IPv4",
        "arn": f"arn:aws:ec2:{cloud.region}:aws:prefix-list/{record.id}",
        "entries": [{"cidr": cidr, "description": ""} for cidr, _ in record.entries],
        "maxEntries": 0,
        "ownerId": "AWS",
        "tags": {},
        "version": 0,
        "region": cloud.region,
    }
