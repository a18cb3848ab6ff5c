"""A base and the log after it, chosen, and brought into a MySQL server: this host's own or a scratch one."""

import hashlib
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from scripts.host.backups import binary_log, listing, status
from scripts.host.backups.binary_log import LogFile
from scripts.host.backups.listing import Chain, Manifest
from scripts.host.backups.pipeline import CHUNK, Pipeline
from scripts.host.backups.progress import Progress
from scripts.host.backups.repository import Repository, UnreadableError, failure
from scripts.host.backups.spec import NEWEST
from scripts.host.common.errors import HostError
from scripts.host.mysql import series
from scripts.host.mysql.server import Error, Session

# A foreign key may refer to an index that is not unique, which MySQL 8.4 refuses by default.
INIT = "SET SESSION sql_log_bin = 0, sql_require_primary_key = 0 /*!80400 , restrict_fk_on_non_standard_key = 0 */"
BATCH_FILES, BATCH_BYTES = 200, 512 << 20
"""How much of the log lies on the disk at a time; one file alone may be larger."""
GIB = 1 << 30


@dataclass(frozen=True)
class Wanted:
    """Which moment is wanted; see RestoreSpec."""

    base: str = NEWEST
    at: str = ""
    gtid: str = ""


@dataclass(frozen=True)
class Plan:
    """A base, and the files of the log that are to be replayed."""

    manifest: Manifest
    files: tuple[LogFile, ...]
    wanted: Wanted
    restored_to: str
    """See RestoreFacts."""


def plan(repo: Repository, wanted: Wanted, session: Session, servers: Collection[str] = ()) -> Plan:
    """Return how a moment can be had.

    Args:
        repo: where from.
        wanted: which moment.
        session: to a server that compares sets of GTIDs.
        servers: only bases of these count, or of members of a group with them; empty for those of any.

    Raises:
        HostError: it cannot be; the message says what can.
    """
    manifests = listing.contents(repo).manifests
    manifests = tuple(listing.of_servers(manifests, servers)) if servers else manifests
    if not manifests:
        raise HostError("the repository has no base: check bucket and prefix, or make one with `backup`")
    if wanted.at > status.now():
        raise HostError(f"{wanted.at} is in the future: choose a moment that has been")
    manifest = _base(manifests, wanted, session)
    log = listing.chains(repo, [manifest])[manifest["id"]]
    if wanted.gtid and not log.files:
        raise HostError(f"base {manifest['id']} has no log after it, so it has no transaction {wanted.gtid}")
    return planned(manifest, log, wanted, f"base {manifest['id']}")


def planned(manifest: Manifest, log: Chain, wanted: Wanted, what: str) -> Plan:
    """Return the plan for a moment that the log has; `what` is restored, in words.

    Raises:
        HostError: the moment is after the log's end.
    """
    if wanted.at > log.latest:
        why = f", because {log.gap}" if log.gap else ""
        raise HostError(f"{wanted.at} is after the end of the log: {what} can be restored up to {log.latest}{why}")
    restored_to = f"before {wanted.gtid}" if wanted.gtid else wanted.at or log.latest
    return Plan(manifest, _needed(log, wanted.at), wanted, restored_to)


def _base(manifests: Sequence[Manifest], wanted: Wanted, session: Session) -> Manifest:
    """Return the base that was asked for, or the newest one before the moment."""
    known = ", ".join(str(manifest["id"]) for manifest in manifests[-5:])
    if wanted.base != NEWEST:
        manifests = [manifest for manifest in manifests if manifest["id"] == wanted.base]
        if not manifests:
            raise HostError(f"the repository has no base {wanted.base}; the last ones are {known}")
    first = manifests[0]
    if wanted.at:
        manifests = [manifest for manifest in manifests if manifest["started"] <= wanted.at]
        if not manifests:
            raise HostError(f"{wanted.at} is before base {first['id']}: the earliest moment is {first['started']}")
    if wanted.gtid:
        manifests = [manifest for manifest in manifests if not _has(session, manifest, wanted.gtid)]
        if not manifests:
            raise HostError(f"transaction {wanted.gtid} is in base {first['id']} already: choose an earlier base")
    return manifests[-1]


