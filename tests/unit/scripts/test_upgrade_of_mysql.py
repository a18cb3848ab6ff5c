"""`upgrade`: what is newer is shown and asked about, the server comes first, and the logins are tried at the end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.scripts.stand_ins import Bench
from tests.unit.scripts.stand_ins import bench as bench

NEWER = {"name": "mysql-server-8.0", "installed": "8.0.41-1", "candidate": "8.0.45-1"}
CLIENT = {"name": "mysql-client-8.0", "installed": "8.0.41-1", "candidate": "8.0.45-1"}
NOTHING: dict[str, Any] = {"packages": [], "restart": "", "one_way": "", "findings": []}
NOTE = {"wrong": "'old'@'%' could not log in", "hint": "Give it another plugin", "stops": False}
ERROR = {"wrong": "The newer mysqld does not start", "hint": "Correct mysqlSettings", "stops": True}
BASE = {"id": "20261201T033000Z", "bytes": 3 * 1024**2, "seconds": 61.0}


def says(answer: dict[str, Any]) -> str:
    return f"echo '{json.dumps(answer)}'\n"


@pytest.fixture(autouse=True)
def hosts(bench: Bench) -> None:
    """A stack whose server and first client have newer packages to be had."""
    bench.put("upgrade.server", says({**NOTHING, "packages": [NEWER]}))
    bench.put("upgrade.client-1", says({**NOTHING, "packages": [CLIENT]}))
    bench.put("upgrade.app-1", says(NOTHING))
    bench.put("logins.client-1", says({"tried": ["app"], "not_tried": {}}))
    bench.put("backup.run", says(BASE))


def asked(bench: Bench, host: str) -> list[bool]:
    """Return the questions a host was asked: True where it was to apply."""
    return [json.loads(line)["apply"] for line in (bench.folder / f"asked.{host}").read_text().splitlines()]


def test_every_host_is_upgraded_and_the_logins_are_tried(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    assert bench.scripts("upgrade", "--yes") == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[1].split() == ["server", "mysql-server-8.0", "8.0.41-1", "8.0.45-1"]
    assert lines[3:] == [
        "base 20261201T033000Z is in the bucket: 3.0 MiB, made in 61 s",
        "server is upgraded",
        "client-1 is upgraded",
        "Every login works. The output mysql_version follows with the next `repair`.",
    ]
    assert [asked(bench, host) for host in ("server", "client-1", "app-1")] == [[False, True], [False, True], [False]]
    assert (bench.folder / "spec.logins.client-1").read_text() == "{}"


def test_without_a_terminal_to_ask_at_nothing_is_changed(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    assert bench.scripts("upgrade") == 2
    assert "give --yes. Nothing was changed" in capfd.readouterr().err
    assert asked(bench, "server") == [False]


def test_where_the_server_had_to_go_back_the_clients_are_left_alone(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    back = "mysqld does not come up: unknown variable\\nThe former packages are back, and mysqld is up with them"
    bench.put("upgrade.server", f"[ $(wc -l <$BENCH/asked.server) = 1 ] && {says({**NOTHING, 'packages': [NEWER]})}"
              f"[ $(wc -l <$BENCH/asked.server) = 1 ] || {{ printf '{back}' >&2; exit 1; }}\n")  # fmt: skip
    assert bench.scripts("upgrade", "--yes") == 2
    assert "unknown variable\nThe former packages are back, and mysqld is up with them" in capfd.readouterr().err
    assert asked(bench, "client-1") == [False]


def test_a_login_that_fails_afterwards_is_told(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("logins.client-1", "echo 'login check from client-1 failed at login: refused' >&2; exit 1\n")
    assert bench.scripts("upgrade", "--yes") == 2
    assert "login check from client-1 failed" in capfd.readouterr().err


def test_nothing_newer_is_said(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    for host in ("server", "client-1"):
        bench.put(f"upgrade.{host}", says(NOTHING))
    assert bench.scripts("upgrade") == 0
    assert capfd.readouterr().out == "MySQL's packages are the newest that the distribution has\n"


def test_a_restart_for_a_librarys_sake_is_shown_with_its_reason(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.put("upgrade.server", says({**NOTHING, "restart": "it runs with libssl.so.3 of before"}))
    assert bench.scripts("upgrade", "--yes") == 0
    assert "mysqld on server is restarted: it runs with libssl.so.3 of before" in capfd.readouterr().out


def test_what_the_newer_mysqld_refuses_is_told_and_nothing_is_changed(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.put("upgrade.server", says({**NOTHING, "packages": [NEWER], "findings": [ERROR]}))
    assert bench.scripts("upgrade", "--yes") == 2
    said = capfd.readouterr()
    assert "ERROR  The newer mysqld does not start\n       Correct mysqlSettings" in said.out
    assert "1 of these would make the upgrade fail: mend them first. Nothing was changed" in said.err
    assert asked(bench, "server") == [False] and not (bench.folder / "spec.backup.run").exists()


def test_a_backup_that_fails_stops_the_upgrade_and_one_can_do_without(bench: Bench) -> None:
    bench.put("backup.run", "echo 'the bucket is away' >&2; exit 1\n")
    assert bench.scripts("upgrade", "--yes") == 2
    assert asked(bench, "server") == [False]
    assert bench.scripts("upgrade", "--yes", "--no-backup") == 0
    assert asked(bench, "server") == [False, False, True]


def facts(*findings: dict[str, Any]) -> str:
    return says({"version": "8.0.46", "findings": list(findings)}).replace("'old'@'%'", "old")


def checks(bench: Bench) -> list[dict[str, Any]]:
    """Return what the server was asked about another series."""
    return [json.loads(line) for line in (bench.folder / "asked.check").read_text().splitlines()]


def test_a_move_is_checked_and_prepared_and_the_way_on_is_told(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("upgrade-check", facts(NOTE))
    assert bench.scripts("upgrade", "--release", "26.04") == 0
    said = capfd.readouterr().out
    assert said.startswith("MySQL 8.0.46 of here, for the MySQL 8.4 of Ubuntu 26.04:\nnote   ")
    assert "base 20261201T033000Z is in the bucket" in said
    assert "pulumi config set serverUbuntuRelease 26.04 --stack here" in said
    first, second = checks(bench)
    assert (first["target"], first["prepare"], second["prepare"]) == ("8.4", False, True)
    assert first["removed"]["default_authentication_plugin"] == "Set authentication_policy, or a user's plugin"
    assert "mysql_native_password" not in first["removed"]
    assert not (bench.folder / "asked.server").exists(), "nothing is installed"


def test_a_move_that_would_fail_is_not_prepared(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("upgrade-check", facts(NOTE, ERROR))
    assert bench.scripts("upgrade", "--release", "26.04") == 2
    assert "pulumi config set" not in capfd.readouterr().out
    assert [check["prepare"] for check in checks(bench)] == [False]


def test_a_release_that_the_program_does_not_know_is_refused(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    assert bench.scripts("upgrade", "--release", "20.04") == 2
    assert "is no Ubuntu release that the program knows: 22.04, 24.04, 26.04" in capfd.readouterr().err
