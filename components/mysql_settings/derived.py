"""The settings that follow from the memory of the instance type."""

from __future__ import annotations

from components.mysql_settings.kinds import GIB, MIB
from scripts.host.mysql.spec import Setting

POOL_CHUNK = 128 * MIB
"""InnoDB sizes its buffer pool in such steps."""


def derived(memory_mib: int) -> dict[str, Setting]:
    """Return the settings that follow from the memory of the instance type.

    Args:
        memory_mib: MiB of memory.

    Source: MySQL manual, "Enabling Automatic InnoDB Configuration for a Dedicated MySQL Server", for the buffer pool;
    a redo log of a quarter of it holds the changes of a busy hour and is small beside a root volume.
    """
    memory = memory_mib * MIB
    share = 0.0 if memory < GIB else 0.5 if memory <= 4 * GIB else 0.75
    pool = max(POOL_CHUNK, int(memory * share) // POOL_CHUNK * POOL_CHUNK)
    redo = min(max(pool // 4, 100 * MIB), 2 * GIB) // MIB * MIB
    return {"innodb_buffer_pool_size": pool, "innodb_redo_log_capacity": redo}
