"""The report: a verdict, what matters in the order in which it matters, and everything else folded. Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from scripts.preview import access, cost, data_at_risk, downtime, exposure
from scripts.preview.digest import Preview, Step
from scripts.preview.findings import DONE, Finding, code, names
from scripts.preview.picture import pictures
from scripts.preview.reach import members, reach

DATA_LOSS, EXPOSURE = "data-loss", "exposure"
SEEN_IN_PART = "Drawn are the rules that change alone: `pulumi preview --json --show-sames` tells of the others too."


@dataclass(frozen=True)
class Section:
    """A section: its title, what assesses it, and what the verdict says of what it finds."""

    title: str
    assess: Callable[[Sequence[Step]], Iterable[Finding]]
    severe: str
    other: str
    fail_on: str | None = None
    """What `--fail-on` calls its severe findings."""
    without: str | None = None
    """What stands there if nothing is found; without it, nothing does."""


SECTIONS = (
    Section("Data at risk", data_at_risk.assess, "data is lost", "a database is left unmanaged", DATA_LOSS),
    Section("Exposure", exposure.assess, "reach is opened", "reach changes", EXPOSURE),
    Section("Access", access.assess, "logins that work now are refused", "access changes"),
    Section("Downtime", downtime.assess, "downtime", "a restart at most", without="None is to be expected."),
    Section("Cost", cost.assess, "", ""),
)
GATES = tuple(section.fail_on for section in SECTIONS if section.fail_on)


@dataclass(frozen=True)
class Report:
    """What was found in a preview."""

    preview: Preview
    findings: Mapping[str, Sequence[Finding]]
    """By the section's title."""

    @classmethod
    def of(cls, preview: Preview) -> Report:
        """Assess every section."""
        return cls(preview, {section.title: list(section.assess(preview.steps)) for section in SECTIONS})

    def gates(self) -> set[str]:
        """Return what `--fail-on` would stop at."""
        return {section.fail_on for section in SECTIONS if section.fail_on and self._is_severe(section)}

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
        return preview.redaction.apply("\n\n".join(parts))

    def _verdict(self) -> str:
        if not self.preview.changes:
            return f"**Nothing changes** in stack {code(self.preview.stack)}; the engine has warnings."
        words = [
            section.severe if self._is_severe(section) else section.other
            for section in SECTIONS
            if self.findings[section.title] and section.severe
        ]
        way = cost.direction(self.preview.steps)
        words += [f"cost {'unclear' if way is cost.Way.UNCLEAR else f'goes {way}'}"] if way else []
        sentence = ", ".join(words) or "nothing is at risk"
        counts = Counter(step.op for step in self.preview.changes)
        counted = ", ".join(f"{counts[op]} {word}" for op, word in DONE.items() if counts[op])
        return f"**{sentence[0].upper()}{sentence[1:]}.** Stack {code(self.preview.stack)}, resources: {counted}."

    def _is_severe(self, section: Section) -> bool:
        return any(finding.severe for finding in self.findings[section.title])

    def _section(self, section: Section) -> list[str]:
        findings = self.findings[section.title]
        if not findings:
            return [f"### {section.title}\n\n{section.without}"] if section.without and self.preview.changes else []
        lines = [f"- {finding.words}" for finding in findings]
        parts = [f"### {section.title}\n\n" + "\n".join(lines)]
        return parts + (self._pictures() if section.assess is exposure.assess else [])

    def _pictures(self) -> list[str]:
        steps = self.preview.steps
        ways_in, before, after = reach(steps), members(steps, after=False), members(steps, after=True)
        if ways_in.before == ways_in.after and (before == after or not ways_in.after):
            return []
        drawn = pictures(ways_in, before, after)
        return [drawn] if self.preview.complete else [drawn, SEEN_IN_PART]


def _folded(changes: Sequence[Step]) -> str:
    rows = "\n".join(
        f"| {DONE[step.op]} | {code(step.name)} | {code(step.kind)} | {names(step.changed)} |" for step in changes
    )
    table = f"| | resource | type | properties |\n| --- | --- | --- | --- |\n{rows}"
    return _details(f"Every change ({len(changes)})", table)


def _messages(warnings: Sequence[str]) -> str:
    lines = [line for warning in warnings for line in warning.splitlines() if line.strip()]
    return _details(f"Warnings of the engine ({len(warnings)})", "\n".join(f"- {code(line)}" for line in lines))


def _details(summary: str, content: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"
