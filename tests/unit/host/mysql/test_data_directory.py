"""mysql/data_directory.py: a data directory on a host whose image has MySQL's package, and when none is made."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts.host.common.errors import HostError
from scripts.host.mysql import data_directory, initialization, kept, service
from scripts.host.system import packages
from tests.unit.host.stand_ins import Bench

OLDER = (
    "CREATE USER IF NOT EXISTS 'debian-sys-maint'@'localhost' IDENTIFIED BY '$pass';\nmysqld --initialize-insecure\n"
)
NEWER = f"CREATE USER {data_directory.BY_SOCKET};\nmysqld --initialize-insecure\n"
BEGINS = "0 [System] [MY-013169] [Server] mysqld (mysqld 9.7.4-2) initializing of server in progress as process 960\n"
READY = "0 [System] [MY-010931] [Server] /usr/sbin/mysqld: ready for connections.\n"


class Host:
    """A host whose image has the package: MySQL's folders, dpkg's scripts, and the service, disabled."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.data, self.credentials = bench.folder / "mysql", bench.folder / "debian.cnf"
        self.seen, self.log = bench.folder / "seen.sql", bench.folder / "error.log"
        self.mysqld("mkdir $data/mysql; touch $data/ibdata1")

    def mysqld(self, script: str) -> None:
        """Have mysqld keep the statements that it is given, and do something."""
        keep = f'for word; do case $word in --init-file=*) cp -p "${{word#*=}}" {self.seen} ;; esac; done'
        self.bench.stand_in("mysqld", f"{keep}\ndata={self.data}\nprintf '%s' '{BEGINS}' >>{self.log}\n{script}")

    def service(self, enabled: str, active: str = "inactive") -> None:
        self.bench.stand_in("systemctl", f"case $1 in is-enabled) echo {enabled} ;; is-active) echo {active} ;; esac")

    def install(self) -> list[str]:
        """Install what the image has, and return what was run."""
        initialization.install(["mysql-server"])
        return [call.partition(" ")[0] if call.startswith("mysqld") else call for call in self.bench.calls()]


