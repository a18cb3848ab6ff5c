"""backups/set_up.py and status.py: what drift says of a status, and what a run writes down."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.host.backups import chosen, own, set_up, status
from scripts.host.backups.chosen import Group
from scripts.host.backups.spec import SetUpSpec
from scripts.host.common import codec, state_file
from scripts.host.common.errors import HostError
from scripts.host.group.view import Seen
from scripts.host.mysql import server, timers
from scripts.host.system import files
from tests.unit.host.backups.test_backup_spec import BACKUPS
from tests.unit.host.stand_ins import Bench

DAY, WEEK = 86400, 7 * 86400
MEMBERS = ("another", "own")
TWICE = """cat <<'.'
  Original form: daily
    Next elapse: Mon 2026-11-30 00:00:00 UTC
       From now: 13h left
   Iteration #2: Tue 2026-12-01 00:00:00 UTC
   Iteration #3: Wed 2026-12-02 00:00:00 UTC
."""


NOW = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)


def ago(**time: float) -> str:
    """Return a time that was so long ago."""
    return status.written(NOW - timedelta(**time))


def well(**changes: Any) -> dict[str, Any]:
    """Return the status of backups that are well, but for changes."""
    return {
        "set_up": ago(days=30),
        "base": {"ended": ago(hours=20)},
        "drill": {"ended": ago(days=6)},
        "log": {"complete_to": ago(seconds=40)},
        **changes,
    }


@pytest.mark.parametrize(
    ("state", "rows"),
    [
        (well(), []),
        # Of backups that were turned on just now.
        ({"set_up": ago(seconds=20)}, []),
        (well(base={"ended": ago(hours=27)}), ["base last"]),
        (well(base=None), ["base last"]),
        (well(base_failure={"at": "T", "text": "no room"}), ["base at T"]),
        (well(drill={"ended": ago(days=9)}), ["drill last"]),
        (well(drill_failure={"at": "T", "text": "`a`.`b` differs"}), ["drill at T"]),
        (well(gap={"since": "T", "reason": "purged"}), ["log complete"]),
        (well(log={"complete_to": ago(minutes=3)}, log_failure={"at": "T", "text": "S3 is away"}), ["log sent up to"]),
        # One failure between two runs that went well loses nothing.
        (well(log_failure={"at": "T", "text": "S3 is away"}), []),
        ({}, ["base last", "drill last", "log sent up to"]),
        # Of a group's member that makes bases since another one was lost.
        (well(base=None, newest_base=ago(hours=20), drill=None, chosen_since=ago(days=3)), []),
        (well(base=None, newest_base=ago(hours=27), drill=None, chosen_since=ago(days=9)), ["base last", "drill last"]),
        # It was the one before, too.
        (well(base={"ended": ago(days=60)}, newest_base=ago(hours=1), chosen_since=ago(hours=1)), []),
    ],
)
def test_drift_says_what_is_not_well(state: dict[str, Any], rows: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "age", lambda text: (NOW - status.parsed(text)).total_seconds())
    assert [f"{row.name} {row.what}" for row in set_up.judged(state, DAY, WEEK)] == rows


@pytest.mark.parametrize(
    ("group", "names"),
    [(None, ["base", "drill", "log"]), (MEMBERS, ["log"]), (MEMBERS[::-1], ["base", "drill", "log"])],
)
def test_of_a_group_one_member_tells_of_bases_and_each_of_its_log(
    group: Sequence[str] | None, names: list[str], state_folder: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = enumerate(group or ())
    seen = tuple(Seen(name, f"10.0.0.{place}", "ONLINE", "SECONDARY", "9.7.4") for place, name in members)
    view = Group("own", seen) if group else None
    monkeypatch.setattr(chosen, "view", lambda _session: view)
    monkeypatch.setattr(server, "Session", object)
    monkeypatch.setattr(status, "load", dict)
    monkeypatch.setattr(timers, "differences", lambda _timer: [])
    monkeypatch.setattr(files, "differences", lambda _files: [])
    bench.stand_in("systemd-analyze", TWICE)
    state_file.save(own.STATE, codec.as_data(BACKUPS))
    assert [row.name for row in set_up.differences(SetUpSpec(BACKUPS))] == names
    assert state_folder.exists()


def test_the_time_between_two_bases_follows_from_the_schedule(bench: Bench) -> None:
    bench.stand_in("systemd-analyze", TWICE)
    assert set_up.interval("daily") == DAY


def test_a_schedule_that_systemd_does_not_know_is_refused(bench: Bench) -> None:
    bench.stand_in("systemd-analyze", "echo 'Failed to parse calendar specification' >&2; exit 1")
    with pytest.raises(HostError, match="does not take 'dayly' for a schedule: Failed to parse"):
        set_up.interval("dayly")


def test_a_failure_is_kept_until_a_run_goes_well_and_everyone_may_read_it(status_file: Path) -> None:
    with pytest.raises(HostError), status.failures_of("base"):
        raise HostError("no room")
    assert json.loads(status_file.read_text())["base_failure"]["text"] == "no room"
    assert status_file.stat().st_mode & 0o777 == 0o644
    with status.failures_of("base"):
        status.update(base={"id": "x"})
    assert status.load() == {"base": {"id": "x"}, "base_failure": None}


def test_a_second_run_at_once_is_refused_and_is_no_failure(status_file: Path) -> None:
    with status.held("log"), pytest.raises(HostError, match="the log is being sent on this host already"):  # noqa: SIM117
        with status.failures_of("log"), status.held("log"):
            pass
    assert not status_file.exists()
