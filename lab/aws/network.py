"""VPCs and what is in them: subnets, internet gateways, route tables."""
# ruff: noqa: ARG002 - the types share one signature a method, whether each of them needs all of it or not

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import ClassVar

from lab.aws.schema import Cloud, Failure, Property, ResourceType, attempt
from lab.aws.wire import Values
from lab.cloud import rules
from lab.cloud.model import (
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
    kind = RouteTable
    prefix = "rtb"
    properties: ClassVar = {"vpcId": Property(required=True, replaces=True), "region": REGION, "tags": TAGS}
    computed = ("arn", "ownerId", "routes")

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> RouteTable:
        """Return the table that inputs ask for."""
        existing = cloud.ec2.store.find(RouteTable, record_id) if record_id else None
        return RouteTable(record_id, inputs["vpcId"], main=bool(existing and existing.main))

    def inputs(self, record: RouteTable) -> Values:
        """Return the inputs that a table tells of itself."""
        return {"vpcId": record.vpc_id}

    def outputs(self, cloud: Cloud, record: RouteTable) -> Values:
        """Return what EC2 adds to a table: its routes too, whoever made them, but for the VPC's own."""
        routes = [
            {
                "cidrBlock": route.destination_cidr_block,
                "gatewayId": route.gateway_id,
                "natGatewayId": route.nat_gateway_id,
            }
            for route in cloud.ec2.store.all(Route)
            if route.route_table_id == record.id
        ]
        return {"arn": cloud.arn(f"route-table/{record.id}"), "ownerId": ACCOUNT_ID, "routes": routes}


_TARGETS = ("gatewayId", "natGatewayId")
"""Where a route leads: to one of them."""


class RouteType(ResourceType):
    """aws.ec2.Route to an internet gateway or a NAT gateway."""

    urn_type = "aws:ec2/route:Route"
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
