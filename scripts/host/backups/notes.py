"""What is known of a member's log file besides its name: the GTIDs before and after it, kept beside it as a note.

All members log the same transactions under the same GTIDs, in files of different names. So the notes say where
the log of one member goes on where another's ends. A server alone writes none: its files follow by their numbers.
"""

import json
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.host.backups import chosen, status
from scripts.host.backups.chosen import Group
from scripts.host.backups.repository import FOLDER, Repository
from scripts.host.common import state_file
from scripts.host.common.gtids import GtidSet, together
from scripts.host.mysql.server import Session

if TYPE_CHECKING:
    from scripts.host.backups.binary_log import LogFile

SUFFIX, FIRST_SUFFIX = ".gtids", ".first.gtids"
"""Of a note's name; the second of one whose file does not go on from the file that was sent before it."""
STATE = f"{FOLDER}/complete.json"
"""A state file: up to when this member is known to have all that the group has committed, in seconds since 1970."""
WAITING = (
    "SELECT count_transactions_in_queue + count_transactions_remote_in_applier_queue"
    " FROM performance_schema.replication_group_member_stats WHERE member_id = @@server_uuid"
)
APPLIED = (
    "SELECT MAX(UNIX_TIMESTAMP(last_applied_transaction_original_commit_timestamp))"
    " FROM performance_schema.replication_applier_status_by_worker WHERE channel_name LIKE 'group_replication_%'"
)


@dataclass(frozen=True)
class Note:
    """What the repository has beside a file of the log."""

    before: str
    """The GTIDs that its server had executed when the file was begun, those among them that it never logged."""
    after: str
    """Those when it was closed."""
    begun: str
    """When it was begun, by the clock of its server."""
    members: tuple[str, ...]
    """The servers that were in the group then: only theirs are the same transactions under the same GTIDs."""

    def goes_on_from(self, after: str | None) -> bool:
        """Return whether its file goes on from the one before, after which these were the GTIDs; None for unknown.

        A CLONE begins the log anew, and its numbers may happen to follow those of before.
        """
        return after is not None and GtidSet.parsed(after) == GtidSet.parsed(self.before)


def of(session: Session, path: Path, following: str, members: Sequence[str]) -> Note:
    """Return the note for a closed file of the log; `following` is the file after it."""
    # Purged is what was executed and is in no file that is still there.
    purged = str(session.one("SELECT @@GLOBAL.gtid_purged"))
    before, after = (together(_previous(session, name), purged) for name in (path.name, following))
    return Note(before, after, status.written(_begun(path)), tuple(members))


def _previous(session: Session, file: str) -> str:
    """Return the GTIDs in the log before a file, by its own heading."""
    quoted = file.replace("'", "''")
    events = session.rows(f"SHOW BINLOG EVENTS IN '{quoted}' LIMIT 3")
    return next((str(event[5]) for event in events if event[2] == "Previous_gtids"), "")


def _begun(path: Path) -> datetime:
    # Behind four bytes that all files begin with, the time of the first event.
    with path.open("rb") as file:
        return datetime.fromtimestamp(int.from_bytes(file.read(8)[4:], "little"), status.UTC)


def complete_to(session: Session, group: Group) -> datetime:
    """Return a time up to which this member surely has all that the group has committed; it never goes back."""
    asked = int(time.time())
    with status.held("complete", wait=True):
        known = int(state_file.load(STATE) or 0)
        has_all = group.is_whole and session.rows(WAITING) == [(0,)]
        # What is on its way from the primary, or at its commit, takes less than a second. Otherwise: commits are
        # applied in the order of the primary.
        now = asked - 1 if has_all else int(session.one(APPLIED) or 0)
        if now > known:
            state_file.save(STATE, now)
    return datetime.fromtimestamp(max(known, now), status.UTC)


def put(repo: Repository, name: str, note: Note, goes_on: bool) -> None:
    """Keep a note beside a file of this name, which tells whether it goes on from the file before."""
    repo.write(name + (SUFFIX if goes_on else FIRST_SUFFIX), json.dumps(asdict(note)) + "\n")


class Notes:
    """The notes of a repository, each fetched once."""

    def __init__(self, repo: Repository) -> None:
        """Begin without any."""
        self._repo = repo
        self._known: dict[str, Note | None] = {}

    def fetch(self, files: Iterable["LogFile"]) -> None:
        """Get the notes of files, several at a time."""
        wanted = [name for file in files if file.is_noted and (name := _name(file)) not in self._known]
        if not wanted:
            return
        with tempfile.TemporaryDirectory(prefix="notes-", dir=state_file.FOLDER / FOLDER) as private:
            self._repo.fetch("logs", wanted, Path(private))
            for name in wanted:
                path = Path(private) / name
                self._known[name] = _parsed(path.read_text()) if path.exists() else None

    def __getitem__(self, file: "LogFile") -> Note | None:
        """Return a file's note; None if it has none."""
        self.fetch([file])
        return self._known.get(_name(file))


def _name(file: "LogFile") -> str:
    return f"{file.server}/{file.object}{FIRST_SUFFIX if file.is_first else SUFFIX}"


def _parsed(text: str) -> Note:
    data = json.loads(text)
    return Note(data["before"], data["after"], data["begun"], tuple(data["members"]))


def members_of(group: Group, known: Sequence[str]) -> tuple[str, ...]:
    """Return the members of this timeline: those of the last view of a member that was in the group."""
    return chosen.uuids(group, group.uuid) if group.is_whole else tuple(known) or (group.uuid,)
