"""backups/listing.py: how far a base can be restored by the files of the log that there are."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, cast

import pytest

from scripts.host.backups import listing, repository
from scripts.host.backups.repository import Repository, UnreadableError
from scripts.host.backups.spec import RepositorySpec
from tests.unit.host.backups.conftest import MemoryRepository, log_file, manifest

BASE = manifest("20241201T100000Z")


@pytest.mark.parametrize(
    ("files", "numbers", "latest", "gap"),
    [
        ([], [], "10:00:00", ""),
        ([(2, "09:59:00"), (3, "10:01:00"), (4, "10:02:00")], [3, 4], "10:02:00", ""),
        # In the second of the base, before it.
        ([(2, "10:00:00"), (3, "10:01:00")], [3], "10:01:00", ""),
        # Sent twice.
        ([(3, "10:01:00"), (3, "10:01:01"), (4, "10:02:00")], [3, 4], "10:02:00", ""),
        (
            [(3, "10:01:00"), (5, "10:03:00")],
            [3],
            "10:01:00",
            "binlog.000004 of the log is missing before binlog.000005",
        ),
        ([(4, "10:02:00")], [], "10:00:00", "binlog.000003 of the log is missing before binlog.000004"),
        # RESET: the numbers begin anew, and files of before are there still.
        ([(8, "09:00:00"), (3, "10:01:00"), (1, "10:02:00")], [3], "10:01:00", "binlog.000004 of the log is missing"),
    ],
)
def test_a_base_reaches_as_far_as_the_log_goes_on_without_a_gap(
    files: list[tuple[int, str]], numbers: list[int], latest: str, gap: str
) -> None:
    chain = listing.chain(BASE, sorted((log_file(*file) for file in files), key=lambda file: file.ended))
    assert [file.number for file in chain.files] == numbers
    assert chain.latest == f"2024-12-01T{latest}Z"
    assert chain.gap.startswith(gap) and bool(chain.gap) == bool(gap)


@pytest.fixture
def listed(memory: MemoryRepository, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lists what the repository in memory has."""

    @contextmanager
    def opened(_spec: RepositorySpec) -> Any:
        yield memory

    monkeypatch.setattr(repository, "opened", opened)
    return lambda: listing.listed(RepositorySpec("k" * 16, "", "/r", ""))


def test_a_list_has_the_newest_base_first_and_how_far_back_one_can_go(listed: Any, memory: MemoryRepository) -> None:
    memory.add(BASE, manifest("20241201T120000Z", "binlog.000005"))
    memory.log = [log_file(3, "10:01:00"), log_file(4, "11:00:00"), log_file(5, "12:30:00")]
    answer = listed()
    assert [base.id for base in answer.bases] == ["20241201T120000Z", "20241201T100000Z"]
    assert (answer.earliest, answer.latest) == ("2024-12-01T10:00:00Z", "2024-12-01T12:30:00Z")


def test_bases_of_another_key_are_named_and_the_others_listed(listed: Any, memory: MemoryRepository) -> None:
    memory.add(BASE, manifest("20241201T120000Z"))
    memory.of_another_key = {BASE["id"]}
    answer = listed()
    assert ([base.id for base in answer.bases], answer.unreadable) == (["20241201T120000Z"], (BASE["id"],))


def test_a_key_that_opens_nothing_is_a_wrong_key(memory: MemoryRepository) -> None:
    memory.add(BASE)
    memory.of_another_key = {BASE["id"]}
    with pytest.raises(UnreadableError):
        listing.contents(cast("Repository", memory))
