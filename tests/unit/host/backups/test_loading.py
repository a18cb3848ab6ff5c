"""backups/replay.py, with programs that stand in for rclone, zstd and mysql: what is loaded, and for how long."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, cast

import pytest

from scripts.host.backups import pipeline, progress, replay
from scripts.host.backups.repository import Repository
from scripts.host.common.errors import HostError
from tests.unit.host.backups.conftest import manifest

DUMP = b"CREATE TABLE a;\nINSERT INTO a;\n" * 100_000
MYSQL = """\
#!/bin/sh
cat >{folder}/loaded
# The last statement.
sleep {seconds}
exit {code}
"""


class Bucket:
    """A repository of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def at(self, path: str) -> str:
        """Return where a file is."""
        return str(self._path / Path(path).name)

    def argv(self, *words: str) -> list[str]:
        """Return a command line."""
        return [*words]


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with a dump, and programs in PATH."""
    (tmp_path / "dump.zst").write_bytes(DUMP)
    (tmp_path / "zstd").write_text("#!/bin/sh\nexec cat\n")
    (tmp_path / "zstd").chmod(0o755)
    mysql(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return cast("Repository", Bucket(tmp_path))


def mysql(folder: Path, code: int = 0, seconds: float = 0) -> None:
    """Have a client that needs so long for the last statement."""
    (folder / "mysql").write_text(MYSQL.format(folder=folder, code=code, seconds=seconds))
    (folder / "mysql").chmod(0o755)


def base(**changes: Any) -> dict[str, Any]:
    """Return the manifest of the dump."""
    digest = hashlib.sha256(DUMP).hexdigest()
    return manifest("20241201T100000Z", **{"sha256": digest, "dump_bytes": len(DUMP), **changes})


def test_the_client_gets_the_dump_and_as_much_time_as_its_last_statement_takes(
    repo: Repository, tmp_path: Path, status_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "END_SECONDS", 0.5)
    mysql(tmp_path, seconds=0.8)
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.0)
    replay.load(repo, base(), "socket")
    assert (tmp_path / "loaded").read_bytes() == DUMP
    text = json.loads(status_file.read_text())["progress"]["text"]
    assert text.startswith("load base 20241201T100000Z: 100% of 0.00 GiB")


@pytest.mark.usefixtures("status_file")
def test_a_client_that_fails_and_a_dump_of_another_manifest_are_told(repo: Repository, tmp_path: Path) -> None:
    with pytest.raises(HostError, match="base 20241201T100000Z is damaged"):
        replay.load(repo, base(sha256="0" * 64), "socket")
    mysql(tmp_path, code=1)
    with pytest.raises(HostError, match="`mysql` failed"):
        replay.load(repo, base(), "socket")
