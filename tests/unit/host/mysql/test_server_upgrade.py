"""mysql/upgrade.py: one restart, checked, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.host.common import state_file
from scripts.host.common.errors import HostError
from scripts.host.mysql import newer_mysqld, server, service, upgrade, upgrade_check
from scripts.host.system import updates
from scripts.host.system.spec import PackageUpgrade, UpgradeFinding, UpgradeSpec
from tests.unit.host.stand_ins import Bench

NEWER = PackageUpgrade("mysql-server-8.0", "8.0.41-1", "8.0.45-1")
TABLE = UpgradeFinding("shop.t: Table upgrade required", "Do what it says", stops=True)
OPTION = UpgradeFinding("The newer mysqld does not start", "Correct it", stops=True)
APPLY = UpgradeSpec(apply=True, no_way_back=False)


class Server:
    """A host with a mysqld that comes up with some versions of its package and not with others."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch, folder: Path, archives: Path) -> None:
        self.version, self.starts_with, self.restarts = "8.0.41-1", {"8.0.41-1", "8.0.45-1"}, 0
        self.planned: tuple[PackageUpgrade, ...] = (NEWER,)
        self.libraries: list[str] = []
        self.during_install: Callable[[], None] = lambda: None
        self.folder, self.archives = folder / upgrade.FORMER, archives
        archives.mkdir()
        (archives / "mysql-server-8.0_8.0.41-1_amd64.deb").touch()
        bench.stand_in("dpkg")
        bench.stand_in("systemctl")
        bench.stand_in("apt-get", "exit 100")
        self.bench = bench
        monkeypatch.setattr(upgrade, "ARCHIVES", archives)
        monkeypatch.setattr(upgrade_check, "tables", lambda: [TABLE])
        monkeypatch.setattr(newer_mysqld, "findings", lambda _: iter([OPTION]))
        monkeypatch.setattr(updates, "planned", lambda: self.planned)
        monkeypatch.setattr(updates, "install", self.install)
        monkeypatch.setattr(upgrade, "replaced_libraries", lambda: self.libraries)
        monkeypatch.setattr(server, "is_up", self.start)
        monkeypatch.setattr(server, "start", self.start)
        monkeypatch.setattr(server, "restart", self.restart)
        monkeypatch.setattr(service, "words_since", lambda _: "unknown variable 'expire_logs_days=7'")

    def install(self, _updates: object, *flags: str) -> None:
        if "--download-only" not in flags:
            self.version = "8.0.45-1"
            self.during_install()

    def start(self) -> bool:
        if any(line.startswith("dpkg ") and "8.0.41-1" in line for line in self.bench.calls()):
            self.version = "8.0.41-1"
        return self.version in self.starts_with

    def restart(self) -> None:
        self.restarts, self.libraries = self.restarts + 1, []


@pytest.fixture
def host(bench: Bench, monkeypatch: pytest.MonkeyPatch, state_folder: Path, tmp_path: Path) -> Server:
    """A server with a newer package to be had."""
    return Server(bench, monkeypatch, state_folder, tmp_path / "archives")


def test_an_upgrade_leaves_the_restart_to_the_package_and_keeps_the_former_one(host: Server) -> None:
    assert upgrade.upgrade(APPLY).packages == (NEWER,)
    assert (host.version, host.restarts) == ("8.0.45-1", 0)
    assert [path.name for path in host.folder.iterdir()] == ["mysql-server-8.0_8.0.41-1_amd64.deb"]
    assert state_file.load(upgrade.JOURNAL) is None


def test_a_plan_tells_what_would_not_go_well(host: Server) -> None:
    assert upgrade.upgrade(UpgradeSpec(apply=False, no_way_back=False)).findings == (TABLE, OPTION)
    host.planned = ()
    assert upgrade.upgrade(UpgradeSpec(apply=False, no_way_back=False)).findings == ()


def test_where_mysqld_does_not_come_up_the_former_package_is_back_and_mysqlds_words_are_told(host: Server) -> None:
    host.starts_with = {"8.0.41-1"}
    with pytest.raises(HostError) as refused:
        upgrade.upgrade(APPLY)
    assert "does not come up: unknown variable 'expire_logs_days=7'" in str(refused.value)
    assert "The former packages are back, and mysqld is up with them" in str(refused.value)
    assert host.version == "8.0.41-1"
    assert state_file.load(upgrade.JOURNAL) is None


