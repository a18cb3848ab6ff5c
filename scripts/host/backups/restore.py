"""Verb `backup restore`: a base and the log after it, into this server, which has no data yet.

A marker in MySQL's data directory, which goes where the data goes, says which restore was begun, and that it was done:
one that was cut off is wiped and begun again, and one that was done is not done twice. Without the marker a server with
a table in it is refused, unless its volume is new and a copy that the log is to be replayed over: snapshot_copy.py.
"""

import contextlib
import dataclasses
import json
import time
from collections.abc import Iterator
from typing import Any

from scripts.host.backups import dump, over_snapshot, progress, replay, repository, status
from scripts.host.backups.replay import Wanted
from scripts.host.backups.spec import RestoreFacts, RestoreSpec
from scripts.host.common import atomic_write, codec
from scripts.host.common.errors import HostError
from scripts.host.mysql import server, service, snapshot_copy
from scripts.host.mysql.server import Session, among

MARKER = service.DATA / snapshot_copy.RESTORE_MARKER
FOLDER = service.DATA / ".mysql-pair-restore"
"""Where files of the log lie meanwhile. InnoDB passes folders by whose names begin with a dot."""
MEANWHILE = {
    # Events of the databases must not run over a log that has what they did.
    "event_scheduler": "OFF",
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
        wanted, marker = codec.as_data(spec.without_key()), _marker()
        if copy := snapshot_copy.to_do():
            return _over_snapshot(spec, copy, session)
        if marker is not None and marker["state"] == "done":
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
            if unfinished:
                _wipe(session)
            replay.check_space(service.DATA, int(manifest["data_bytes"]))
            # After one that was killed, the settings are still those of a restore.
            former = marker["settings"] if marker else _settings(session)
            _mark({"state": "under way", "spec": wanted, "settings": former})
            with _eased(session, former):
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
        _mark({"state": "done", "spec": wanted, "facts": codec.as_data(facts)})
        return facts


def _over_snapshot(spec: RestoreSpec, copy: dict[str, Any], session: Session) -> RestoreFacts:
    """Replay the log over data that came with the volume."""
    begun, marker = time.monotonic(), _marker() or {}
    wanted = codec.as_data(spec.without_key())
    if marker.get("spec", wanted) != wanted:
        raise HostError(
            "another replay over this volume was cut off, and may have gone further than this one: put restoreFrom "
            "back as it was, or have the volume made anew (`pulumi up --replace` with its URN). Nothing was changed"
        )
    with repository.opened(spec.source) as repo:
        chosen = over_snapshot.plan(repo, spec, copy, session)
        former = marker.get("settings") or _settings(session)
        _mark({"state": "under way", "spec": wanted, "settings": former})
        with _eased(session, former):
            logs = replay.replay(repo, chosen, service.SOCKET, FOLDER)
    tables, seconds = _tables(server.Session()), round(time.monotonic() - begun, 1)
    facts = RestoreFacts(spec.snapshot, copy["server_uuid"], chosen.restored_to, tables, 0, logs, seconds)
    _mark({"state": "done", "spec": wanted, "facts": codec.as_data(facts)})
    snapshot_copy.done()
    return facts


def _again(marker: dict[str, Any], wanted: dict[str, Any]) -> RestoreFacts:
    if marker["spec"] != wanted:
        former = ", ".join(f"{key} {value}" for key, value in marker["spec"].items() if key != "source" and value)
        raise HostError(
            f"this server was restored already, from something else ({former}): restore into a new server instead. "
            "Nothing was changed"
        )
    return dataclasses.replace(codec.from_data(RestoreFacts, marker["facts"]), already=True)


def _marker() -> dict[str, Any] | None:
    marker: dict[str, Any] | None = json.loads(MARKER.read_text()) if MARKER.exists() else None
    return marker


def _mark(marker: dict[str, Any]) -> None:
    atomic_write.write(MARKER, (json.dumps(marker, indent=1) + "\n").encode(), 0o600)


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


def _settings(session: Session) -> dict[str, Any]:
    return {name: session.one(f"SELECT @@GLOBAL.{name}") for name in MEANWHILE}


@contextlib.contextmanager
def _eased(session: Session, former: dict[str, Any]) -> Iterator[None]:
    """Have settings of the running server as a restore needs them, and put the former ones back."""
    try:
        for name, value in MEANWHILE.items():
            session.do(f"SET GLOBAL {name} = %s", [value])
        yield
    finally:
        # The session of before may be gone, for hours have passed.
        fresh = server.Session()
        for name, value in former.items():
            fresh.do(f"SET GLOBAL {name} = %s", [value])
