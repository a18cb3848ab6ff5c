"""What is to be changed on the server, object by object: for people (`differences`) and as SQL (`apply`)."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.host.accounts.sql import Account, literal


@dataclass(frozen=True)
class Subject:
    """The database, role or user that a change is about; a name is a database's, a key anything else's."""

    kind: str
    name: str
    account: Account | None = None

    def __str__(self) -> str:
        """Return it as operators know it: user app ('app'@'10.20.0.0/16')."""
        return f"{self.kind} {self.name} ({self.account.sql})" if self.account else f"{self.kind} {literal(self.name)}"


@dataclass(frozen=True)
class Point:
    """One thing that is not as it should be, in words without secrets."""

    what: str
    expected: str
    found: str


@dataclass(frozen=True)
class Change:
    """Statements that put points right, or why that is refused."""

    subject: Subject
    points: tuple[Point, ...]
    statements: tuple[str, ...] = ()
    refusal: str | None = None
    essential: bool = False
    """If it fails, nothing else of the subject is tried."""
    also: tuple[Subject, ...] = ()
    """Other subjects that fail with it."""
    needs: tuple[Subject, ...] = ()
    """Subjects without which it cannot be done."""


def refused(subject: Subject, why: str, point: Point | None = None) -> Change:
    """Return that nothing of a subject is touched, and why."""
    return Change(subject, (point or Point("the whole of it", "as in the config", why),), refusal=why, essential=True)
