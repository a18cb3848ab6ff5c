"""mysql/snapshot_copy.py: which volume is a copy that nobody was served from, and what keeps it so until the replay."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts.host.common.errors import HostError
from scripts.host.mysql import kept, restoring, server, snapshot_copy
from scripts.host.mysql.spec import DataSpec

SOURCE = "97b64900-ebe0-11f1-bdda-6e8c315f54a6"
FORMER = DataSpec("vol-0aaaaaaaaaaaaaaaa", "/dev/sdf", 16)
PLAIN = DataSpec("vol-0bbbbbbbbbbbbbbbb", "/dev/sdf", 16)
REPLAYED = DataSpec("vol-0bbbbbbbbbbbbbbbb", "/dev/sdf", 16, "snap-0cccccccccccccccc")


@pytest.fixture
def data(state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory whose log was last written to at 10:00, and restarts of its server that are counted."""
    monkeypatch.setattr(snapshot_copy, "DATA", state_folder)
    monkeypatch.setattr(restoring, "OPTION_FILE", state_folder / "closed.cnf")
    monkeypatch.setattr(restoring, "MARKER", state_folder / "mysql-pair-restore.json")
    monkeypatch.setattr(server, "restart", lambda: (state_folder / "restarted").touch())
    executed = iter([f"{SOURCE}:1-10,\n1:1"])
    monkeypatch.setattr(server, "Session", lambda: SimpleNamespace(one=lambda _: next(executed)))
    (state_folder / "auto.cnf").write_text(f"[auto]\nserver-uuid={SOURCE}\n")
    (state_folder / "binlog.index").write_text("./binlog.000003\n./binlog.000004\n")
    (state_folder / "binlog.000004").touch()
    os.utime(state_folder / "binlog.000004", (1733047200, 1733047200))
    return state_folder


def test_a_copy_is_another_server_and_lets_nobody_in_until_the_replay_is_done(data: Path) -> None:
    snapshot_copy.prepare(FORMER)
    (data / "mysql-pair-restore.json").write_text("{}")
    snapshot_copy.prepare(REPLAYED)
    copy = {"snapshot": REPLAYED.replay_over, "server_uuid": SOURCE, "first_log": "binlog.000004"}
    assert snapshot_copy.to_do() == {**copy, "written": 1733047200, "state": "to do"}
    assert not (data / "auto.cnf").exists() and not (data / "mysql-pair-restore.json").exists()
    assert "offline_mode = ON" in (data / "closed.cnf").read_text()
    # MySQL has started, and `converge` runs again.
    (data / "auto.cnf").write_text("[auto]\nserver-uuid=11111111-ebe0-11f1-bdda-6e8c315f54a6\n")
    snapshot_copy.prepare(REPLAYED)
    assert (data / "auto.cnf").exists()
    for _ in range(2):
        snapshot_copy.settle()
    assert (snapshot_copy.to_do() or {})["executed"] == f"{SOURCE}:1-10,1:1"
    snapshot_copy.done()
    assert snapshot_copy.to_do() is None
    snapshot_copy.prepare(REPLAYED)
    assert snapshot_copy.to_do() is None and (data / "auto.cnf").exists()


def test_a_run_that_was_killed_before_the_uuid_was_gone_is_gone_on_with(data: Path) -> None:
    snapshot_copy.prepare(FORMER)
    snapshot_copy.prepare(REPLAYED)
    (data / "auto.cnf").write_text(f"[auto]\nserver-uuid={SOURCE}\n")
    snapshot_copy.prepare(REPLAYED)
    assert not (data / "auto.cnf").exists()


@pytest.mark.parametrize("before", [[PLAIN], [FORMER, PLAIN], []])
def test_a_volume_that_was_served_from_or_of_which_that_is_not_known_is_no_copy(
    data: Path, before: list[DataSpec]
) -> None:
    for spec in before:
        snapshot_copy.prepare(spec)
    snapshot_copy.prepare(REPLAYED)
    assert snapshot_copy.to_do() is None
    assert (data / "auto.cnf").exists() and not (data / "closed.cnf").exists()


@pytest.mark.parametrize("state", ["under way", "restored"])
def test_data_of_a_restore_that_has_not_ended_are_closed_on_another_host_too(data: Path, state: str) -> None:
    snapshot_copy.prepare(PLAIN)
    restoring.mark(state)
    snapshot_copy.prepare(PLAIN)
    assert "offline_mode = ON" in (data / "closed.cnf").read_text()


def test_a_copy_whose_replay_was_begun_is_closed_on_another_host_too(data: Path) -> None:
    snapshot_copy.prepare(FORMER)
    snapshot_copy.prepare(REPLAYED)
    (data / "auto.cnf").write_text("[auto]\nserver-uuid=11111111-ebe0-11f1-bdda-6e8c315f54a6\n")
    (data / "closed.cnf").unlink()
    snapshot_copy.prepare(REPLAYED)
    assert (data / "closed.cnf").exists()


def test_without_restorefrom_everyone_is_let_in_again_and_the_copy_is_a_server_as_any(data: Path) -> None:
    snapshot_copy.prepare(FORMER)
    snapshot_copy.prepare(REPLAYED)
    restoring.mark("under way")
    snapshot_copy.prepare(PLAIN)
    snapshot_copy.settle()
    assert restoring.load() is None, "or a later restore would take the data for its own unfinished ones"
    assert not (data / "closed.cnf").exists() and (data / "restarted").exists()
    (data / "restarted").unlink()
    snapshot_copy.settle()
    snapshot_copy.prepare(REPLAYED)
    assert snapshot_copy.to_do() is None and not (data / "restarted").exists()


def test_a_copy_without_a_binary_log_is_refused_and_stays_as_it_is(data: Path) -> None:
    snapshot_copy.prepare(FORMER)
    (data / "binlog.index").unlink()
    with pytest.raises(HostError, match="no binary log in MySQL's data directory"):
        snapshot_copy.prepare(REPLAYED)
    assert (data / "auto.cnf").exists()
    assert kept.load(snapshot_copy.NOTE)["volume"] == FORMER.volume_id
