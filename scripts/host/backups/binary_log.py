"""Verb `backup log`: what was committed since the last time goes into the repository, as closed files of the log.

A timer runs it every 30 seconds. If something was committed, the log goes on in a new file, and the closed ones are
sent in order. While S3 is away, files stay until MySQL purges them by binlog_expire_logs_seconds, which keeps the disk
from filling. One that is purged before it was sent is a gap: nothing later can be replayed over the bases of before, so
a new base is begun at once, and ends the gap.
"""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from scripts.host.backups import own, repository, status
from scripts.host.backups.repository import FOLDER, Object, Repository
from scripts.host.backups.spec import BackupSpec
from scripts.host.common import process, state_file
from scripts.host.common.digest import of_file
from scripts.host.common.errors import HostError
from scripts.host.mysql import restoring, server
from scripts.host.mysql.server import Session

STATE = f"{FOLDER}/log.json"
"""A state file: the server, the number of the last file that was sent, a digest of the GTIDs at the last new file."""
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
    """When it was closed: what was committed before is in it, or in an earlier one."""
    digest: str
    """The beginning of its SHA-256."""
    size: int = 0
    """In bytes."""

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
    parsed = (LogFile.parsed(stored) for stored in repo.objects(f"logs/{server_uuid}"))
    return sorted(filter(None, parsed), key=lambda file: (file.ended, file.number))


def begin(session: Session, spec: BackupSpec) -> None:
    """Begin to send this server's log with the file that is written to now, unless it was begun before."""
    state = state_file.load(STATE)
    server_uuid = str(session.one("SELECT @@server_uuid"))
    if state is not None and state["server_uuid"] == server_uuid:
        return
    with repository.opened(spec.repository) as repo:
        former = sent(repo, server_uuid)
    last = former[-1].number if former else number(files(session)[-1]) - 1
    state_file.save(STATE, {"server_uuid": server_uuid, "sent": last, "gtids": ""})


def ship() -> dict[str, Any]:
    """Send what there is to send, and return what the status says of the log.

    Raises:
        HostError: something could not be sent: the next run goes on there.
    """
    restoring.require_ended()
    with status.held("log"), status.failures_of("log"):
        spec, checked = own.spec(), status.now()
        session = server.Session()
        begin(session, spec)
        folder = Path(str(session.one("SELECT @@log_bin_basename"))).parent
        _close_file(session, folder)
        state = state_file.load(STATE)
        present = files(session)
        last, gap = _last_sent(present, state["sent"])
        waiting = [file for file in present[:-1] if number(file) > last]
        log = status.load().get("log") or {}
        if gap:
            status.update(gap={"since": checked, "reason": gap})
            state = {**state, "sent": last}
        if waiting:
            with repository.opened(spec.repository) as repo:
                for file in waiting:
                    log_file = LogFile.of(folder / file)
                    repo.upload(folder / file, f"logs/{state['server_uuid']}/{log_file.object}")
                    state = {**state, "sent": log_file.number}
                    state_file.save(STATE, state)
                    log = {"file": file, "ended": status.written(log_file.ended)}
        if gap:
            state_file.save(STATE, state)
        known = status.load()
        if known.get("gap") or not known.get("base"):
            # Also one that a crash has ended is begun again. systemd knows one that runs, and how often one may fail.
            process.run(["systemctl", "start", "--no-block", BASE_UNIT])
        # All that was committed before this run began is in the repository.
        log = {**log, "complete_to": checked}
        status.update(log=log)
        return log


def _close_file(session: Session, folder: Path) -> None:
    """Go on in a new file, if something was committed since the last time."""
    state = state_file.load(STATE)
    gtids = hashlib.sha256(str(session.one("SELECT @@GLOBAL.gtid_executed")).encode()).hexdigest()[:16]
    if gtids == state["gtids"]:
        return
    disk = os.statvfs(folder)
    if disk.f_bavail * disk.f_frsize < FREE_BYTES:
        raise HostError(f"{folder} has less than {FREE_BYTES >> 20} MiB free: make room, and the log is sent again")
    session.do("FLUSH BINARY LOGS")
    state_file.save(STATE, {**state, "gtids": gtids})


def _last_sent(present: Sequence[str], last: int) -> tuple[int, str]:
    """Return the number of the file before the next to be sent, and why that does not follow the last one sent."""
    first, current = number(present[0]), number(present[-1])
    if current <= last:
        return first - 1, f"MySQL's log was begun anew (RESET) after its file {last} was sent"
    if first > last + 1:
        return first - 1, f"MySQL has purged the log's files {last + 1} to {first - 1} before they were sent"
    return last, ""
