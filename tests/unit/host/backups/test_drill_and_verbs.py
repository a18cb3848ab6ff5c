"""backups/drill.py: what a drill compares. backups/verbs.py: words and faults. backups/units.py: what systemd reads."""

from __future__ import annotations

import configparser
import io
from pathlib import Path
from typing import Any

import pytest

from scripts.host.backups import drill, scratch, units, verbs
from scripts.host.backups.spec import BackupSpec, ExtractSpec, RestoreSpec
from scripts.host.common import codec
from scripts.host.common.errors import HostError
from tests.unit.host.backups.test_backup_spec import BACKUPS, SOURCE

WRITTEN: dict[str, dict[str, Any]] = {
    "`a`.`b`": {"sha256": "1"},
    "`a`.`c`": {"sha256": "2"},
    "accounts": {"sha256": "3"},
}


@pytest.mark.parametrize(
    ("restored", "names"),
    [
        ({"`a`.`b`": {"sha256": "9"}, "`a`.`c`": {"sha256": "2"}}, "`a`.`b`"),
        ({"`a`.`b`": {"sha256": "1"}}, "`a`.`c`"),
        ({"`a`.`b`": {"sha256": "1"}, "`a`.`c`": {"sha256": "2"}, "`a`.`d`": {"sha256": "4"}}, "`a`.`d`"),
    ],
)
def test_a_table_that_differs_is_missing_or_is_new_fails_the_drill_by_name(
    restored: dict[str, dict[str, Any]], names: str
) -> None:
    with pytest.raises(HostError) as error:
        drill.compare(WRITTEN, restored)
    assert str(error.value) == f"restored otherwise than backed up: {names}"


def test_a_drill_passes_where_every_table_is_the_same() -> None:
    drill.compare(WRITTEN, {name: part for name, part in WRITTEN.items() if name != "accounts"})


@pytest.mark.parametrize("words", [[], ["rum"], ["run", "now"]])
def test_a_word_that_is_not_of_the_verb_is_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert verbs.main(words) == 2
    assert "set-up, restore, run, log, drill, extract, status, list, diff" in capsys.readouterr().err


def test_a_run_where_backups_are_off_says_how_to_turn_them_on(
    state_folder: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert state_folder
    monkeypatch.setattr(verbs, "_yield_to_queries", lambda: None)
    for word in ("list", "log"):
        assert verbs.main([word]) == 1
        assert "set backupDays in config" in capsys.readouterr().err


def test_a_restore_with_a_fault_is_refused_before_anything(
    state_folder: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert state_folder
    text = codec.encode(RestoreSpec(SOURCE, at="now"))
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert verbs.main(["restore"]) == 1
    assert "at: 'now' is no time" in capsys.readouterr().err


def test_a_moment_that_no_calendar_has_is_refused() -> None:
    (fault,) = codec.faults_of(ExtractSpec(("shop",), at="2025-13-45T10:30:00Z"))
    assert str(fault) == "at: '2025-13-45T10:30:00Z' is not a moment. Write it in UTC, like 2026-12-01T10:30:00Z"


def read(spec: BackupSpec, name: str) -> configparser.ConfigParser:
    """Return a unit."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(next(file.content for file in units.files(spec) if file.path.endswith(f"/{name}")))
    return parser


def test_the_units_run_the_agents_verbs_at_the_times_of_config_with_low_priority() -> None:
    base = read(BACKUPS, "mysql-pair-base.service")["Service"]
    assert base["ExecStart"] == "/usr/bin/python3 -B /usr/local/lib/mysql-pair/current backup run"
    assert (base["Nice"], base["IOSchedulingClass"]) == ("19", "idle")
    spec = BackupSpec(key="k" * 16, bucket="", prefix="/r", region="", drill_schedule="Sun *-*-* 04:00:00")
    assert read(spec, "mysql-pair-drill.timer")["Timer"]["OnCalendar"] == "Sun *-*-* 04:00:00"
    assert read(spec, "mysql-pair-log.timer")["Timer"]["OnUnitInactiveSec"] == "30s"
    assert all(BACKUPS.key not in file.content for file in units.files(BACKUPS))


@pytest.mark.parametrize(("available", "pool"), [(300, 60), (1000, 410), (64000, 1024)])
def test_a_scratch_instance_takes_no_more_memory_than_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, available: int, pool: int
) -> None:
    monkeypatch.setattr(scratch, "MEMINFO", tmp_path / "meminfo")
    scratch.MEMINFO.write_text(f"MemTotal: 9 kB\nMemAvailable:   {available << 10} kB\n")
    assert scratch.pool_mib() == pool


def test_a_host_with_too_little_memory_for_a_drill_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "MEMINFO", tmp_path / "meminfo")
    scratch.MEMINFO.write_text("MemAvailable: 204800 kB\n")
    with pytest.raises(HostError, match="needs 300 MiB of memory, and 200 MiB are available"):
        scratch.pool_mib()