@pytest.fixture(params=[OLDER, NEWER], ids=["8.0", "8.4"])
def host(request: pytest.FixtureRequest, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host(bench)
    made.data.mkdir()
    made.service("disabled")
    (bench.folder / "mysql-server-8.x.postinst").write_text(request.param)
    (bench.folder / "mysql-server.postinst").write_text("#!/bin/sh\n")
    me = SimpleNamespace(pw_uid=os.getuid(), pw_gid=os.getgid())
    monkeypatch.setattr(pwd, "getpwnam", lambda _: me)
    monkeypatch.setattr(packages, "converge", lambda _: None)
    for module in (data_directory, initialization, kept, service):
        monkeypatch.setattr(module, "DATA", made.data, raising=False)
    for module in (initialization, service):
        monkeypatch.setattr(module, "ERROR_LOG", made.log)
    monkeypatch.setattr(kept, "FOLDER", made.data / ".mysql-pair")
    monkeypatch.setattr(data_directory, "CREDENTIALS", made.credentials)
    monkeypatch.setattr(data_directory, "STATEMENTS", bench.folder / "own.sql")
    monkeypatch.setattr(data_directory, "MAINTAINER_SCRIPTS", bench.folder)
    return made


ENABLES = ["systemctl is-enabled mysql", "mysqld", "systemctl enable mysql"]


def test_the_first_run_makes_it_and_enables_the_service(host: Host) -> None:
    assert host.install()[-3:] == ENABLES
    assert (host.data / "debian-5.7.flag").exists() and not data_directory.is_cut_off(host.data)
    assert host.data.stat().st_mode & 0o777 == 0o700 and host.credentials.stat().st_mode & 0o777 == 0o600


def test_the_package_s_account_logs_in_as_the_package_has_it(host: Host) -> None:
    host.install()
    statements, login = host.seen.read_text(), host.credentials.read_text()
    by_password = "auth_socket' AS 'root'" not in statements
    assert ("password = " in login) is by_password
    if by_password:
        password = login.partition("password = ")[2].partition("\n")[0]
        assert f"IDENTIFIED BY '{password}'" in statements and len(password) == 16
    assert "SHUTDOWN" not in statements
    assert host.seen.stat().st_mode & 0o777 == 0o600 and not data_directory.STATEMENTS.exists()


def test_later_runs_do_nothing(host: Host) -> None:
    host.install()
    host.service("enabled")
    assert not {"mysqld", "systemctl enable mysql"} & set(host.install())


@pytest.mark.parametrize("left", [[], ["ibdata1"], ["ibdata1", "mysql/"]])
def test_one_that_was_cut_off_is_set_aside_and_made_anew(host: Host, left: list[str]) -> None:
    """Whatever mysqld had made by then; the package's credentials, if they were written, are of the former one."""
    kept.save(data_directory.MARKER, {"log": 0})
    host.credentials.write_text("former\n")
    for name in left:
        (host.data / name).mkdir() if name.endswith("/") else (host.data / name).touch()
    assert host.install()[-3:] == ENABLES
    (aside,) = host.data.parent.glob("mysql.unusable-*")
    assert {path.name for path in aside.iterdir()} == {".mysql-pair", *(name.rstrip("/") for name in left)}
    assert "former" not in host.credentials.read_text() and not data_directory.is_cut_off(host.data)


def test_on_a_volume_the_marker_is_set_aside_last(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_mount", lambda path: path == host.data)
    kept.save(data_directory.MARKER, {"log": 0})
    (host.data / "ibdata1").touch()
    moved: list[str] = []
    monkeypatch.setattr(shutil, "move", lambda path, _: moved.append(path.name))
    initialization.set_aside()
    assert moved == ["ibdata1", ".mysql-pair"]


@pytest.mark.parametrize("what", ["a database", "a server ran", "a server runs"])
def test_one_that_was_cut_off_and_served_all_the_same_is_kept(host: Host, what: str) -> None:
    kept.save(data_directory.MARKER, {"log": 0})
    (host.data / "ibdata1").touch()
    host.credentials.write_text("its own\n")
    if what == "a database":
        (host.data / "app").mkdir()
    if what == "a server ran":
        host.log.write_text(BEGINS + READY)
    if what == "a server runs":
        host.service("disabled", "active")
    assert "mysqld" not in host.install()
    assert (host.data / "ibdata1").exists() and not data_directory.is_cut_off(host.data)


def test_data_of_another_host_are_the_package_s_to_set_up(host: Host) -> None:
    (host.data / "ibdata1").touch()
    host.bench.stand_in("dpkg-reconfigure")
    owner = sorted(host.bench.folder.glob("*-8.x.postinst"))[0].stem
    calls = host.install()
    assert calls[-2:] == [f"dpkg-reconfigure --frontend=noninteractive {owner}", "systemctl enable mysql"]
    assert (host.data / "ibdata1").exists()


def test_data_that_somebody_has_taken_away_are_not_made_anew(host: Host) -> None:
    """On a host that had been set up, whoever disabled the service."""
    host.credentials.write_text("its own\n")
    assert "mysqld" not in host.install()
    assert not any(host.data.iterdir())


def test_a_failure_is_told_in_the_server_s_words_and_done_anew_by_the_next_run(host: Host) -> None:
    host.mysqld(f"touch $data/ibdata1; echo '0 [ERROR] [MY-012574] [InnoDB] Unable to lock' >>{host.log}; exit 1")
    with pytest.raises(HostError, match=r"mysqld cannot initialize .*Unable to lock"):
        host.install()
    assert not data_directory.STATEMENTS.exists() and not host.credentials.exists()
    host.mysqld("touch $data/ibdata1")
    assert "systemctl enable mysql" in host.install() and host.credentials.exists()


def test_statements_that_a_killed_run_left_are_replaced(host: Host) -> None:
    data_directory.STATEMENTS.write_text("former\n")
    host.install()
    assert "former" not in host.seen.read_text() and not data_directory.STATEMENTS.exists()
