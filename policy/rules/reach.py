"""Who may reach ssh and MySQL: never the whole internet; MySQL by security group; ssh by ranges of some people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .rule import Resource, ResourceRule, Settings, StackRule, ports, whole
from .ways_in import WayIn, is_world, prefix, ways_in

SSH, MYSQL, MYSQL_X = 22, 3306, 33060
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
PREFIX_LIST_ENTRY = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"
LISTS_IN = ("prefixListId", "prefixListIds", "ingress")
"""Where a rule, and a group with rules inline, names prefix lists."""
GUARDED = ports([SSH, MYSQL, MYSQL_X], "TCP ports that are not for everyone.")
BROADEST = 8
"""As the program's own operatorCidrs (stack_config/network.py): a shorter prefix is no group of people."""
BROADEST_IPV6 = 32
"""What a registry gives to one provider or company (RIPE-738, "IPv6 Address Allocation and Assignment Policy")."""


def open_to_world(resource: Resource, settings: Settings) -> Iterator[str]:
    """Yield guarded ports that the whole internet reaches, by a range of ports or all protocols too."""
    for way, opened in _opened(resource, settings):
        for cidr in way.ranges:
            if is_world(cidr):
                yield (
                    f"{way.where}opens {opened} to the whole internet ({cidr}); "
                    "name the ranges or the security group that need it"
                )


def by_prefix_list(resources: Sequence[Resource], settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield rules that open a guarded port to a prefix list of the same program that holds the whole internet.

    What is in lists made elsewhere, by AWS among others, no policy is told.
    """
    worldwide = set(_worldwide_lists(resources))
    for resource in resources:
        named = {urn for name in LISTS_IN for urn in resource.sources.get(name, ())}
        for way, opened in _opened(resource, settings):
            for urn in sorted(named & worldwide) if way.prefix_lists else ():
                yield (
                    resource.urn,
                    f"{way.where}opens {opened} to the whole internet, by the prefix list {urn.split('::', 3)[3]}; "
                    "take 0.0.0.0/0 and ::/0 out of the list, or name another",
                )


def _worldwide_lists(resources: Sequence[Resource]) -> Iterator[str]:
    for resource in resources:
        if resource.type == PREFIX_LIST and any(
            is_world(str(one.get("cidr"))) for _, one in resource.blocks("entries")
        ):
            yield resource.urn
        if resource.type == PREFIX_LIST_ENTRY and is_world(str(resource.get("cidr"))):
            yield from resource.sources.get("prefixListId", ())


def mysql_by_address(resource: Resource, settings: Settings) -> Iterator[str]:
    """Yield ways to MySQL that name addresses: an address says who is where today, a group who may."""
    for way, opened in _opened(resource, settings):
        for cidr in (*way.ranges, *["a prefix list"][: way.prefix_lists]):
            yield (
                f"{way.where}opens MySQL's {opened} to {cidr}; "
                "name the clients' security group in its place (referenced_security_group_id)"
            )


def broad_ssh(resource: Resource, settings: Settings) -> Iterator[str]:
    """Yield ranges that may ssh and are too broad to be those of some people."""
    least = {4: settings["prefix"], 6: settings["prefixIpv6"]}
    for way, opened in _opened(resource, settings):
        for cidr in way.ranges:
            version, length = prefix(cidr)
            if length < least[version]:
                yield (
                    f"{way.where}opens {opened} to {cidr}, which is broader than /{least[version]:.0f}; "
                    "name the addresses that people connect from"
                )


def _opened(resource: Resource, settings: Settings) -> Iterator[tuple[WayIn, str]]:
    """Yield the ways into the ports of a rule's settings, and those ports in words."""
    for way in ways_in(resource):
        opened = [f"{port:.0f}" for port in settings["ports"] if way.opens(port)]
        if opened:
            yield way, f"port{'s' if len(opened) > 1 else ''} {', '.join(opened)}"


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
    ResourceRule(
        "mysql-by-group",
        "MySQL is open to security groups, never to addresses.",
        "mandatory",
        {"ports": ports([MYSQL, MYSQL_X], "MySQL's TCP ports.")},
        mysql_by_address,
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
