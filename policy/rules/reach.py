"""Who may reach ssh and MySQL: never the whole internet; MySQL by security group; ssh by ranges of some people.

Servers of a group reach each other's port of Group Replication, and nobody else does.

Ranges are collapsed before they are assessed: 0.0.0.0/1 and 128.0.0.0/1 are the whole internet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from .resource import Resource, is_urn, name_of
from .rule import ResourceRule, Settings, StackRule, is_not, ports, strings, whole
from .security_groups import (
    GROUPS,
    SELF,
    Direction,
    PeerKind,
    Rule,
    collapsed,
    prefix_lists,
    ranges,
    rules_of,
    world,
)

SSH, MYSQL, MYSQL_READ, MYSQL_X, GROUP_REPLICATION = 22, 3306, 3307, 33060, 33061
GUARDED = ports([SSH, MYSQL, MYSQL_X], "TCP ports that are not for everyone.")
BALANCERS = ("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer")
LISTENERS = ("aws:lb/listener:Listener", "aws:alb/listener:Listener")
BROADEST = 8
"""As the program's own operatorCidrs (components/checks.py): a shorter prefix is no group of people."""
BROADEST_IPV6 = 32
"""What a registry gives to one provider or company (RIPE-738, "IPv6 Address Allocation and Assignment Policy")."""

PrefixLists = Mapping[str, Sequence[str]]
"""The ranges of the program's prefix lists, by the list's URN."""


@dataclass(frozen=True)
class WayIn:
    """Ingress rules of a resource that share their ports: all of it, or one block of those that are inline."""

    resource: Resource
    rules: Sequence[Rule]

    @property
    def where(self) -> str:
        """Which part of the resource it is, to stand before a message."""
        return self.rules[0].where

    @property
    def lists(self) -> list[str]:
        """The URNs of the program's prefix lists that it names."""
        named = [rule.named_by for rule in self.rules if rule.peer_kind is PeerKind.PREFIX_LIST]
        return sorted({urn for name in named for urn in self.resource.sources.get(name, ())})

    def opened(self, settings: Settings) -> list[float]:
        """Return which ports of a policy's settings it opens."""
        return [port for port in settings["ports"] if self.rules[0].opens(port)]

    def admits(self, lists: PrefixLists) -> list[str]:
        """Return the ranges that it admits, by itself or by prefix lists."""
        return [*ranges(self.rules), *(cidr for urn in self.lists for cidr in lists.get(urn, ()))]


def ways_in(resource: Resource) -> Iterator[WayIn]:
    """Yield the ways in that a resource opens."""
    ingress = (rule for rule in rules_of(resource) if rule.direction is Direction.IN)
    for _, rules in groupby(ingress, key=lambda rule: rule.where):
        yield WayIn(resource, list(rules))


def _opened(resource: Resource, settings: Settings) -> Iterator[tuple[WayIn, str]]:
    """Yield the ways into the ports of a policy's settings, and those ports in words."""
    for way in ways_in(resource):
        if opened := way.opened(settings):
            yield way, _words(opened)


def _words(opened: Sequence[float]) -> str:
    return f"port{'s' if len(opened) > 1 else ''} {', '.join(f'{port:.0f}' for port in opened)}"


def open_to_world(resource: Resource, settings: Settings) -> Iterator[str]:
    """Yield guarded ports that the whole internet reaches, by a range of ports or all protocols too."""
    for way, opened in _opened(resource, settings):
        for cidr in world(ranges(way.rules)):
            yield (
                f"{way.where}opens {opened} to the whole internet ({cidr}); "
                "name the ranges or the security group that need it"
            )


