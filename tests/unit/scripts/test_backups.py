"""`backup`, `backups`, `drill`, `extract`: what the server is asked, what is shown, and what drift says of backups."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.backup_agent import size
from tests.unit.scripts.stand_ins import BACKUP_KEY, RESOURCES, SET_UP, Bench, command, secret, state
from tests.unit.scripts.stand_ins import bench as bench

BASE: dict[str, Any] = {
    "id": "20261201T033000Z",
    "server_uuid": "3e11fa47-71ca-11e1-9e33-c80aa9429562",
    "started": "2026-12-01T03:30:00Z",
    "ended": "2026-12-01T03:31:00Z",
    "bytes": 3 * 1024**2,
    "mysql_version": "8.0.45",
    "earliest": "2026-12-01T03:30:00Z",
    "latest": "2026-12-01T10:30:00Z",
    "gap": "",
}
LIST = {"bases": [BASE], "earliest": BASE["earliest"], "latest": BASE["latest"], "unreadable": []}
FACTS = {"path": "/var/lib/x.sql.zst", "bytes": 10, "restored_to": "2026-12-01T10:29:00Z", "seconds": 12.5}
LATE = {"kind": "backup", "name": "base", "what": "last", "expected": "within 26 hours", "found": "none"}


def says(bench: Bench, word: str, answer: object) -> None:
    """Have the agent answer a word of `backup`."""
    bench.put(f"backup.{word}", f"echo '{json.dumps(answer)}'\n")


def test_a_backup_is_made_now(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    says(bench, "run", {"id": BASE["id"], "bytes": 3 * 1024**2, "seconds": 61.0})
    assert bench.scripts("backup") == 0
    assert capfd.readouterr().out == "base 20261201T033000Z is in the bucket: 3.0 MiB, made in 61 s\n"


def test_backups_are_a_table_with_how_far_back_one_can_go(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    gap = "binlog.000007 of the log is missing before binlog.000008"
    says(bench, "list", {**LIST, "bases": [BASE, {**BASE, "gap": gap}], "unreadable": ["20261101T033000Z"]})
    assert bench.scripts("backups") == 0
    head, first, second, other, _, last = capfd.readouterr().out.splitlines()
    assert head.split() == ["BASE", "FROM", "TO", "SIZE", "MYSQL", "SERVER", "LOG"]
    assert first.split() == [
        BASE["id"],
        BASE["earliest"],
        BASE["latest"],
        "3.0",
        "MiB",
        "8.0.45",
        "3e11fa47",
        "complete",
    ]
    assert second.endswith(gap) and other.startswith("20261101T033000Z was made with another key")
    between = "restoreFrom.at can be any moment between FROM and TO of a base"
    assert last == f"{between}: the earliest is {BASE['earliest']}, the latest {BASE['latest']}"
    assert bench.scripts("backups", "--json") == 0
    assert json.loads(capfd.readouterr().out)["latest"] == BASE["latest"]


def test_without_a_base_there_is_nothing_to_go_back_to(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    says(bench, "list", {"bases": [], "earliest": "", "latest": "", "unreadable": []})
    assert (bench.scripts("backups"), capfd.readouterr().out) == (0, "there is no base backup yet\n")


def test_a_drill_that_passes_says_how_long_a_restore_takes(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    told = {"base": BASE["id"], "logs": 2, "restored_to": BASE["latest"], "tables": 7, "restore_seconds": 40.5}
    says(bench, "drill", {**told, "seconds": 60.0})
    assert bench.scripts("drill") == 0
    out = capfd.readouterr().out
    assert "the drill passed" in out and "7 tables" in out and "A restore takes 40.5 s" in out


def test_a_drill_that_fails_says_why(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("backup.drill", "echo 'restored otherwise than backed up: shop.orders' >&2; exit 1\n")
    assert bench.scripts("drill") == 2
    assert "restored otherwise than backed up: shop.orders" in capfd.readouterr().err


def test_a_table_of_a_moment_becomes_a_file_and_nothing_stays_on_the_server(
    bench: Bench, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    says(bench, "extract", FACTS)
    bench.put("extract.sql", "CREATE TABLE orders\n")
    file = tmp_path / "orders.sql"
    words = ("extract", "shop", "orders", "--at", "2026-12-01T10:29:00Z", "--output", str(file))
    assert bench.scripts(*words) == 0
    assert file.read_text() == "CREATE TABLE orders\n" and file.stat().st_mode & 0o077 == 0
    assert "20 bytes of SQL, as of 2026-12-01T10:29:00Z, in 12.5 s" in capfd.readouterr().out
    asked = json.loads((bench.folder / "spec.backup.extract").read_text())
    assert (asked["databases"], asked["tables"], asked["base"]) == (["shop"], ["orders"], "newest")
    assert (bench.folder / "removed").read_text() == f"{FACTS['path']}\n"
    assert bench.scripts(*words) == 2  # the file is there
    assert "is there already" in capfd.readouterr().err


def test_a_moment_that_is_none_is_told_before_a_host_is_asked(
    bench: Bench, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert bench.scripts("extract", "shop", "--at", "yesterday", "--output", str(tmp_path / "x")) == 2
    assert "Write UTC as" in capfd.readouterr().err and not (bench.folder / "spec.backup.extract").exists()


# the command that set backups up, what is said
NONE = [
    ([], "backups are not set up yet"),
    ([command("server", "backup set-up", '{"backups": null}')], "backups are off"),
]


@pytest.mark.parametrize(("commands", "said"), NONE)
@pytest.mark.parametrize("verb", ["backup", "backups", "drill"])
def test_a_stack_without_backups_says_so(
    bench: Bench, capfd: pytest.CaptureFixture[str], commands: list[dict[str, Any]], said: str, verb: str
) -> None:
    others = [resource for resource in RESOURCES if "backup" not in resource["urn"]]
    bench.put("state.json", state(*others, *commands))
    assert bench.scripts(verb) == 2
    assert said in capfd.readouterr().err


def test_a_late_base_is_drift_and_the_key_is_shown_nowhere(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("server", "client-1", "app-1", "accounts"):
        bench.put(f"diff.{name}", "echo '[]'\n")
    bench.put(
        "refresh.json", {"steps": [{"op": "same", "urn": "urn:pulumi:here::mysql-pair::x::y", "old": {}, "new": {}}]}
    )
    says(bench, "diff", [LATE])
    assert bench.scripts("drift") == 2
    assert "within 26 hours" in capfd.readouterr().out
    assert json.loads((bench.folder / "spec.backup.diff").read_text()) == json.loads(SET_UP)
    assert BACKUP_KEY not in bench.everything_shown()


ELSEWHERE = json.dumps({"elsewhere": "10.20.0.12"})


@pytest.fixture
def group(bench: Bench) -> Bench:
    """A stack with three servers."""
    others = [command(name, "backup set-up", secret(SET_UP)) for name in ("server-3", "server-2")]
    bench.put("state.json", state(*others, *RESOURCES))
    return bench


def of_group(bench: Bench, word: str, **answers: str) -> None:
    """Have each server of a group do something else for a word; those that are not named say that another one is."""
    cases = "".join(f"{name.replace('_', '-')}) {does} ;;\n" for name, does in answers.items())
    bench.put(f"backup.{word}", f"case $HOST in\n{cases}*) echo '{ELSEWHERE}' ;;\nesac\n")


def test_a_groups_base_is_made_by_the_member_that_the_group_chooses(
    group: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    made = json.dumps({"id": BASE["id"], "bytes": 3 * 1024**2, "seconds": 61.0})
    of_group(group, "run", server_2=f"echo '{made}'")
    group.put("down.server", "")
    assert group.scripts("backup") == 0
    assert capfd.readouterr().out == "base 20261201T033000Z is in the bucket: 3.0 MiB, made in 61 s\n"


def test_what_the_chosen_member_fails_at_is_told(group: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    of_group(group, "drill", server_3="echo 'restored otherwise than backed up: shop.orders' >&2; exit 1")
    assert group.scripts("drill") == 2
    assert capfd.readouterr().err.strip().endswith("server-3: restored otherwise than backed up: shop.orders")


def test_a_group_without_a_majority_makes_no_backup_and_says_so(
    group: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    of_group(group, "run")
    assert group.scripts("backup") == 2
    assert "none that answers sees more than half of it" in capfd.readouterr().err


def test_the_list_is_had_from_any_member_that_answers(group: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    says(group, "list", LIST)
    group.put("down.server", "")
    assert group.scripts("backups", "--json") == 0
    assert json.loads(capfd.readouterr().out) == LIST


def test_an_extract_is_fetched_from_the_member_that_made_it(group: Bench, tmp_path: Path) -> None:
    of_group(group, "extract", server_2=f"echo '{json.dumps(FACTS)}'")
    group.put("extract.sql", "CREATE TABLE orders\n")
    for name in ("server", "server-3"):
        group.put(f"down.{name}", "")
    assert group.scripts("extract", "shop", "--output", str(tmp_path / "shop.sql")) == 0
    assert (tmp_path / "shop.sql").read_text() == "CREATE TABLE orders\n"
    assert (group.folder / "removed").read_text() == f"{FACTS['path']}\n"


def test_every_members_timers_are_compared(group: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("server", "server-2", "server-3", "client-1", "app-1", "accounts"):
        group.put(f"diff.{name}", "echo '[]'\n")
    group.put(
        "refresh.json", {"steps": [{"op": "same", "urn": "urn:pulumi:here::mysql-pair::x::y", "old": {}, "new": {}}]}
    )
    timer = json.dumps([{**LATE, "name": "timer"}])
    of_group(group, "diff", server=f"echo '{json.dumps([LATE])}'", server_3=f"echo '{timer}'", server_2="echo '[]'")
    assert group.scripts("drift", "--json") == 2
    rows = json.loads(capfd.readouterr().out)["drift"]
    assert [(row["where"], row["name"]) for row in rows] == [("server", "base"), ("server-3", "timer")]


SIZES = [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (5 * 1024**3, "5.0 GiB"), (2 * 1024**5, "2048.0 TiB")]


@pytest.mark.parametrize(("number", "shown"), SIZES)
def test_sizes_are_in_the_largest_unit(number: int, shown: str) -> None:
    assert size(number) == shown
