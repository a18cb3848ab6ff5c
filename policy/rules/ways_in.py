"""The ways into a security group, of all resource types that open one, and which ports and ranges they mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from .rule import Props, Resource

INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
GROUPS = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
ALL_PROTOCOLS = ("-1", "all")
TCP = ("tcp", "6")
LAST_PORT = 65535


@dataclass(frozen=True)
class WayIn:
    """TCP ports that are open to somebody, as far as the preview knows."""

    first: int
    last: int
    ranges: tuple[str, ...]
    """CIDRs, IPv4 and IPv6."""
    prefix_lists: int
    """How many prefix lists it names, known or not."""
    where: str = ""
    """Which part of the resource says so."""

    def opens(self, port: float) -> bool:
        """Tell whether the port is among its ports."""
        return self.first <= port <= self.last


def ways_in(resource: Resource) -> Iterator[WayIn]:
    """Yield the ways in that a resource opens for TCP; none if their ports are not known yet."""
    if resource.type == INGRESS_RULE:
        yield from _way_in(resource.props, "ipProtocol", ("cidrIpv4", "cidrIpv6"), "prefixListId")
    elif resource.type == OLD_RULE and resource.get("type") == "ingress":
        yield from _old_way_in(resource.props)
    elif resource.type in GROUPS:
        for where, block in resource.blocks("ingress"):
            yield from _old_way_in(block, f"{where}: ")


def _old_way_in(props: Props, where: str = "") -> Iterator[WayIn]:
    return _way_in(props, "protocol", ("cidrBlocks", "ipv6CidrBlocks"), "prefixListIds", where)


def _way_in(props: Props, protocol: str, ranges: tuple[str, str], lists: str, where: str = "") -> Iterator[WayIn]:
    spoken = str(props.get(protocol)).lower()
    found = tuple(each for name in ranges for each in _listed(props.get(name)) if isinstance(each, str))
    prefix_lists = len(_listed(props.get(lists)))
    first, last = props.get("fromPort"), props.get("toPort")
    if spoken in ALL_PROTOCOLS:
        yield WayIn(0, LAST_PORT, found, prefix_lists, where)
    elif spoken in TCP and isinstance(first, int | float) and isinstance(last, int | float):
        yield WayIn(int(first), int(last), found, prefix_lists, where)


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value in (None, "") else [value]


def prefix(cidr: str) -> tuple[int, int]:
    """Return a range's IP version and the length of its prefix; that of one address if it is no range."""
    try:
        network = ip_network(cidr, strict=False)
    except ValueError:
        return 4, 32
    return network.version, network.prefixlen


def is_world(cidr: str) -> bool:
    """Tell whether a range is the whole internet: 0.0.0.0/0 or ::/0, however it is written."""
    return prefix(cidr)[1] == 0
