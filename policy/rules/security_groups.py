"""Rules of security groups as plain data, read from the inputs of any resource that has some; what ranges amount to.

Standard library only: the preview report (scripts/preview) and the diagram (scripts/diagram) read rules with it too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any

from .resource import Props, Resource

INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
RULE_TYPES = (INGRESS_RULE, EGRESS_RULE, OLD_RULE)
"""Types of resources that are a rule of a group."""
GROUPS = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
"""Types of groups, which may have rules inline."""
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
PREFIX_LIST_ENTRY = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"

ALL, TCP = "-1", "tcp"
PROTOCOLS = {"all": ALL, "1": "icmp", "6": TCP, "17": "udp", "58": "icmpv6"}
"""What else a protocol may be called (EC2 API, IpPermission: a name, an IANA number, or -1)."""
ALL_PORTS = (0, 65535)
UNKNOWN = "unknown"
SELF = "self"

Network = IPv4Network | IPv6Network


class Direction(StrEnum):
    """Which way a rule lets connections be opened; also the property of a group that lists such rules inline."""

    IN = "ingress"
    OUT = "egress"


class PeerKind(StrEnum):
    """What a rule names at the other end."""

    RANGE = "range"
    PREFIX_LIST = "prefix list"
    GROUP = "security group"


@dataclass(frozen=True)
class Spelling:
    """What a form of rules calls its protocol, and the properties that name peers."""

    protocol: str
    peers: Mapping[str, PeerKind]


AS_RESOURCE = Spelling(
    "ipProtocol",
    {
        "cidrIpv4": PeerKind.RANGE,
        "cidrIpv6": PeerKind.RANGE,
        "prefixListId": PeerKind.PREFIX_LIST,
        "referencedSecurityGroupId": PeerKind.GROUP,
    },
)
OLD_OR_INLINE = Spelling(
    "protocol",
    {
        "cidrBlocks": PeerKind.RANGE,
        "ipv6CidrBlocks": PeerKind.RANGE,
        "prefixListIds": PeerKind.PREFIX_LIST,
        "sourceSecurityGroupId": PeerKind.GROUP,
        "securityGroups": PeerKind.GROUP,
    },
)


@dataclass(frozen=True)
class Rule:
    """A rule of a group for one peer: what names several peers is several rules."""

    group: str
    """The group's id; empty of an inline rule, whose group is the resource it stands in, and of one not known yet."""
    direction: Direction
    protocol: str
    """tcp, udp, …, or ALL."""
    port_range: tuple[int, int] | None
    """First and last port; None if they are not known yet."""
    peer_kind: PeerKind
    peer: str
    """A range, or the id of a prefix list or group; empty if it is not known yet."""
    named_by: str = field(default="", compare=False)
    """The input that names the peer, or SELF: the group itself."""
    where: str = field(default="", compare=False)
    """Which part of the resource it is, such as `ingress[0]: `; empty for the whole of it."""

    @property
    def by_group(self) -> bool:
        """Whether the peer is a security group."""
        return self.peer_kind is PeerKind.GROUP

    @property
    def ports(self) -> str:
        """Its ports in words, without the protocol."""
        if self.protocol == ALL:
            return "all ports"
        if self.port_range is None:
            return "unknown ports"
        first, last = self.port_range
        return str(first) if first == last else f"{first}-{last}"

    @property
    def label(self) -> str:
        """Its protocol and ports in words."""
        return self.ports if self.protocol == ALL else f"{self.protocol} {self.ports}"

    @property
    def tcp_label(self) -> str:
        """Its ports in words, with the protocol where that is not TCP: 22, 8000-8100, udp 53."""
        return self.ports if self.protocol == TCP else self.label

    def covers(self, other: Rule) -> bool:
        """Tell whether all ports of another rule are known to be among its ports."""
        if self.protocol == ALL:
            return True
        if self.protocol != other.protocol or self.port_range is None or other.port_range is None:
            return False
        return self.port_range[0] <= other.port_range[0] and other.port_range[1] <= self.port_range[1]

    def opens(self, port: float) -> bool:
        """Tell whether a TCP port is known to be among its ports."""
        if self.protocol not in (ALL, TCP) or self.port_range is None:
            return False
        return self.port_range[0] <= port <= self.port_range[1]


def rules_of(resource: Resource) -> Iterator[Rule]:
    """Yield the rules that a resource has; none of a resource of another type."""
    group = resource.get("securityGroupId")
    group_id = group if isinstance(group, str) else ""
    if resource.type == INGRESS_RULE:
        yield from _read(resource.props, AS_RESOURCE, Direction.IN, group_id)
    elif resource.type == EGRESS_RULE:
        yield from _read(resource.props, AS_RESOURCE, Direction.OUT, group_id)
    elif resource.type == OLD_RULE:
        for direction in Direction:
            if resource.get("type") == direction:
                yield from _read(resource.props, OLD_OR_INLINE, direction, group_id)
    elif resource.type in GROUPS:
        for direction in Direction:
            for where, block in resource.blocks(direction):
                yield from _read(block, OLD_OR_INLINE, direction, "", direction, f"{where}: ")


