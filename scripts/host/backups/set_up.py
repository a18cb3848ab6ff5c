"""Verbs `backup set-up` and `backup diff`: the host's part of the backups is as the spec says, or how it is not."""

import itertools
import re
import time
from collections.abc import Collection
from typing import Any

from scripts.host.backups import binary_log, chosen, listing, notes, own, repository, scratch, status, units
from scripts.host.backups.repository import UnreadableError
from scripts.host.backups.spec import PACKAGES, BackupSpec, SetUpFacts, SetUpSpec
from scripts.host.backups.watch import DAY_SECONDS, LATE_SECONDS
from scripts.host.common import codec, process, state_file
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.mysql import server, timers
from scripts.host.system import files
from scripts.host.system import units as systemd

KIND = "backup"
ROLE_SECONDS = 60
"""How long a new instance's role may be unknown to S3 (IAM User Guide, "Changes that I make are not always immediately
visible")."""
PAUSE_SECONDS = 5
LOG_SECONDS = 120


def set_up(spec: SetUpSpec) -> SetUpFacts:
    """Make it so; without backups, timers and key go, and the repository stays as it is.

    Raises:
        HostError: the server's settings do not allow it, or the repository cannot be used with this key.
    """
    if spec.backups is None:
        _turn_off()
        return SetUpFacts("")
    backups = spec.backups
    if faults := [str(fault) for fault in codec.faults_of(backups)]:
        raise HostError("\n".join(["the spec has faults, and nothing was changed:", *faults]))
    version = process.must([PACKAGES[0], "version"]).splitlines()[0].split()[-1]
    for schedule in (backups.base_schedule, backups.drill_schedule):
        interval(schedule)
    session = server.Session()
    own.check_log(session)
    group = chosen.view(session)
    has_base = _has_base(backups, chosen.uuids(group, str(session.one("SELECT @@server_uuid"))))
    begins_base = not has_base and (group is None or group.is_chosen)
    state_file.save(own.STATE, codec.as_data(backups))
    binary_log.begin(session, backups)
    _install_units(backups)
    if not status.load().get("set_up"):
        status.update(set_up=status.now())
    timers.enable(*units.timers())
    if begins_base:
        process.must(["systemctl", "start", "--no-block", f"{units.BASE}.service"])
    return SetUpFacts(version, begins_base)


def _install_units(backups: BackupSpec) -> None:
    changed = [file for file in units.files(backups) if files.differences([file])]
    for file in changed:
        files.write(file)
    if changed:
        process.must(["systemctl", "daemon-reload"])
        # A timer that runs keeps its former times otherwise.
        running = [name for name in units.timers() if not timers.differences(name)]
        if running:
            process.must(["systemctl", "restart", *running])


def _has_base(backups: BackupSpec, servers: Collection[str]) -> bool:
    """Return whether the repository has a base of these servers; by that it is known to be usable."""
    deadline = time.monotonic() + ROLE_SECONDS
    with repository.opened(backups.repository) as repo:
        while True:
            try:
                found = listing.contents(repo)
                break
            except UnreadableError:
                # Another key from now on: what there is stays for the former one.
                return False
            except HostError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE_SECONDS)
    return bool(listing.of_servers(found.manifests, servers))


def _turn_off() -> None:
    names, services = (
        [name for name in names if (systemd.FOLDER / name).exists()]
        for names in (units.timers(), [f"{name}.service" for name in _NAMES])
    )
    if names:
        process.must(["systemctl", "disable", "--now", *names])
    if services:
        # What runs would write its status when it ends.
        process.must(["systemctl", "stop", *services])
    for path in [systemd.FOLDER / f"{name}.{kind}" for name in _NAMES for kind in ("service", "timer")]:
        path.unlink(missing_ok=True)
    if names:
        process.must(["systemctl", "daemon-reload"])
    for name in (own.STATE, binary_log.STATE, notes.STATE):
        (state_file.FOLDER / name).unlink(missing_ok=True)
    status.FILE.unlink(missing_ok=True)
    with status.held("scratch", wait=True):
        scratch.remove()


_NAMES = (units.BASE, units.LOG, units.DRILL)


