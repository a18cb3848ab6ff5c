"""Settings that are right each by itself and wrong together, or wrong for the memory there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from components.mysql_settings.kinds import KIB, MIB
from scripts.host.mysql.spec import Setting

POOL_SHARE = 0.9
"""Of the memory: what the operating system and mysqld itself need is not in the buffer pool."""
POOL_SIZE = 128 * MIB
"""MySQL's default of innodb_buffer_pool_size."""
BUFFERS = {
    "sort_buffer_size": 256 * KIB,
    "join_buffer_size": 256 * KIB,
    "read_buffer_size": 128 * KIB,
    "read_rnd_buffer_size": 256 * KIB,
    "thread_stack": 1024 * KIB,
}
"""What a connection may take, with MySQL's defaults in bytes."""
CONNECTIONS = 151
"""MySQL's default of max_connections."""

PAIRS = (
    ("auto_increment_offset", "auto_increment_increment"),
    ("binlog_cache_size", "max_binlog_cache_size"),
    ("innodb_io_capacity", "innodb_io_capacity_max"),
    ("innodb_max_dirty_pages_pct_lwm", "innodb_max_dirty_pages_pct"),
    ("max_user_connections", "max_connections"),
    ("net_buffer_length", "max_allowed_packet"),
)
"""The first may not be larger than the second. All are numbers in the table of what is known of settings."""


class SettingFault(NamedTuple):
    """What is wrong with settings, and a hint how to correct it."""

    names: tuple[str, ...]
    """The settings that it follows from, the one to look at first before the others."""
    wrong: str
    hint: str


def contradictions(settings: Mapping[str, Setting], memory_mib: int | None) -> Iterator[SettingFault]:
    """Yield what does not go together.

    Args:
        settings: derived and set ones, each as mysqld shows it.
        memory_mib: of the instance type; None if it is not known.
    """
    if memory_mib:
        yield from _memory(settings, memory_mib)
    for small, large in PAIRS:
        if small in settings and large in settings and float(settings[small]) > float(settings[large]):
            wrong = f"is {settings[small]}, more than {large} = {settings[large]}"
            yield SettingFault((small, large), wrong, f"Lower it, or raise {large}")
    if settings.get("gtid_mode") == "ON" and settings.get("enforce_gtid_consistency") != "ON":
        yield SettingFault(
            ("gtid_mode", "enforce_gtid_consistency"),
            "is ON without enforce_gtid_consistency = ON",
            "Set enforce_gtid_consistency to ON",
        )
    if "innodb_redo_log_capacity" in settings:
        for name in sorted({"innodb_log_file_size", "innodb_log_files_in_group"} & settings.keys()):
            wrong = "has no effect beside innodb_redo_log_capacity, which is derived"
            yield SettingFault((name,), wrong, "Set innodb_redo_log_capacity in its place")
    if settings.get("super_read_only") is True:
        wrong = "would keep the program from making users, as root too"
        yield SettingFault(("super_read_only",), wrong, "Set read_only, or neither")


def _memory(settings: Mapping[str, Setting], memory_mib: int) -> Iterator[SettingFault]:
    memory, pool = memory_mib * MIB, int(settings.get("innodb_buffer_pool_size", POOL_SIZE))
    if pool > memory * POOL_SHARE:
        yield SettingFault(
            ("innodb_buffer_pool_size",),
            f"is {pool // MIB} MiB, more than {POOL_SHARE:.0%} of the instance type's {memory_mib} MiB",
            "Lower it, or choose a larger serverInstanceType",
        )
        return
    connections = int(settings.get("max_connections", CONNECTIONS))
    per_connection = sum(int(settings.get(name, default)) for name, default in BUFFERS.items())
    is_set = bool(settings.keys() & {"max_connections", *BUFFERS})
    if is_set and pool + connections * per_connection > memory:
        yield SettingFault(
            ("max_connections", "innodb_buffer_pool_size", *BUFFERS),
            f"{connections} connections of up to {per_connection // KIB} KiB and a buffer pool of {pool // MIB} MiB "
            f"are more than the instance type's {memory_mib} MiB",
            "Lower one of them, or choose a larger serverInstanceType",
        )
