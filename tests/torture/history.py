"""What clients were told (a history), and what is in the tables afterwards (a content)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

OK, FAILED, UNKNOWN = "ok", "failed", "unknown"
APPEND, TRANSFER, LATEST, TOTAL = "append", "transfer", "latest", "total"
WRITES = (APPEND, TRANSFER)

Numbered = tuple[int, int]
"""A writer, and its number of a write."""


@dataclass(frozen=True)
class Operation:
    """One thing that a client did: workload.py says what each part is."""

    kind: str
    start: float
    end: float
    outcome: str
    port: str = "write"
    writer: int = 0
    """Or the reader: one thread of its kind."""
    number: int = 0
    total: int | None = None
    latest: Mapping[str, int] = field(default_factory=dict)
    error: str = ""

    @property
    def key(self) -> Numbered:
        """What a write is found by."""
        return self.writer, self.number


NAMES = {own.name for own in fields(Operation)}


def parsed(lines: Iterable[str]) -> list[Operation]:
    """Return the operations of a history; its last line may be cut off."""
    operations = []
    for line in lines:
        try:
            row: dict[str, Any] = json.loads(line)
        except ValueError:
            continue
        if "outcome" in row:
            operations.append(Operation(**{name: value for name, value in row.items() if name in NAMES}))
    return operations


@dataclass(frozen=True)
class Content:
    """The tables of one member."""

    appended: tuple[Numbered, ...]
    transferred: tuple[tuple[int, int, int, int, int], ...]
    """Writer, number, source, target, amount."""
    balances: Mapping[int, int]

    def times(self, kind: str) -> Counter[Numbered]:
        """Return how often each write of a kind is there."""
        return Counter(self.appended if kind == APPEND else (row[:2] for row in self.transferred))
