"""VPCs and what is in them: subnets, gateways, route tables, Elastic IPs."""
# ruff: noqa: ARG002 - the types share one signature a method, whether each of them needs all of it or not

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import ClassVar

import pulumi_aws.ec2 as sdk

from lab.aws.schema import Cloud, Failure, Property, ResourceType, attempt
from lab.aws.wire import Values
from lab.cloud import rules
from lab.cloud.model import (
    Eip,
    EipAssociation,
    Instance,
    InternetGateway,
    NatGateway,
    Route,
    RouteTable,
    RouteTableAssociation,
    Subnet,
    Vpc,
)
from lab.cloud.rules import ACCOUNT_ID, AwsError

TAGS = Property("map")
REGION = Property(replaces=True)
OFF = Property("bool", default=False, only=(False,))
"""A switch that a lab can only leave off."""


class VpcType(ResourceType):
    """aws.ec2.Vpc."""

    urn_type = "aws:ec2/vpc:Vpc"
    args = sdk.VpcArgs
    kind = Vpc
    prefix = "vpc"
    properties: ClassVar = {
        "cidrBlock": Property(required=True, replaces=True),
        "enableDnsHostnames": Property("bool", computed=True),
        "enableDnsSupport": Property("bool", default=True),
        "enableNetworkAddressUsageMetrics": Property("bool", without_effect="a lab has no metrics"),
        "instanceTenancy": Property(default="default", only=("default",), replaces=True),
        "assignGeneratedIpv6CidrBlock": Property("bool", only=(False,)),
        "region": REGION,
        "tags": TAGS,
    }
    computed = (
        "arn",
        "defaultRouteTableId",
        "defaultSecurityGroupId",
        "enableDnsHostnames",
        "mainRouteTableId",
        "ownerId",
    )

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield a CIDR block that AWS refuses."""
        if "cidrBlock" in inputs:
            yield from attempt("cidrBlock", rules.vpc_cidr, inputs["cidrBlock"])

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> Vpc:
        """Return the VPC that inputs ask for."""
        existing = cloud.ec2.store.find(Vpc, record_id) if record_id else None
        names = inputs.get("enableDnsHostnames", bool(existing and existing.enable_dns_hostnames))
        return Vpc(record_id, inputs["cidrBlock"], inputs["enableDnsSupport"], names)

    def inputs(self, record: Vpc) -> Values:
        """Return the inputs that a VPC tells of itself."""
        return {
            "cidrBlock": record.cidr_block,
            "enableDnsSupport": record.enable_dns_support,
            "enableDnsHostnames": record.enable_dns_hostnames,
        }

    def outputs(self, cloud: Cloud, record: Vpc) -> Values:
        """Return what EC2 adds to a VPC."""
        table = cloud.ec2.main_route_table(record.id)
        return {
            "arn": cloud.arn(f"vpc/{record.id}"),
            "ownerId": ACCOUNT_ID,
            "mainRouteTableId": table,
            "defaultRouteTableId": table,
            "defaultSecurityGroupId": cloud.ec2.default_group(record.id),
            "enableDnsHostnames": record.enable_dns_hostnames,
        }


class SubnetType(ResourceType):
    """aws.ec2.Subnet."""

    urn_type = "aws:ec2/subnet:Subnet"
    args = sdk.SubnetArgs
    kind = Subnet
    prefix = "subnet"
    properties: ClassVar = {
        "vpcId": Property(required=True, replaces=True),
        "cidrBlock": Property(required=True, replaces=True),
        "availabilityZone": Property(replaces=True, computed=True),
        "mapPublicIpOnLaunch": Property("bool", default=False),
        "assignIpv6AddressOnCreation": OFF,
        "enableDns64": OFF,
        "enableResourceNameDnsARecordOnLaunch": OFF,
        "enableResourceNameDnsAaaaRecordOnLaunch": OFF,
        "ipv6Native": OFF,
        "privateDnsHostnameTypeOnLaunch": Property(only=("ip-name",)),
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("arn", "availabilityZone", "availabilityZoneId", "ownerId")

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield a CIDR block that AWS refuses whatever the VPC."""
        if "cidrBlock" in inputs:
            yield from attempt("cidrBlock", rules.subnet_cidr, inputs["cidrBlock"])

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> Subnet:
        """Return the subnet that inputs ask for; in the region's first zone unless they name one."""
        existing = cloud.ec2.store.find(Subnet, record_id) if record_id else None
        zone = inputs.get("availabilityZone", existing.availability_zone if existing else cloud.zones()[0])
        if zone not in cloud.zones():
            raise AwsError(
                "InvalidParameterValue",
                f"Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be created "
                f"in the following availability zones: {', '.join(cloud.zones())}.",
            )
        return Subnet(record_id, inputs["vpcId"], inputs["cidrBlock"], zone, inputs["mapPublicIpOnLaunch"])

    def inputs(self, record: Subnet) -> Values:
        """Return the inputs that a subnet tells of itself."""
        return {
            "vpcId": record.vpc_id,
            "cidrBlock": record.cidr_block,
            "availabilityZone": record.availability_zone,
            "mapPublicIpOnLaunch": record.map_public_ip_on_launch,
        }

    def outputs(self, cloud: Cloud, record: Subnet) -> Values:
        """Return what EC2 adds to a subnet."""
        return {
            "arn": cloud.arn(f"subnet/{record.id}"),
            "ownerId": ACCOUNT_ID,
            "availabilityZone": record.availability_zone,
            "availabilityZoneId": zone_id(record.availability_zone),
            "privateDnsHostnameTypeOnLaunch": "ip-name",
        }


