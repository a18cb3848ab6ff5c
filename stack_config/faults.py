"""What is wrong with a config: faults are collected, never thrown one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pulumi

NAMESPACE = "mysql-pair"


@dataclass(frozen=True)
class Fault:
    """What is wrong with one key, and a hint how to correct it. Neither text may hold a secret's value."""

    key: str
    """With the place in it, where it is a list or a table: clients[1].count."""
    wrong: str
    hint: str

    def __str__(self) -> str:
        """Return the one line that is shown for this fault."""
        return f"{NAMESPACE}:{self.key}: {self.wrong}. {self.hint}"


class ConfigFaults(pulumi.RunError):
    """Every fault of the config; a RunError, so the engine prints the text without a traceback."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Keep the faults and make one text of them."""
        self.faults = list(faults)
        lines = "\n".join(f"  - {fault}" for fault in self.faults)
        super().__init__(f"the config has {len(self.faults)} fault(s); nothing was changed:\n{lines}")
