"""mysql/data_move.py: a move that is cut off anywhere is done by the next run, and nothing is lost on the way.

The volume is a folder here, and to mount it is to put a link to it where it is mounted.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from scripts.host.common import process, state_file
from scripts.host.common.errors import HostError
from scripts.host.mysql import data_move, kept, server, service


class Cut(BaseException):
    """The host is gone at this moment."""


class World:
    """A data directory, a volume, and a mysqld that runs where its data are."""

    def __init__(self, root: Path) -> None:
        self.data, self.volume, self.stage = root / "mysql", root / "volume", root / "stage"
        self.data.mkdir(mode=0o700)
        self.volume.mkdir()
        (self.data / "ibdata1").write_bytes(b"rows")
        (self.data / "app").mkdir()
        (self.data / "app/t.ibd").write_bytes(b"more rows")
        self.up, self.tables, self.steps, self.cut_at = True, ["app.t"], 0, 0
        self.starts_on_volume = True

    def step(self) -> None:
        """Come to the next moment, at which the host may be gone."""
        self.steps += 1
        if self.steps == self.cut_at:
            raise Cut

    def mount(self, point: Path) -> None:
        self.step()
        if point.is_dir() and not point.is_symlink():
            point.rmdir()
        point.symlink_to(self.volume)

    def umount(self, point: Path) -> None:
        self.step()
        point.unlink()
        point.mkdir()

    def switch(self) -> None:
        self.step()
        self.data.mkdir(exist_ok=True)
        self.mount(self.data)

    def start(self) -> bool:
        self.up = (self.data / "ibdata1").exists() and (self.starts_on_volume or not self.data.is_symlink())
        return self.up

    def must(self, argv: Sequence[str], **_: Any) -> str:
        self.step()
        if argv[0] == "umount":
            self.umount(Path(argv[1]))
        elif argv[:2] == ["systemctl", "stop"]:
            self.up = False
        return ""

    def copy(self, argv: Sequence[str], *_: Any) -> process.Completed:
        assert not self.up, "a running server's files are not copied"
        self.step()
        shutil.copy2(self.data / "ibdata1", self.stage)
        self.step()
        shutil.copytree(self.data, self.stage, dirs_exist_ok=True)
        return process.Completed(argv, 0, "", "")

    def reboot(self) -> None:
        """Boot again: nothing but the data directory's own mount is there, and MySQL starts where there are data."""
        self.cut_at = 0
        if self.stage.is_symlink():
            self.umount(self.stage)
        self.start()

    def session(self) -> Any:
        world = self

        class Session:
            def one(self, statement: str) -> Any:
                return "the server" if "uuid" in statement else 0

            def do(self, *_: Any) -> list[Any]:
                return []

            def rows(self, _: str) -> list[tuple[str]]:
                return [(name,) for name in world.tables]

        return Session()

    def move(self) -> None:
        """Do what data_volume.prepare does about a move."""
        if not self.data.is_symlink():
            data_move.move(self.mount, self.switch)
        data_move.finish()


@pytest.fixture
def world(tmp_path: Path, state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(tmp_path / "var")
    for name, value in {"DATA": world.data, "STAGE": world.stage, "FORMER": world.data.with_name("former")}.items():
        monkeypatch.setattr(data_move, name, value)
    monkeypatch.setattr(kept, "FOLDER", world.data / ".mysql-pair")
    monkeypatch.setattr(data_move, "SPARE", (0.1, 1))
    monkeypatch.setattr(process, "must", world.must)
    monkeypatch.setattr(process, "run_while", world.copy)
    monkeypatch.setattr(server, "start", world.start)
    monkeypatch.setattr(server, "Session", world.session)
    monkeypatch.setattr(service, "log_size", lambda: 0)
    monkeypatch.setattr(service, "words_since", lambda _: "[ERROR] no")
    monkeypatch.setattr(Path, "is_mount", Path.is_symlink)
    assert state_folder
    return world


@pytest.fixture(autouse=True)
def _made(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()


def assert_moved(world: World) -> None:
    assert world.up and world.data.is_symlink()
    assert (world.data / "ibdata1").read_bytes() == b"rows"
    assert (world.volume / "app/t.ibd").read_bytes() == b"more rows"
    assert not data_move.is_begun() and not data_move.is_incomplete(world.volume)
    assert state_file.load(data_move.BEFORE) is None


def test_data_move_and_the_former_copy_goes(world: World) -> None:
    world.move()
    assert_moved(world)
    assert not world.stage.exists()


@pytest.mark.parametrize("moment", range(1, 16))
def test_a_move_that_is_cut_off_anywhere_loses_nothing_and_is_done_by_the_next_run(world: World, moment: int) -> None:
    world.cut_at = moment
    try:
        world.move()
    except Cut:
        if not data_move.is_begun():
            # The server goes on where it was, and what is written now must not be lost.
            world.reboot()
            assert world.up
            (world.data / "ibdata1").write_bytes(b"rows, and rows of after the crash")
        else:
            world.reboot()
        expected = data_move.FORMER if data_move.is_begun() else world.data
        rows = (expected / "ibdata1").read_bytes()
        world.move()
        assert (world.volume / "ibdata1").read_bytes() == rows
        (world.volume / "ibdata1").write_bytes(b"rows")
    assert_moved(world)


def test_a_copy_that_differs_is_not_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    copy: Callable[..., Any] = world.copy

    def badly(*args: Any) -> Any:
        done = copy(*args)
        (world.volume / "app/t.ibd").write_bytes(b"more rowz")
        return done

    monkeypatch.setattr(process, "run_while", badly)
    with pytest.raises(HostError, match=r"not like the data: app/t\.ibd differs\nThe data are on the root vol"):
        world.move()
    assert world.up and not world.data.is_symlink()
    assert data_move.is_incomplete(world.volume)


def test_a_volume_that_is_too_small_is_told_while_mysql_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_move, "SPARE", (0.1, 1024**5))
    with pytest.raises(HostError, match=r"set dataVolumeSize to \d+ or more\. Nothing was changed"):
        world.move()
    assert world.up and not (world.volume / "ibdata1").exists()


def test_a_volume_with_data_of_its_own_is_not_written_over(world: World) -> None:
    (world.volume / "ibdata1").write_bytes(b"another server's")
    with pytest.raises(HostError, match="and so has the data volume: neither is written over"):
        world.move()
    assert world.up and (world.volume / "ibdata1").read_bytes() == b"another server's"


def test_both_copies_stay_while_mysqld_does_not_come_up_on_the_volume(world: World) -> None:
    world.starts_on_volume = False
    with pytest.raises(HostError, match=r"does not come up on the data volume: \[ERROR\] no\nThe former data are in"):
        world.move()
    assert (data_move.FORMER / "ibdata1").exists() and (world.volume / "ibdata1").exists()
    world.starts_on_volume = True
    world.move()
    assert_moved(world)


def test_a_table_that_is_missing_on_the_volume_keeps_the_former_copy(world: World) -> None:
    def forgets() -> None:
        world.switch()
        world.tables = []

    with pytest.raises(HostError, match=r"does not have the tables app\.t\. The former data are in"):
        data_move.move(world.mount, forgets)
        data_move.finish()
    assert (data_move.FORMER / "app/t.ibd").exists()
