"""Config of backups: how far back, when, where to, and what a new server is restored from."""

from __future__ import annotations

import pytest

import stack_config
from scripts.host.backups.schedules import longest_gap
from tests.unit.program.configs import BACKUP_KEY, GOOD, SECRET, FakeCloud, assert_told, messages, parsed, texts

OTHER = {"bucket": "example-backups", "prefix": "mysql-pair-prod"}
OFF: dict[str, object] = {"backupDays": 0}


def settings(**chosen: object) -> dict[str, object]:
    return {"mysqlSettings": chosen}


# the keys that are wrong, the one that is told, what is said of it
FAULTS: list[tuple[dict[str, object], str, str]] = [
    ({"backupDays": -1}, "backupDays", "from 0 to 3650 days; 0 for none"),
    ({"backupSchedule": "0 3 * * *"}, "backupSchedule", "is no calendar event of systemd's. Write one like daily"),
    ({"backupSchedule": "*-*-* 25:00"}, "backupSchedule", "is no calendar event of systemd's"),
    ({"backupSchedule": "quarterly"}, "backupSchedule", "leaves out whole months"),
    ({"drillSchedule": "Caturday"}, "drillSchedule", "is no calendar event of systemd's"),
    ({**OFF, "drillSchedule": "monthly"}, "drillSchedule", "has no effect, as backupDays is 0"),
    ({**OFF, "backupSchedule": "hourly"}, "backupSchedule", "has no effect, as backupDays is 0"),
    ({"backupBucket": "arn:aws:s3:::x"}, "backupBucket", "Write its name, not its ARN"),
    ({"backupBucket": "nobodys-bucket"}, "backupBucket", "AWS does not know nobodys-bucket"),
    ({"backupKey": "short"}, "backupKey", "`pulumi config set --secret backupKey`"),
    ({"restoreFrom": OTHER}, "restoreKey", "is the output backup_key of the other stack"),
    ({"restoreFrom": {"bucket": "example-backups"}, "restoreKey": BACKUP_KEY}, "restoreFrom", "one of bucket and pre"),
    ({"restoreFrom": {"at": "yesterday"}}, "restoreFrom.at", "Write it in UTC, like 2026-12-01T10:30:00Z"),
    ({"restoreFrom": {"at": "2026-13-01T10:30:00Z"}}, "restoreFrom.at", "is not a moment"),
    ({"restoreFrom": {"at": "2199-12-01T10:30:00Z"}}, "restoreFrom.at", "is in the future"),
    ({"restoreFrom": {"gtid": "7"}}, "restoreFrom.gtid", "is not one transaction"),
    ({"restoreFrom": {"base": "latest"}}, "restoreFrom.base", "Write newest, or an id that `backups` lists"),
    ({"restoreFrom": {"from": "x"}}, "restoreFrom.from", "is not a field of it"),
    (
        {"restoreFrom": {"at": "2026-01-01T10:30:00Z", "gtid": "3e11fa47-71ca-11e1-9e33-c80aa9429562:23"}},
        "restoreFrom",
        "has both at and gtid",
    ),
    ({**OFF, "restoreFrom": {"base": "newest"}}, "restoreFrom", "needs backups"),
    (
        {"restoreFrom": {"base": "20260101T033000Z"}, "dataVolumeSnapshot": "snap-0a0a0a0a", "dataVolumeSize": 100},
        "restoreFrom.base",
        "names a base, and the data come from dataVolumeSnapshot",
    ),
    ({"snapshotSchedule": "daily"}, "snapshotSchedule", "Write one like cron(30 3 * * ? *), in UTC"),
    ({"snapshotCount": 1001}, "snapshotCount", "from 0 to 1000; 0 for no snapshots"),
    ({"snapshotSchedule": "cron(0 1 * * ? *)", "dataVolumeSize": 0}, "snapshotSchedule", "needs a data volume"),
    (settings(gtid_mode="OFF"), "mysqlSettings.gtid_mode", "tells transactions apart by their GTIDs"),
    (settings(enforce_gtid_consistency="WARN"), "mysqlSettings.enforce_gtid_consistency", "or set backupDays to 0"),
    (settings(binlog_encryption=True), "mysqlSettings.binlog_encryption", "cannot be read without the server"),
    (settings(binlog_error_action="IGNORE_ERROR"), "mysqlSettings.binlog_error_action", "leaves a gap"),
    (settings(binlog_format="STATEMENT"), "mysqlSettings.binlog_format", "comes to other rows"),
    (settings(binlog_expire_logs_seconds=3600), "mysqlSettings.binlog_expire_logs_seconds", "Set 86400 or more"),
    (settings(log_bin=False), "mysqlSettings.log_bin", ""),
]


@pytest.mark.parametrize(("changes", "key", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(changes: dict[str, object], key: str, said: str) -> None:
    assert_told(changes, key, said)


def test_a_key_is_a_secret_and_never_shown() -> None:
    for name in ("backupKey", "restoreKey"):
        told = messages(GOOD | {name: BACKUP_KEY, "sshPublicKey": ""}, SECRET - {name})
        assert [line for line in told if "is stored unencrypted" in line and name in line]
        assert BACKUP_KEY not in str(told) and "short sign" not in str(messages(GOOD | {name: "short sign"}))


def test_backups_are_on_unless_config_turns_them_off() -> None:
    config = parsed()
    assert config.backups == {
        "retention_days": 7,
        "schedule": "daily",
        "drill_schedule": "weekly",
        "keep": True,
        "termination_protection": True,
    }
    assert config.server["derived_settings"]["gtid_mode"] == "ON"


def test_backups_that_are_off_are_a_warning_and_need_no_gtids_and_no_way_to_s3(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr("pulumi.warn", warned.append)
    config = parsed(**OFF, **settings(gtid_mode="OFF", binlog_expire_logs_seconds=60))
    assert "gtid_mode" not in config.server["derived_settings"]
    assert isinstance(config.network, dict) and config.network["s3_endpoint"] is False
    assert len(warned) == 1 and warned[0].startswith("mysql-pair:backupDays: is 0, so nothing")


def test_a_restore_is_from_the_stacks_own_backups_unless_another_bucket_is_named() -> None:
    at = "2026-01-01T10:30:00Z"
    assert parsed(restoreFrom={"at": at}).backups["restore"] == {"at": at}
    snapshot = {"dataVolumeSnapshot": "snap-0a0a0a0a", "dataVolumeSize": 100}
    assert parsed(restoreFrom={"base": "newest"}, **snapshot).backups["restore"] == {"base": "newest"}
    other = stack_config.parse(
        GOOD | texts({"restoreFrom": OTHER, "restoreKey": BACKUP_KEY}), SECRET, FakeCloud()
    ).backups
    assert other["restore"] == OTHER and "restore_key" in other


# when a base is made, how many days lie between two at most
GAPS = [
    ("daily", 1),
    ("*-*-* 03:30:00", 1),
    ("*:0/15", 1),
    ("03:30 UTC", 1),
    ("weekly", 7),
    ("Sat 04:00", 7),
    ("Mon,Thu 03:00", 4),
    ("Mon..Fri 03:00 Europe/Berlin", 3),
    ("Fri..Mon", 4),
    ("*-*-01 00:00:00", 31),
    ("*-*~01", 31),
    ("*-01,07-01", 366),
]


@pytest.mark.parametrize(("schedule", "days"), GAPS)
def test_the_longest_time_between_two_bases_is_known(schedule: str, days: int) -> None:
    assert longest_gap(schedule) == days