def test_an_installation_that_fails_half_way_is_taken_back_too(host: Server) -> None:
    def fail() -> None:
        raise HostError("dpkg failed")

    host.during_install = fail
    with pytest.raises(HostError, match=r"dpkg failed(.|\n)*The former packages are back"):
        upgrade.upgrade(APPLY)


def test_where_mysqld_comes_up_with_neither_both_are_told(host: Server) -> None:
    host.during_install = host.starts_with.clear
    with pytest.raises(HostError, match="does not come up with the former packages either"):
        upgrade.upgrade(APPLY)


def test_an_upgrade_that_was_cut_off_is_ended_by_the_next_one(host: Server) -> None:
    upgrade.keep_former([NEWER])
    state_file.save(upgrade.JOURNAL, [])
    host.version, host.starts_with = "8.0.45-1", {"8.0.41-1"}
    with pytest.raises(HostError, match=r"an upgrade was cut off(.|\n)*The former packages are back"):
        upgrade.upgrade(UpgradeSpec(apply=False, no_way_back=False))
    assert host.version == "8.0.41-1"


def test_without_a_way_back_nothing_is_changed_unless_one_says_so(host: Server) -> None:
    """The mirror has the newest version alone, and apt's cache was emptied."""
    next(host.archives.iterdir()).unlink()
    assert upgrade.upgrade(UpgradeSpec(apply=False, no_way_back=False)).one_way
    with pytest.raises(
        HostError, match="no way back, as the packages of now cannot be had any more: nothing was changed"
    ):
        upgrade.upgrade(APPLY)
    assert host.version == "8.0.41-1"
    upgrade.upgrade(UpgradeSpec(apply=True, no_way_back=True))
    assert host.version == "8.0.45-1"


@pytest.mark.parametrize(
    ("installed", "candidate", "why"),
    [
        ("8.0.41-1", "8.4.7-1", "8.4.7-1 is of another series than 8.0.41-1"),
        ("8.0.28-0ubuntu4", "8.0.45-1", "MySQL 8.0.28-0ubuntu4 does not start on data of a later version"),
        ("8.0.35-0ubuntu0.22.04.1", "8.0.45-1", ""),
        ("8.4.5-0ubuntu0.2", "8.4.7-1", ""),
    ],
)
def test_a_version_that_does_not_start_on_later_data_is_no_way_back(
    host: Server, installed: str, candidate: str, why: str
) -> None:
    """Source: MySQL manuals 8.0 and 8.4, "Downgrading MySQL"."""
    (host.archives / f"mysql-server-8.0_{installed}_amd64.deb").touch()
    assert upgrade.why_one_way([PackageUpgrade("mysql-server-8.0", installed, candidate)]) == why


def test_an_upgrade_of_a_server_that_is_down_is_refused(host: Server) -> None:
    host.starts_with.clear()
    with pytest.raises(HostError, match="mysqld is down, so an upgrade could not be checked: nothing was changed"):
        upgrade.upgrade(APPLY)
    assert host.version == "8.0.41-1"


def test_mysqld_with_a_library_of_before_is_restarted_once(host: Server) -> None:
    """needrestart leaves it alone, and a fixed OpenSSL counts from a restart on."""
    host.planned, host.libraries = (), ["libssl.so.3"]
    assert upgrade.upgrade(APPLY).restart == "it runs with libssl.so.3 of before"
    assert host.restarts == 1


MAPS = """7f0 r--p 00000000 08:01 12 /usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)
7f1 r-xp 00000000 08:01 12 /usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)
7f2 r--p 00000000 08:01 13 /usr/lib/x86_64-linux-gnu/libc.so.6
7f3 rw-s 00000000 00:01 14 /[aio] (deleted)
7f4 rw-p 00000000 08:01 15 /tmp/ib0 (deleted)
"""


def test_a_library_that_was_replaced_under_mysqld_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "42").mkdir()
    (tmp_path / "42" / "maps").write_text(MAPS)
    monkeypatch.setattr(upgrade, "PROCESSES", tmp_path)
    bench.stand_in("systemctl", "echo 42")
    (row,) = upgrade.differences()
    assert (row.kind, row.name, row.found) == ("update", "mysqld", "libssl.so.3")
    bench.stand_in("systemctl", "echo 0")
    assert upgrade.differences() == []
