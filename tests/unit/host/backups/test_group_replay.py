"""backups/replay.py over the logs of several members, with programs that stand in for mysqlbinlog and mysql."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from scripts.host.backups import binary_log, replay
from scripts.host.backups.binary_log import LogFile
from scripts.host.backups.replay import Plan, Wanted
from scripts.host.backups.repository import Repository
from scripts.host.common.errors import HostError
from tests.unit.host.backups.conftest import log_file, manifest
from tests.unit.host.backups.group import GROUP, UUIDS

A, B = UUIDS["a"], UUIDS["b"]
TEN = 1733047200
"""Ten o'clock of the day of log_file, in seconds since 1970."""


def transaction(number: int, second: int) -> str:
    """Return a transaction as mysqlbinlog writes it."""
    return (
        f"# original_commit_timestamp={TEN + second}500000 (2024-12-01 10:00:{second:02d}.500000 UTC)\n"
        f"SET @@SESSION.GTID_NEXT= '{GROUP}:{number}'/*!*/;\nINSERT {number};\n"
    )


class Logs:
    """A repository of log files, which are text."""

    def __init__(self) -> None:
        self.texts: dict[str, dict[str, str]] = {A: {}, B: {}}
        self.batches: list[tuple[str, int]] = []

    def add(self, server: str, number: int, *transactions: tuple[int, int], is_noted: bool = True) -> LogFile:
        """Put a file with transactions: each its number, and the second of its commit."""
        file = replace(log_file(number, "10:01:00"), server=server, is_noted=is_noted)
        self.texts[server][file.object] = "".join(transaction(*one) for one in transactions)
        return file

    def fetch(self, folder: str, names: Sequence[str], into: Path) -> None:
        """Get files of one server."""
        server = folder.removeprefix("logs/")
        self.batches.append((server, len(names)))
        for name in names:
            (into / name).write_text(self.texts[server][name])


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status_file: Path) -> Logs:
    """An empty repository, and programs in PATH that print files, and keep what they read."""
    assert status_file
    programs = {
        "mysqlbinlog": 'while [ "${1#--}" != "$1" ]; do echo "$1" >>{folder}/options; shift; done\nexec cat "$@"',
        "mysql": "exec cat >>{folder}/replayed",
    }
    for name, text in programs.items():
        (tmp_path / name).write_text("#!/bin/sh\n" + text.replace("{folder}", str(tmp_path)) + "\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(binary_log, "digest", lambda path: path.name.rpartition(".")[2])
    return Logs()


def replayed(logs: Logs, folder: Path, files: Sequence[LogFile], **wanted: Any) -> list[int]:
    """Replay files, and return the numbers of the transactions that a server was given."""
    plan = Plan(manifest("20241201T100000Z"), tuple(files), Wanted(**wanted), "")
    replay.replay(cast("Repository", logs), plan, "socket", folder / "log")
    lines = (folder / "replayed").read_text().splitlines()
    return [int(line.removeprefix("INSERT ").rstrip(";")) for line in lines if line.startswith("INSERT")]


def test_the_files_of_each_member_are_fetched_from_its_own_folder(logs: Logs, tmp_path: Path) -> None:
    files = [logs.add(A, 1, (1, 1)), logs.add(A, 2, (2, 2)), logs.add(B, 9, (2, 2), (3, 3)), logs.add(A, 7, (4, 4))]
    # What is there twice, MySQL skips by GTID.
    assert replayed(logs, tmp_path, files) == [1, 2, 2, 3, 4]
    assert logs.batches == [(A, 2), (B, 1), (A, 1)]


def test_a_moment_is_that_of_the_commit_whenever_a_member_has_applied_it(logs: Logs, tmp_path: Path) -> None:
    files = [logs.add(B, 1, (1, 1), (2, 19)), logs.add(B, 2, (3, 19), (4, 20), (5, 21)), logs.add(A, 3, (5, 21))]
    assert replayed(logs, tmp_path, files, at="2024-12-01T10:00:20Z") == [1, 2, 3]
    assert "stop-datetime" not in (tmp_path / "options").read_text()
    assert logs.batches == [(B, 2)]


def test_of_a_server_alone_mysqlbinlog_knows_the_moment(logs: Logs, tmp_path: Path) -> None:
    files = [logs.add(A, 1, (1, 30), is_noted=False)]
    assert replayed(logs, tmp_path, files, at="2024-12-01T10:00:20Z") == [1]
    assert "--stop-datetime=2024-12-01 10:00:20" in (tmp_path / "options").read_text()


def test_a_replay_up_to_a_transaction_ends_in_whichever_log_has_it(logs: Logs, tmp_path: Path) -> None:
    files = [logs.add(A, 1, (1, 1)), logs.add(B, 9, (1, 1), (2, 2)), logs.add(A, 7, (3, 3))]
    assert replayed(logs, tmp_path, files, gtid=f"{GROUP}:2") == [1, 1]
    with pytest.raises(HostError, match="has no transaction"):
        replayed(logs, tmp_path, files, gtid=f"{GROUP}:9")
