"""A lab's network without hosts' systems: records straight into a store, and a bare namespace for each host."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Literal

from pyroute2 import IPRoute

from lab.cloud import topology
from lab.cloud.model import (
    Eip,
    EipAssociation,
    Instance,
    InternetGateway,
    NatGateway,
    Record,
    Route,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)
from lab.cloud.store import Store, new_id
from lab.machine import firewall, links, namespaces, network, slots
from lab.machine.slots import Slot
from lab.settings import Lab

ANYWHERE = "0.0.0.0/0"

OUTSIDE = "203.0.113.0/29"
"""RFC 5737's TEST-NET-3, as the world outside: a namespace of the test plays it, behind a link of its own."""

OUTSIDE_MACHINE, MIRROR, STRANGER = "203.0.113.1", "203.0.113.2", "203.0.113.3"


def nft(*arguments: str, inside: str = "") -> str:
    """Run nft on the machine, or as root inside a namespace, and return what it prints."""
    enter = ["nsenter", f"--net=/run/netns/{inside}"] if inside else []
    return subprocess.run([*enter, "nft", *arguments], capture_output=True, text=True, check=True).stdout


def ip(*arguments: str, inside: str = "") -> str:
    """Run iproute2's ip on the machine, or as root inside a namespace, and return what it prints."""
    enter = ["nsenter", f"--net=/run/netns/{inside}"] if inside else []
    return subprocess.run([*enter, "ip", *arguments], capture_output=True, text=True, check=True).stdout