def _read(
    inputs: Props, spelling: Spelling, direction: Direction, group: str, within: str = "", where: str = ""
) -> Iterator[Rule]:
    text = inputs.get(spelling.protocol)
    protocol = PROTOCOLS.get(text.lower(), text.lower()) if isinstance(text, str) else UNKNOWN
    ports = ALL_PORTS if protocol == ALL else _port_range(inputs)
    peers = [(name, kind, peer) for name, kind in spelling.peers.items() for peer in _listed(inputs.get(name))]
    if inputs.get(SELF) is True:
        yield Rule(group, direction, protocol, ports, PeerKind.GROUP, group, SELF, where)
    for name, kind, peer in peers:
        known = peer if isinstance(peer, str) else ""
        yield Rule(group, direction, protocol, ports, kind, known, within or name, where)


def _port_range(inputs: Props) -> tuple[int, int] | None:
    """Return first and last port; the engine's numbers are floats."""
    first, last = inputs.get("fromPort"), inputs.get("toPort")
    if isinstance(first, int | float) and isinstance(last, int | float):
        return int(first), int(last)
    return None


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value in (None, "") else [value]


def ranges(rules: Iterable[Rule]) -> list[str]:
    """Return the ranges that rules name, as far as they are known."""
    return [rule.peer for rule in rules if rule.peer_kind is PeerKind.RANGE and rule.peer]


def expanded(rule: Rule, lists: Mapping[str, Sequence[str]]) -> Iterator[Rule]:
    """Yield a rule for each range of the prefix list that it names; the rule itself if it names none that is known."""
    listed = lists.get(rule.peer, ()) if rule.peer_kind is PeerKind.PREFIX_LIST else ()
    networks = collapsed(listed)
    if not networks:
        yield rule
    for network in networks:
        yield replace(rule, peer_kind=PeerKind.RANGE, peer=str(network))


def prefix_lists(resources: Iterable[Resource], keys: Callable[[Resource], Sequence[str]]) -> dict[str, list[str]]:
    """Return the ranges of the program's prefix lists, those of entries that are resources too, as far as known.

    Args:
        resources: all of the program's.
        keys: what a list is called, as a rule's peer calls it: of a list, and of the list that an entry is in.
    """
    lists: dict[str, list[str]] = {}
    for resource in resources:
        if resource.type in (PREFIX_LIST, PREFIX_LIST_ENTRY):
            blocks = [resource.props, *(block for _, block in resource.blocks("entries"))]
            cidrs = [cidr for block in blocks if isinstance(cidr := block.get("cidr"), str)]
            for key in keys(resource):
                lists.setdefault(key, []).extend(cidrs)
    return lists


def rules_in(
    resources: Sequence[Resource],
    direction: Direction,
    named: Callable[[Resource, Rule], Rule],
    keys: Callable[[Resource], Sequence[str]],
) -> Iterator[Rule]:
    """Yield the rules of one direction that all these resources have; those for a prefix list by its ranges.

    Args:
        resources: all of the program's.
        direction: which rules.
        named: returns a resource's rule with group and peer called as the caller calls them.
        keys: what a prefix list is called then; see prefix_lists.
    """
    lists = prefix_lists(resources, keys)
    for resource in resources:
        for rule in rules_of(resource):
            if rule.direction is direction:
                yield from expanded(named(resource, rule), lists)


def collapsed(cidrs: Iterable[str]) -> list[Network]:
    """Return ranges as the fewest networks that are the same addresses; what is no range is left out."""
    networks = [network for network in map(_network, cidrs) if network]
    version_4 = [network for network in networks if isinstance(network, IPv4Network)]
    version_6 = [network for network in networks if isinstance(network, IPv6Network)]
    return [*collapse_addresses(version_4), *collapse_addresses(version_6)]


def _network(cidr: str) -> Network | None:
    try:
        return ip_network(cidr, strict=False)
    except ValueError:
        return None


ROUTED_IPV6 = IPv6Network("2000::/3")
"""All of IPv6 that is routed on the internet (IANA, "Internet Protocol Version 6 Address Space")."""


def world(cidrs: Iterable[str]) -> list[str]:
    """Return which whole internets these ranges are together: 0.0.0.0/0, ::/0 (or what of it is routed), or none."""
    return [str(network) for network in collapsed(cidrs) if _is_world(network)]


def _is_world(network: Network) -> bool:
    if isinstance(network, IPv6Network):
        return network.supernet_of(ROUTED_IPV6)
    return network.prefixlen == 0


def open_to_world(rules: Collection[Rule]) -> dict[Rule, list[str]]:
    """Return the rules whose ports the whole internet reaches in their group, each with the ranges that amount to it.

    Args:
        rules: ingress rules of any groups; what prefix lists hold is expanded already.
    """
    opened = {}
    for rule in rules:
        parts = sorted({part for part in ranges(_covering(rule, rules)) if collapsed([part])})
        alone = [part for part in parts if world([part])]
        if world(parts):
            opened[rule] = alone or parts
    return opened


def _covering(rule: Rule, rules: Collection[Rule]) -> list[Rule]:
    return [other for other in rules if other.group == rule.group and other.covers(rule)]
