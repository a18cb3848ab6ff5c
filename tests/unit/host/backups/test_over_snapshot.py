"""backups/over_snapshot.py: what of the log is replayed over a snapshot, and why it cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from scripts.host.backups import over_snapshot, status
from scripts.host.backups.replay import Plan
from scripts.host.backups.repository import Repository
from scripts.host.backups.spec import RepositorySpec, RestoreSpec
from scripts.host.common.errors import HostError
from scripts.host.mysql.server import Session
from tests.unit.host.backups.conftest import SERVER, MemoryRepository, log_file, manifest
from tests.unit.host.backups.group import GroupRepository, gtids, moment

SPEC = RestoreSpec(RepositorySpec("k" * 16, "", "/r", ""), snapshot="snap-0cccccccccccccccc")
WRITTEN = int(status.parsed("2024-12-01T10:30:00Z").timestamp())
COPY = {
    "snapshot": SPEC.snapshot,
    "server_uuid": SERVER,
    "first_log": "binlog.000004",
    "written": WRITTEN,
    "executed": "",
}


class Mysqld:
    """The copy's server, which has the source's transactions 1 to 10, and perhaps some of its own."""

    used = ""

    def one(self, _query: str) -> str:
        """Answer for the server's UUID."""
        return "11111111-ebe0-11f1-bdda-6e8c315f54a6"

    def rows(self, query: str, args: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Answer GTID_SUBTRACT and GTID_SUBSET."""
        return [(self.used,)] if "SUBTRACT" in query else [(int(args[0].rsplit(":")[-1]) <= 10,)]


@pytest.fixture
def repo(memory: MemoryRepository) -> MemoryRepository:
    """The log up to 10:50, without a base."""
    ends = [(3, "10:20:00"), (4, "10:30:20"), (5, "10:40:00"), (6, "10:50:00")]
    memory.log = [log_file(number, end) for number, end in ends]
    return memory


def planned(repo: MemoryRepository, spec: RestoreSpec = SPEC, used: str = "", **copy: Any) -> Plan:
    """Return the plan."""
    mysqld = Mysqld()
    mysqld.used = used
    return over_snapshot.plan(cast("Repository", repo), spec, {**COPY, **copy}, cast("Session", mysqld))


@pytest.mark.parametrize(
    ("changes", "numbers", "restored_to"),
    [
        ({}, [4, 5, 6], "2024-12-01T10:50:00Z"),
        ({"at": "2024-12-01T10:35:00Z"}, [4, 5], "2024-12-01T10:35:00Z"),
        ({"gtid": f"{SERVER}:15"}, [4, 5, 6], f"before {SERVER}:15"),
    ],
)
def test_the_log_is_replayed_from_the_file_that_was_written_to(
    repo: MemoryRepository, changes: dict[str, Any], numbers: list[int], restored_to: str
) -> None:
    plan = planned(repo, replace(SPEC, **changes))
    assert [file.number for file in plan.files] == numbers
    assert (plan.restored_to, plan.manifest["server_uuid"]) == (restored_to, SERVER)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"at": "2024-12-01T10:30:00Z"}, "is before the last transaction of snap-0ccc"),
        ({"at": "2024-12-01T10:50:01Z"}, "is after the end of the log"),
        ({"gtid": f"{SERVER}:10"}, "is in snap-0cccccccccccccccc already"),
        ({"snapshot": "snap-0ddddddddddddddd"}, "the volume is of snap-0ccc.*, and not of snap-0ddd"),
    ],
)
def test_a_moment_that_the_snapshot_and_the_log_do_not_have_is_refused(
    repo: MemoryRepository, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(HostError, match=words):
        planned(repo, replace(SPEC, **changes))


def test_another_servers_log_is_refused(repo: MemoryRepository) -> None:
    with pytest.raises(HostError, match="the repository has no log of server 2222"):
        planned(repo, server_uuid="22222222-ebe0-11f1-bdda-6e8c315f54a6")


def test_a_server_that_was_written_to_since_is_refused(repo: MemoryRepository) -> None:
    with pytest.raises(HostError, match="has data of its own since the snapshot"):
        planned(repo, used="11111111-ebe0-11f1-bdda-6e8c315f54a6:1-3")


def test_a_snapshot_of_a_server_that_another_came_after_is_refused_unless_a_moment_is_given(
    repo: MemoryRepository,
) -> None:
    repo.add(manifest("20241201T100000Z"), manifest("20241201T104500Z", server_uuid="another"))
    assert planned(repo).files
    repo.add(manifest("20241201T110000Z", server_uuid="another"))
    with pytest.raises(HostError, match=r"base 20241201T110000Z is of another.*set `at` to 2024-12-01T10:50:00Z"):
        planned(repo)
    assert planned(repo, replace(SPEC, at="2024-12-01T10:50:00Z")).files


def test_over_a_snapshot_of_a_groups_member_the_log_goes_on_over_anothers(state_folder: Path) -> None:
    (state_folder / "backups").mkdir()
    group = GroupRepository()
    a, b = group.member("a"), group.member("b")
    for second, last in ((60, 5), (120, 9)):
        for member in (a, b):
            member.has(*range(1, last))
            member.sends(second, "ab")
    written = int(status.parsed(moment(100)).timestamp())
    copy = {**COPY, "server_uuid": a.uuid, "written": written, "executed": gtids(range(1, 7)), "first_log": "x.000002"}
    # The snapshot's member is lost before the other one.
    b.has(9, 10)
    b.sends(180, "b")
    group.add(manifest("20241201T100230Z", server_uuid=b.uuid, members=[a.uuid, b.uuid]))
    plan = over_snapshot.plan(cast("Repository", group), SPEC, copy, cast("Session", Mysqld()))
    assert (plan.restored_to, plan.files[-1].server) == (moment(180), b.uuid)
    assert plan.files[0].number == 2


def test_a_gap_is_refused_unless_the_moment_is_before_it(repo: MemoryRepository) -> None:
    del repo.log[2]
    with pytest.raises(HostError, match=r"has a gap: .*Set `at` to 2024-12-01T10:30:20Z or before"):
        planned(repo)
    assert planned(repo, replace(SPEC, at="2024-12-01T10:30:10Z")).files
