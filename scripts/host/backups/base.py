"""Verb `backup run`: a base, which is a dump of all databases at one moment, and its manifest.

mysqldump streams through zstd and rclone into the repository; nothing is kept on the host. The manifest is written
last: what was cut off before it is no base. Writes wait until mysqldump has its snapshot, some hundredths of a second.
The lock for it waits for statements that run, but for LOCK_SECONDS at most; then it is given up, and tried again later.
Of a group one member makes it (chosen.py), and goes on with it even if it becomes the primary meanwhile.
"""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, cast

from scripts.host.backups import binary_log, chosen, dump, own, repository, status
from scripts.host.backups.chosen import Group
from scripts.host.backups.dump import Parts
from scripts.host.backups.pipeline import Pipeline
from scripts.host.backups.repository import Repository
from scripts.host.backups.status import BusyError
from scripts.host.common.errors import HostError
from scripts.host.mysql import restoring, server, service
from scripts.host.mysql.server import Session

FORMAT = 1
"""Of the manifest."""
TOLD = ("id", "started", "ended", "server_uuid", "mysql_version", "bytes", "dump_bytes", "warnings")
"""What the status has of it."""
SNAPSHOT_SECONDS = 60
"""How long mysqldump may take to its snapshot, while writes wait."""
LOCK_SECONDS = 5
LOCK_TRIES = 24
PAUSE_SECONDS = 5.0
LOCK_WAIT_TIMEOUT = 1205
ZSTD = ("zstd", "--quiet", "--stdout", "-3", "--single-thread")


@dataclass(frozen=True)
class Moment:
    """What was so at the moment of the base."""

    time: datetime
    gtid_executed: str
    first_log: str
    """The file of the binary log that was written to."""
    accounts: Sequence[str]


def run() -> dict[str, Any]:
    """Make a base, and return what the status has of it; or which member of the group makes it.

    Raises:
        HostError: a restore has not ended, or a part of it failed; there is no base then.
    """
    restoring.require_ended()
    # The first one, which a set-up begins, or the timer's may be under way: this one comes after it.
    with status.held("run", wait=True):
        restoring.require_ended()
        session = server.Session()
        group = chosen.view(session)
        if other := chosen.elsewhere(group):
            return other
        with status.failures_of("base"), _while_mysql_runs():
            return _run(session, group)


@contextmanager
def _while_mysql_runs() -> Iterator[None]:
    """Let what fails in the block be no failure if MySQL was stopped or started anew meanwhile, as an `up` may do.

    Raises:
        BusyError: so it was.
    """
    run_id = service.run_id()
    try:
        yield
    except (HostError, OSError) as error:
        if service.run_id() == run_id:
            raise
        raise BusyError("MySQL was stopped while the base was made: the base is tried again in ten minutes") from error


def _run(session: Session, group: Group | None) -> dict[str, Any]:
    spec, begun = own.spec(), time.monotonic()
    own.check_log(session)
    binary_log.begin(session, spec)
    with repository.opened(spec.repository) as repo:
        manifest = _make(session, repo, group)
    told = {key: manifest[key] for key in TOLD}
    told["seconds"] = round(time.monotonic() - begun, 1)
    changes: dict[str, Any] = {"base": told}
    if group is not None:
        changes["newest_base"] = manifest["started"]
    gap = status.load().get("gap")
    if gap and gap["since"] <= manifest["started"]:
        changes["gap"] = None
    status.update(**changes)
    return told


def _make(session: Session, repo: Repository, group: Group | None) -> dict[str, Any]:
    databases, data = dump.databases(session), dump.data_bytes(session)
    loose = dump.not_transactional(session)
    # Now: after hours of dumping the session may be gone.
    query = "SELECT @@server_uuid, VERSION(), @@lower_case_table_names"
    server_uuid, version, lower_case = session.rows(query)[0]
    parts = Parts()
    with Pipeline() as pipeline:
        compression = pipeline.start(ZSTD)
        with frozen(session) as moment:
            base = moment.time.strftime(status.ID_FORM)
            rcat = repo.argv("rcat", repo.at(f"bases/{base}/dump.zst"), chunk_mib=dump.chunk_mib(data))
            pipeline.start(rcat, stdin=compression.stdout, end=True)
            sink = cast("IO[bytes]", compression.stdin)
            lines: Iterator[bytes] = iter(())
            if databases:
                # -oL: its first words come as soon as the snapshot is there.
                words = ["stdbuf", "-oL", *dump.argv(service.SOCKET, "--databases", "--", *databases)]
                source = pipeline.start(words)
                lines = iter(cast("IO[bytes]", source.stdout))
                watch = threading.Timer(SNAPSHOT_SECONDS, source.kill)
                watch.start()
                _pass_on(lines, parts, sink, until=dump.FIRST_WORDS)
                watch.cancel()
        _pass_on(lines, parts, sink)
        if databases:
            pipeline.finish(source)
            if not parts.complete:
                raise HostError("mysqldump ended without its last words")
        parts.begin(dump.ACCOUNTS, dump.ACCOUNTS)
        for statement in moment.accounts:
            parts.add(statement.encode())
            sink.write(statement.encode())
        sink.close()
        pipeline.finish()
    sent = [thing.size for thing in repo.objects(f"bases/{base}") if thing.name == "dump.zst"]
    if not sent:
        raise HostError("the dump is not in the repository, although rclone has sent it")
    manifest = {
        "format": FORMAT,
        "id": base,
        "started": status.written(moment.time),
        "ended": status.now(),
        "server_uuid": server_uuid,
        # By them the base goes on over other members' logs.
        **({} if group is None else {"members": list(group.uuids)}),
        "mysql_version": version,
        "lower_case_table_names": lower_case,
        "gtid_executed": moment.gtid_executed,
        "first_log": moment.first_log,
        "databases": databases,
        "data_bytes": data,
        "dump_bytes": parts.bytes,
        "bytes": sent[0],
        "sha256": parts.whole.hexdigest(),
        "warnings": [
            f"{name} is not InnoDB's: its rows may be of any moment while the base was made" for name in loose
        ],
        "agent": own.agent(),
        "parts": parts.digests(),
    }
    repo.write(f"bases/{base}/manifest.json", json.dumps(manifest, indent=1) + "\n")
    return manifest


def _pass_on(lines: Iterator[bytes], parts: Parts, sink: IO[bytes], until: bytes | None = None) -> None:
    """Pass lines on; with `until`, up to the one that begins so."""
    for line in lines:
        parts.add(line)
        sink.write(line)
        if until is not None and line.startswith(until):
            return


@contextmanager
def frozen(session: Session) -> Iterator[Moment]:
    """Let no transaction commit in the block, and give what is so in it.

    Raises:
        HostError: statements that run for long, or another lock, did not let it.
    """
    session.do("SET SESSION lock_wait_timeout = %s", [LOCK_SECONDS])
    for tries_left in reversed(range(LOCK_TRIES)):
        try:
            session.do("FLUSH TABLES WITH READ LOCK")
            break
        except server.Error as error:
            if error.number != LOCK_WAIT_TIMEOUT:
                raise
            if not tries_left:
                raise HostError(
                    "statements that run for long kept the base from its moment: it is tried again later, or make one "
                    "when they have ended"
                ) from error
            time.sleep(PAUSE_SECONDS)
    try:
        yield Moment(
            datetime.now(status.UTC),
            "".join(str(session.one("SELECT @@GLOBAL.gtid_executed")).split()),
            binary_log.files(session)[-1],
            tuple(dump.accounts(session)),
        )
    finally:
        session.do("UNLOCK TABLES")