def differences(spec: SetUpSpec) -> list[Difference]:
    """Return where the host's part of the backups is not as it should be; nothing is changed."""
    kept = state_file.load(own.STATE)
    if spec.backups is None:
        return [] if kept is None else [Difference(KIND, "backups", "state", "off", "on")]
    backups = spec.backups
    if kept is None:
        return [Difference(KIND, "backups", "state", "on", "off")]
    rows = [
        Difference(KIND, "backups", name, "as in config", "other")
        for name, value in codec.as_data(backups).items()
        if kept.get(name) != value
    ]
    rows += files.differences(units.files(backups))
    for timer in units.timers():
        rows += timers.differences(timer)
    state = status.load()
    schedules = interval(backups.base_schedule), interval(backups.drill_schedule)
    return rows + (judged_bases(state, *schedules) if _tells_of_bases(state) else []) + judged_log(state)


def _tells_of_bases(state: dict[str, Any]) -> bool:
    """Return whether this host says how bases and drills are: of a group one member does."""
    try:
        return chosen.is_here(chosen.view(server.Session()))
    except HostError:
        # MySQL is down: a member of a group leaves it to the others.
        return "chosen_since" not in state


def judged(state: dict[str, Any], base_interval: float, drill_interval: float) -> list[Difference]:
    """Return what of the status is not well.

    Args:
        state: see status.load.
        base_interval: seconds between two bases.
        drill_interval: seconds between two drills.
    """
    return judged_bases(state, base_interval, drill_interval) + judged_log(state)


def judged_bases(state: dict[str, Any], base_interval: float, drill_interval: float) -> list[Difference]:
    """Return what of bases and drills is not well, and whether the log has a gap; see judged."""
    rows = []
    since = state.get("set_up")
    parts = (
        ("base", base_interval + LATE_SECONDS, state.get("newest_base")),
        # Drills of the member that was chosen before are not known here.
        ("drill", drill_interval + DAY_SECONDS, state.get("chosen_since")),
    )
    for part, allowed, elsewhere in parts:
        last = state.get(part) or {}
        ended = max(last.get("ended") or "", elsewhere or "") or since
        if failure := state.get(f"{part}_failure"):
            rows.append(Difference(KIND, part, f"at {failure['at']}", "made", f"failed: {failure['text']}"))
        if ended is None or status.age(ended) > allowed:
            found = last.get("ended") or "none"
            rows.append(Difference(KIND, part, "last", f"within {_hours(allowed)}", found))
    if gap := state.get("gap"):
        rows.append(Difference(KIND, "log", "complete", "without a gap", f"since {gap['since']}: {gap['reason']}"))
    return rows


def judged_log(state: dict[str, Any]) -> list[Difference]:
    """Return whether the log is sent too late."""
    rows, since = [], state.get("set_up")
    log = state.get("log") or {}
    complete = log.get("complete_to") or since
    if complete is None or status.age(complete) > LOG_SECONDS:
        failure = state.get("log_failure")
        words = f"{complete or 'never'}, and failed since: {failure['text']}" if failure else complete or "never"
        rows.append(Difference(KIND, "log", "sent up to", f"{LOG_SECONDS // 60} minutes ago, or later", words))
    return rows


def interval(schedule: str) -> float:
    """Return how many seconds lie between two elapses of a calendar expression.

    Raises:
        HostError: systemd does not take it.
    """
    argv = ["systemd-analyze", "calendar", "--iterations=3", schedule]
    done = process.run(argv, environment={"TZ": "UTC"})
    times = re.findall(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC", done.stdout)
    if done.returncode != 0 or not times:
        raise HostError(f"systemd does not take {schedule!r} for a schedule: {process.last_lines(done)}")
    moments = [status.parsed(f"{date}T{clock}Z") for date, clock in times]
    if len(moments) < 2:
        raise HostError(f"{schedule!r} comes only once: choose a schedule that comes again")
    # A schedule may have unequal steps: the longest counts.
    return max((late - early).total_seconds() for early, late in itertools.pairwise(moments))


def _hours(seconds: float) -> str:
    return f"{seconds / DAY_SECONDS:.0f} days" if seconds > 3 * DAY_SECONDS else f"{seconds / 3600:.0f} hours"
