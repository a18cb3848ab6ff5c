"""The VPC the hosts live in: subnets by zone, with and without public addresses, and the ways out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import checks
from components.args import args_faults
from components.component import Component, tags
from scripts.host.common.codec import SpecFault

ANYWHERE = "0.0.0.0/0"
ONE = "Give each zone one"


class NetworkArgs(TypedDict):
    """What a Network is made from. Lists of subnets have an entry a zone, in the order of the zones."""

    vpc_cidr: Annotated[str, checks.vpc_range]
    zones: Sequence[Annotated[str, checks.zone]]
    """Names of its availability zones. A subnet that is there keeps its zone."""
    server_subnet_cidr: Annotated[str, checks.subnet_range]
    """Of the subnet in the first zone that holds the server and nothing else: its address is never given away."""
    member_subnet_cidrs: NotRequired[Sequence[Annotated[str, checks.subnet_range]]]
    """Of subnets like it in the second zone and the third, where there are several servers: one after another is in
    the next of these zones, the first one's included."""
    public_subnet_cidrs: Sequence[Annotated[str, checks.subnet_range]]
    """Of subnets with a route to the internet gateway."""
    private_subnet_cidrs: Sequence[Annotated[str, checks.subnet_range]]
    """Of subnets without one."""
    server_public: bool
    """Whether the server's subnet has a route to the internet gateway."""
    nat_gateway: bool
    """Whether private subnets have a way out, by a NAT gateway in the first public subnet."""
    s3_endpoint: NotRequired[bool]
    """Whether S3 is reached without the NAT gateway, which costs money by the byte; false if not given."""
    tags: NotRequired[Annotated[Mapping[str, str], checks.tags]]
    """Of every resource, besides its name."""


@dataclass(frozen=True)
class ExistingNetwork:
    """A VPC that is there already, with routes of its owner's."""

    vpc_id: pulumi.Input[str]
    server_subnet_id: pulumi.Input[str]
    ready: tuple[pulumi.Resource, ...] = ()
    """What must be there before a host is."""
    more_subnet_ids: tuple[pulumi.Input[str], ...] = ()
    """Those of the second server, the third and so on, where there are several."""
    balancer_subnet_ids: tuple[pulumi.Input[str], ...] = ()
    """One of them in each zone: a load balancer takes no more."""
    server_zone: ClassVar[None] = None
    """Config has looked it up."""

    def member_subnet_id(self, number: int) -> pulumi.Input[str]:
        """Return the id of a server's subnet; servers are counted from 1."""
        return (self.server_subnet_id, *self.more_subnet_ids)[number - 1]

    def server_zone_of(self, _: int) -> None:
        """Return none: config has looked it up."""

    def client_subnet_id(self, public: bool, zone: int) -> pulumi.Input[str]:
        """Refuse: only whoever made the subnets knows which one is public, and of which zone."""
        raise ValueError(f"the subnet of a client in an existing VPC must be named ({public=}, {zone=})")


