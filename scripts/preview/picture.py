"""A mermaid picture of network and reach: groups and their hosts, who gets in, on which ports; before and after."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from policy.rules.security_groups import Rule
from scripts.preview.digest import Step
from scripts.preview.reach import in_order, members, reach
from scripts.table import printable

SOLID, OPENED, CLOSED = ("--", "-->"), ("==", "==>"), ("-.", ".->")
"""Lines of mermaid's, before and behind their label."""
ENTITIES = str.maketrans({"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;"})
"""Mermaid's own escapes (mermaid documentation, "Entity codes to escape characters")."""


@dataclass(frozen=True)
class Drawing:
    """Rules as a graph. Nodes have names of their own: those of groups and peers may be anything."""

    rules: Sequence[Rule]
    marked: Collection[Rule]
    mark: tuple[str, str]
    hosts: Mapping[str, Sequence[str]]
    """Of each group."""

    @property
    def inside(self) -> list[str]:
        """The program's groups."""
        return sorted(
            {rule.group for rule in self.rules} | {rule.peer for rule in self.rules if rule.peer in self.hosts}
        )

    @property
    def outside(self) -> list[str]:
        """The other peers."""
        return sorted({rule.peer for rule in self.rules} - {*self.inside})

    def line(self, rule: Rule) -> tuple[str, str]:
        """Return how a rule is drawn."""
        return self.mark if rule in self.marked else SOLID


def drawings(steps: Sequence[Step]) -> list[Drawing]:
    """Return the graph before and after; none if both are the same."""
    rules, before, after = reach(steps), members(steps, after=False), members(steps, after=True)
    if rules.before == rules.after and (before == after or not rules.after):
        return []
    return [
        Drawing(in_order(rules.before), rules.closed, CLOSED, before),
        Drawing(in_order(rules.after), rules.opened, OPENED, after),
    ]


def escaped(text: str) -> str:
    """Return a text that is nothing but text to mermaid."""
    return printable(text).translate(ENTITIES)
