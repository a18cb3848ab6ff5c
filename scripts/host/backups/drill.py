"""Verb `backup drill`: the newest base and its log are restored into a scratch instance, and compared.

Every table, view, routine and event of the base is dumped from the scratch instance again: its digest has to be the one
that was written down when the base was made. Then the log is replayed up to its end. Of a group one member does it.
"""

import time
from typing import IO, Any, cast

from scripts.host.backups import base, chosen, dump, own, replay, repository, scratch, status
from scripts.host.backups.chosen import Group
from scripts.host.backups.dump import Parts
from scripts.host.backups.pipeline import Pipeline
from scripts.host.backups.replay import Plan, Wanted
from scripts.host.backups.repository import Repository
from scripts.host.common.errors import HostError
from scripts.host.mysql import server
from scripts.host.mysql.server import Session

TOLD = 10
"""Differences at most."""


def drill() -> dict[str, Any]:
    """Rehearse a restore, and return what the status says of it; or which member of the group does it.

    Raises:
        HostError: it failed: what the backups have is not what the server had.
    """
    if other := chosen.elsewhere(chosen.view(server.Session())):
        return other
    with status.failures_of("drill"):
        spec, begun = own.spec(), time.monotonic()
        session = server.Session()
        group = chosen.view(session)
        with repository.opened(spec.repository) as repo:
            plan = _newest(repo, session, group)
            if plan.manifest["mysql_version"] != session.one("SELECT VERSION()"):
                # Another mysqldump may write the same rows otherwise.
                base.run()
                plan = _newest(repo, session, group)
            scratch.check_space(plan)
            with scratch.running(int(plan.manifest["lower_case_table_names"])) as instance:
                scratch.load(repo, plan, instance)
                loaded = time.monotonic()
                compare(plan.manifest["parts"], _digests(plan, instance.socket))
                compared = time.monotonic()
                logs = replay.replay(repo, plan, instance.socket, instance.folder / "log")
        ended = time.monotonic()
        told = {
            "base": plan.manifest["id"],
            "restored_to": plan.restored_to,
            "ended": status.now(),
            "tables": len(dump.table_names(plan.manifest["parts"])),
            "logs": logs,
            "seconds": round(ended - begun, 1),
            # What a restore would take.
            "restore_seconds": round(loaded - begun + ended - compared, 1),
        }
        status.update(drill=told)
        return told


def _newest(repo: Repository, session: Session, group: Group | None) -> Plan:
    servers = chosen.uuids(group, str(session.one("SELECT @@server_uuid")))
    return replay.plan(repo, Wanted(), session, servers)


def _digests(plan: Plan, socket: str) -> dict[str, dict[str, object]]:
    """Return the parts of a dump of what was loaded."""
    parts = Parts()
    if databases := plan.manifest["databases"]:
        with Pipeline() as pipeline:
            source = pipeline.start(dump.argv(socket, "--databases", "--", *databases))
            for line in cast("IO[bytes]", source.stdout):
                parts.add(line)
            pipeline.finish()
    return parts.digests()


def compare(written: dict[str, dict[str, Any]], restored: dict[str, dict[str, Any]]) -> None:
    """Compare what was written down with what was restored.

    Raises:
        HostError: they differ; the message names the parts.
    """
    names = sorted(name for name in written.keys() | restored.keys() if name != dump.ACCOUNTS)
    differ = [name for name in names if written.get(name) != restored.get(name)]
    if differ:
        more = f" and {len(differ) - TOLD} more" if len(differ) > TOLD else ""
        raise HostError(f"restored otherwise than backed up: {', '.join(differ[:TOLD])}{more}")
