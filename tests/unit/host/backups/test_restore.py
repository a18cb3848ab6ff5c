"""backups/restore.py: onto what it goes, what it refuses, and what becomes of one that was cut off."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.host.backups import over_snapshot, replay, repository, restore
from scripts.host.backups.replay import Plan, Wanted
from scripts.host.backups.spec import RepositorySpec, RestoreSpec
from scripts.host.common.errors import HostError
from scripts.host.mysql import restoring, server, service, snapshot_copy
from tests.unit.host.backups.conftest import SERVER, MemoryRepository, log_file, manifest

SPEC = RestoreSpec(RepositorySpec("k" * 16, "", "/r", ""))


class Mysqld:
    """A server: its databases, its settings, and the statements that changed something."""

    def __init__(self) -> None:
        self.databases: list[str] = []
        self.statements: list[str] = []
        self.start()

    def start(self) -> None:
        """Start, with the settings of the option files."""
        self.settings = {
            "offline_mode": "OFF",
            "event_scheduler": "ON",
            "max_allowed_packet": 67108864,
            "innodb_flush_log_at_trx_commit": 1,
        }
        if restoring.is_closed():
            self.settings |= restoring.SETTINGS

    def rows(self, query: str, _args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer a query."""
        if "information_schema.tables" in query:
            return [(len(self.databases),)]
        return [(name,) for name in self.databases] if "schemata" in query else []

    def one(self, query: str) -> Any:
        """Answer a query for a single value."""
        name = query.rpartition(".")[2]
        return self.settings.get(name, "9.7.4-2" if "VERSION" in query else 0)

    def do(self, statement: str, args: Sequence[Any] = ()) -> None:
        """Run a statement."""
        if statement.startswith("SET GLOBAL") and args:
            self.settings[statement.split()[2]] = args[0]
        elif statement.startswith("DROP DATABASE"):
            self.databases.remove(statement.split("`")[1])
        self.statements.append(statement)


def is_closed(mysqld: Mysqld) -> bool:
    """Tell whether clients are kept out, now and after a start."""
    return mysqld.settings.items() >= restoring.SETTINGS.items() and restoring.is_closed()


