"""What a member of the group is good for, concluded from what its MySQL says of the group."""

from dataclasses import dataclass
from typing import NamedTuple

from scripts.host.group.view import ONLINE, PRIMARY, SECONDARY, View

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
class Said:
    """What a member says of the group, and of itself."""

    view: View
    super_read_only: bool
    queue: int
    """Transactions that wait to be applied."""
    lag_seconds: float
    """How long ago the oldest transaction that is being applied was committed on the primary; 0 for none."""


def primary(said: Said) -> Answer:
    """Return whether the member takes writes.

    A primary that was just elected has super_read_only on until it has applied what the former one has left (MySQL
    manual, "Single-Primary Mode").
    """
    if why := _unfit(said.view):
        return Answer(NO, why)
    if said.view.own.role != PRIMARY:
        return Answer(NO, "a secondary")
    if said.super_read_only:
        return Answer(NO, "the primary, but super_read_only is still on")
    return Answer(YES, "the primary")


def reader(said: Said) -> Answer:
    """Return whether the member takes reads: a secondary, which has to keep up if it is to get new sessions.

    One that lags keeps the sessions that it has: a long query is often what it lags for.
    """
    if why := _unfit(said.view):
        return Answer(NO, why)
    if said.view.own.role != SECONDARY:
        return Answer(NO, "the primary")
    if said.lag_seconds > MAX_LAG_SECONDS:
        return Answer(DRAINS, f"a secondary, {said.lag_seconds:.1f} s late, {said.queue} transactions wait")
    return Answer(YES, "a secondary")


def _unfit(view: View) -> str:
    """Return why the member serves nobody at all."""
    if view.own.state != ONLINE:
        return f"not in the group: {view.own.state}"
    if not view.has_majority:
        return f"no majority: not more than half of {len(view.members)} members can be reached"
    return ""
