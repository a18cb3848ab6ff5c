"""What a VPC's records come to: hosts, their groups, and which way each of them has out.

Pure: no machine is touched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from typing import Any

from lab.cloud.model import (
    Eip,
    EipAssociation,
    Instance,
    InternetGateway,
    Listener,
    LoadBalancer,
    NatGateway,
    PrefixList,
    Route,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    TargetGroup,
    TargetGroupAttachment,
    Vpc,
    VpcEndpoint,
)
from lab.cloud.store import Store


@dataclass(frozen=True)
class Way:
    """A route that leads out of a subnet. Of those that match a packet, the most specific one holds."""

    cidr: str
    open: tuple[str, ...] = ()
    """What of it is reached: all of it by an attached internet gateway, by a NAT gateway what that one's own
    subnet sends to an internet gateway, and nothing where the gateway is gone."""
    nat: str = ""
    """The address of the NAT gateway, or of the endpoint that leads to S3. Empty: the host goes by its own."""


@dataclass(frozen=True)
class HostPlan:
    """One host's place in its VPC."""

    instance_id: str
    private_ip: str
    subnet_cidr: str
    public_ip: str
    """Empty where it has none."""
    ways: tuple[Way, ...]
    """Of its subnet's route table, the most specific first."""
    groups: tuple[str, ...]

    @property
    def known_outside(self) -> bool:
        """Tell whether the internet can speak to it: it has an address, and an internet gateway to answer by."""
        return bool(self.public_ip) and any(way.open and not way.nat for way in self.ways)

    @property
    def link(self) -> str:
        """The name of its link in the router's namespace; Linux allows 15 characters."""
        return f"h{self.instance_id[-14:]}"

    @property
    def gateway(self) -> str:
        """The subnet's second address, which EC2 reserves for the VPC's router."""
        return str(IPv4Network(self.subnet_cidr)[1])


@dataclass(frozen=True)
class ListenerPlan:
    """A port of a load balancer."""

    port: int
    targets: tuple[tuple[str, int], ...]
    """Addresses and ports."""
    check: dict[str, Any]
    """How they are asked for their health, as the engine spells it."""


@dataclass(frozen=True)
class BalancerPlan:
    """A load balancer: one address in each of its subnets."""

    label: str
    """The last part of its ARN."""
    name: str
    """Its DNS name."""
    addresses: tuple[str, ...]
    groups: tuple[str, ...]
    listeners: tuple[ListenerPlan, ...]


@dataclass(frozen=True)
class VpcPlan:
    """One VPC: its hosts and its groups' rules."""

    vpc_id: str
    cidr: str
    hosts: tuple[HostPlan, ...]
    rules: dict[str, tuple[SecurityGroupRule, ...]]
    """By security group id; a group without rules is there with none."""
    balancers: tuple[BalancerPlan, ...] = ()

    @property
    def public(self) -> dict[str, str]:
        """Private address by public address, of the hosts that the internet can speak to."""
        return {host.public_ip: host.private_ip for host in self.hosts if host.known_outside}

    @property
    def outside_addresses(self) -> set[str]:
        """The addresses that answers from outside come to: hosts' own, and NAT gateways' that hosts go by."""
        return {*self.public, *(way.nat for host in self.hosts for way in host.ways if way.nat and way.open)}

    def members(self, group_id: str) -> list[str]:
        """Return the private addresses of a group's members."""
        own = [host.private_ip for host in self.hosts if group_id in host.groups]
        return own + [address for one in self.balancers if group_id in one.groups for address in one.addresses]


def public_ip(store: Store, instance: Instance) -> str:
    """Return the address that stands for an instance outside: its Elastic IP, else its own, else ""."""
    for association in store.all(EipAssociation):
        if association.instance_id == instance.id and (eip := store.find(Eip, association.allocation_id)):
            return eip.public_ip
    return instance.auto_public_ip


