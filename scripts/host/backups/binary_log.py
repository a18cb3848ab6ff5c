"""Verb `backup log`: what was committed since the last time goes into the repository, as closed files of the log.

A timer runs it every 30 seconds. If something was committed, the log goes on in a new file, and the closed ones are
sent in order. While S3 is away, files stay until MySQL purges them by binlog_expire_logs_seconds, which keeps the disk
from filling. One that is purged before it was sent is a gap: nothing later can be replayed over the bases of before, so
a new base is begun at once, and ends the gap.

Each member of a group sends its own log, so that whatever member is lost, what was committed is in another's. Beside
each file goes a note (notes.py), by which the log of one member is followed on another's.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from scripts.host.backups import chosen, notes, own, repository, status
from scripts.host.backups.chosen import Group
from scripts.host.backups.repository import FOLDER, Object, Repository
from scripts.host.backups.spec import BackupSpec
from scripts.host.common import process, state_file
from scripts.host.common.digest import of_file
from scripts.host.common.errors import HostError
from scripts.host.mysql import restoring, server
from scripts.host.mysql.server import Session

STATE = f"{FOLDER}/log.json"
"""A state file: the server, the number of the last file that was sent, a digest of the GTIDs at the last new file.

Of a member of a group also: the members as last seen, up to when each file that it has closed is complete, and the
GTIDs after the last file that was sent."""
FREE_BYTES = 64 << 20
"""Left on the log's disk for a new file to be begun: MySQL stops where it cannot begin one (binlog_error_action)."""
BASE_UNIT = "mysql-pair-base.service"
_NAME = re.compile(r"(.+)\.(\d+)\.(\d{8}T\d{6}Z)\.([0-9a-f]{16})")


@dataclass(frozen=True)
class LogFile:
    """A file of the log in the repository. Its name says all of it, so that a list is all that one needs."""

    file: str
    """As MySQL names it."""
    number: int
    ended: datetime
    """When it was closed, or before: what was committed before is in it, or in an earlier one."""
    digest: str
    """The beginning of its SHA-256."""
    size: int = 0
    """In bytes."""
    server: str = ""
    """The UUID of its server; empty of one on the disk."""
    is_noted: bool = False
    """Whether there is a note beside it (notes.py)."""
    is_first: bool = False
    """Whether that says that it does not go on from the file before, if that one has a note too."""

    def follows(self, former: "LogFile") -> bool:
        """Return whether it goes on from another file of its server's log."""
        return self.number == former.number + 1 and not (self.is_first and former.is_noted)

    @property
    def object(self) -> str:
        """Its name in the folder of its server."""
        return f"{self.file}.{self.ended.strftime(status.ID_FORM)}.{self.digest}"

    @classmethod
    def parsed(cls, stored: Object) -> "LogFile | None":
        """Return the file that an object is; None for another kind of object."""
        match = _NAME.fullmatch(stored.name)
        if match is None:
            return None
        return cls(f"{match[1]}.{match[2]}", int(match[2]), status.parsed(match[3]), match[4], stored.size)

    @classmethod
    def of(cls, path: Path) -> "LogFile":
        """Return what a closed file on the disk is."""
        ended = datetime.fromtimestamp(int(path.stat().st_mtime), status.UTC)
        return cls(path.name, number(path.name), ended, digest(path), path.stat().st_size)


def digest(path: Path) -> str:
    """Return the beginning of a file's SHA-256."""
    return of_file(path)[:16]


def number(file: str) -> int:
    """Return the number of a file of the log."""
    return int(file.rpartition(".")[2])


def files(session: Session) -> list[str]:
    """Return the files of the log; the last one is written to."""
    return [str(row[0]) for row in session.rows("SHOW BINARY LOGS")]


def sent(repo: Repository, server_uuid: str) -> list[LogFile]:
    """Return the files of a server's log in the repository, as they were closed."""
    return _files(server_uuid, repo.objects(f"logs/{server_uuid}"))


def sent_by_all(repo: Repository) -> dict[str, list[LogFile]]:
    """Return the files of all servers' logs, by the server's UUID."""
    folders: dict[str, list[Object]] = {}
    for stored in repo.objects("logs"):
        server_uuid, _, name = stored.name.partition("/")
        folders.setdefault(server_uuid, []).append(replace(stored, name=name))
    return {server_uuid: _files(server_uuid, stored) for server_uuid, stored in folders.items()}


def _files(server_uuid: str, objects: Iterable[Object]) -> list[LogFile]:
    objects = list(objects)
    names = {stored.name for stored in objects}
    first = {name.removesuffix(notes.FIRST_SUFFIX) for name in names if name.endswith(notes.FIRST_SUFFIX)}
    noted = first | {name.removesuffix(notes.SUFFIX) for name in names if name.endswith(notes.SUFFIX)}
    parsed = [
        replace(file, server=server_uuid, is_noted=stored.name in noted, is_first=stored.name in first)
        for stored in objects
        if (file := LogFile.parsed(stored)) is not None
    ]
    return sorted(parsed, key=lambda file: (file.ended, file.number))


