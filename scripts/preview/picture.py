"""A mermaid picture of network and reach: groups and their hosts, who gets in, on which ports; before and after."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from policy.rules.security_groups import Rule
from scripts.preview.reach import Reach, in_order
from scripts.table import printable

SOLID, OPENED, CLOSED = "--", "==", "-."
ENDS = {SOLID: "-->", OPENED: "==>", CLOSED: ".->"}
ENTITIES = str.maketrans({"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;"})
"""Mermaid's own escapes (mermaid documentation, "Entity codes to escape characters")."""


def pictures(reach: Reach, before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]) -> str:
    """Return both pictures as Markdown.

    Args:
        reach: the rules.
        before: the hosts of each group.
        after: the same, as it will be.
    """
    return (
        f"Before (what closes is dotted):\n\n{_picture(reach.before, reach.closed, CLOSED, before)}\n\n"
        f"After (what opens is thick):\n\n{_picture(reach.after, reach.opened, OPENED, after)}"
    )


def _picture(rules: Collection[Rule], marked: Collection[Rule], mark: str, hosts: Mapping[str, Sequence[str]]) -> str:
    if not rules:
        return "No rule."
    inside = sorted({rule.group for rule in rules} | {rule.peer for rule in rules if rule.peer in hosts})
    outside = sorted({rule.peer for rule in rules} - set(inside))
    numbers = {name: f"n{number}" for number, name in enumerate([*outside, *inside])}
    lines = ["```mermaid", "flowchart LR"]
    lines += [f'    {numbers[name]}["{_text(name)}"]' for name in outside]
    lines += ['    subgraph groups["security groups"]']
    lines += [f'        {numbers[name]}["{_label(name, hosts.get(name, ()))}"]' for name in inside]
    lines += ["    end"]
    for rule in in_order(rules):
        line = mark if rule in marked else SOLID
        lines.append(f'    {numbers[rule.peer]} {line} "{_text(rule.label)}" {ENDS[line]} {numbers[rule.group]}')
    return "\n".join([*lines, "```"])


def _label(name: str, hosts: Sequence[str]) -> str:
    return "<br/>".join([_text(name), *([_text(", ".join(hosts))] if hosts else [])])


def _text(text: str) -> str:
    return printable(text).translate(ENTITIES)
