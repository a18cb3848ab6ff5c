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
"""How many pages InnoDB writes in the background, a second: usually, and at the most."""
EBS: Mapping[str, Setting] = {"innodb_flush_method": "O_DIRECT", "innodb_doublewrite_pages": 128}
"""What 8.4 has by itself and 8.0 has not (MySQL manual, "InnoDB Startup Options and System Variables"): the page cache
keeps no second copy of the pool's pages, and the doublewrite buffer takes 128 pages to a sync, not 4."""


def fitted(
    derived: Mapping[str, Setting], volume_gib: int, iops: int, chosen: Collection[str] = ()
) -> dict[str, Setting]:
    """Return derived settings with those that follow from the volume: 4 days of binary logs on 16 GiB.

    MySQL has no limit of their total size (binlog_space_limit is Percona's, max_binlog_total_size MariaDB's). Expired
    ones are removed when the log is flushed, which logrotate does every day (MySQL manual, "The Binary Log"). The redo
    log is an eighth at most.

    Half of the IOPS are for pages that InnoDB writes in the background, and all of them where it must (MySQL manual,
    "Configuring InnoDB I/O Capacity"). 8.0's own 200 leaves a gp3 volume idle; by 8.4's 10000 pages are written again
    and again, and commits wait for the same IOPS.

    Args:
        derived: what follows from the memory.
        volume_gib: of the volume.
        iops: of the volume.
        chosen: settings of config's; where one of the two I/O capacities is among them, both are its.
    """
    days = min(max(volume_gib // BINARY_LOG_SHARE, 1), MOST_DAYS)
    settings = {**derived, **EBS, "binlog_expire_logs_seconds": days * DAY_SECONDS}
    if REDO_LOG in settings:
        settings[REDO_LOG] = min(int(settings[REDO_LOG]), volume_gib * GIB // REDO_LOG_SHARE)
    if not {*IO_CAPACITY} & {*chosen}:
        settings |= zip(IO_CAPACITY, (iops // 2, iops), strict=True)
    return settings