def zone_id(zone: str) -> str:
    """Return the id of a zone: use1-az1 for us-east-1a, as AWS abbreviates regions."""
    *area, direction, last = zone.split("-")
    compass = "".join(word[0] for word in ("north", "south", "central", "east", "west") if word in direction)
    return f"{''.join(area)}{compass}{last[:-1]}-az{ord(last[-1]) - ord('a') + 1}"


class InternetGatewayType(ResourceType):
    """aws.ec2.InternetGateway."""

    urn_type = "aws:ec2/internetGateway:InternetGateway"
    args = sdk.InternetGatewayArgs
    kind = InternetGateway
    prefix = "igw"
    properties: ClassVar = {"vpcId": Property(computed=True), "region": REGION, "tags": TAGS}
    computed = ("arn", "ownerId", "vpcId")

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> InternetGateway:
        """Return the gateway that inputs ask for, attached if they name a VPC."""
        existing = cloud.ec2.store.find(InternetGateway, record_id) if record_id else None
        return InternetGateway(record_id, inputs.get("vpcId", existing.vpc_id if existing else ""))

    def inputs(self, record: InternetGateway) -> Values:
        """Return the inputs that a gateway tells of itself."""
        return {"vpcId": record.vpc_id or None}

    def outputs(self, cloud: Cloud, record: InternetGateway) -> Values:
        """Return what EC2 adds to a gateway."""
        return {"arn": cloud.arn(f"internet-gateway/{record.id}"), "ownerId": ACCOUNT_ID, "vpcId": record.vpc_id}


class RouteTableType(ResourceType):
    """aws.ec2.RouteTable, its routes being resources of their own."""

    urn_type = "aws:ec2/routeTable:RouteTable"
    args = sdk.RouteTableArgs
    kind = RouteTable
    prefix = "rtb"
    properties: ClassVar = {"vpcId": Property(required=True, replaces=True), "region": REGION, "tags": TAGS}
    computed = ("arn", "ownerId")

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> RouteTable:
        """Return the table that inputs ask for."""
        existing = cloud.ec2.store.find(RouteTable, record_id) if record_id else None
        return RouteTable(record_id, inputs["vpcId"], main=bool(existing and existing.main))

    def inputs(self, record: RouteTable) -> Values:
        """Return the inputs that a table tells of itself."""
        return {"vpcId": record.vpc_id}

    def outputs(self, cloud: Cloud, record: RouteTable) -> Values:
        """Return what EC2 adds to a table."""
        return {"arn": cloud.arn(f"route-table/{record.id}"), "ownerId": ACCOUNT_ID}


_TARGETS = ("gatewayId", "natGatewayId")
"""Where a route leads: to one of them."""


