"""backups/binary_log.py: what is sent, in which order, and when the log has a gap."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from scripts.host.backups import binary_log, status
from scripts.host.backups.binary_log import LogFile
from scripts.host.backups.repository import Object
from scripts.host.backups.spec import BackupSpec
from scripts.host.common import codec, state_file
from scripts.host.common.errors import HostError
from scripts.host.mysql import server
from tests.unit.host.backups.conftest import SERVER
from tests.unit.host.stand_ins import Bench

RCLONE = """case "$*" in
*obscure*) echo obscured ;;
*lsjson*) cat {store}/list ;;
*copyto*) [ ! -e {store}/away ] || {{ echo 'dial tcp: i/o timeout' >&2; exit 1; }} ;;
esac
"""


class Mysqld:
    """A server's log: files in a folder, the last one of which is written to."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.committed, self.flushes = folder, 0, 0
        self.files: list[int] = []
        self.new_file(7)

    def new_file(self, number: int) -> None:
        """Go on in a file of this number."""
        self.files.append(number)
        (self.folder / f"binlog.{number:06d}").write_text(f"log {number}")

    def commit(self) -> None:
        """Commit a transaction."""
        self.committed += 1

    def purge(self, below: int) -> None:
        """Forget older files."""
        self.files = [number for number in self.files if number >= below]

    def rows(self, query: str, _args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer a query for the files."""
        assert query == "SHOW BINARY LOGS"
        return [(f"binlog.{number:06d}", 10, "No") for number in self.files]

    def one(self, query: str) -> Any:
        """Answer a query for a variable."""
        values = {"server_uuid": SERVER, "gtid_executed": f"{SERVER}:1-{self.committed}"}
        return next((value for name, value in values.items() if name in query), str(self.folder / "binlog"))

    def do(self, statement: str) -> None:
        """Go on in the next file."""
        assert statement == "FLUSH BINARY LOGS"
        self.flushes += 1
        self.new_file(self.files[-1] + 1)


@pytest.fixture
def mysqld(bench: Bench, status_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mysqld:
    """A server with backups, whose log was never sent."""
    spec = BackupSpec(key="k" * 16, bucket="", prefix="/r", region="")
    state_file.save("backups/spec.json", codec.as_data(spec))
    (tmp_path / "list").write_text("[]")
    bench.stand_in("rclone", RCLONE.format(store=tmp_path))
    bench.stand_in("systemctl")
    mysqld = Mysqld(tmp_path)
    monkeypatch.setattr(server, "Session", lambda: mysqld)
    assert status_file.parent.parent.exists()
    return mysqld


def sent(bench: Bench) -> list[int]:
    """Return the numbers of the files that were sent since the last time."""
    calls = [call for call in bench.calls() if "copyto" in call]
    return [int(call.split("binlog.")[1][:6]) for call in calls]


def test_a_file_is_closed_and_sent_only_if_something_was_committed(mysqld: Mysqld, bench: Bench) -> None:
    mysqld.commit()
    assert binary_log.ship()["file"] == "binlog.000007"
    assert (sent(bench), mysqld.flushes) == ([7], 1)
    binary_log.ship()
    assert (sent(bench), mysqld.flushes) == ([], 1)
    mysqld.commit()
    binary_log.ship()
    assert (sent(bench), mysqld.flushes) == ([8], 2)


def test_what_was_closed_while_s3_was_away_is_sent_in_order_once_it_is_back(
    mysqld: Mysqld, bench: Bench, tmp_path: Path
) -> None:
    (tmp_path / "away").touch()
    for _ in range(2):
        mysqld.commit()
        with pytest.raises(HostError, match="S3 cannot be reached"):
            binary_log.ship()
    assert status.load()["log_failure"] and "complete_to" not in status.load().get("log", {})
    (tmp_path / "away").unlink()
    bench.calls()
    binary_log.ship()
    assert sent(bench) == [7, 8]
    assert (status.load()["log_failure"], status.load().get("gap")) == (None, None)


@pytest.mark.parametrize("change", ["purged", "reset"])
def test_a_gap_is_told_and_begins_a_base(mysqld: Mysqld, bench: Bench, change: str) -> None:
    mysqld.commit()
    binary_log.ship()
    bench.calls()
    if change == "purged":
        mysqld.new_file(9)
        mysqld.new_file(10)
        mysqld.purge(10)
        numbers, reason = [10], "has purged the log's files 8 to 9 before they were sent"
    else:
        mysqld.files = []
        mysqld.new_file(1)
        numbers, reason = [1], "begun anew (RESET) after its file 7"
    mysqld.commit()
    binary_log.ship()
    calls = bench.calls()
    assert [int(call.split("binlog.")[1][:6]) for call in calls if "copyto" in call] == numbers
    assert "systemctl start --no-block mysql-pair-base.service" in calls
    assert reason in status.load()["gap"]["reason"]
    # A base that a crash has ended is begun again, until one ends the gap.
    binary_log.ship()
    assert "systemctl start --no-block mysql-pair-base.service" in bench.calls()
    status.update(base={"id": "x"}, gap=None)
    binary_log.ship()
    assert not [call for call in bench.calls() if "systemctl" in call]


def test_on_a_full_disk_no_new_file_is_begun_for_mysql_would_stop(
    mysqld: Mysqld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binary_log, "FREE_BYTES", 1 << 60)
    mysqld.commit()
    with pytest.raises(HostError, match="make room"):
        binary_log.ship()
    assert mysqld.flushes == 0


def test_a_host_that_lost_its_state_goes_on_where_the_repository_ends(
    mysqld: Mysqld, bench: Bench, tmp_path: Path
) -> None:
    objects = [{"Path": f"binlog.{number:06d}.20241201T10000{number}Z.{number:016x}", "Size": 3} for number in (5, 6)]
    (tmp_path / "list").write_text(json.dumps(objects))
    mysqld.files = [5, 6, 7]
    mysqld.commit()
    binary_log.ship()
    assert sent(bench) == [7]


def test_the_name_of_a_file_says_when_it_ended_and_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "binlog.000012"
    path.write_text("events")
    os.utime(path, (1733047200, 1733047200))
    file = LogFile.of(path)
    assert file.object.startswith("binlog.000012.20241201T100000Z.")
    assert LogFile.parsed(Object(file.object, 6)) == file
    assert LogFile.parsed(Object("notes.txt", 6)) is None
