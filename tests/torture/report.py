"""What a run comes to, as text: the faults, what they cost, and what is wrong."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from scripts.table import table
from tests.torture.checker import outcomes
from tests.torture.gaps import Pause, pause
from tests.torture.history import OK, WRITES, Operation

HEAD = ("FAULT", "TIMES", "NO WRITE FOR, MEDIAN", "WORST", "ONE WRITER, WORST", "ALL THERE AGAIN AFTER, WORST")


@dataclass(frozen=True)
class Broken:
    """A fault that was made; moments of the monotonic clock."""

    kind: str
    target: str
    at: float
    taken_back: float
    whole: float
    """When all members were there again."""


@dataclass(frozen=True)
class Report:
    """A run."""

    seed: int
    history: list[Operation]
    faults: list[Broken]
    end: float
    findings: list[str]

    def text(self) -> str:
        """Return what is printed at the end."""
        ends = [*(fault.at for fault in self.faults[1:]), self.end]
        pauses: dict[str, list[tuple[Broken, Pause]]] = {}
        for fault, end in zip(self.faults, ends, strict=True):
            pauses.setdefault(fault.kind, []).append((fault, pause(self.history, fault.at, end)))
        counted = [f"{kind}: {_counts(found)}" for kind, found in outcomes(self.history).items()]
        verdict = self.findings or ["nothing: no acknowledged write lost, none there twice, every read as it must be"]
        return "\n".join(
            [
                table(HEAD, [_row(kind, found) for kind, found in pauses.items()]),
                "",
                *counted,
                "",
                f"Found with seed {self.seed}:",
                *(f"  {finding}" for finding in verdict),
            ]
        )


def _row(kind: str, found: list[tuple[Broken, Pause]]) -> list[str]:
    together = [pause.all_writers for _, pause in found]
    return [
        kind,
        str(len(found)),
        f"{statistics.median(together):.1f} s",
        f"{max(together):.1f} s",
        f"{max(pause.one_writer for _, pause in found):.1f} s",
        f"{max(fault.whole - fault.taken_back for fault, _ in found):.0f} s",
    ]


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in found.items())


def untried(history: list[Operation], faults: list[Broken]) -> list[str]:
    """Tell of a run that shows nothing: nothing was broken, or nobody wrote or read."""
    kinds = {(one.kind, one.port) for one in history if one.outcome == OK}
    wanted = [*((kind, "write") for kind in (*WRITES, "latest", "total")), ("total", "read")]
    silent = [f"no {kind} by the {port} port has ever come off" for kind, port in wanted if (kind, port) not in kinds]
    return [*silent, *(() if faults else ("nothing was broken",))]