class RouteType(ResourceType):
    """aws.ec2.Route to an internet gateway or a NAT gateway."""

    urn_type = "aws:ec2/route:Route"
    args = sdk.RouteArgs
    kind = Route
    properties: ClassVar = {
        "routeTableId": Property(required=True, replaces=True),
        "destinationCidrBlock": Property(required=True, replaces=True),
        "gatewayId": Property(),
        "natGatewayId": Property(),
        "region": REGION,
    }
    computed = ("origin", "state")

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield a destination that is no CIDR block, and targets that are not one."""
        if len(set(_TARGETS) & (set(inputs) | unknown)) != 1:
            yield Failure("gatewayId", f"one (and only one) of {' and '.join(_TARGETS)} is required")
        if "destinationCidrBlock" in inputs:
            yield from attempt("destinationCidrBlock", rules.cidr, inputs["destinationCidrBlock"])

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> Route:
        """Return the route that inputs ask for, with the id the provider makes up for it."""
        table, destination = inputs["routeTableId"], inputs["destinationCidrBlock"]
        made_up = f"r-{table}{zlib.crc32(destination.encode())}"
        gateways = (inputs.get(name, "") for name in _TARGETS)
        return Route(record_id or made_up, table, destination, *gateways)

    def inputs(self, record: Route) -> Values:
        """Return the inputs that a route tells of itself."""
        return {
            "routeTableId": record.route_table_id,
            "destinationCidrBlock": record.destination_cidr_block,
            "gatewayId": record.gateway_id or None,
            "natGatewayId": record.nat_gateway_id or None,
        }

    def outputs(self, cloud: Cloud, record: Route) -> Values:
        """Return whether a route leads anywhere."""
        store = cloud.ec2.store
        gateway = store.find(InternetGateway, record.gateway_id)
        table = store.find(RouteTable, record.route_table_id)
        attached = gateway and table and gateway.vpc_id == table.vpc_id
        leads = attached or store.find(NatGateway, record.nat_gateway_id)
        return {"origin": "CreateRoute", "state": "active" if leads else "blackhole"}


class RouteTableAssociationType(ResourceType):
    """aws.ec2.RouteTableAssociation of a subnet."""

    urn_type = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    args = sdk.RouteTableAssociationArgs
    kind = RouteTableAssociation
    prefix = "rtbassoc"
    properties: ClassVar = {
        "routeTableId": Property(required=True),
        "subnetId": Property(required=True, replaces=True),
        "region": REGION,
    }
    computed = ()

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> RouteTableAssociation:
        """Return the association that inputs ask for."""
        return RouteTableAssociation(record_id, inputs["routeTableId"], inputs["subnetId"])

    def inputs(self, record: RouteTableAssociation) -> Values:
        """Return the inputs that an association tells of itself."""
        return {"routeTableId": record.route_table_id, "subnetId": record.subnet_id}

    def outputs(self, cloud: Cloud, record: RouteTableAssociation) -> Values:
        """Return nothing: an association is its inputs."""
        return {}


class EipType(ResourceType):
    """aws.ec2.Eip."""

    urn_type = "aws:ec2/eip:Eip"
    args = sdk.EipArgs
    kind = Eip
    prefix = "eipalloc"
    properties: ClassVar = {
        "domain": Property(default="vpc", only=("vpc",), replaces=True),
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("allocationId", "arn", "associationId", "instance", "privateIp", "publicDns", "publicIp")

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> Eip:
        """Return the address that inputs ask for; which it is, EC2 decides."""
        existing = cloud.ec2.store.find(Eip, record_id) if record_id else None
        return Eip(record_id, existing.public_ip if existing else "")

    def inputs(self, record: Eip) -> Values:
        """Return the inputs that an address tells of itself."""
        return {"domain": "vpc"}

    def outputs(self, cloud: Cloud, record: Eip) -> Values:
        """Return the address, and whose it is."""
        store = cloud.ec2.store
        association = next((item for item in store.all(EipAssociation) if item.allocation_id == record.id), None)
        instance = store.find(Instance, association.instance_id) if association else None
        gateway = next((item for item in store.all(NatGateway) if item.allocation_id == record.id), None)
        association_id = _nat_association_id(gateway) if gateway else association.id if association else ""
        holder = gateway or instance
        return {
            "allocationId": record.id,
            "arn": cloud.arn(f"elastic-ip/{record.id}"),
            "publicIp": record.public_ip,
            "publicDns": public_dns(cloud, record.public_ip),
            "associationId": association_id,
            "instance": instance.id if instance else "",
            "privateIp": holder.private_ip if holder else "",
        }


def public_dns(cloud: Cloud, address: str) -> str:
    """Return the name AWS gives a public address; a lab's DNS does not resolve it."""
    zone = "compute-1" if cloud.region == "us-east-1" else f"{cloud.region}.compute"
    return f"ec2-{address.replace('.', '-')}.{zone}.amazonaws.com" if address else ""


