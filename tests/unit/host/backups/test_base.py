"""backups/base.py: when a base is made, and when it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from scripts.host.backups import base, binary_log, chosen, own, repository, status
from scripts.host.backups.chosen import Group
from scripts.host.common import state_file
from scripts.host.common.errors import HostError
from scripts.host.group.view import Seen
from scripts.host.mysql import restoring, server, service
from tests.unit.host.backups.test_backup_spec import BACKUPS

MADE = dict.fromkeys(base.TOLD, "x") | {"started": "2026-11-29T12:00:00Z"}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A host on which a base is made at once; return what was made."""
    made: list[str] = []

    def make(*_: Any) -> dict[str, Any]:
        made.append("a base")
        return MADE

    monkeypatch.setattr(state_file, "FOLDER", tmp_path / "state")
    monkeypatch.setattr(status, "FILE", tmp_path / "status.json")
    monkeypatch.setattr(restoring, "OPTION_FILE", tmp_path / "restore.cnf")
    monkeypatch.setattr(server, "Session", object)
    monkeypatch.setattr(own, "spec", lambda: BACKUPS)
    monkeypatch.setattr(own, "check_log", lambda _: None)
    monkeypatch.setattr(binary_log, "begin", lambda *_: None)
    monkeypatch.setattr(repository, "opened", lambda _: nullcontext())
    monkeypatch.setattr(base, "_make", make)
    monkeypatch.setattr(service, "run_id", lambda: "first")
    return made


@contextmanager
def asked_beside_another() -> Iterator[Future[dict[str, Any]]]:
    """Ask for a base while one is being made, which ends with the block."""
    with ThreadPoolExecutor(1) as pool, status.held("run"):
        asked = pool.submit(base.run)
        with pytest.raises(TimeoutError):
            asked.result(timeout=0.2)
        yield asked


def test_a_base_comes_after_the_one_that_is_being_made(made: list[str]) -> None:
    with asked_beside_another() as asked:
        made.append("the one before")
    assert asked.result(timeout=30)["started"] == MADE["started"]
    assert made == ["the one before", "a base"]


def test_of_a_group_another_member_makes_it_and_that_is_no_failure(
    made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = (("other", "10.0.0.1", "SECONDARY"), ("own", "10.0.0.2", "PRIMARY"))
    members = tuple(Seen(uuid, address, "ONLINE", role, "9.7.4") for uuid, address, role in roles)
    monkeypatch.setattr(chosen, "view", lambda _: Group("own", members))
    assert (base.run(), made, status.load()) == ({"elsewhere": "10.0.0.1"}, [], {})
    monkeypatch.setattr(chosen, "view", lambda _: Group("other", members))
    assert base.run()["started"] == MADE["started"]
    assert status.load()["newest_base"] == MADE["started"]


@pytest.mark.parametrize("after", ["", "second", "first"])
def test_one_that_fails_as_mysql_was_stopped_is_made_later_and_nothing_has_failed(
    made: list[str], monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    def make(*_: Any) -> dict[str, Any]:
        monkeypatch.setattr(service, "run_id", lambda: after)
        raise HostError("mysqldump: Error 2013: Lost connection")

    monkeypatch.setattr(base, "_make", make)
    with pytest.raises(HostError, match="Lost connection" if after == "first" else "MySQL was stopped while the base"):
        base.run()
    assert bool(status.load().get("base_failure")) == (after == "first")
    assert made == []


def test_none_is_made_of_a_server_on_which_a_restore_has_begun_meanwhile(made: list[str]) -> None:
    with asked_beside_another() as asked:
        restoring.close_at_start()
    with pytest.raises(HostError, match="restore"):
        asked.result(timeout=30)
    assert made == []