class Network(Component):
    """A VPC with a subnet for the server, public and private ones for clients, and routes out.

    Type: mysql-pair:index:Network. Makes: aws.ec2.Vpc, InternetGateway, Subnets, two RouteTables (public and
    private) with their Routes and RouteTableAssociations and, if asked for, an Eip and a NatGateway, and a VpcEndpoint
    for S3.
    """

    vpc_id: pulumi.Output[str]
    server_subnet_id: pulumi.Output[str]
    server_zone: pulumi.Output[str]
    """Of the server's subnet, which keeps it whatever zones are chosen later."""
    public_subnet_ids: pulumi.Output[Sequence[str]]
    """The ids of the public subnets, zone by zone."""
    private_subnet_ids: pulumi.Output[Sequence[str]]
    """The ids of the private subnets, zone by zone."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the network's resources."""
        self.refuse(name, [*args_faults(NetworkArgs, args), *_zone_faults(args)])
        super().__init__(name, opts)
        self._args = args
        self._ways: list[pulumi.Resource] = []
        self._vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args["vpc_cidr"],
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._tags(name),
            opts=self.child(),
        )
        gateway = aws.ec2.InternetGateway(
            f"{name}-gateway", vpc_id=self._vpc.id, tags=self._tags(name), opts=self.child()
        )
        public, private = self._table("routes"), self._table("private-routes")
        internet = self._default_route("route-internet", public, gateway_id=gateway.id)
        way = public if args["server_public"] else private
        server = self._subnet("server-subnet", args["server_subnet_cidr"], 0, way)
        more = enumerate(args.get("member_subnet_cidrs", ()), start=1)
        self._servers = [server, *(self._subnet(f"servers-{zone + 1}", cidr, zone, way) for zone, cidr in more)]
        self._public = self._subnets("public", args["public_subnet_cidrs"], public)
        self._private = self._subnets("private", args["private_subnet_cidrs"], private)
        if args["nat_gateway"]:
            self._nat(self._public[0], private, internet)
        if args.get("s3_endpoint"):
            self._s3_endpoint([public, private])
        self.vpc_id = self._vpc.id
        self.server_subnet_id = server.id
        self.server_zone = server.availability_zone
        self.public_subnet_ids = pulumi.Output.all(*[subnet.id for subnet in self._public])
        self.private_subnet_ids = pulumi.Output.all(*[subnet.id for subnet in self._private])
        self.end()

    @property
    def ready(self) -> tuple[pulumi.Resource, ...]:
        """What must be there before a host is: all that no other part of the network waits for."""
        return tuple(self._ways)

    @property
    def balancer_subnet_ids(self) -> tuple[pulumi.Input[str], ...]:
        """The private subnets of the servers' zones: in those of the servers an address may be one of them's."""
        return tuple(subnet.id for subnet in self._private[: len(self._servers)])

    def member_subnet_id(self, number: int) -> pulumi.Output[str]:
        """Return the id of a server's subnet; servers are counted from 1."""
        return self._of_member(number).id

    def server_zone_of(self, number: int) -> pulumi.Output[str]:
        """Return the zone of a server's subnet, which keeps it; servers are counted from 1."""
        return self._of_member(number).availability_zone

    def _of_member(self, number: int) -> aws.ec2.Subnet:
        return self._servers[(number - 1) % len(self._servers)]

    def client_subnet_id(self, public: bool, zone: int) -> pulumi.Input[str]:
        """Return the id of a zone's public or private subnet; zones are counted from 1.

        Raises:
            ValueError: there is no such zone.
        """
        subnets = self._public if public else self._private
        if not 1 <= zone <= len(subnets):
            raise ValueError(f"{self.name} has {len(subnets)} zones, and none with the number {zone}")
        return subnets[zone - 1].id

    def _tags(self, name: str) -> dict[str, str]:
        return tags(name, self._args.get("tags"))

    def _subnets(self, kind: str, cidrs: Sequence[str], table: aws.ec2.RouteTable) -> list[aws.ec2.Subnet]:
        return [self._subnet(f"{kind}-{index + 1}", cidr, index, table) for index, cidr in enumerate(cidrs)]

    def _subnet(self, part: str, cidr: str, zone: int, table: aws.ec2.RouteTable) -> aws.ec2.Subnet:
        """Register a subnet with the routes of a table; zones are counted from 0."""
        name = f"{self.name}-{part}"
        subnet = aws.ec2.Subnet(
            name,
            vpc_id=self._vpc.id,
            cidr_block=cidr,
            availability_zone=self._args["zones"][zone],
            tags=self._tags(name),
            # Zones that are chosen otherwise later must not move the subnet, and every host with it.
            opts=self.child(ignore_changes=["availabilityZone"]),
        )
        routes = f"{name.removesuffix('-subnet')}-routes"
        associated = aws.ec2.RouteTableAssociation(
            routes, route_table_id=table.id, subnet_id=subnet.id, opts=self.child()
        )
        self._ways.append(associated)
        return subnet

    def _table(self, part: str) -> aws.ec2.RouteTable:
        name = f"{self.name}-{part}"
        return aws.ec2.RouteTable(name, vpc_id=self._vpc.id, tags=self._tags(name), opts=self.child())

    def _default_route(self, part: str, table: aws.ec2.RouteTable, **gateway: Any) -> aws.ec2.Route:
        name = f"{self.name}-{part}"
        opts = self.child()
        route = aws.ec2.Route(name, route_table_id=table.id, destination_cidr_block=ANYWHERE, opts=opts, **gateway)
        self._ways.append(route)
        return route

    def _nat(self, subnet: aws.ec2.Subnet, table: aws.ec2.RouteTable, internet: aws.ec2.Route) -> None:
        name = f"{self.name}-nat"
        address = aws.ec2.Eip(f"{name}-address", domain="vpc", tags=self._tags(name), opts=self.child())
        gateway = aws.ec2.NatGateway(
            name,
            allocation_id=address.allocation_id,
            subnet_id=subnet.id,
            tags=self._tags(name),
            opts=self.child(depends_on=[internet]),
        )
        self._default_route("route-nat", table, nat_gateway_id=gateway.id)

    def _s3_endpoint(self, tables: Sequence[aws.ec2.RouteTable]) -> None:
        """Register a gateway endpoint: it adds a route to S3's addresses to every table, and costs nothing."""
        name = f"{self.name}-s3"
        region = aws.get_region_output(opts=pulumi.InvokeOutputOptions(parent=self)).region
        endpoint = aws.ec2.VpcEndpoint(
            name,
            vpc_id=self._vpc.id,
            vpc_endpoint_type="Gateway",
            service_name=region.apply(lambda region: f"com.amazonaws.{region}.s3"),
            route_table_ids=[table.id for table in tables],
            tags=self._tags(name),
            opts=self.child(),
        )
        self._ways.append(endpoint)


def a_network(
    name: str, network: NetworkArgs | ExistingNetwork, more_tags: Mapping[str, str]
) -> Network | ExistingNetwork:
    """Return the network that is there already, or one that is made with these tags."""
    return network if isinstance(network, ExistingNetwork) else Network(name, {**network, "tags": more_tags})


def _zone_faults(args: NetworkArgs) -> Iterator[SpecFault]:
    zones = len(args.get("zones", ()))
    if len(members := args.get("member_subnet_cidrs", ())) >= max(zones, 1):
        yield SpecFault("member_subnet_cidrs", f"has {len(members)} ranges beside the server's for {zones} zones", ONE)
    for kind, subnets in (
        ("public_subnet_cidrs", args.get("public_subnet_cidrs", ())),
        ("private_subnet_cidrs", args.get("private_subnet_cidrs", ())),
    ):
        if len(subnets) > zones:
            yield SpecFault(kind, f"has {len(subnets)} ranges for {zones} zones", ONE)
