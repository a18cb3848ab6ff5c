"""`upgrade` of several servers: one after another, the primary last, and only while the group is whole."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.unit.scripts.servers import NAMES, WHOLE, member, tells, up
from tests.unit.scripts.stand_ins import Bench
from tests.unit.scripts.stand_ins import bench as bench
from tests.unit.scripts.test_upgrade_of_mysql import BASE, CLIENT, NEWER, NOTE, NOTHING, asked, checks, facts, says


@pytest.fixture(autouse=True)
def stack(bench: Bench) -> None:
    """A group whose servers, and the client, have newer packages to be had."""
    up(bench)
    for name in NAMES:
        bench.put(f"upgrade.{name}", noting(name, {**NOTHING, "packages": [NEWER]}))
    bench.put("upgrade.client-1", noting("client-1", {**NOTHING, "packages": [CLIENT]}))
    bench.put("logins.client-1", says({"tried": ["app"], "not_tried": {}}))
    bench.put("backup.run", says(BASE))


def noting(name: str, answer: dict[str, Any], more: str = "") -> str:
    """Return what a host does when it is asked: when it is to apply, its name is noted too."""
    applies = f"""tail -n1 "$BENCH/asked.{name}" | grep -q '"apply": true'"""
    return f'if {applies}; then echo {name} >>"$BENCH/order"; {more or ":"}; fi\n{says(answer)}'


def order(bench: Bench) -> list[str]:
    """Return the hosts in the order in which they were upgraded."""
    path = bench.folder / "order"
    return path.read_text().split() if path.exists() else []


def test_servers_are_upgraded_one_after_another_and_the_primary_last(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    assert bench.scripts("upgrade", "--yes") == 0
    assert order(bench) == ["server-2", "server-3", "server", "client-1"]
    assert capfd.readouterr().out.count("is in the bucket") == 1


def test_the_primary_is_whoever_it_is_by_then(bench: Bench) -> None:
    moved = (member("server"), member("server-2"), member("server-3", role="PRIMARY"))
    for name in NAMES:
        tells(bench, name, *moved)
        (bench.folder / f"group.{name}").rename(bench.folder / f"moved.{name}")
        tells(bench, name, *WHOLE)
    moving = "; ".join(f"cp $BENCH/moved.{name} $BENCH/group.{name}" for name in NAMES)
    bench.put("upgrade.server-2", noting("server-2", {**NOTHING, "packages": [NEWER]}, moving))
    assert bench.scripts("upgrade", "--yes") == 0
    assert order(bench) == ["server-2", "server", "server-3", "client-1"]


def test_the_next_server_waits_until_the_former_is_online_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    recovering = bench.folder / "recovering"
    for name in NAMES:
        tells(bench, name, WHOLE[0], member("server-2", "RECOVERING"), WHOLE[2])
        (bench.folder / f"group.{name}").rename(bench.folder / f"late.{name}")
        tells(bench, name, *WHOLE)
        (bench.folder / f"group.{name}").rename(bench.folder / f"whole.{name}")
        bench.put(f"group.{name}", f'[ -e "{recovering}" ] && . $BENCH/late.{name} || . $BENCH/whole.{name}\n')
    bench.put("upgrade.server-2", noting("server-2", {**NOTHING, "packages": [NEWER]}, f'touch "{recovering}"'))
    early = f'[ -e "{recovering}" ] && echo too-early >>"$BENCH/order"'
    bench.put("upgrade.server-3", noting("server-3", {**NOTHING, "packages": [NEWER]}, early))
    monkeypatch.setattr(time, "sleep", lambda _: recovering.unlink(missing_ok=True))
    assert bench.scripts("upgrade", "--yes") == 0
    assert order(bench) == ["server-2", "server-3", "server", "client-1"]


def test_a_group_that_is_not_whole_is_left_alone(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    for name in NAMES:
        tells(bench, name, WHOLE[0], WHOLE[1], member("server-3", "UNREACHABLE"))
    assert bench.scripts("upgrade", "--yes") == 2
    assert "server-3: not ONLINE in the group, which could not spare another server" in capfd.readouterr().err
    assert not (bench.folder / "asked.server").exists()


def test_a_group_without_a_majority_is_left_alone(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    for name in NAMES:
        tells(bench, name, member(name), majority=False)
    assert bench.scripts("upgrade", "--yes") == 2
    assert "the group has no majority" in capfd.readouterr().err


def test_where_a_server_had_to_go_back_the_others_are_left_alone(bench: Bench) -> None:
    bench.put("upgrade.server-2", noting("server-2", {**NOTHING, "packages": [NEWER]}, "exit 1"))
    assert bench.scripts("upgrade", "--yes") == 2
    assert order(bench) == ["server-2"]


def test_what_every_server_finds_is_told_once(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    note = {**NOTE, "wrong": "old could not log in"}
    for name in NAMES:
        bench.put(f"upgrade.{name}", noting(name, {**NOTHING, "packages": [NEWER], "findings": [note]}))
    assert bench.scripts("upgrade", "--yes") == 0
    assert capfd.readouterr().out.count("old could not log in") == 1


def test_for_another_release_every_server_is_checked_and_made_ready(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.put("upgrade-check", facts(NOTE))
    assert bench.scripts("upgrade", "--release", "26.04") == 0
    assert [check["prepare"] for check in checks(bench)] == [False] * 3 + [True] * 3
    said = capfd.readouterr().out
    assert "MySQL 8.0.46 of server-2 of here, for the MySQL 8.4 of Ubuntu 26.04:" in said
    assert "server-2-instance, server-2-data-attached, server-3-instance and server-3-data-attached" in said
    assert "MySQL is down" not in said and asked_of(bench) == []


def asked_of(bench: Bench) -> list[bool]:
    """Return what the first server was asked of its packages."""
    return asked(bench, "server") if (bench.folder / "asked.server").exists() else []
