"""Verb `backup restore` over a snapshot: the binary log is replayed over data that came with the volume.

The copy's server has executed what its source had, and nothing of its own but its set-up. The log of the
source goes on from the file that was written to then; transactions that the copy has are skipped by GTID, so a replay
that was cut off is begun again. Where the source was a member of a group, the log goes on over any member's.
"""

from datetime import datetime
from typing import Any

from scripts.host.backups import binary_log, listing, replay, status
from scripts.host.backups.listing import Manifest
from scripts.host.backups.replay import Plan, Wanted
from scripts.host.backups.repository import Repository
from scripts.host.backups.spec import RestoreSpec
from scripts.host.common.errors import HostError
from scripts.host.mysql.server import Session

LAST = (1 << 63) - 2
"""The highest number of a transaction."""
MEND = "Nothing was changed. Choose another snapshot, or take dataVolumeSnapshot out and restore from a base"


def plan(repo: Repository, spec: RestoreSpec, copy: dict[str, Any], session: Session) -> Plan:
    """Return what of the log is to be replayed.

    Args:
        repo: where from.
        spec: up to where.
        copy: what the volume is a copy of; see snapshot_copy.py.
        session: to the server of the copy.

    Raises:
        HostError: it cannot be; the message says why.
    """
    if copy["snapshot"] != spec.snapshot:
        raise HostError(f"the volume is of {copy['snapshot']}, and not of {spec.snapshot or 'a base'}. {MEND}")
    _check_unused(session, copy["executed"])
    source, written = copy["server_uuid"], status.written(datetime.fromtimestamp(copy["written"], status.UTC))
    files = binary_log.sent(repo, source)
    if not files:
        raise HostError(f"the repository has no log of server {source}, of which {spec.snapshot} is. {MEND}")
    moment = {"id": copy["snapshot"], "server_uuid": source, "started": written, "first_log": copy["first_log"]}
    # A source that was alone had no notes beside its files; one in a group is followed by what it had executed.
    until = [file for file in files if status.written(file.ended) <= written]
    members = {"members": [source]} if files[min(len(until), len(files) - 1)].is_noted else {}
    manifest = {**moment, **members, "gtid_executed": copy["executed"]}
    log = listing.chains(repo, [manifest])[copy["snapshot"]]
    if spec.at and spec.at <= written:
        raise HostError(f"{spec.at} is before the last transaction of {spec.snapshot}, at {written}. {MEND}")
    if log.gap and not spec.at:
        raise HostError(f"the log after {spec.snapshot} has a gap: {log.gap}. Set `at` to {log.latest} or before")
    if not (spec.at or spec.gtid):
        _check_newest(repo, spec, manifest, log.latest)
    if spec.gtid and session.rows("SELECT GTID_SUBSET(%s, @@GLOBAL.gtid_executed)", [spec.gtid])[0][0]:
        raise HostError(f"transaction {spec.gtid} is in {spec.snapshot} already. {MEND}")
    return replay.planned({"server_uuid": source}, log, Wanted(at=spec.at, gtid=spec.gtid), spec.snapshot)


def _check_newest(repo: Repository, spec: RestoreSpec, copy: Manifest, latest: str) -> None:
    """Refuse a snapshot of a server that another one has come after: what that one has would not be there."""
    manifests = listing.contents(repo).manifests
    of_source = [one["id"] for one in listing.of_servers(manifests, [copy["server_uuid"]])]
    for manifest in manifests:
        if manifest["id"] not in of_source and manifest["started"] > latest:
            raise HostError(
                f"base {manifest['id']} is of another server, after the end of the log that goes on from "
                f"{spec.snapshot}: to go back to that end, set `at` to {latest}. {MEND}"
            )


def _check_unused(session: Session, executed: str) -> None:
    """Refuse a copy that was written to after its set-up: that would be beside the log, and not in it."""
    of_own = "GTID_SUBTRACT(@@GLOBAL.gtid_executed, GTID_SUBTRACT(@@GLOBAL.gtid_executed, %s))"
    own = f"{session.one('SELECT @@server_uuid')}:1-{LAST}"
    if used := session.rows(f"SELECT GTID_SUBTRACT({of_own}, %s)", [own, executed])[0][0]:
        raise HostError(f"this server has data of its own since the snapshot ({used}). {MEND}")