def begin(session: Session, spec: BackupSpec) -> None:
    """Begin to send this server's log with the file that is written to now, unless it was begun before."""
    state = state_file.load(STATE)
    server_uuid = str(session.one("SELECT @@server_uuid"))
    if state is not None and state["server_uuid"] == server_uuid:
        return
    with repository.opened(spec.repository) as repo:
        former = sent(repo, server_uuid)
        note = notes.Notes(repo)[former[-1]] if former else None
    last = former[-1].number if former else number(files(session)[-1]) - 1
    after = {"after": note.after} if note else {}
    state_file.save(STATE, {"server_uuid": server_uuid, "sent": last, "gtids": "", **after})


def ship() -> dict[str, Any]:
    """Send what there is to send, and return what the status says of the log.

    Raises:
        HostError: something could not be sent: the next run goes on there.
    """
    restoring.require_ended()
    with status.held("log"), status.failures_of("log"):
        spec, checked = own.spec(), status.now()
        session = server.Session()
        group = chosen.view(session)
        begin(session, spec)
        folder = Path(str(session.one("SELECT @@log_bin_basename"))).parent
        _close_file(session, folder, group)
        state = state_file.load(STATE)
        present = files(session)
        last, gap = _last_sent(present, state["sent"])
        waiting = [file for file in present[:-1] if number(file) > last]
        log = status.load().get("log") or {}
        if gap:
            # In a group another member may have what is missing here: watch.py looks.
            status.update(**({"gap": {"since": checked, "reason": gap}} if group is None else {"gap_seen": checked}))
            state = {**state, "sent": last}
        if waiting:
            with repository.opened(spec.repository) as repo:
                for file in waiting:
                    log_file = LogFile.of(folder / file)
                    if group is not None:
                        log_file = replace(log_file, ended=_complete(state, log_file))
                        # Before the file: one without a note could not be joined to another member's.
                        members = notes.members_of(group, state.get("members", ()))
                        note = notes.of(session, folder / file, present[present.index(file) + 1], members)
                        goes_on = note.goes_on_from(state.get("after"))
                        notes.put(repo, f"logs/{state['server_uuid']}/{log_file.object}", note, goes_on)
                        if not goes_on:
                            status.update(gap_seen=checked)
                        state = {**state, "after": note.after}
                    repo.upload(folder / file, f"logs/{state['server_uuid']}/{log_file.object}")
                    state = {**state, "sent": log_file.number}
                    state_file.save(STATE, state)
                    log = {"file": file, "ended": status.written(log_file.ended)}
        if gap:
            state_file.save(STATE, state)
        known = status.load()
        # In a group the base may be another member's: watch.py.
        if group is None and (known.get("gap") or not known.get("base")):
            # Also one that a crash has ended is begun again. systemd knows one that runs, and how often one may fail.
            process.run(["systemctl", "start", "--no-block", BASE_UNIT])
        # All that was committed before this run began is in the repository.
        log = {**log, "complete_to": checked}
        status.update(log=log)
        return log


def _close_file(session: Session, folder: Path, group: Group | None) -> None:
    """Go on in a new file, if something was committed since the last time.

    Or if a member of the group came or went: who has come is only known to have been there by a file of before.
    """
    state = state_file.load(STATE)
    members = None if group is None else list(notes.members_of(group, state.get("members", ())))
    gtids = hashlib.sha256(str(session.one("SELECT @@GLOBAL.gtid_executed")).encode()).hexdigest()[:16]
    if gtids == state["gtids"] and (members is None or sorted(members) == sorted(state.get("members", ()))):
        return
    disk = os.statvfs(folder)
    if disk.f_bavail * disk.f_frsize < FREE_BYTES:
        raise HostError(f"{folder} has less than {FREE_BYTES >> 20} MiB free: make room, and the log is sent again")
    complete = status.written(notes.complete_to(session, group)) if group is not None else ""
    session.do("FLUSH BINARY LOGS")
    state = {**state, "gtids": gtids}
    if group is not None:
        closed = files(session)[-2]
        former = {file: ended for file, ended in state.get("complete", {}).items() if int(file) >= state["sent"]}
        state["complete"] = {**former, str(number(closed)): complete}
        state["members"] = members
    state_file.save(STATE, state)


def _complete(state: dict[str, Any], file: LogFile) -> datetime:
    """Return up to when a file and those before it are complete: the group may have been ahead of this member.

    One that MySQL has closed by itself has no time of its own: that of the one before holds of it too.
    """
    known = {int(closed): status.parsed(ended) for closed, ended in state.get("complete", {}).items()}
    before = [ended for closed, ended in known.items() if closed <= file.number]
    return max(before, default=min([file.ended, *known.values()]))


def _last_sent(present: Sequence[str], last: int) -> tuple[int, str]:
    """Return the number of the file before the next to be sent, and why that does not follow the last one sent."""
    first, current = number(present[0]), number(present[-1])
    if current <= last:
        return first - 1, f"MySQL's log was begun anew (RESET) after its file {last} was sent"
    if first > last + 1:
        return first - 1, f"MySQL has purged the log's files {last + 1} to {first - 1} before they were sent"
    return last, ""
