"""mysqld's settings that backups depend on: what the binary log has, and how transactions are told apart in it."""

from collections.abc import Iterator, Mapping

from components.mysql.settings import SettingFault
from scripts.host.mysql.spec import Setting

GTIDS: Mapping[str, Setting] = {"gtid_mode": "ON", "enforce_gtid_consistency": "ON"}
"""Where there are backups: a replay of the log knows by them which transactions are there already."""
OFF = "or set backupDays to 0"
LEAST_SECONDS = 24 * 3600
"""How long the server keeps its binary logs at least: while S3 is away, what is not there yet is here alone."""
EXPIRY = "binlog_expire_logs_seconds"
NEEDED: Mapping[str, tuple[Setting, str]] = {
    "gtid_mode": ("ON", "a replay of the log tells transactions apart by their GTIDs"),
    "enforce_gtid_consistency": ("ON", "a replay of the log tells transactions apart by their GTIDs"),
    "binlog_encryption": (False, "an encrypted log cannot be read without the server that wrote it"),
    "binlog_error_action": ("ABORT_SERVER", "a server that goes on without its log leaves a gap in the backups"),
}
"""The value that each has to have, and why."""


def log_faults(settings: Mapping[str, Setting]) -> Iterator[SettingFault]:
    """Yield the settings, each as mysqld shows it, with which a restore would lack transactions."""
    for name, (value, why) in NEEDED.items():
        if name in settings and settings[name] != value:
            yield SettingFault((name,), f"is {settings[name]}, and {why}", f"Leave it out, {OFF}")
    if settings.get("binlog_format") == "STATEMENT":
        wrong = "is STATEMENT, and a replay of some statements comes to other rows"
        yield SettingFault(("binlog_format",), wrong, f"Leave it out, {OFF}")
    if 0 < int(settings.get(EXPIRY, 0)) < LEAST_SECONDS:
        wrong = f"is {settings[EXPIRY]}, and a log that cannot be sent for a day would be gone"
        yield SettingFault((EXPIRY,), wrong, f"Set {LEAST_SECONDS} or more, {OFF}")
