"""Verb `backup restore`: a base and the log after it, into this server, which has no data yet.

A marker says which restore was begun, and that it was done (restoring.py): one that was cut off is wiped and begun
again, and one that was done is not done twice. Without the marker a server with a table in it is refused, unless its
volume is new and a copy that the log is to be replayed over: snapshot_copy.py. On both roads the server lets nobody but
administrators in before the end, and starts once more there: all settings are then those of the stack.
"""

import dataclasses
import time
from typing import Any

from scripts.host.backups import dump, over_snapshot, progress, replay, repository, status
from scripts.host.backups.replay import Wanted
from scripts.host.backups.spec import RestoreFacts, RestoreSpec
from scripts.host.common import codec
from scripts.host.common.errors import HostError
from scripts.host.mysql import restoring, server, service, snapshot_copy
from scripts.host.mysql.server import Session, among

FOLDER = service.DATA / ".mysql-pair-restore"
"""Where files of the log lie meanwhile. InnoDB passes folders by whose names begin with a dot."""
MEANWHILE = {
    "max_allowed_packet": 1 << 30,
    # A restore that a crash interrupts is begun again.
    "innodb_flush_log_at_trx_commit": 0,
}


def restore(spec: RestoreSpec) -> RestoreFacts:
    """Bring back what the spec wants.

    Raises:
        HostError: it cannot be had, or this server has data: nothing was changed. Or it failed on the way: run again,
            it begins from the start.
    """
    with status.held("restore"), progress.told():
        session = server.Session()
        session.do("SET SESSION sql_log_bin = 0")
        if copy := snapshot_copy.to_do():
            return _over_snapshot(spec, copy, session)
        wanted, marker = codec.as_data(spec.without_key()), restoring.load()
        if marker is not None and marker["state"] != restoring.UNDER_WAY:
            return _again(marker, wanted)
        unfinished = marker is not None
        if not unfinished and (tables := _tables(session)):
            raise HostError(
                f"this server has data ({tables} tables): a restore goes into a new server only, and nothing was "
                "changed. `backup extract` gives single tables or databases beside it"
            )
        begun = time.monotonic()
        with repository.opened(spec.source) as repo:
            chosen = replay.plan(repo, Wanted(spec.base, spec.at, spec.gtid), session)
            manifest = chosen.manifest
            version = str(session.one("SELECT VERSION()"))
            replay.check_version(manifest, version, int(session.one("SELECT @@lower_case_table_names")))
            # What an unfinished one has brought makes room.
            if not unfinished:
                replay.check_space(service.DATA, int(manifest["data_bytes"]))
            # No base is made meanwhile, and no log is sent: they would be of a server that is not whole.
            with status.held("run", wait=True), status.held("log", wait=True):
                _begin(session, wanted)
                if unfinished:
                    _wipe(session)
                    replay.check_space(service.DATA, int(manifest["data_bytes"]))
                for statement in replay.reset_statements(manifest, version):
                    session.do(statement)
                replay.load(repo, manifest, service.SOCKET)
                logs = replay.replay(repo, chosen, service.SOCKET, FOLDER)
        facts = RestoreFacts(
            manifest["id"],
            manifest["server_uuid"],
            chosen.restored_to,
            len(dump.table_names(manifest["parts"])),
            manifest["dump_bytes"],
            logs,
            round(time.monotonic() - begun, 1),
        )
        _end(wanted, facts)
        return facts


def _over_snapshot(spec: RestoreSpec, copy: dict[str, Any], session: Session) -> RestoreFacts:
    """Replay the log over data that came with the volume."""
    begun, marker = time.monotonic(), restoring.load() or {}
    wanted = codec.as_data(spec.without_key())
    if marker.get("spec", wanted) != wanted:
        raise HostError(
            "another replay over this volume was cut off, and may have gone further than this one: put restoreFrom "
            "back as it was, or have the volume made anew (`pulumi up --replace` with its URN). Nothing was changed"
        )
    with repository.opened(spec.source) as repo:
        chosen = over_snapshot.plan(repo, spec, copy, session)
        _begin(session, wanted)
        logs = replay.replay(repo, chosen, service.SOCKET, FOLDER)
    tables, seconds = _tables(server.Session()), round(time.monotonic() - begun, 1)
    facts = RestoreFacts(spec.snapshot, copy["server_uuid"], chosen.restored_to, tables, 0, logs, seconds)
    _end(wanted, facts)
    return facts


def _begin(session: Session, wanted: dict[str, Any]) -> None:
    """Let nobody in, write down what is begun, and have the running server as a restore needs it."""
    restoring.close(session)
    restoring.mark(restoring.UNDER_WAY, spec=wanted)
    for name, value in MEANWHILE.items():
        session.do(f"SET GLOBAL {name} = %s", [value])


def _end(wanted: dict[str, Any], facts: RestoreFacts) -> None:
    """Write down that the data are whole, once they are on the disk, and let everybody in."""
    # The session of before may be gone, for hours have passed.
    server.Session().do("FLUSH ENGINE LOGS")
    told = {"spec": wanted, "facts": codec.as_data(facts)}
    restoring.mark(restoring.RESTORED, **told)
    if snapshot_copy.to_do():
        snapshot_copy.done()
    restoring.reopen()
    restoring.mark(restoring.DONE, **told)


def _again(marker: dict[str, Any], wanted: dict[str, Any]) -> RestoreFacts:
    if marker["state"] == restoring.RESTORED:
        restoring.reopen()
        restoring.mark(restoring.DONE, spec=marker["spec"], facts=marker["facts"])
    if marker["spec"] != wanted:
        former = ", ".join(f"{key} {value}" for key, value in marker["spec"].items() if key != "source" and value)
        raise HostError(
            f"this server was restored already, from something else ({former}): restore into a new server instead. "
            "Nothing was changed"
        )
    return dataclasses.replace(codec.from_data(RestoreFacts, marker["facts"]), already=True)


def _tables(session: Session) -> int:
    """Return how many tables and views there are besides MySQL's own."""
    query = f"SELECT COUNT(*) FROM information_schema.tables WHERE table_schema NOT IN ({among(dump.SYSTEM)})"  # noqa: S608
    return int(session.rows(query, dump.SYSTEM)[0][0])


def _wipe(session: Session) -> None:
    """Drop what an unfinished restore has brought."""
    for name in dump.databases(session):
        quoted = name.replace("`", "``")
        session.do(f"DROP DATABASE `{quoted}`")
    dump.forget_accounts(session)