class EipAssociationType(ResourceType):
    """aws.ec2.EipAssociation with an instance."""

    urn_type = "aws:ec2/eipAssociation:EipAssociation"
    args = sdk.EipAssociationArgs
    kind = EipAssociation
    prefix = "eipassoc"
    properties: ClassVar = {
        "allocationId": Property(required=True, replaces=True),
        "instanceId": Property(required=True, replaces=True),
        "allowReassociation": Property("bool", replaces=True),
        "region": REGION,
    }
    computed = ("networkInterfaceId", "privateIpAddress", "publicIp")

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> EipAssociation:
        """Return the association that inputs ask for."""
        return EipAssociation(record_id, inputs["allocationId"], inputs["instanceId"])

    def find(self, cloud: Cloud, record_id: str) -> EipAssociation | None:
        """Return the association, or None if its instance's host is gone, with which EC2 ends it."""
        record = cloud.ec2.store.find(EipAssociation, record_id)
        return record if record and cloud.ec2.has_host(record.instance_id) else None

    def inputs(self, record: EipAssociation) -> Values:
        """Return the inputs that an association tells of itself."""
        return {"allocationId": record.allocation_id, "instanceId": record.instance_id}

    def outputs(self, cloud: Cloud, record: EipAssociation) -> Values:
        """Return the two addresses that belong together."""
        instance = cloud.ec2.store.get(Instance, record.instance_id)
        return {
            "networkInterfaceId": network_interface_id(instance.id),
            "privateIpAddress": instance.private_ip,
            "publicIp": cloud.ec2.store.get(Eip, record.allocation_id).public_ip,
        }


class NatGatewayType(ResourceType):
    """aws.ec2.NatGateway to the internet."""

    urn_type = "aws:ec2/natGateway:NatGateway"
    args = sdk.NatGatewayArgs
    kind = NatGateway
    prefix = "nat"
    properties: ClassVar = {
        "allocationId": Property(required=True, replaces=True),
        "subnetId": Property(required=True, replaces=True),
        "connectivityType": Property(default="public", only=("public",), replaces=True),
        "privateIp": Property(replaces=True, computed=True),
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("associationId", "networkInterfaceId", "privateIp", "publicIp")

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> NatGateway:
        """Return the gateway that inputs ask for; its private address is EC2's to give where they name none."""
        existing = cloud.ec2.store.find(NatGateway, record_id) if record_id else None
        address = existing.private_ip if existing else inputs.get("privateIp", "")
        return NatGateway(record_id, inputs["subnetId"], inputs["allocationId"], address)

    def inputs(self, record: NatGateway) -> Values:
        """Return the inputs that a gateway tells of itself."""
        return {
            "allocationId": record.allocation_id,
            "subnetId": record.subnet_id,
            "connectivityType": "public",
            "privateIp": record.private_ip,
        }

    def outputs(self, cloud: Cloud, record: NatGateway) -> Values:
        """Return the addresses that a gateway was given."""
        return {
            "associationId": _nat_association_id(record),
            "networkInterfaceId": network_interface_id(record.id),
            "privateIp": record.private_ip,
            "publicIp": cloud.ec2.store.get(Eip, record.allocation_id).public_ip,
        }


def _nat_association_id(gateway: NatGateway) -> str:
    return f"eipassoc-{gateway.id.removeprefix('nat-')}"


def network_interface_id(holder_id: str) -> str:
    """Return the id of an instance's or a NAT gateway's network interface, which has no record of its own."""
    return f"eni-{holder_id.partition('-')[2]}"
