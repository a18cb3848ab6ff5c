"""Config of backups: how far back, when, where to, and what a new server is restored from."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pulumi

from components.backups.backups import BackupsArgs, RestoreArgs
from components.backups.log_settings import GTIDS, log_faults
from components.backups.snapshots import SnapshotsArgs
from components.data_volume import VolumeArgs
from components.mysql.server import ServerArgs
from scripts.host.backups.spec import NEWEST
from scripts.host.common.checks import TIME, InvalidValueError
from stack_config.aws import Lookups
from stack_config.data_volume import SNAPSHOT
from stack_config.reader import Reader, default
from stack_config.specs import read_args, read_spec

KEYS = {
    "backupDays": "retention_days",
    "backupSchedule": "schedule",
    "drillSchedule": "drill_schedule",
    "backupBucket": "bucket",
    "backupKeep": "keep",
}
"""The field of BackupsArgs that each key is."""
SNAPSHOT_KEYS = {"snapshotSchedule": "schedule", "snapshotCount": "count"}
DAYS, BUCKET, KEY = "backupDays", "backupBucket", "backupKey"
RESTORE, RESTORE_KEY = "restoreFrom", "restoreKey"
RESTORE_EXAMPLE = 'Write a table like {"at": "2026-12-01T10:30:00Z"}, or one with bucket and prefix of another stack'


def read_backups(
    reader: Reader, lookups: Lookups, server: ServerArgs, instance_profile: str | None, protected: bool
) -> BackupsArgs:
    """Return what backups are made from; the server gets the settings that they need, unless it has others."""
    args = read_args(reader, BackupsArgs, KEYS)
    args["termination_protection"] = protected
    if instance_profile:
        args["instance_profile"] = instance_profile
    if key := reader.read(KEY, _key(KEY), KEY):
        args["key"] = pulumi.Output.secret(key)
    if bucket := args.get("bucket"):
        lookups.ask(BUCKET, lookups.cloud.bucket, bucket)
    is_on = args["retention_days"] > 0 or not reader.is_readable(DAYS)
    _read_restore(reader, lookups, args, is_on)
    if is_on:
        server["derived_settings"] = {**server.get("derived_settings", {}), **GTIDS}
        _check_settings(reader, server)
    else:
        reader.add_warning(DAYS, "is 0, so nothing of the server's data is kept elsewhere", "Set it to 7 or more")
        for name in ("backupSchedule", "drillSchedule"):
            if reader.raw(name) != default(name):
                reader.add_fault(name, f"has no effect, as {DAYS} is 0", f"Leave it out, or set {DAYS} to 7 or more")
    return cast("BackupsArgs", args)


def _check_settings(reader: Reader, server: ServerArgs) -> None:
    for fault in log_faults(server.get("settings", {})):
        key = f"mysqlSettings.{fault.names[0]}"
        if reader.is_readable(key):
            reader.add_fault(key, fault.wrong, fault.hint)


def _read_restore(reader: Reader, lookups: Lookups, args: dict[str, Any], is_on: bool) -> None:
    key = reader.read(RESTORE_KEY, _key(RESTORE_KEY), RESTORE_KEY)
    raw = reader.raw_table(RESTORE, RESTORE_EXAMPLE)
    if not raw:
        return
    restore: Mapping[str, Any] = read_spec(reader, RESTORE, raw, RestoreArgs, RESTORE_EXAMPLE)
    args["restore"] = restore
    if not is_on:
        wrong = f"needs backups, whose role may read them, and {DAYS} is 0"
        reader.add_fault(RESTORE, wrong, f"Set {DAYS} to 1 or more")
    if ("bucket" in raw) != ("prefix" in raw):
        hint = "Write the outputs backup_bucket and backup_prefix of the other stack, or neither for this one's own"
        reader.add_fault(RESTORE, "has one of bucket and prefix", hint)
    if "bucket" in raw and not reader.is_set(RESTORE_KEY):
        hint = f"Set it with `pulumi config set --secret {RESTORE_KEY}`: it is the output backup_key of the other stack"
        reader.add_fault(RESTORE_KEY, "is missing, and the other stack's files are encrypted", hint)
    if raw.get("at") and raw.get("gtid"):
        reader.add_fault(RESTORE, "has both at and gtid", "Leave one of them out")
    if restore.get("base", NEWEST) != NEWEST and reader.is_set(SNAPSHOT):
        hint = f"Leave base out to replay the log over the snapshot, or take {SNAPSHOT} out"
        reader.add_fault(f"{RESTORE}.base", f"names a base, and the data come from {SNAPSHOT}", hint)
    if bucket := restore.get("bucket"):
        lookups.ask(f"{RESTORE}.bucket", lookups.cloud.bucket, bucket)
    if (at := restore.get("at")) and datetime.strptime(at, TIME).replace(tzinfo=UTC) > datetime.now(UTC):
        reader.add_fault(f"{RESTORE}.at", f"{at} is in the future", "Leave it out for all that the log has")
    if key:
        args["restore_key"] = pulumi.Output.secret(key)


def _key(name: str) -> Any:
    def check(raw: Any) -> str:
        if not isinstance(raw, str) or not re.fullmatch(r"[!-~]{16,256}", raw):
            wrong = "has less than 16 or more than 256 signs, or some that are not printable ASCII"
            raise InvalidValueError(wrong, f"Set it with `pulumi config set --secret {name}`")
        return raw

    return check


def read_snapshots(reader: Reader, volume: VolumeArgs | None) -> SnapshotsArgs | None:
    """Return what snapshots of the data volume are made from; None for none."""
    args = read_args(reader, SnapshotsArgs, SNAPSHOT_KEYS)
    if not args["count"]:
        return None
    if volume is None or "volume_id" in volume:
        if reader.is_set("snapshotSchedule") and reader.raw("snapshotSchedule") != default("snapshotSchedule"):
            wrong = "needs a data volume of the program's own, by whose tags Data Lifecycle Manager finds it"
            reader.add_fault("snapshotSchedule", wrong, "Set dataVolumeSize, or leave it out")
        return None
    return cast("SnapshotsArgs", args)
