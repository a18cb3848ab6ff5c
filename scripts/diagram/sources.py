"""Who comes from outside: peers that reach the same ports of the same groups are one card."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.diagram.describe import group
from scripts.diagram.model import ANYWHERE, Picture, Rule
from scripts.diagram.read import SSH_PORT

SHOWN = 8
"""Peers on a card; the rest are counted."""


@dataclass(frozen=True)
class Source:
    """Peers that reach the same."""

    title: str
    lines: list[tuple[str, str]]
    """Kind of text, and the text."""
    targets: list[tuple[str, list[Rule]]]
    """Rules by the id of the group that has them; of all peers the same ports, so those of the first."""


def cards(picture: Picture) -> list[Source]:
    """Return them: ranges of addresses first, then other groups."""
    by_peer: dict[tuple[str, bool], list[Rule]] = {}
    for rule in picture.ways_in:
        if picture.outsiders(rule) and picture.members(rule.group_id):
            by_peer.setdefault((rule.peer, rule.by_group), []).append(rule)
    alike: dict[tuple[object, ...], list[tuple[str, list[Rule]]]] = {}
    for (peer, by_group), rules in by_peer.items():
        reach = frozenset((rule.group_id, rule.label) for rule in rules)
        alike.setdefault((by_group, peer in ANYWHERE, reach), []).append((peer, rules))
    return [_source(picture, peers) for peers in alike.values()]


def _source(picture: Picture, peers: list[tuple[str, list[Rule]]]) -> Source:
    rules = peers[0][1]
    targets: dict[str, list[Rule]] = {}
    for rule in rules:
        targets.setdefault(rule.group_id, []).append(rule)
    kind = "id" if rules[0].by_group else "text"
    lines = [(kind, group(picture, peer)) for peer, _ in peers[:SHOWN]]
    if len(peers) > SHOWN:
        lines.append(("quiet", f"and {len(peers) - SHOWN} more"))
    in_order = sorted(targets.items(), key=lambda one: group(picture, one[0]))
    return Source(_title(rules[0], rules), lines, in_order)


def _title(first: Rule, rules: list[Rule]) -> str:
    if first.peer in ANYWHERE:
        return "anyone at all"
    ssh_alone = {rule.ports for rule in rules} == {str(SSH_PORT)}
    if first.by_group:
        return "operators' groups" if ssh_alone else "other teams' groups"
    return "operators" if ssh_alone else "addresses"
