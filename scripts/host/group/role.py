"""What a member of the group is good for, concluded from what its MySQL says of the group."""

from dataclasses import dataclass
from typing import NamedTuple

YES = 200
DRAINS = 404
"""It serves those whom it has and gets nobody new: HAProxy's `http-check disable-on-404`."""
NO = 503
MAX_LAG_SECONDS = 5.0
"""How long ago a transaction may have been committed on the primary that a reader is still applying."""


class Answer(NamedTuple):
    """An HTTP status, and why."""

    status: int
    reason: str


@dataclass(frozen=True)
class Seen:
    """A member, as performance_schema.replication_group_members has it."""

    uuid: str
    state: str
    role: str


@dataclass(frozen=True)
class View:
    """What one member says."""

    own: str
    """Its server_uuid."""
    members: tuple[Seen, ...]
    super_read_only: bool
    queue: int
    """Transactions that wait to be applied."""
    lag_seconds: float
    """How long ago the oldest transaction that is being applied was committed on the primary; 0 for none."""


def primary(view: View) -> Answer:
    """Return whether the member takes writes.

    A primary that was just elected has super_read_only on until it has applied what the former one has left (MySQL
    manual, "Single-Primary Mode").
    """
    own = _own(view)
    if why := _unfit(view, own):
        return Answer(NO, why)
    if own.role != "PRIMARY":
        return Answer(NO, "a secondary")
    if view.super_read_only:
        return Answer(NO, "the primary, but super_read_only is still on")
    return Answer(YES, "the primary")


def reader(view: View) -> Answer:
    """Return whether the member takes reads: a secondary, which has to keep up if it is to get new sessions.

    One that lags keeps the sessions that it has: a long query is often what it lags for.
    """
    own = _own(view)
    if why := _unfit(view, own):
        return Answer(NO, why)
    if own.role != "SECONDARY":
        return Answer(NO, "the primary")
    if view.lag_seconds > MAX_LAG_SECONDS:
        return Answer(DRAINS, f"a secondary, {view.lag_seconds:.1f} s late, {view.queue} transactions wait")
    return Answer(YES, "a secondary")


def has_majority(view: View) -> bool:
    """Return whether the member sees more than half of its view: one that is UNREACHABLE does not count."""
    seen = [member for member in view.members if member.state in ("ONLINE", "RECOVERING")]
    return 2 * len(seen) > len(view.members)


def _own(view: View) -> Seen:
    return next((member for member in view.members if member.uuid == view.own), Seen(view.own, "OFFLINE", ""))


def _unfit(view: View, own: Seen) -> str:
    """Return why the member serves nobody at all."""
    if own.state != "ONLINE":
        return f"not in the group: {own.state}"
    if not has_majority(view):
        return f"no majority: not more than half of {len(view.members)} members can be reached"
    return ""
