"""Verb `backup log`: send the log; in a group, the chosen member then looks after the group's bases.

A base that is late, as its member was lost on the way, is begun by whichever member is chosen then. Where its own log
has a gap, or another member was chosen before, the logs of all members are asked whether they have a gap together.
"""

from typing import Any

from scripts.host.backups import binary_log, chosen, listing, own, repository, status
from scripts.host.backups.chosen import Group
from scripts.host.backups.repository import UnreadableError
from scripts.host.backups.schedules import longest_gap
from scripts.host.backups.spec import BackupSpec
from scripts.host.common import process
from scripts.host.mysql import server

LATE_SECONDS = 2 * 3600
"""Of a base or drill, beyond its schedule: random delay, and two more tries."""
DAY_SECONDS = 86400
GAP_SECONDS = 120
"""How long a gap is none yet: the other members may be about to send what fills it."""


def log() -> dict[str, Any]:
    """Send what there is to send, look after bases, and return what the status says of the log."""
    told = binary_log.ship()
    group = chosen.view(server.Session())
    if group is not None:
        _look(own.spec(), group)
    return told


def _look(spec: BackupSpec, group: Group) -> None:
    known = status.load()
    if not group.is_chosen:
        # What is not well is told once, by the member that is.
        if known.get("chosen_since", "") is not None or known.get("gap_seen"):
            status.update(chosen_since=None, gap=None, gap_seen=None)
        return
    is_new = not known.get("chosen_since")
    newest, allowed = known.get("newest_base"), longest_gap(spec.base_schedule) * DAY_SECONDS + LATE_SECONDS
    is_late = newest is None or status.age(newest) > allowed
    if is_new or is_late or known.get("gap_seen"):
        newest, gap = _newest(spec, group)
        seen = (known.get("gap_seen") or status.now()) if gap else None
        told = {"since": seen, "reason": gap} if seen and status.age(seen) > GAP_SECONDS else None
        since = known.get("chosen_since") or status.now()
        status.update(newest_base=newest, chosen_since=since, gap=told, gap_seen=seen)
        is_late = newest is None or status.age(newest) > allowed or told is not None
    if is_late:
        # Also one that a crash has ended. systemd knows one that runs, and how often one may fail.
        process.run(["systemctl", "start", "--no-block", binary_log.BASE_UNIT])


def _newest(spec: BackupSpec, group: Group) -> tuple[str | None, str]:
    """Return when the group's newest base was begun, None for none, and why its log has a gap, empty if it has none."""
    with repository.opened(spec.repository) as repo:
        try:
            last = listing.of_servers(listing.contents(repo).manifests, group.uuids)[-1:]
        except UnreadableError:
            # Another key from now on: what there is stays for the former one.
            last = []
        gap = next((chain.gap for chain in listing.chains(repo, last).values()), "")
    return (last[0]["started"] if last else None), gap
