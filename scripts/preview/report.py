"""The report: a verdict, what matters in the order in which it matters, and everything else folded. Markdown."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.preview import access, cost, data_at_risk, downtime, exposure
from scripts.preview.digest import Preview, Step
from scripts.preview.findings import DONE, Finding, code, names
from scripts.preview.picture import drawings, escaped
from scripts.template import template

DATA_LOSS, EXPOSURE = "data-loss", "exposure"


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


class Report:
    """What is found in a preview, by section."""

    def __init__(self, preview: Preview) -> None:
        """Assess every section."""
        self.preview = preview
        self.findings = {section.title: list(section.assess(preview.steps)) for section in SECTIONS}

    def gates(self) -> set[str]:
        """Return what `--fail-on` would stop at."""
        return {section.fail_on for section in SECTIONS if section.fail_on and self._is_severe(section)}

    def markdown(self) -> str:
        """Return the report; a preview without changes is one line."""
        counts = Counter(step.op for step in self.preview.changes)
        text = template(Path(__file__).parent, "report.md.j2", code=code, names=names, mermaid=escaped).render(
            preview=self.preview,
            sections=SECTIONS,
            findings=self.findings,
            verdict=self._verdict(),
            counts=[f"{counts[op]} {word}" for op, word in DONE.items() if counts[op]],
            done=DONE,
            drawings=drawings(self.preview.steps),
        )
        return self.preview.redaction.apply(text.rstrip())

    def _verdict(self) -> str:
        words = [
            phrase
            for section in SECTIONS
            if self.findings[section.title] and section.severe
            for phrase in self._phrases(section)
        ]
        way = cost.direction(self.preview.steps)
        words += [f"cost {'unclear' if way is cost.Way.UNCLEAR else f'goes {way}'}"] if way else []
        return ", ".join(words) or "nothing is at risk"

    def _phrases(self, section: Section) -> Iterable[str]:
        findings = self.findings[section.title]
        severe = [finding for finding in findings if finding.severe]
        words = section.severe if severe else section.other
        # Each once, in the order of the findings.
        return dict.fromkeys(finding.verdict or words for finding in severe or findings)

    def _is_severe(self, section: Section) -> bool:
        return any(finding.severe for finding in self.findings[section.title])