def by_prefix_list(resources: Sequence[Resource], settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield rules that open a guarded port to a prefix list of the same program that holds the whole internet.

    What is in lists made elsewhere, by AWS among others, no policy is told.
    """
    lists = _prefix_lists(resources)
    for resource in resources:
        for way, opened in _opened(resource, settings):
            for urn in way.lists:
                if world(lists.get(urn, ())):
                    yield (
                        resource.urn,
                        f"{way.where}opens {opened} to the whole internet, by the prefix list {name_of(urn)}; "
                        "take out of the list what makes it the whole internet, or name another",
                    )


def _prefix_lists(resources: Sequence[Resource]) -> PrefixLists:
    return prefix_lists(resources, lambda resource: resource.sources.get("prefixListId") or [resource.urn])


def world_in_parts(resources: Sequence[Resource], settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield groups that open a guarded port to the whole internet by several rules, none of which does so alone."""
    lists = _prefix_lists(resources)
    by_group: dict[str, list[WayIn]] = {}
    for resource in resources:
        for way in ways_in(resource):
            by_group.setdefault(_group(resource), []).append(way)
    for group, ways in by_group.items():
        opened = [port for port in settings["ports"] if _is_world_in_parts(ways, port, lists)]
        if opened:
            parts = [way for way in ways if set(way.opened(settings)) & set(opened)]
            # Sorted: a program registers its resources in another order each time.
            names = ", ".join(sorted(f"{way.resource.name} {way.where}".rstrip(": ") for way in parts))
            yield (
                group if is_urn(group) else min(way.resource.urn for way in parts),
                f"opens {_words(opened)} to the whole internet, by several rules together ({names}); "
                "name the ranges or the security group that need it",
            )


def _is_world_in_parts(ways: Sequence[WayIn], port: float, lists: PrefixLists) -> bool:
    parts = [way.admits(lists) for way in ways if way.rules[0].opens(port)]
    return bool(world(cidr for part in parts for cidr in part)) and not any(map(world, parts))


def _group(resource: Resource) -> str:
    """Return the URN of the group that a rule belongs to, or its id where the program does not make it."""
    if resource.type in GROUPS:
        return resource.urn
    made = resource.sources.get("securityGroupId", ())
    return made[0] if made else str(resource.get("securityGroupId"))


def mysql_by_address(resource: Resource, settings: Settings) -> Iterator[str]:
    """Yield ways to MySQL that name addresses: an address says who is where today, a group who may."""
    for way, opened in _opened(resource, settings):
        others = [rule for rule in way.rules if rule.peer not in settings["admitted"]]
        lists = ["a prefix list" for rule in others if rule.peer_kind is PeerKind.PREFIX_LIST]
        for peer in (*ranges(others), *lists):
            yield (
                f"{way.where}opens MySQL's {opened} to {peer}; "
                "name the clients' security group in its place (referenced_security_group_id), or list it in this "
                "policy's `admitted`"
            )


def group_by_others(resource: Resource, settings: Settings) -> Iterator[str]:
    """Yield ways to Group Replication's port for others than the group's own members: whoever speaks there may join."""
    for way, opened in _opened(resource, settings):
        for rule in way.rules:
            is_own = rule.by_group and (rule.named_by == SELF or rule.peer in ("", rule.group))
            if not is_own and rule.peer not in settings["admitted"]:
                yield (
                    f"{way.where}opens Group Replication's {opened} to {rule.peer or 'a prefix list'}; "
                    "name the servers' own security group in its place (referenced_security_group_id), or list it in "
                    "this policy's `admitted`"
                )


def broad_ssh(resource: Resource, settings: Settings) -> Iterator[str]:
    """Yield ranges that may ssh and are too broad to be those of some people."""
    shortest = {4: settings["prefix"], 6: settings["prefixIpv6"]}
    for way, opened in _opened(resource, settings):
        for network in collapsed(ranges(way.rules)):
            if network.prefixlen < shortest[network.version]:
                yield (
                    f"{way.where}opens {opened} to {network}, which is broader than "
                    f"/{shortest[network.version]:.0f}; name the addresses that people connect from"
                )


def by_public_balancer(resources: Sequence[Resource], settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield listeners on MySQL's ports of load balancers that have addresses of the internet.

    Source: Elastic Load Balancing User Guide, "How Elastic Load Balancing works": it has them unless it is internal.
    """
    public = {one.urn for one in resources if one.type in BALANCERS and is_not(one.get("internal"), True)}
    for resource in resources:
        if resource.type in LISTENERS and resource.get("port") in settings["ports"]:
            for urn in public.intersection(resource.sources.get("loadBalancerArn", ())):
                yield (
                    resource.urn,
                    f"listens on MySQL's port {resource.get('port'):.0f} of {name_of(urn)}, which the internet can "
                    "reach; set internal to true there",
                )


RULES = (
    ResourceRule(
        "no-world-ingress",
        "Neither ssh nor MySQL is open to the whole internet.",
        "mandatory",
        {"ports": GUARDED},
        open_to_world,
    ),
    StackRule(
        "no-world-prefix-list",
        "Neither ssh nor MySQL is open to a prefix list of the program that holds the whole internet.",
        "mandatory",
        {"ports": GUARDED},
        by_prefix_list,
    ),
    StackRule(
        "no-world-in-parts",
        "Neither ssh nor MySQL is open to the whole internet by several rules of a group together.",
        "mandatory",
        {"ports": GUARDED},
        world_in_parts,
    ),
    StackRule(
        "no-public-balancer",
        "No load balancer that the internet can reach listens on MySQL's ports.",
        "mandatory",
        {"ports": ports([MYSQL, MYSQL_READ, MYSQL_X], "TCP ports on which load balancers lead to MySQL.")},
        by_public_balancer,
    ),
    ResourceRule(
        "mysql-by-group",
        "MySQL is open to security groups, never to addresses.",
        "mandatory",
        {
            "ports": ports([MYSQL, MYSQL_X], "MySQL's TCP ports."),
            "admitted": strings([], "Ranges and ids of prefix lists that were admitted on purpose."),
        },
        mysql_by_address,
    ),
    ResourceRule(
        "group-by-members",
        "Group Replication is open to the servers' own security group, never to others.",
        "mandatory",
        {
            "ports": ports([GROUP_REPLICATION], "Group Replication's TCP ports."),
            "admitted": strings([], "Groups, ranges and prefix lists that were admitted on purpose, by id or range."),
        },
        group_by_others,
    ),
    ResourceRule(
        "ssh-from-few",
        "Ranges that may ssh are those of some people.",
        "mandatory",
        {
            "ports": ports([SSH], "sshd's TCP ports."),
            "prefix": whole(BROADEST, 0, 32, "Length of the shortest IPv4 prefix that may ssh."),
            "prefixIpv6": whole(BROADEST_IPV6, 0, 128, "Length of the shortest IPv6 prefix that may ssh."),
        },
        broad_ssh,
    ),
)
