"""mysql_initialization.py: when a data directory is set aside, and when it is left alone."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

import host
import mysql_initialization
from tests.unit.host.bench import Bench

BEGINS = "0 [System] [MY-013169] [Server] mysqld (mysqld 9.7.4-2) initializing of server in progress as process 960\n"
FAILS = "0 [ERROR] [MY-013236] [Server] The designated data directory /var/lib/mysql/ is unusable.\n"
NOT_EMPTY = "0 [ERROR] [MY-010457] [Server] --initialize specified but the data directory has files in it.\n"
ENDS = "0 [System] [MY-015018] [Server] MySQL Server Initialization - end.\n"
NEVER, BEFORE, INSTALLED = "half-configured/", "half-configured/8.4.6", "installed/"


@pytest.fixture
def data(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory with a file in it."""
    found = bench.folder / "mysql"
    found.mkdir()
    (found / "ibdata1").touch()
    monkeypatch.setattr(mysql_initialization, "DATA", found)
    monkeypatch.setattr(mysql_initialization, "ERROR_LOG", bench.folder / "error.log")
    return found


def happened(bench: Bench, state: str, log: str) -> None:
    bench.stand_in("dpkg-query", f"printf %s '{state}'")
    (bench.folder / "error.log").write_text(log)


@pytest.mark.parametrize("log", [BEGINS + FAILS + ENDS, BEGINS + NOT_EMPTY + FAILS + BEGINS + FAILS])
def test_what_a_failed_initialization_left_is_set_aside_and_kept(bench: Bench, data: Path, log: str) -> None:
    happened(bench, NEVER, log)
    aside = mysql_initialization.set_aside()
    assert aside and [path.name for path in aside.iterdir()] == ["ibdata1"]
    assert list(data.iterdir()) == []


@pytest.mark.parametrize(
    ("state", "log"),
    [
        (INSTALLED, BEGINS + FAILS),
        (BEFORE, BEGINS + FAILS),
        ("", BEGINS + FAILS),
        (NEVER, BEGINS + ENDS),
        (NEVER, BEGINS + FAILS + BEGINS + ENDS),
        (NEVER, BEGINS + NOT_EMPTY + FAILS),
        (NEVER, FAILS),
    ],
    ids=["it is set up", "it was", "not there", "it went well", "the second time", "somebody's data", "of another log"],
)
def test_any_other_directory_is_left_alone(bench: Bench, data: Path, state: str, log: str) -> None:
    happened(bench, state, log)
    assert mysql_initialization.set_aside() is None
    assert (data / "ibdata1").exists()


def test_without_a_log_it_is_left_alone(bench: Bench, data: Path) -> None:
    happened(bench, NEVER, "")
    (bench.folder / "error.log").unlink()
    assert mysql_initialization.set_aside() is None
    assert (data / "ibdata1").exists()


@pytest.mark.parametrize(("failures", "ends_well"), [(0, True), (1, True), (2, False)])
def test_an_installation_in_which_it_fails_is_tried_once_more(
    bench: Bench, data: Path, failures: int, ends_well: bool
) -> None:
    tried = []

    def install() -> None:
        tried.append(list(data.iterdir()))
        if len(tried) <= failures:
            (data / "ibdata1").touch()
            happened(bench, NEVER, BEGINS + FAILS)
            raise host.HostError("`apt-get install` failed")
        happened(bench, INSTALLED, BEGINS + ENDS)

    happened(bench, NEVER, BEGINS + FAILS)  # in the first boot
    with nullcontext() if ends_well else pytest.raises(host.HostError, match="apt-get install"):
        mysql_initialization.mended(install)
    assert tried == [[]] * min(failures + 1, 2), "each time in an empty directory"


def test_an_installation_that_fails_otherwise_is_not_tried_again(bench: Bench, data: Path) -> None:
    happened(bench, "", "")
    tried = []

    def install() -> None:
        tried.append(1)
        raise host.HostError("E: Unable to locate package nosuch")

    with pytest.raises(host.HostError, match="nosuch"):
        mysql_initialization.mended(install)
    assert tried == [1] and (data / "ibdata1").exists()
