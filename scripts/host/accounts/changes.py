"""What is to be changed on the server, object by object: as differences for people (`diff`) and as SQL (`apply`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scripts.host.accounts.names import Account, literal
from scripts.host.accounts.spec import RoleSpec, UserSpec
from scripts.host.common.difference import Difference

ABSENT, PRESENT = "not there", "there"


@dataclass(frozen=True)
class Subject:
    """The database, role or user that a change is about; a database has its name for a key."""

    kind: str
    key: str
    account: Account | None = None

    def __str__(self) -> str:
        """Return the subject as operators know it: user app ('app'@'10.20.0.0/16')."""
        return f"{self.kind} {self.key} ({self.account.sql})" if self.account else f"{self.kind} {literal(self.key)}"

    def difference(self, what: str, expected: str, found: str) -> Difference:
        """Return a difference of the subject's."""
        return Difference(self.kind, self.key, what, expected, found)

    def change(self, what: str, expected: str, found: str, *statements: str, **options: Any) -> Change:
        """Return the change that puts one difference right; `options` are Change's other fields."""
        return Change(self, (self.difference(what, expected, found),), statements, **options)


@dataclass(frozen=True)
class Change:
    """Statements that put differences right, or why that is refused."""

    subject: Subject
    differences: tuple[Difference, ...]
    statements: tuple[str, ...] = ()
    refusal: str | None = None
    essential: bool = False
    """If it fails, nothing else of the subject is tried."""
    also: tuple[Subject, ...] = ()
    """Other subjects that fail with it."""
    needs: tuple[Subject, ...] = ()
    """Subjects without which it cannot be done."""
    may_wait: bool = False
    """What it is on may not be there yet: then it is pending, which is no failure."""
    cuts_off: bool = False
    """A password in use is refused afterwards: it is done last, and only if all else went well."""
    undo: tuple[str, ...] = ()
    """Statements that take it back."""


def subject_of(spec: RoleSpec | UserSpec) -> Subject:
    """Return the subject of the changes of a role or a user."""
    return Subject("user" if isinstance(spec, UserSpec) else "role", spec.key, spec.account)


def refused(subject: Subject, why: str, difference: Difference | None = None) -> Change:
    """Return that nothing of a subject is touched, and why."""
    difference = difference or subject.difference("everything", "as in the spec", why)
    return Change(subject, (difference,), refusal=why, essential=True)
