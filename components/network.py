"""The VPC the hosts live in, with one public subnet and a way in and out."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.addresses import host_subnet
from components.naming import tags


class NetworkArgs(TypedDict):
    """What a Network is made from."""

    vpc_cidr: str
    """The VPC's IPv4 range, /16 to /24."""


class Network(pulumi.ComponentResource):
    """A VPC with one subnet in the region's first ordinary zone, and a route to the internet.

    Type: mysql-pair:index:Network. Makes: aws.ec2.Vpc, InternetGateway, Subnet, RouteTable, Route and
    RouteTableAssociation.
    """

    vpc_id: pulumi.Output[str]
    """The VPC's id."""
    subnet_id: pulumi.Output[str]
    """The id of the subnet the hosts live in."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the network's resources."""
        super().__init__("mysql-pair:index:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args["vpc_cidr"],
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=tags(name),
            opts=child,
        )
        gateway = aws.ec2.InternetGateway(f"{name}-gateway", vpc_id=vpc.id, tags=tags(name), opts=child)
        subnet = aws.ec2.Subnet(
            f"{name}-subnet",
            vpc_id=vpc.id,
            cidr_block=str(host_subnet(IPv4Network(args["vpc_cidr"]))),
            availability_zone=self._first_zone(),
            tags=tags(name),
            # A zone that appears later must not move the subnet, and every host with it.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["availabilityZone"]),
        )
        table = aws.ec2.RouteTable(f"{name}-routes", vpc_id=vpc.id, tags=tags(name), opts=child)
        aws.ec2.Route(
            f"{name}-route-internet",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=child,
        )
        aws.ec2.RouteTableAssociation(f"{name}-routes-subnet", route_table_id=table.id, subnet_id=subnet.id, opts=child)
        self.vpc_id = vpc.id
        self.subnet_id = subnet.id
        self.register_outputs({"vpc_id": self.vpc_id, "subnet_id": self.subnet_id})

    def _first_zone(self) -> pulumi.Output[str]:
        """Return the first zone that needs no opting in: Local Zones would sort before ordinary ones."""
        zones = aws.get_availability_zones_output(
            state="available",
            filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        return zones.apply(lambda found: found.names[0])
