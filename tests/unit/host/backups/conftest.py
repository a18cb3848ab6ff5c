"""What the tests of the backups share: a repository in memory, a status file in a folder of the test's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from scripts.host.backups import chosen, status
from scripts.host.backups.binary_log import LogFile
from scripts.host.backups.repository import Object, UnreadableError

SERVER = "97b64900-ebe0-11f1-bdda-6e8c315f54a6"


def manifest(base: str, first_log: str = "binlog.000003", **changes: Any) -> dict[str, Any]:
    """Return a manifest, as far as restores read it."""
    return {
        "id": base,
        "started": status.written(status.parsed(base)),
        "ended": status.written(status.parsed(base)),
        "server_uuid": SERVER,
        "mysql_version": "9.7.4-2",
        "lower_case_table_names": 0,
        "gtid_executed": f"{SERVER}:1-10",
        "first_log": first_log,
        "bytes": 10,
        "data_bytes": 100,
        **changes,
    }


def log_file(number: int, ended: str) -> LogFile:
    """Return a file of the log that ended at this time of 2024-12-01."""
    moment = status.parsed(f"2024-12-01T{ended}Z")
    return LogFile(f"binlog.{number:06d}", number, moment, f"{number:016x}", 7)


class MemoryRepository:
    """A repository: bases by their manifests, and the log."""

    def __init__(self) -> None:
        self.manifests: dict[str, dict[str, Any]] = {}
        self.log: list[LogFile] = []
        self.of_another_key: set[str] = set()

    def add(self, *manifests: dict[str, Any]) -> None:
        """Put bases."""
        self.manifests |= {one["id"]: one for one in manifests}

    def objects(self, folder: str) -> list[Object]:
        """Return what a folder has."""
        if folder == "bases":
            return [Object(f"{base}/{name}", 1) for base in self.manifests for name in ("dump.zst", "manifest.json")]
        return [Object(file.object, file.size) for file in self.log] if folder == f"logs/{SERVER}" else []

    def fetch(self, _folder: str, names: Sequence[str], into: Path) -> None:
        """Get manifests."""
        for name in names:
            base = name.split("/")[0]
            if base not in self.of_another_key:
                (into / base).mkdir()
                (into / name).write_text(json.dumps(self.manifests[base]))
        if self.of_another_key:
            raise UnreadableError("this key does not open it")


@pytest.fixture
def memory(state_folder: Path) -> MemoryRepository:
    """An empty repository."""
    (state_folder / "backups").mkdir()
    return MemoryRepository()


@pytest.fixture
def status_file(state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The status file of a host that has none yet."""
    path = state_folder / "status" / "backups.json"
    monkeypatch.setattr(status, "FILE", path)
    return path


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is in no group."""
    monkeypatch.setattr(chosen, "view", lambda _session: None)
