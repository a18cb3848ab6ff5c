"""From a base to a moment over the logs of several members: each has all transactions, in files of its own.

A member's files follow by their numbers. From one member to another the road goes where the other one has begun a file
with no transaction before it that the road has not: then none is missing, and what is there twice is skipped by GTID
as it is replayed. Three things have to hold, as GTIDs alone would not tell two groups of one name apart (one that a
restore has begun anew, one that was forced to go on in two parts): the members have seen each other in the group, the
file was begun before the end of the road, and its GTIDs are on the road.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scripts.host.backups import status
from scripts.host.backups.binary_log import LogFile
from scripts.host.backups.notes import Notes
from scripts.host.common.gtids import GtidSet

Run = Sequence[LogFile]
"""Files of one server, by numbers without a gap. The first has a note; those since it is alone again have none."""


@dataclass(frozen=True)
class Road:
    """How far the files lead."""

    files: tuple[LogFile, ...]
    covered: GtidSet
    """The transactions that are in the base or in the files."""
    end: datetime
    """Up to when they are complete."""
    server: str
    """The server at its end."""
    members: frozenset[str]
    """Those that it was in a group with then."""


def runs(files: Sequence[LogFile]) -> list[list[LogFile]]:
    """Return a server's files, from the first one with a note on, in runs without a gap."""
    found: list[list[LogFile]] = []
    for file in files:
        last = found[-1][-1] if found else None
        if last is not None and (file.number, file.digest) == (last.number, last.digest):
            # Sent twice: the second time after a failure that hid that it had arrived.
            continue
        if last is not None and file.follows(last):
            found[-1].append(file)
        elif file.is_noted:
            found.append([file])
    return found


def extended(road: Road, logs: Mapping[str, Sequence[LogFile]], notes: Notes) -> tuple[Road, str]:
    """Return the road as far as it leads over any member's files, and why files after its end do not follow."""
    open_runs = [run for files in logs.values() for run in runs(files)]
    while True:
        ahead = [run for run in open_runs if run[-1].ended > road.end]
        # A server's own log first: it leads into the part of the group that the server was in. Then the longest.
        ahead.sort(key=lambda run: (run[-1].server == road.server, run[-1].ended))
        notes.fetch([file for run in ahead for file in (run[_at(run, road.end)], _last_noted(run))])
        for run in reversed(ahead):
            if (longer := _onto(road, run, notes)) is not None:
                road = longer
                break
        else:
            return road, _gap(road, ahead, notes)


def _at(run: Run, moment: datetime) -> int:
    """Return which file of a run was written to at a moment."""
    return min(bisect_right([file.ended for file in run], moment), len(run) - 1)


def _last_noted(run: Run) -> LogFile:
    return next(file for file in reversed(run) if file.is_noted)


def _onto(road: Road, run: Run, notes: Notes) -> Road | None:
    """Return the road that goes on over a run; None if it does not."""
    last = notes[_last_noted(run)]
    if last is None or not _is_linked(road, run, notes):
        return None
    index, step = _at(run, road.end), 1
    while True:
        note = notes[run[index]]
        if note and status.parsed(note.begun) <= road.end and GtidSet.parsed(note.before) <= road.covered:
            break
        if index == 0:
            return None
        index, step = max(0, index - step), 2 * step
    covered = road.covered | GtidSet.parsed(last.after)
    files, server = (*road.files, *run[index:]), run[-1].server
    return Road(files, covered, run[-1].ended, server, frozenset(last.members))


def _is_linked(road: Road, run: Run, notes: Notes) -> bool:
    """Return whether the run's server and the road's were in one group."""
    if run[-1].server in {road.server, *road.members}:
        return True
    note = notes[run[_at(run, road.end)]]
    return note is not None and road.server in note.members


def _gap(road: Road, ahead: Sequence[Run], notes: Notes) -> str:
    """Return why the road does not go on over the files that are ahead; empty if none are of its group."""
    for run in ahead:
        if _is_linked(road, run, notes):
            file = run[_at(run, road.end)]
            return f"what {file.file} of server {file.server.partition('-')[0]} goes on from is in no member's log"
    return ""