@dataclass
class World:
    """One lab's records, and its network made from them by `refresh`."""

    lab: Lab
    store: Store
    slot: Slot
    vpcs: list[Vpc] = field(default_factory=list)
    _addresses: int = 10

    # -- records ------------------------------------------------------------

    def put(self, record: Record) -> None:
        """Write a record; nothing is in force before `refresh`."""
        self.store.put(record)

    def vpc(self, cidr: str = "") -> Vpc:
        """Write a VPC and its main route table."""
        vpc = Vpc(new_id("vpc"), cidr or self.slot.vpc_cidr)
        self.put(vpc)
        self.put(RouteTable(new_id("rtb"), vpc.id, main=True))
        self.vpcs.append(vpc)
        return vpc

    def subnet(self, vpc: Vpc, number: int = 0) -> Subnet:
        """Write the VPC's /24 of that number."""
        cidr = list(IPv4Network(vpc.cidr_block).subnets(new_prefix=24))[number]
        subnet = Subnet(new_id("subnet"), vpc.id, str(cidr), "lab-1a")
        self.put(subnet)
        return subnet

    def main_table(self, vpc: Vpc) -> RouteTable:
        """Return the route table the VPC was born with."""
        return next(table for table in self.store.all(RouteTable) if table.vpc_id == vpc.id and table.main)

    def own_table(self, subnet: Subnet) -> RouteTable:
        """Write an empty route table and let a subnet use it."""
        table = RouteTable(new_id("rtb"), subnet.vpc_id)
        self.put(table)
        self.put(RouteTableAssociation(new_id("rtbassoc"), table.id, subnet.id))
        return table

    def gateway(self, vpc: Vpc) -> InternetGateway:
        """Write an internet gateway, attached."""
        gateway = InternetGateway(new_id("igw"), vpc.id)
        self.put(gateway)
        return gateway

    def nat_gateway(self, subnet: Subnet) -> NatGateway:
        """Write a NAT gateway with an Elastic IP of its own."""
        eip = Eip(new_id("eipalloc"), self.public_address())
        gateway = NatGateway(new_id("nat"), subnet.id, eip.id, str(IPv4Network(subnet.cidr_block)[4]))
        self.put(eip)
        self.put(gateway)
        return gateway

    def route(self, table: RouteTable, gateway: InternetGateway | NatGateway, cidr: str = ANYWHERE) -> Route:
        """Write a route to an internet gateway or to a NAT gateway."""
        target = "nat_gateway_id" if isinstance(gateway, NatGateway) else "gateway_id"
        route = Route(new_id("r"), table.id, cidr, **{target: gateway.id})
        self.put(route)
        return route

    def group(self, vpc: Vpc, *, egress: bool = False) -> SecurityGroup:
        """Write a security group: without rules, or with EC2's default of everything out."""
        group = SecurityGroup(new_id("sg"), vpc.id, f"group-{len(self.store.all(SecurityGroup))}", "test")
        self.put(group)
        if egress:
            self.allow(group, ANYWHERE, "-1", direction="egress")
        return group

    def allow(
        self,
        group: SecurityGroup,
        peer: str | SecurityGroup,
        protocol: str = "tcp",
        ports: int | tuple[int, int] | None = None,
        direction: Literal["ingress", "egress"] = "ingress",
    ) -> SecurityGroupRule:
        """Write a rule: `peer` is a CIDR or a group, `ports` one port, a range, or ICMP's type and code."""
        first, last = (ports, ports) if isinstance(ports, int) else ports or (None, None)
        rule = SecurityGroupRule(
            new_id("sgr"),
            group.id,
            direction,
            protocol,
            first,
            last,
            cidr_ipv4=peer if isinstance(peer, str) else "",
            referenced_security_group_id="" if isinstance(peer, str) else peer.id,
        )
        self.put(rule)
        return rule

    def host(self, subnet: Subnet, *groups: SecurityGroup, public: bool = False, private_ip: str = "") -> Instance:
        """Write an instance, with an address of its own and perhaps a public one."""
        self._addresses += 1
        instance = Instance(
            new_id("i"),
            subnet.id,
            "ami-1",
            "t3.micro",
            private_ip or str(IPv4Network(subnet.cidr_block)[self._addresses]),
            tuple(group.id for group in groups),
            auto_public_ip=self.public_address() if public else "",
        )
        self.put(instance)
        return instance

    def public_address(self) -> str:
        """Return an address of the lab's pool that was not given yet."""
        self._addresses += 1
        return str(self.slot.public_pool[self._addresses])

    def elastic(self, instance: Instance) -> str:
        """Write an Elastic IP that belongs to an instance, and return it."""
        eip = Eip(new_id("eipalloc"), self.public_address())
        self.put(eip)
        self.put(EipAssociation(new_id("eipassoc"), eip.id, instance.id))
        return eip.public_ip

    def regroup(self, instance: Instance, *groups: SecurityGroup) -> None:
        """Put an instance into these groups instead of its own."""
        current = self.store.get(Instance, instance.id)
        self.put(replace(current, security_group_ids=tuple(group.id for group in groups)))

    # -- what is in force ---------------------------------------------------

    def plan(self, vpc: Vpc) -> topology.VpcPlan:
        """Return a VPC's plan as its records are now."""
        return topology.plan(self.store, vpc)

    def refresh(self) -> None:
        """Put the records in force, as every change by a user does."""
        for vpc in self.vpcs:
            network.refresh(self.slot, self.plan(vpc))
        for space in network.leftovers(self.slot)[0]:
            with namespaces.inside(space) as inside:
                _wait_until_up(inside)
        with IPRoute() as machine:
            _wait_until_up(machine, f"lab{self.slot.number}v")

    def inside(self, instance: Instance) -> str:
        """Return the namespace that stands for a host."""
        return links.namespace(self.slot, instance.id)

    def router(self, vpc: Vpc) -> str:
        """Return the namespace of a VPC's router."""
        return links.namespace(self.slot, vpc.id)

    def public_ip(self, instance: Instance) -> str:
        """Return the address that stands for an instance outside."""
        return topology.public_ip(self.store, self.store.get(Instance, instance.id))

    def dropped(self, instance: Instance, direction: str = "ingress") -> int:
        """Return how many packets the host's groups refused since the last refresh."""
        vpc = self.store.get(Vpc, self.store.get(Subnet, instance.subnet_id).vpc_id)
        host = next(plan for plan in self.plan(vpc).hosts if plan.instance_id == instance.id)
        return firewall.dropped(self.router(vpc), host)[direction]

    def spoofed(self, vpc: Vpc) -> int:
        """Return how many packets with a source that is not their sender's were refused."""
        command = ["--json", "list", "counter", "inet", firewall.TABLE, firewall.SPOOFED]
        listed = json.loads(nft(*command, inside=self.router(vpc)))["nftables"]
        return next(int(item["counter"]["packets"]) for item in listed if "counter" in item)


def _wait_until_up(where: IPRoute, beginning: str = "") -> None:
    """Wait for a namespace's links: they are up a moment after they are told to be, and deaf till then."""
    for _ in range(1000):
        states = {link.get_attr("IFLA_IFNAME"): link.get_attr("IFLA_OPERSTATE") for link in where.get_links()}
        if all(state == "UP" for name, state in states.items() if name != "lo" and name.startswith(beginning)):
            return
        time.sleep(0.002)


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Claim a slot for a lab of its own, and take everything away at the end, failed or not."""
    lab = Lab("net", folder)
    slot = slots.claim(lab)
    try:
        yield World(lab, Store(lab.cloud), slot)
    finally:
        try:
            network.remove_everything(slot)
            assert network.leftovers(slot) == ([], [])
            assert f"table ip lab{slot.number}\n" not in nft("list", "tables")
        finally:
            slots.release(lab)
    assert slots.find(lab) is None