@pytest.fixture
def mysqld(memory: MemoryRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mysqld:
    """A new server, and a repository with a base and a file of the log."""
    monkeypatch.setattr(restoring, "MARKER", tmp_path / "marker.json")
    monkeypatch.setattr(restoring, "OPTION_FILE", tmp_path / "closed.cnf")
    mysqld = Mysqld()
    memory.add(manifest("20241201T100000Z", parts={"`a`.`b`": {"kind": "table"}}, dump_bytes=100))
    memory.log = [log_file(3, "10:10:00")]

    @contextmanager
    def opened(_spec: RepositorySpec) -> Any:
        yield memory

    def load(*_: Any) -> None:
        assert is_closed(mysqld)
        mysqld.databases.append("a")

    def replayed(*_: Any) -> int:
        assert is_closed(mysqld)
        return 1

    monkeypatch.setattr(repository, "opened", opened)
    monkeypatch.setattr(server, "Session", lambda: mysqld)
    monkeypatch.setattr(service, "DATA", tmp_path)
    monkeypatch.setattr(server, "restart", mysqld.start)
    monkeypatch.setattr(replay, "load", load)
    monkeypatch.setattr(replay, "replay", replayed)
    monkeypatch.setattr(replay, "check_space", lambda *_: None)
    return mysqld


def test_a_new_server_gets_base_and_log_and_its_settings_back(mysqld: Mysqld) -> None:
    facts = restore.restore(SPEC)
    assert (facts.base, facts.restored_to, facts.logs) == ("20241201T100000Z", "2024-12-01T10:10:00Z", 1)
    assert mysqld.settings == Mysqld().settings
    assert "RESET BINARY LOGS AND GTIDS" in mysqld.statements


def test_a_server_with_data_is_refused_and_not_touched(mysqld: Mysqld) -> None:
    mysqld.databases = ["theirs"]
    with pytest.raises(HostError, match="this server has data"):
        restore.restore(SPEC)
    assert mysqld.databases == ["theirs"]
    assert mysqld.statements == ["SET SESSION sql_log_bin = 0"]


def test_the_same_restore_is_done_once_and_another_is_refused(mysqld: Mysqld) -> None:
    first = restore.restore(SPEC)
    done = len(mysqld.statements)
    again = restore.restore(SPEC)
    assert again.already and again.seconds == first.seconds
    with pytest.raises(HostError, match="was restored already"):
        restore.restore(RestoreSpec(SPEC.source, at="2024-12-01T10:05:00Z"))
    assert set(mysqld.statements[done:]) == {"SET SESSION sql_log_bin = 0"}


def test_one_that_was_killed_when_the_data_were_whole_lets_everybody_in_and_loads_nothing(
    mysqld: Mysqld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(server, "restart", killed)
        with pytest.raises(KeyboardInterrupt):
            restore.restore(SPEC)
    assert mysqld.settings["offline_mode"] == "ON"
    assert restore.restore(SPEC).already
    assert mysqld.databases == ["a"]
    assert mysqld.settings == Mysqld().settings


def test_the_marker_has_no_key(mysqld: Mysqld) -> None:  # noqa: ARG001  # it is used
    restore.restore(SPEC)
    assert SPEC.source.key not in restoring.MARKER.read_text()


def test_a_restore_that_was_killed_lets_nobody_in_and_is_wiped_and_begun_again(
    mysqld: Mysqld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        mysqld.databases.append("half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(replay, "load", killed)
        with pytest.raises(KeyboardInterrupt):
            restore.restore(SPEC)
    assert json.loads(restoring.MARKER.read_text())["state"] == "under way"
    assert is_closed(mysqld)
    mysqld.start()
    assert is_closed(mysqld), "after a crash too"
    with pytest.raises(HostError, match="a restore into this server has not ended"):
        restoring.require_ended()
    assert not restore.restore(SPEC).already
    assert mysqld.databases == ["a"]
    assert mysqld.settings == Mysqld().settings


def test_over_a_snapshot_the_log_is_replayed_and_no_base_is_loaded_and_the_next_run_does_nothing(
    mysqld: Mysqld, monkeypatch: pytest.MonkeyPatch
) -> None:
    mysqld.databases = ["theirs"]
    copies = [{"server_uuid": SERVER}]
    monkeypatch.setattr(snapshot_copy, "to_do", lambda: next(iter(copies), None))
    monkeypatch.setattr(snapshot_copy, "done", copies.clear)
    monkeypatch.setattr(over_snapshot, "plan", lambda *_: Plan({}, (), Wanted(), "2024-12-01T10:50:00Z"))
    spec = replace(SPEC, snapshot="snap-0cccccccccccccccc")
    facts = restore.restore(spec)
    assert (facts.base, facts.server_uuid, facts.logs) == (spec.snapshot, SERVER, 1)
    assert (facts.restored_to, mysqld.databases) == ("2024-12-01T10:50:00Z", ["theirs"])
    assert mysqld.settings == Mysqld().settings
    assert restore.restore(spec).already
    with pytest.raises(HostError, match="was restored already"):
        restore.restore(SPEC)


def test_a_replay_over_a_snapshot_that_was_cut_off_is_gone_on_with_and_another_is_refused(
    mysqld: Mysqld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(snapshot_copy, "to_do", lambda: {"server_uuid": SERVER})
    monkeypatch.setattr(snapshot_copy, "done", lambda: None)
    monkeypatch.setattr(over_snapshot, "plan", lambda *_: Plan({}, (), Wanted(), "2024-12-01T10:50:00Z"))
    spec = replace(SPEC, snapshot="snap-0cccccccccccccccc")
    with monkeypatch.context() as patch:
        patch.setattr(replay, "replay", killed)
        with pytest.raises(KeyboardInterrupt):
            restore.restore(spec)
    with pytest.raises(HostError, match="put restoreFrom back as it was"):
        restore.restore(replace(spec, at="2024-12-01T10:40:00Z"))
    assert is_closed(mysqld)
    assert restore.restore(spec).logs == 1
    assert mysqld.settings == Mysqld().settings


def test_a_moment_that_cannot_be_had_leaves_the_server_as_it_is(mysqld: Mysqld) -> None:
    with pytest.raises(HostError, match="is after the end of the log"):
        restore.restore(RestoreSpec(SPEC.source, at="2024-12-01T10:20:00Z"))
    assert not restoring.MARKER.exists()
    assert mysqld.statements == ["SET SESSION sql_log_bin = 0"]
