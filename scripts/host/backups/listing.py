"""Verb `backup list`: the bases in the repository, and from when to when each of them can be restored."""

import json
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from scripts.host.backups import binary_log, repository, road, status
from scripts.host.backups.binary_log import LogFile
from scripts.host.backups.notes import Notes
from scripts.host.backups.repository import FOLDER, Repository, UnreadableError
from scripts.host.backups.road import Road
from scripts.host.backups.spec import BackupList, Base, RepositorySpec
from scripts.host.common import state_file
from scripts.host.common.errors import HostError
from scripts.host.common.gtids import GtidSet

Manifest = dict[str, Any]
"""See base.py."""
MANIFEST, DUMP = "manifest.json", "dump.zst"
SAME_SECOND = timedelta(seconds=1)
"""A file that ended in the second in which a base was begun may be of before."""


@dataclass(frozen=True)
class Chain:
    """The files of the log that follow a base."""

    files: tuple[LogFile, ...]
    latest: str
    """UTC time up to which they reach; the base's own without any."""
    gap: str = ""
    """Why the files after them do not follow; empty if there are none."""


@dataclass(frozen=True)
class Contents:
    """What a repository has."""

    manifests: tuple[Manifest, ...]
    """Of its bases, the oldest first."""
    unreadable: tuple[str, ...]
    """Ids of those whose manifest the key does not open."""


def contents(repo: Repository) -> Contents:
    """Return all bases; a dump without a manifest is none: it is being made, or was cut off.

    Raises:
        UnreadableError: there are some, and the key opens none.
    """
    names = sorted(stored.name for stored in repo.objects("bases") if stored.name.endswith(f"/{MANIFEST}"))
    unreadable: list[str] = []
    error: HostError | None = None
    manifests = []
    with tempfile.TemporaryDirectory(prefix="list-", dir=state_file.FOLDER / FOLDER) as private:
        try:
            if names:
                repo.fetch("bases", names, Path(private))
        except UnreadableError as refused:
            error = refused
        for name in names:
            path = Path(private) / name
            if path.exists():
                manifests.append(json.loads(path.read_text()))
            else:
                unreadable.append(name.split("/")[0])
    if error is not None and not manifests:
        raise error
    manifests.sort(key=lambda manifest: str(manifest["id"]))
    return Contents(tuple(manifests), tuple(unreadable))


def of_servers(manifests: Sequence[Manifest], servers: Collection[str]) -> list[Manifest]:
    """Return the bases of these servers, or of members of a group with them."""
    return [one for one in manifests if not {one["server_uuid"], *one.get("members", ())}.isdisjoint(servers)]


def chain(manifest: Manifest, files: Sequence[LogFile]) -> Chain:
    """Return which of a server's files, as they were closed, follow one of its bases without a gap."""
    started = status.parsed(manifest["started"])
    first, stem = binary_log.number(manifest["first_log"]), manifest["first_log"]
    follow: list[LogFile] = []
    for file in files:
        if file.ended < started:
            continue
        expected = follow[-1].number + 1 if follow else first
        if file.follows(follow[-1]) if follow else file.number == first:
            follow.append(file)
        elif follow and file.number == expected - 1:
            # Sent twice: the second time after a failure that hid that it had arrived.
            continue
        elif not follow and file.number < first and file.ended - started < SAME_SECOND:
            continue
        else:
            missing = f"{stem.rpartition('.')[0]}.{expected:06d}"
            return Chain(
                tuple(follow), _latest(manifest, follow), f"{missing} of the log is missing before {file.file}"
            )
    return Chain(tuple(follow), _latest(manifest, follow))


def _latest(manifest: Manifest, follow: Sequence[LogFile]) -> str:
    return status.written(follow[-1].ended) if follow else str(manifest["started"])


def chains(repo: Repository, manifests: Sequence[Manifest]) -> dict[str, Chain]:
    """Return the chain of each base, by its id; each server's log is listed once.

    A base of a group's member goes on over the log of any member.
    """
    files = {uuid: binary_log.sent(repo, uuid) for uuid in {manifest["server_uuid"] for manifest in manifests}}
    grouped = {
        manifest["id"]
        for manifest in manifests
        if manifest.get("members") or any(file.is_noted for file in files[manifest["server_uuid"]])
    }
    logs, notes = binary_log.sent_by_all(repo) if grouped else {}, Notes(repo)
    return {
        manifest["id"]: _led(manifest, logs, notes)
        if manifest["id"] in grouped
        else chain(manifest, files[manifest["server_uuid"]])
        for manifest in manifests
    }


def _led(manifest: Manifest, logs: Mapping[str, Sequence[LogFile]], notes: Notes) -> Chain:
    """Return the chain of a base over all members' logs; its own server's is the first if it was alone then."""
    server, covered = manifest["server_uuid"], GtidSet.parsed(manifest["gtid_executed"])
    begin = Road((), covered, status.parsed(manifest["started"]), server, frozenset(manifest.get("members", ())))
    alone = Chain((), "")
    if not begin.members:
        alone = chain(manifest, logs.get(server, ()))
        if alone.files and (note := notes[alone.files[-1]] if alone.files[-1].is_noted else None):
            begin = replace(begin, covered=covered | GtidSet.parsed(note.after), members=frozenset(note.members))
        begin = replace(begin, files=alone.files, end=status.parsed(alone.latest))
    led, gap = road.extended(begin, logs, notes)
    return Chain(led.files, status.written(led.end), gap or ("" if led.files != begin.files else alone.gap))


def listed(spec: RepositorySpec) -> BackupList:
    """Return what can be restored from a repository."""
    with repository.opened(spec) as repo:
        found = contents(repo)
        following = chains(repo, found.manifests)
    bases = [_base(manifest, following[manifest["id"]]) for manifest in reversed(found.manifests)]
    earliest = min((base.earliest for base in bases), default="")
    return BackupList(tuple(bases), earliest, max((base.latest for base in bases), default=""), found.unreadable)


def _base(manifest: Manifest, log: Chain) -> Base:
    base = Base(
        manifest["id"],
        manifest["server_uuid"],
        manifest["started"],
        manifest["ended"],
        manifest["bytes"],
        manifest["mysql_version"],
        manifest["started"],
        log.latest,
    )
    return replace(base, gap=log.gap)
