"""mysqld's settings that follow from the volume that has data, redo log and binary logs on it."""

from collections.abc import Collection, Mapping

from scripts.host.mysql.spec import Setting

GIB = 1024**3
DAY_SECONDS = 24 * 3600
BINARY_LOG_SHARE = 4
"""A quarter of the volume is for binary logs, at a GiB of them a day."""
MOST_DAYS = 30
"""MySQL's own default."""
REDO_LOG_SHARE = 8
REDO_LOG = "innodb_redo_log_capacity"
IO_CAPACITY = ("innodb_io_capacity", "innodb_io_capacity_max")
"""What InnoDB writes in the background, a second: usually, and at the most."""


def fitted(
    derived: Mapping[str, Setting], volume_gib: int, iops: int, chosen: Collection[str] = ()
) -> dict[str, Setting]:
    """Return derived settings with those that follow from the volume: 4 days of binary logs on 16 GiB.

    Half of its IOPS are for pages that InnoDB writes in the background, and all of them where the redo log is nearly
    full (MySQL manual, "Configuring InnoDB I/O Capacity"): 8.0's own 200 leaves a gp3 volume idle, and 8.4's 10000 has
    pages written again and again that commits need the IOPS for. Where either of the two is among the chosen settings,
    both are left to whoever chose. MySQL has no limit of their total size (binlog_space_limit is Percona's, max_binlog_total_size MariaDB's). Expired
    ones are removed when the log is flushed, which logrotate does every day (MySQL manual, "The Binary Log"). The redo
    log is an eighth at most.
    """
    days = min(max(volume_gib // BINARY_LOG_SHARE, 1), MOST_DAYS)
    settings = {**derived, "binlog_expire_logs_seconds": days * DAY_SECONDS}
    if REDO_LOG in settings:
        settings[REDO_LOG] = min(int(settings[REDO_LOG]), volume_gib * GIB // REDO_LOG_SHARE)
    if not {*IO_CAPACITY} & {*chosen}:
        settings |= zip(IO_CAPACITY, (iops // 2, iops), strict=True)
    return settings
