"""mysql/initialization.py: when a data directory is set aside and initialized anew, and when it is left alone."""

from __future__ import annotations

import os
import pwd
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts.host.common.errors import HostError
from scripts.host.mysql import data_directory, initialization, kept, service
from scripts.host.system import packages
from tests.unit.host.stand_ins import Bench

BEGINS = "0 [System] [MY-013169] [Server] mysqld (mysqld 9.7.4-2) initializing of server in progress as process 960\n"
FAILS = "0 [ERROR] [MY-013236] [Server] The designated data directory /var/lib/mysql/ is unusable.\n"
NOT_EMPTY = "0 [ERROR] [MY-010457] [Server] --initialize specified but the data directory has files in it.\n"
ENDS = "0 [System] [MY-015018] [Server] MySQL Server Initialization - end.\n"
STARTS = "0 [System] [MY-010116] [Server] /usr/sbin/mysqld (mysqld 8.0.45) starting as process 1000\n"
CANNOT_START = STARTS + "0 [ERROR] [MY-010334] [Server] Failed to initialize DD Storage Engine\n"
READY = STARTS + "0 [System] [MY-010931] [Server] /usr/sbin/mysqld: ready for connections.\n"
LEFT = ["#innodb_redo", "mysql"]
"""Folders that a failed initialization leaves."""


