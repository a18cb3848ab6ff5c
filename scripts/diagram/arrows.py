"""What stands where in a picture, and who reaches whom: columns of hosts, cards of outsiders, arrows between them."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from policy.rules.security_groups import Rule, ranges, world
from scripts.diagram.model import Host, Picture, Subnet
from scripts.host.constants import SSH_PORT

T = TypeVar("T")
OUTSIDE, CLIENTS, SERVER = "outside", "clients", "server"
ORDER = (OUTSIDE, CLIENTS, SERVER)
"""The nodes that are columns, from left to right."""


@dataclass(frozen=True)
class Column:
    """Subnets one below the other, with their hosts; those without hosts are the clients' too."""

    picture: Picture
    node: str
    hosts: Sequence[Host]

    @property
    def frame(self) -> str | None:
        """The security group that is a frame around its hosts in each subnet: all are in it, and no other host is."""
        groups = [id for id in self.picture.groups if self.picture.members(id) == list(self.hosts)]
        return groups[0] if groups and self.hosts else None

    @property
    def subnets(self) -> list[Subnet]:
        """Its subnets, that of a NAT gateway first, then those with hosts."""
        others = {host.subnet_id for host in self.picture.hosts if host not in self.hosts}
        return sorted(
            (
                subnet
                for subnet in self.picture.subnets
                if self.hosts_in(subnet) or (self.node == CLIENTS and subnet.id not in others)
            ),
            key=self._order,
        )

    def hosts_in(self, subnet: Subnet) -> list[Host]:
        """Return its hosts in a subnet."""
        return [host for host in self.hosts if host.subnet_id == subnet.id]

    def _order(self, subnet: Subnet) -> tuple[bool, bool, bool]:
        with_nat = {nat.subnet_id for nat in self.picture.nats}
        hosts = self.hosts_in(subnet)
        return subnet.id not in with_nat, not hosts, not any(host.jump for host in hosts)


@dataclass(frozen=True)
class Card:
    """Peers from outside that reach the same."""

    title: str
    peers: list[str]
    by_group: bool
    targets: list[list[Rule]]
    """Rules, those of a group together; of all peers the same ports, so those of the first."""


@dataclass(frozen=True)
class Arrow:
    """Rules as one arrow from one port of a column to another's: `node:port`."""

    kind: str
    start: str
    end: str
    labels: list[str]
    tip: str

    def halves(self, port: str) -> Iterator[tuple[str, str, str]]:
        """Yield its edges to and from the node that names its ports: left end, right end, direction of the head."""
        start, end = _place(self.start), _place(self.end)
        yield (f"{self.start}:e", port, "none") if start <= end else (port, f"{self.start}:w", "none")
        yield (port, f"{self.end}:w", "forward") if start < end else (f"{self.end}:e", port, "back")


def columns(picture: Picture) -> list[Column]:
    """Return the clients' column and the servers'."""
    return [Column(picture, CLIENTS, picture.clients), Column(picture, SERVER, picture.servers)]


def cards(picture: Picture) -> list[Card]:
    """Return who comes from outside: ranges of addresses first, then other groups."""
    admitted = [rule for rule in picture.ways_in if picture.outsiders(rule) and picture.members(rule.group)]
    peers = _grouped(admitted, lambda rule: (rule.peer, rule.by_group))

    def reach(rules: Sequence[Rule]) -> tuple[object, ...]:
        targets = frozenset((rule.group, picture.label(rule)) for rule in rules)
        return rules[0].by_group, bool(world([rules[0].peer])), targets

    return [_card(picture, alike) for alike in _grouped(peers, reach)]


def arrows(picture: Picture) -> list[Arrow]:
    """Return all arrows: from outside, between the stack's own groups, and from the servers to the NAT gateway."""
    from_outside = [
        _arrow(picture, f"{OUTSIDE}:card{count}", rules)
        for count, card in enumerate(cards(picture))
        for rules in card.targets
    ]
    own = [rule for rule in picture.ways_in if not picture.outsiders(rule) and picture.members(rule.group)]
    pairs = _grouped(own, lambda rule: (rule.peer, rule.group))
    inside = [_arrow(picture, _end(picture, rules[0].peer), rules) for rules in pairs]
    return [*from_outside, *inside, *_way_by_nat(picture)]


def _grouped(items: Iterable[T], key: Callable[[T], object]) -> list[list[T]]:
    """Return items that have the same key together, in the order in which the keys turn up."""
    groups: dict[object, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return list(groups.values())


def _card(picture: Picture, peers: Sequence[list[Rule]]) -> Card:
    return Card(
        title=_title([rule for rules in peers for rule in rules]),
        peers=[picture.group(rules[0].peer) for rules in peers],
        by_group=peers[0][0].by_group,
        targets=_grouped(peers[0], lambda rule: rule.group),
    )


def _title(rules: Sequence[Rule]) -> str:
    if world(ranges(rules)):
        return "anyone at all"
    ssh_alone = {rule.tcp_label for rule in rules} == {str(SSH_PORT)}
    if rules[0].by_group:
        return "operators' groups" if ssh_alone else "other teams' groups"
    return "operators" if ssh_alone else "addresses"


def _arrow(picture: Picture, start: str, rules: Sequence[Rule]) -> Arrow:
    labels = [picture.label(rule) for rule in rules]
    return Arrow("in", start, _end(picture, rules[0].group), labels, picture.reach(rules))


def _end(picture: Picture, group_id: str) -> str:
    """Return the port of a security group that has hosts: its first frame, or its first label on a host."""
    node = CLIENTS if any(group_id in host.group_ids for host in picture.clients) else SERVER
    return f"{node}:{port(group_id)}"


def port(group_id: str) -> str:
    """Return the name of a security group's port: an id of Graphviz's."""
    return re.sub(r"\W", "_", group_id)


def _way_by_nat(picture: Picture) -> Iterator[Arrow]:
    server = picture.servers[0]
    routed = any(subnet.id == server.subnet_id and subnet.nat_routed for subnet in picture.subnets)
    ways = picture.ways_out_of(server.group_ids)
    if routed and ways and picture.nats:
        ports = {rule.tcp_label for rule in picture.ways_out if rule.group in server.group_ids and not rule.by_group}
        label = ", ".join(sorted(ports, key=lambda text: (len(text), text)))
        yield Arrow("out", f"{SERVER}:out", f"{CLIENTS}:nat", [label], "; ".join(ways))


def _place(end: str) -> int:
    return ORDER.index(end.partition(":")[0])
