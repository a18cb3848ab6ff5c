"""Which faults come, in which order, where and for how long: chance decides, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of fault."""

    name: str
    act: str
    """What is done: faults.py has it."""
    role: str = ""
    """Of the member that it happens to; empty where it happens to no member."""
    seconds: tuple[float, float] = (0.0, 0.0)
    """How long it is left as it is, at the least and at the most."""


KINDS = (
    Kind("primary loses its power", "crash", "PRIMARY", (1, 20)),
    Kind("secondary loses its power", "crash", "SECONDARY", (1, 20)),
    Kind("primary is cut off", "cut", "PRIMARY", (2, 30)),
    Kind("secondary is cut off", "cut", "SECONDARY", (2, 30)),
    Kind("primary's mysqld is killed", "kill", "PRIMARY"),
    Kind("secondary's mysqld is killed", "kill", "SECONDARY"),
    Kind("primary's mysqld stands still", "pause", "PRIMARY", (1, 20)),
    Kind("secondary's mysqld stands still", "pause", "SECONDARY", (1, 20)),
    Kind("secondary is slow", "slow", "SECONDARY", (5, 20)),
    Kind("switch-over", "switch-over"),
    Kind("proxy is killed", "proxy"),
)
CALM_SECONDS = (2.0, 8.0)
"""Between the end of a fault, when all members are there again, and the next one."""


@dataclass(frozen=True)
class Step:
    """One fault to come."""

    kind: Kind
    place: float
    """Which of the members in question, from 0 to 1."""
    seconds: float
    calm: float
    """Seconds before it."""

    def pick(self, members: Sequence[str]) -> str:
        """Return the member that it happens to."""
        return members[int(self.place * len(members))]


def steps(seed: int, kinds: Sequence[Kind] = KINDS) -> Iterator[Step]:
    """Give faults without end: all kinds in an order of chance, and again in another one."""
    chance = random.Random(seed)  # noqa: S311  an order, no secret
    while True:
        for kind in chance.sample(kinds, len(kinds)):
            yield Step(kind, chance.random(), round(chance.uniform(*kind.seconds), 1), chance.uniform(*CALM_SECONDS))