def _has(session: Session, manifest: Manifest, gtid: str) -> bool:
    try:
        return bool(session.rows("SELECT GTID_SUBSET(%s, %s)", [gtid, manifest["gtid_executed"]])[0][0])
    except Error as error:
        raise HostError(f"this MySQL does not take {gtid} for a transaction: {error}") from error


def _needed(log: Chain, at: str) -> tuple[LogFile, ...]:
    """Return the files up to the one that has the moment."""
    if not at:
        return log.files
    before = [file for file in log.files if status.written(file.ended) < at]
    return log.files[: len(before) + 1]


def load(repo: Repository, manifest: Manifest, socket: str) -> None:
    """Load a base's dump.

    Raises:
        HostError: it is damaged, or MySQL refuses it; some of it is loaded then.
    """
    whole = hashlib.sha256()
    progress = Progress(f"load base {manifest['id']}", int(manifest["dump_bytes"]))
    with Pipeline() as pipeline:
        source = pipeline.start(repo.argv("cat", repo.at(f"bases/{manifest['id']}/{listing.DUMP}")))
        plain = pipeline.start(["zstd", "--quiet", "--decompress", "--stdout"], stdin=source.stdout)
        client = pipeline.start(client_argv(socket), end=True)
        output, sink = cast("IO[bytes]", plain.stdout), cast("IO[bytes]", client.stdin)
        while chunk := output.read(CHUNK):
            whole.update(chunk)
            sink.write(chunk)
            progress.add(len(chunk))
        try:
            pipeline.finish(source, plain)
        except HostError as error:
            raise _damaged(manifest, error) from error
        sink.close()
        pipeline.finish(client, at_leisure=True)
    if whole.hexdigest() != manifest["sha256"]:
        raise HostError(f"base {manifest['id']} is damaged: its dump is not the one that its manifest was written for")


def _damaged(manifest: Manifest, error: HostError) -> HostError:
    if isinstance(failure("", str(error)), UnreadableError):
        # The manifest was opened with the same key.
        return HostError(
            f"base {manifest['id']} is damaged: its dump was changed since it was sent; choose another base"
        )
    return error


def replay(repo: Repository, chosen: Plan, socket: str, folder: Path) -> int:
    """Replay the log over the base, and return how many files; transactions that the server has are skipped by GTID.

    Args:
        repo: where from.
        chosen: which files, and up to where.
        socket: of the server.
        folder: where files may lie meanwhile, some at a time.

    Raises:
        HostError: a file is damaged, a transaction is refused, or the one to stop at is not in the log.
    """
    stop = _Stop(chosen.wanted)
    done = 0
    progress = Progress("replay the log", sum(file.size for file in chosen.files))
    for batch in _batches(chosen.files):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            try:
                repo.fetch(f"logs/{batch[0].server}", [file.object for file in batch], folder)
            except UnreadableError as error:
                raise HostError(f"the log is damaged between {batch[0].file} and {batch[-1].file}: {error}") from error
            for file in batch:
                if binary_log.digest(folder / file.object) != file.digest:
                    raise HostError(f"the log is damaged: {file.file} is not the file that was sent")
            # A member applies what others have committed before: there the times in the log's heading are later.
            stop.by_commits = batch[0].is_noted
            until = "" if batch[0].is_noted else chosen.wanted.at
            _replay_files([folder / file.object for file in batch], until, stop, socket)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        done += len(batch)
        progress.add(sum(file.size for file in batch))
        if stop.reached:
            break
    if chosen.wanted.gtid and not stop.reached:
        raise HostError(f"the log has no transaction {chosen.wanted.gtid}: `backups` says how far it goes")
    return done


COMMITTED = b"# original_commit_timestamp="
"""Written by mysqlbinlog before a transaction, with microseconds since 1970 by the clock of the server that committed
it at first."""


