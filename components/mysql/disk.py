"""mysqld's settings that follow from the root volume, which has data, redo log and binary logs on it."""

from collections.abc import Mapping

from scripts.host.mysql.spec import Setting

GIB = 1024**3
DAY_SECONDS = 24 * 3600
BINARY_LOG_SHARE = 4
"""A quarter of the volume is for binary logs, at a GiB of them a day."""
MOST_DAYS = 30
"""MySQL's own default."""
REDO_LOG_SHARE = 8
REDO_LOG = "innodb_redo_log_capacity"


def fitted(derived: Mapping[str, Setting], volume_gib: int) -> dict[str, Setting]:
    """Return derived settings with those that follow from the GiB of the root volume: 4 days of binary logs on 16 GiB.

    MySQL has no limit of their total size (binlog_space_limit is Percona's, max_binlog_total_size MariaDB's). Expired
    ones are removed when the log is flushed, which logrotate does every day (MySQL manual, "The Binary Log"). The redo
    log is an eighth at most.
    """
    days = min(max(volume_gib // BINARY_LOG_SHARE, 1), MOST_DAYS)
    settings = {**derived, "binlog_expire_logs_seconds": days * DAY_SECONDS}
    if REDO_LOG in settings:
        settings[REDO_LOG] = min(int(settings[REDO_LOG]), volume_gib * GIB // REDO_LOG_SHARE)
    return settings
