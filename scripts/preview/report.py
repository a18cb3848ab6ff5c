"""The report: a verdict, what matters in the order in which it matters, and everything else folded. Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scripts.preview import access, cost, data, downtime, exposure
from scripts.preview.digest import Op, Preview, Step
from scripts.preview.findings import Finding, code, names
from scripts.preview.picture import pictures
from scripts.preview.reach import members, reach

DATA_LOSS, EXPOSURE = "data-loss", "exposure"
DONE = {Op.CREATE: "created", Op.UPDATE: "updated", Op.REPLACE: "replaced", Op.DELETE: "deleted"}
SEEN_IN_PART = "Drawn are the rules that change alone: `pulumi preview --json --show-sames` tells of the others too."


@dataclass(frozen=True)
class Section:
    """A section: its title, its judge, and what the verdict says of what it finds."""

    title: str
    judge: Callable[[Sequence[Step]], list[Finding]]
    grave: str
    other: str
    gate: str | None = None
    """What `--fail-on` calls its grave findings."""
    without: str | None = None
    """What stands there if nothing is found; without it, nothing does."""


SECTIONS = (
    Section("Data at risk", data.judge, "data is lost", "a database is left unmanaged", DATA_LOSS),
    Section("Exposure", exposure.judge, "reach is opened", "reach changes", EXPOSURE),
    Section("Access", access.judge, "logins that work now are refused", "access changes"),
    Section("Downtime", downtime.judge, "downtime", "a restart at most", without="None is to be expected."),
    Section("Cost", cost.judge, "", ""),
)
GATES = tuple(section.gate for section in SECTIONS if section.gate)


@dataclass(frozen=True)
class Report:
    """What was found in a preview."""

    preview: Preview
    findings: Mapping[str, Sequence[Finding]]
    """By the section's title."""

    @classmethod
    def of(cls, preview: Preview) -> Report:
        """Let every judge have its say."""
        return cls(preview, {section.title: section.judge(preview.steps) for section in SECTIONS})

    def gates(self) -> set[str]:
        """Return what `--fail-on` would stop at."""
        return {section.gate for section in SECTIONS if section.gate and self._grave(section)}

    def markdown(self) -> str:
        """Return the report; a preview without changes is one line."""
        preview = self.preview
        if not preview.changes and not preview.warnings:
            return f"**Nothing changes** in stack {code(preview.stack)}."
        parts = [self._verdict()]
        for section in SECTIONS:
            parts += self._section(section)
        parts += [_folded(preview.changes)] if preview.changes else []
        parts += [_messages(preview.warnings)] if preview.warnings else []
        return preview.veil.over("\n\n".join(parts))

    def _verdict(self) -> str:
        if not self.preview.changes:
            return f"**Nothing changes** in stack {code(self.preview.stack)}; the engine has warnings."
        words = [
            section.grave if self._grave(section) else section.other
            for section in SECTIONS
            if self.findings[section.title] and section.grave
        ]
        way = cost.direction(self.preview.steps)
        words += [f"cost {'unclear' if way is cost.Way.UNCLEAR else f'goes {way}'}"] if way else []
        sentence = ", ".join(words) or "nothing is at risk"
        counts = Counter(step.op for step in self.preview.changes)
        counted = ", ".join(f"{counts[op]} {word}" for op, word in DONE.items() if counts[op])
        return f"**{sentence[0].upper()}{sentence[1:]}.** Stack {code(self.preview.stack)}, resources: {counted}."

    def _grave(self, section: Section) -> bool:
        return any(finding.grave for finding in self.findings[section.title])

    def _section(self, section: Section) -> list[str]:
        found = self.findings[section.title]
        if not found:
            return [f"### {section.title}\n\n{section.without}"] if section.without and self.preview.changes else []
        lines = [f"- {finding.words}" for finding in found]
        parts = [f"### {section.title}\n\n" + "\n".join(lines)]
        return parts + (self._pictures() if section.judge is exposure.judge else [])

    def _pictures(self) -> list[str]:
        steps = self.preview.steps
        found, before, after = reach(steps), members(steps, after=False), members(steps, after=True)
        if found.before == found.after and (before == after or not found.after):
            return []
        drawn = pictures(found, before, after)
        return [drawn] if self.preview.complete else [drawn, SEEN_IN_PART]


def _folded(changes: Sequence[Step]) -> str:
    rows = "\n".join(
        f"| {DONE[step.op]} | {code(step.name)} | {code(step.type)} | {names(step.changed)} |" for step in changes
    )
    table = f"| | resource | type | properties |\n| --- | --- | --- | --- |\n{rows}"
    return _details(f"Every change ({len(changes)})", table)


def _messages(warnings: Sequence[str]) -> str:
    lines = [line for warning in warnings for line in warning.splitlines() if line.strip()]
    return _details(f"Warnings of the engine ({len(warnings)})", "\n".join(f"- {code(line)}" for line in lines))


def _details(summary: str, content: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"
