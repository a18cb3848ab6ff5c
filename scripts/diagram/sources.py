"""Who comes from outside: peers that reach the same ports of the same groups are one card."""

from __future__ import annotations

from dataclasses import dataclass

from policy.rules.security_groups import Rule, ranges, world
from scripts.diagram.describe import group
from scripts.diagram.model import Picture
from scripts.host.constants import SSH_PORT

SHOWN = 8
"""Peers on a card; the rest are counted."""


@dataclass(frozen=True)
class Source:
    """Peers that reach the same."""

    title: str
    lines: list[tuple[str, str]]
    """Kind of text, and the text."""
    targets: list[list[Rule]]
    """Rules, those of a group together; of all peers the same ports, so those of the first."""


def cards(picture: Picture) -> list[Source]:
    """Return them: ranges of addresses first, then other groups."""
    by_peer: dict[tuple[str, bool], list[Rule]] = {}
    for rule in picture.ways_in:
        if picture.outsiders(rule) and picture.members(rule.group):
            by_peer.setdefault((rule.peer, rule.by_group), []).append(rule)
    alike: dict[tuple[object, ...], list[tuple[str, list[Rule]]]] = {}
    for (peer, by_group), rules in by_peer.items():
        reach = frozenset((rule.group, picture.label(rule)) for rule in rules)
        alike.setdefault((by_group, bool(world([peer])), reach), []).append((peer, rules))
    return [_source(picture, peers) for peers in alike.values()]


def _source(picture: Picture, peers: list[tuple[str, list[Rule]]]) -> Source:
    by_group: dict[str, list[Rule]] = {}
    for rule in peers[0][1]:
        by_group.setdefault(rule.group, []).append(rule)
    kind = "id" if peers[0][1][0].by_group else "text"
    lines = [(kind, group(picture, peer)) for peer, _ in peers[:SHOWN]]
    if len(peers) > SHOWN:
        lines.append(("quiet", f"and {len(peers) - SHOWN} more"))
    targets = sorted(by_group.values(), key=lambda rules: group(picture, rules[0].group))
    return Source(_title([rule for _, rules in peers for rule in rules]), lines, targets)


def _title(rules: list[Rule]) -> str:
    if world(ranges(rules)):
        return "anyone at all"
    ssh_alone = {rule.tcp_label for rule in rules} == {str(SSH_PORT)}
    if rules[0].by_group:
        return "operators' groups" if ssh_alone else "other teams' groups"
    return "operators" if ssh_alone else "addresses"