class _Stop:
    """Knows the line of mysqlbinlog's at which a replay up to a transaction ends, or one of a group up to a moment."""

    def __init__(self, wanted: Wanted) -> None:
        self._gtid = wanted.gtid
        self._line = f"SET @@SESSION.GTID_NEXT= '{wanted.gtid.lower()}'".encode()
        self._micros = int(status.parsed(wanted.at).timestamp()) * 10**6 if wanted.at else None
        self.by_commits = False
        """Whether the moment counts: it does in files of a group, of others mysqlbinlog knows it."""
        self.reached = False

    def at(self, line: bytes) -> bool:
        if self._gtid and line.lower().startswith(self._line.lower()):
            self.reached = True
        if self.by_commits and self._micros is not None and line.startswith(COMMITTED):
            self.reached |= int(line[len(COMMITTED) :].split()[0]) >= self._micros
        return self.reached


def _batches(files: Sequence[LogFile]) -> Iterator[Sequence[LogFile]]:
    batch: list[LogFile] = []
    for file in files:
        is_full = len(batch) == BATCH_FILES or sum(one.size for one in batch) + file.size > BATCH_BYTES
        if batch and (is_full or (file.server, file.is_noted) != (batch[0].server, batch[0].is_noted)):
            yield batch
            batch = []
        batch.append(file)
    if batch:
        yield batch


def _replay_files(paths: Sequence[Path], at: str, stop: _Stop, socket: str) -> None:
    # Its times are those of its time zone.
    until = [f"--stop-datetime={status.parsed(at):%Y-%m-%d %H:%M:%S}"] if at else []
    argv = ["mysqlbinlog", "--no-defaults", "--disable-log-bin", *until, *map(str, paths)]
    with Pipeline() as pipeline:
        source = pipeline.start(argv, environment={"TZ": "UTC"})
        client = pipeline.start(client_argv(socket), end=True)
        sink = cast("IO[bytes]", client.stdin)
        for line in cast("IO[bytes]", source.stdout):
            if stop.at(line):
                source.kill()
                break
            sink.write(line)
        if not stop.reached:
            pipeline.finish(source)
        sink.close()
        # An ALTER TABLE may be the last of it, and takes as long as it takes.
        pipeline.finish(client, at_leisure=True)


def client_argv(socket: str) -> list[str]:
    """Return the command line of a client that reads a dump or a log."""
    return [
        "mysql",
        "--no-defaults",
        f"--socket={socket}",
        "--user=root",
        "--binary-mode",
        "--default-character-set=utf8mb4",
        "--max-allowed-packet=1G",
        f"--init-command={INIT}",
    ]


def statements(socket: str, text: str) -> None:
    """Run statements by the client."""
    with Pipeline() as pipeline:
        client = pipeline.start(client_argv(socket), end=True)
        sink = cast("IO[bytes]", client.stdin)
        sink.write(text.encode())
        sink.close()
        pipeline.finish()


def reset_statements(manifest: Manifest, version: str) -> list[str]:
    """Return the statements that make a server have executed what a base has, and nothing else."""
    # MySQL 8.2 and later; gone under its old name in 8.4.
    reset = "RESET BINARY LOGS AND GTIDS" if series.of(version) >= (8, 2) else "RESET MASTER"
    return [reset, f"SET GLOBAL gtid_purged = '{manifest['gtid_executed']}'"]


def check_version(manifest: Manifest, version: str, lower_case: int) -> None:
    """Refuse a server that could not take a base.

    Raises:
        HostError: it is of an older series, or names tables otherwise.
    """
    if series.of(version) < series.of(str(manifest["mysql_version"])):
        raise HostError(
            f"base {manifest['id']} was made by MySQL {manifest['mysql_version']}, and this server has {version}, of "
            "an older series: restore it into the same series or a later one"
        )
    if manifest["lower_case_table_names"] != lower_case:
        value = manifest["lower_case_table_names"]
        raise HostError(f"base {manifest['id']} needs lower_case_table_names = {value}: set it for this server, anew")


def check_space(folder: Path, needed: int) -> None:
    """Refuse what would not fit on a disk, with a tenth of it left.

    Raises:
        HostError: see above.
    """
    disk = shutil.disk_usage(folder)
    room = disk.free - disk.total // 10
    if room < needed:
        raise HostError(
            f"it needs about {needed / GIB:.1f} GiB on the disk of {folder}, which has {max(room, 0) / GIB:.1f} GiB to "
            "spare: make the volume larger"
        )