def plan(store: Store, vpc: Vpc) -> VpcPlan:
    """Return the plan of a VPC as its records are now."""
    subnets = {subnet.id: subnet for subnet in store.all(Subnet) if subnet.vpc_id == vpc.id}
    ways = {subnet_id: _ways(store, vpc, subnet_id) for subnet_id in subnets}
    hosts = tuple(
        HostPlan(
            instance_id=instance.id,
            private_ip=instance.private_ip,
            subnet_cidr=subnets[instance.subnet_id].cidr_block,
            public_ip=public_ip(store, instance),
            ways=ways[instance.subnet_id],
            groups=instance.security_group_ids,
        )
        for instance in store.all(Instance)
        if instance.subnet_id in subnets
    )
    every_rule = store.all(SecurityGroupRule)
    rules = {
        group.id: tuple(
            by_range
            for rule in every_rule
            if rule.security_group_id == group.id
            for by_range in _by_ranges(store, rule)
        )
        for group in store.all(SecurityGroup)
        if group.vpc_id == vpc.id
    }
    balancers = [one for one in store.all(LoadBalancer) if set(one.subnet_ids) & set(subnets)]
    return VpcPlan(vpc.id, vpc.cidr_block, hosts, rules, tuple(_balancer(store, one) for one in balancers))


def _balancer(store: Store, record: LoadBalancer) -> BalancerPlan:
    listeners = []
    for listener in store.all(Listener):
        if listener.load_balancer_arn == record.id:
            group = store.get(TargetGroup, listener.target_group_arn)
            targets = [one for one in store.all(TargetGroupAttachment) if one.target_group_arn == group.id]
            places = tuple((one.target_id, one.port) for one in targets)
            listeners.append(ListenerPlan(listener.port, places, group.health_check))
    label = record.id.rpartition("/")[2]
    return BalancerPlan(label, record.dns_name, record.addresses, record.security_group_ids, tuple(listeners))


def _by_ranges(store: Store, rule: SecurityGroupRule) -> list[SecurityGroupRule]:
    """Return a rule for each range of the prefix list that it names, or the rule itself."""
    if not rule.prefix_list_id:
        return [rule]
    ranges = store.get(PrefixList, rule.prefix_list_id).entries
    return [replace(rule, prefix_list_id="", cidr_ipv4=cidr) for cidr, _ in ranges]


def _ways(store: Store, vpc: Vpc, subnet_id: str) -> tuple[Way, ...]:
    """Return where a subnet's routes lead, the most specific first."""
    ways = _endpoint_ways(store, vpc, subnet_id)
    for route in _routes(store, vpc, subnet_id):
        cidr = route.destination_cidr_block
        nat = store.find(NatGateway, route.nat_gateway_id) if route.nat_gateway_id else None
        if nat:
            onward = [item for item in _routes(store, vpc, nat.subnet_id) if _attached(store, vpc, item)]
            common = (_common(cidr, item.destination_cidr_block) for item in onward)
            address = store.get(Eip, nat.allocation_id).public_ip
            ways.append(Way(cidr, tuple(block for block in common if block), address))
        else:
            ways.append(Way(cidr, (cidr,) if _attached(store, vpc, route) else ()))
    return tuple(sorted(ways, key=lambda way: -IPv4Network(way.cidr).prefixlen))


def _routes(store: Store, vpc: Vpc, subnet_id: str) -> list[Route]:
    """Return the routes of a subnet's table."""
    tables = _tables(store, vpc, subnet_id)
    return [route for route in store.all(Route) if route.route_table_id in tables]


def _tables(store: Store, vpc: Vpc, subnet_id: str) -> list[str]:
    """Return the id of a subnet's table: its own, else the VPC's main one."""
    own = [item.route_table_id for item in store.all(RouteTableAssociation) if item.subnet_id == subnet_id]
    return own or [table.id for table in store.all(RouteTable) if table.vpc_id == vpc.id and table.main]


def _endpoint_ways(store: Store, vpc: Vpc, subnet_id: str) -> list[Way]:
    """Return the ways to S3 by the gateway endpoints of a subnet's table."""
    tables = set(_tables(store, vpc, subnet_id))
    endpoints = [item for item in store.all(VpcEndpoint) if tables & set(item.route_table_ids)]
    return [
        Way(cidr, (cidr,), endpoint.address)
        for endpoint in endpoints
        for cidr, _ in store.get(PrefixList, endpoint.prefix_list_id).entries
    ]


def _attached(store: Store, vpc: Vpc, route: Route) -> bool:
    """Tell whether a route leads to an internet gateway of its VPC."""
    gateway = store.find(InternetGateway, route.gateway_id) if route.gateway_id else None
    return gateway is not None and gateway.vpc_id == vpc.id


def _common(cidr: str, other: str) -> str:
    """Return what two CIDRs have in common: the narrower one, or "" if they do not meet."""
    narrow, wide = sorted((IPv4Network(cidr), IPv4Network(other)), key=lambda network: -network.prefixlen)
    return str(narrow) if narrow.subnet_of(wide) else ""
