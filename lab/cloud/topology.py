"""What a VPC's records come to: hosts, their groups, and which way each of them has out.

Pure: no machine is touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

from lab.cloud.model import (
    Eip,
    EipAssociation,
    Instance,
    InternetGateway,
    Route,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)
from lab.cloud.store import Store


@dataclass(frozen=True)
class HostPlan:
    """One host's place in its VPC."""

    instance_id: str
    private_ip: str
    subnet_cidr: str
    public_ip: str
    """Empty where it has none."""
    internet: tuple[str, ...]
    """CIDRs that its subnet's route table sends to an attached internet gateway."""
    groups: tuple[str, ...]

    @property
    def link(self) -> str:
        """The name of its link in the router's namespace; Linux allows 15 characters."""
        return f"h{self.instance_id[-14:]}"

    @property
    def gateway(self) -> str:
        """The subnet's second address, which EC2 reserves for the VPC's router."""
        return str(IPv4Network(self.subnet_cidr)[1])


@dataclass(frozen=True)
class VpcPlan:
    """One VPC: its hosts and its groups' rules."""

    vpc_id: str
    cidr: str
    hosts: tuple[HostPlan, ...]
    rules: dict[str, tuple[SecurityGroupRule, ...]]
    """By security group id; a group without rules is there with none."""

    @property
    def public(self) -> dict[str, str]:
        """Private address by public address, of the hosts that the internet can speak to."""
        return {host.public_ip: host.private_ip for host in self.hosts if host.public_ip and host.internet}

    def members(self, group_id: str) -> list[str]:
        """Return the private addresses of a group's members."""
        return [host.private_ip for host in self.hosts if group_id in host.groups]


def public_ip(store: Store, instance: Instance) -> str:
    """Return the address that stands for an instance outside: its Elastic IP, else its own, else ""."""
    for association in store.all(EipAssociation):
        if association.instance_id == instance.id and (eip := store.find(Eip, association.allocation_id)):
            return eip.public_ip
    return instance.auto_public_ip


def plan(store: Store, vpc: Vpc) -> VpcPlan:
    """Return the plan of a VPC as its records are now."""
    subnets = {subnet.id: subnet for subnet in store.all(Subnet) if subnet.vpc_id == vpc.id}
    ways_out = {subnet_id: _internet(store, vpc, subnet_id) for subnet_id in subnets}
    hosts = tuple(
        HostPlan(
            instance_id=instance.id,
            private_ip=instance.private_ip,
            subnet_cidr=subnets[instance.subnet_id].cidr_block,
            public_ip=public_ip(store, instance),
            internet=ways_out[instance.subnet_id],
            groups=instance.security_group_ids,
        )
        for instance in store.all(Instance)
        if instance.subnet_id in subnets
    )
    every_rule = store.all(SecurityGroupRule)
    rules = {
        group.id: tuple(rule for rule in every_rule if rule.security_group_id == group.id)
        for group in store.all(SecurityGroup)
        if group.vpc_id == vpc.id
    }
    return VpcPlan(vpc.id, vpc.cidr_block, hosts, rules)


def _internet(store: Store, vpc: Vpc, subnet_id: str) -> tuple[str, ...]:
    """Return what a subnet's route table (its own, else the VPC's main one) sends to an attached gateway."""
    attached = {gateway.id for gateway in store.all(InternetGateway) if gateway.vpc_id == vpc.id}
    own = [one.route_table_id for one in store.all(RouteTableAssociation) if one.subnet_id == subnet_id]
    main = [table.id for table in store.all(RouteTable) if table.vpc_id == vpc.id and table.main]
    tables = own or main
    return tuple(
        route.destination_cidr_block
        for route in store.all(Route)
        if route.route_table_id in tables and route.gateway_id in attached
    )