@pytest.fixture
def data(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory as a failed initialization leaves it, and a service that is down."""
    folder = bench.folder / "mysql"
    folder.mkdir()
    leave(folder)
    for module in (initialization, service):
        monkeypatch.setattr(module, "ERROR_LOG", bench.folder / "error.log")
    for module in (data_directory, initialization):
        monkeypatch.setattr(module, "DATA", folder)
    monkeypatch.setattr(kept, "FOLDER", folder / ".mysql-pair")
    monkeypatch.setattr(data_directory, "CREDENTIALS", bench.folder / "debian.cnf")
    monkeypatch.setattr(data_directory, "STATEMENTS", bench.folder / "own.sql")
    monkeypatch.setattr(pwd, "getpwnam", lambda _: SimpleNamespace(pw_uid=os.getuid(), pw_gid=os.getgid()))
    bench.stand_in("systemctl", "echo failed; exit 3")
    return folder


def leave(data: Path) -> None:
    """Put into the directory what a failed initialization leaves."""
    (data / "ibdata1").touch()
    for name in LEFT:
        (data / name).mkdir()


def logged(bench: Bench, text: str) -> None:
    (bench.folder / "error.log").write_text(text)


@pytest.mark.parametrize(
    "log",
    [
        BEGINS + FAILS + ENDS,
        BEGINS + NOT_EMPTY + FAILS + BEGINS + FAILS,
        BEGINS + FAILS + BEGINS + NOT_EMPTY + FAILS,
        BEGINS + FAILS + CANNOT_START * 5,
    ],
    ids=[
        "Debian's package",
        "the second time",
        "tried again in what it left",
        "Ubuntu's package, which starts it then",
    ],
)
def test_what_a_failed_initialization_left_is_set_aside_and_kept(bench: Bench, data: Path, log: str) -> None:
    logged(bench, log)
    aside = initialization.set_aside()
    assert aside and sorted(path.name for path in aside.iterdir()) == [*LEFT[:1], "ibdata1", *LEFT[1:]]
    assert list(data.iterdir()) == []
    assert initialization.set_aside() is None, "an empty directory is what the package needs"


def test_a_mount_point_is_emptied_and_stays(bench: Bench, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package initializes it when it is empty, and it cannot be renamed."""
    logged(bench, BEGINS + FAILS + ENDS)
    monkeypatch.setattr(Path, "is_mount", lambda path: path == data)
    inode = data.stat().st_ino
    aside = initialization.set_aside()
    assert aside and sorted(path.name for path in aside.iterdir()) == [*LEFT[:1], "ibdata1", *LEFT[1:]]
    assert list(data.iterdir()) == [] and data.stat().st_ino == inode


@pytest.mark.parametrize(
    "log",
    [
        BEGINS + ENDS,
        BEGINS + FAILS + BEGINS + ENDS,
        BEGINS + NOT_EMPTY + FAILS,
        FAILS,
        BEGINS + FAILS + READY,
        BEGINS + FAILS + READY + CANNOT_START,
        BEGINS + ENDS + READY + BEGINS + NOT_EMPTY + FAILS + CANNOT_START,
        READY + CANNOT_START,
        "",
    ],
    ids=[
        "it went well",
        "the second time",
        "it had files",
        "of another log",
        "a server runs",
        "a server ran",
        "a server ran, and somebody initialized by hand",
        "the log was rotated",
        "an empty log",
    ],
)
def test_any_other_directory_is_left_alone(bench: Bench, data: Path, log: str) -> None:
    logged(bench, log)
    assert initialization.set_aside() is None
    assert (data / "ibdata1").exists()


def test_a_directory_with_a_database_is_left_alone_whatever_the_log_says(bench: Bench, data: Path) -> None:
    logged(bench, BEGINS + FAILS)
    (data / "app").mkdir()
    assert initialization.set_aside() is None
    assert (data / "ibdata1").exists()


def test_a_directory_that_a_server_runs_on_is_left_alone_whatever_the_log_says(bench: Bench, data: Path) -> None:
    logged(bench, BEGINS + FAILS)
    bench.stand_in("systemctl", "echo active")
    assert initialization.set_aside() is None
    assert (data / "ibdata1").exists()


def test_without_a_log_it_is_left_alone(data: Path) -> None:
    assert initialization.set_aside() is None
    assert (data / "ibdata1").exists()


@pytest.mark.parametrize(("failures", "ends_well"), [(0, True), (1, True), (2, False)])
def test_an_installation_in_which_it_fails_is_tried_once_more(
    bench: Bench, data: Path, monkeypatch: pytest.MonkeyPatch, failures: int, ends_well: bool
) -> None:
    tried = []

    def apt_get(_names: object) -> None:
        tried.append(list(data.iterdir()))
        if len(tried) <= failures:
            leave(data)
            logged(bench, BEGINS + FAILS)
            raise HostError("`apt-get install` failed")
        logged(bench, BEGINS + ENDS)

    logged(bench, BEGINS + FAILS)  # in the first boot
    monkeypatch.setattr(packages, "converge", apt_get)
    with nullcontext() if ends_well else pytest.raises(HostError, match="apt-get install"):
        initialization.install(["mysql-server"])
    assert tried == [[]] * min(failures + 1, 2), "each time in an empty directory"


def test_an_installation_that_fails_otherwise_is_not_tried_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def apt_get(_names: object) -> None:
        tried.append(1)
        raise HostError("E: Unable to locate package nosuch")

    monkeypatch.setattr(packages, "converge", apt_get)
    with pytest.raises(HostError, match="nosuch"):
        initialization.install(["nosuch"])
    assert tried == [1] and (data / "ibdata1").exists()


@pytest.fixture
def ubuntu(bench: Bench, data: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Ubuntu's packages, installed, whose setting-up initializes an empty directory and never fails."""
    scripts = bench.folder / "info"
    scripts.mkdir()
    (scripts / "mysql-server.postinst").write_text("#!/bin/sh\n")
    (scripts / "mysql-server-8.0.postinst").write_text("mysqld --initialize-insecure --user=mysql || true\n")
    monkeypatch.setattr(data_directory, "MAINTAINER_SCRIPTS", scripts)
    monkeypatch.setattr(packages, "converge", lambda _names: None)
    log = bench.folder / "error.log"
    bench.stand_in("mysqld", f"ls {data} >{bench.folder}/seen; printf '{BEGINS}{ENDS}{READY}' >>{log}")
    return bench


@pytest.mark.parametrize("in_the_first_boot", [True, False])
def test_where_the_package_swallows_the_failure_the_agent_initializes(
    ubuntu: Bench, data: Path, monkeypatch: pytest.MonkeyPatch, in_the_first_boot: bool
) -> None:
    def fail(_names: object = None) -> None:
        logged(ubuntu, BEGINS + FAILS + CANNOT_START)

    if in_the_first_boot:
        fail()
    else:
        monkeypatch.setattr(packages, "converge", fail)
    initialization.install(["mysql-server"])
    assert any(call.startswith("mysqld --initialize-insecure --user=mysql ") for call in ubuntu.calls())
    assert (ubuntu.folder / "seen").read_text() == "", "the directory was empty"
    (aside,) = data.parent.glob("mysql.unusable-*")
    assert (aside / "ibdata1").exists()


def test_a_run_that_was_cut_off_before_it_was_done_anew_does_it(ubuntu: Bench, data: Path) -> None:
    logged(ubuntu, BEGINS + FAILS)
    initialization.set_aside()
    initialization.install(["mysql-server"])
    assert (ubuntu.folder / "seen").exists() and len(list(data.parent.glob("mysql.unusable-*"))) == 1


def test_a_second_failure_is_told_in_the_server_s_words(ubuntu: Bench, data: Path) -> None:
    logged(ubuntu, BEGINS + FAILS)
    fails = "0 [ERROR] [MY-012574] [InnoDB] Unable to lock ./ibdata1 error: 11\n"
    ubuntu.stand_in("mysqld", f"printf '{BEGINS}{fails}{FAILS}' >>{ubuntu.folder}/error.log; exit 1")
    with pytest.raises(HostError, match=r"mysqld cannot initialize .*Unable to lock \./ibdata1"):
        initialization.install(["mysql-server"])
    assert data.exists()


def test_an_installation_that_went_well_is_not_done_again(ubuntu: Bench) -> None:
    logged(ubuntu, BEGINS + ENDS + READY)
    initialization.install(["mysql-server"])
    assert not any(call.startswith("mysqld") for call in ubuntu.calls())
