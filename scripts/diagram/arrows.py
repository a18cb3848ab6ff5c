"""What stands where in a picture, and who reaches whom: columns of hosts, cards of outsiders, arrows between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policy.rules.security_groups import Rule, ranges, world
from scripts.diagram.model import Host, Nat, Picture, Subnet
from scripts.host.constants import SSH_PORT

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
        """The security group that is a frame around its hosts in each subnet."""
        return self.picture.common_group(self.hosts)

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

    @property
    def nats(self) -> list[Nat]:
        """The NAT gateways in its subnets."""
        ids = {subnet.id for subnet in self.subnets}
        return [nat for nat in self.picture.nats if nat.subnet_id in ids]

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
    """Return the clients' column and the server's."""
    return [Column(picture, CLIENTS, picture.clients), Column(picture, SERVER, (picture.server,))]


def cards(picture: Picture) -> list[Card]:
    """Return who comes from outside: ranges of addresses first, then other groups."""
    by_peer: dict[tuple[str, bool], list[Rule]] = {}
    for rule in picture.ways_in:
        if picture.outsiders(rule) and picture.members(rule.group):
            by_peer.setdefault((rule.peer, rule.by_group), []).append(rule)
    alike: dict[tuple[object, ...], list[list[Rule]]] = {}
    for (peer, by_group), rules in by_peer.items():
        reach = frozenset((rule.group, picture.label(rule)) for rule in rules)
        alike.setdefault((by_group, bool(world([peer])), reach), []).append(rules)
    return [_card(picture, peers) for peers in alike.values()]


def arrows(picture: Picture) -> list[Arrow]:
    """Return all arrows: from outside, between the stack's own groups, and from the server to the NAT gateway."""
    from_outside = [
        _arrow(picture, f"{OUTSIDE}:card{count}", rules)
        for count, card in enumerate(cards(picture))
        for rules in card.targets
    ]
    pairs: dict[tuple[str, str], list[Rule]] = {}
    for rule in picture.ways_in:
        if not picture.outsiders(rule) and picture.members(rule.group):
            pairs.setdefault((rule.peer, rule.group), []).append(rule)
    inside = [_arrow(picture, _end(picture, peer), rules) for (peer, _), rules in pairs.items()]
    return [*from_outside, *inside, *_way_by_nat(picture)]


def _card(picture: Picture, peers: Sequence[list[Rule]]) -> Card:
    by_group: dict[str, list[Rule]] = {}
    for rule in peers[0]:
        by_group.setdefault(rule.group, []).append(rule)
    return Card(
        title=_title([rule for rules in peers for rule in rules]),
        peers=[picture.group(rules[0].peer) for rules in peers],
        by_group=peers[0][0].by_group,
        targets=sorted(by_group.values(), key=lambda rules: picture.group(rules[0].group)),
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
    server = picture.server
    routed = any(subnet.id == server.subnet_id and subnet.nat_routed for subnet in picture.subnets)
    ways = picture.ways_out_of(server.group_ids)
    if routed and ways and columns(picture)[0].nats:
        ports = {rule.tcp_label for rule in picture.ways_out if rule.group in server.group_ids and not rule.by_group}
        label = ", ".join(sorted(ports, key=lambda text: (len(text), text)))
        yield Arrow("out", f"{SERVER}:out", f"{CLIENTS}:nat", [label], "; ".join(ways))


def _place(end: str) -> int:
    return ORDER.index(end.partition(":")[0])
