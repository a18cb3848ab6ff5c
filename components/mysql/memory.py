"""What follows from an instance type's memory and from the settings themselves, so that mysqld keeps what it is told.

mysqld rounds or lowers what does not fit, and some of it at its next start only. What it would make of the settings is
worked out here by its own rules, before it is compared with the memory and sent to the host.
"""

from collections.abc import Iterator, Mapping

from components.mysql.settings import BUFFERS, GIB, KIB, MIB, SettingFault
from scripts.host.mysql.spec import OPEN_FILES, UNIT_OPEN_FILES, Setting

POOL, INSTANCES, CHUNK = "innodb_buffer_pool_size", "innodb_buffer_pool_instances", "innodb_buffer_pool_chunk_size"
CONNECTIONS, TABLES, LOG_BUFFER = "max_connections", "table_open_cache", "innodb_log_buffer_size"
DEFAULTS = {POOL: 128 * MIB, CHUNK: 128 * MIB, CONNECTIONS: 151, TABLES: 4000, LOG_BUFFER: 64 * MIB}
"""MySQL's own; of the log buffer 8.0's is 16 MiB."""

# Buffer pool (MySQL manual, "Configuring InnoDB Buffer Pool Size", "Configuring Multiple Buffer Pool Instances").
MOST_CHUNKS = 1000
ONE_INSTANCE = GIB
"""A smaller pool has one instance, whatever is set. Each of several should have as much."""
MANY, MANY_FROM = 8, 8 * GIB
"""8.0's own number of instances, which it takes from 1 GiB on: its pools are then whole GiB, and are never less."""

# Open files (MySQL manual, open_files_limit; sql/mysqld.cc, adjust_related_options).
OWN_FILES, FEWEST_TABLES = 10, 400

# Memory in MiB, measured with MySQL 9.7.4 by bench/memory.py; 8.0.45 takes about 100 MiB less.
POOL_OVERHEAD = 1.083
"""A full pool with its descriptors and hashes, as a multiple of its size."""
SERVER_MIB, SCHEMA_MIB, SMALL_SCHEMA_MIB = 210, 230, 51
"""mysqld without pool, log buffer and performance schema; the performance schema, and with SMALL."""
SORTING_MIB = 82
"""A hundred connections that sort."""
SYSTEM_MIB, FREE_MIB = 300, 150
"""Ubuntu's own services, an estimate; and what is to stay free."""
GROUP_MIB, LEAST_OF_GROUP_MIB = 192, 2048
"""What a member of a group takes besides, an estimate: Group Replication's cache of messages at its least of 128 MiB
(MySQL manual, group_replication_message_cache_size: 1 GiB by default), what certification keeps, and its threads. And
the memory of the smallest instance type that a member fits on."""
SMALL_FROM_MIB = 4096
"""A smaller host is short of memory, and one of less than half needs SMALL too."""
SMALL: Mapping[str, Setting] = {
    "performance_schema_accounts_size": 0,
    "performance_schema_digests_size": 200,
    "performance_schema_error_size": 0,
    "performance_schema_events_statements_history_long_size": 0,
    "performance_schema_events_transactions_history_long_size": 0,
    "performance_schema_hosts_size": 0,
    "performance_schema_max_memory_classes": 0,
    "performance_schema_users_size": 0,
}
"""A performance schema without statistics by account, host, user, error and memory, and with few digests."""


def visible_mib(memory_mib: int) -> int:
    """Return how much of an instance type's memory its host has: 0.93 GiB of a t3.micro's 1, 1.85 of a t3.small's 2."""
    return int(memory_mib * (0.925 if memory_mib <= SMALL_FROM_MIB else 0.95))


def is_too_small(memory_mib: int) -> bool:
    """Return whether no server fits into an instance type's memory."""
    return _pool_room(_small_settings(memory_mib), memory_mib) <= 0


def derived(memory_mib: int, in_group: bool = False) -> dict[str, Setting]:
    """Return the settings that follow from the MiB of memory of the instance type, of a member of a group if it is one.

    Source: MySQL manual, "Enabling Automatic InnoDB Configuration for a Dedicated MySQL Server", for the buffer pool,
    which is smaller where mysqld, a hundred connections and the system would not fit beside it. A redo log as large as
    the pool, of 1 GiB at most, keeps pages from being written for its sake alone (1 GiB is what the manual has for two
    vCPUs); from pools of 4 GiB on it is a quarter of them. A crash's recovery reads what is in it.
    """
    small = _small_settings(memory_mib)
    share = 0.5 if memory_mib <= 4096 else 0.75
    chunk = DEFAULTS[CHUNK]
    room = _pool_room(small, memory_mib) - (GROUP_MIB if in_group else 0)
    fitting = int(min(memory_mib * share, room) * MIB) // chunk * chunk
    fitting = max(chunk, fitting)
    pool = rounded({**completed({POOL: fitting}), POOL: fitting}, down=True)
    redo = min(max(min(pool, GIB), pool // 4), 2 * GIB) // MIB * MIB
    return {POOL: pool, "innodb_redo_log_capacity": redo, **small}


def _small_settings(memory_mib: int) -> dict[str, Setting]:
    if memory_mib >= SMALL_FROM_MIB:
        return {}
    # 3 %, as MySQL 8.4 does, but without its least of 1 GiB.
    shared = {
        LOG_BUFFER: min(memory_mib // 128, 16) * MIB,
        "temptable_max_ram": visible_mib(memory_mib) * 3 // 100 * MIB,
    }
    return {**shared, **(SMALL if memory_mib < SMALL_FROM_MIB // 2 else {})}


def _pool_room(settings: Mapping[str, Setting], memory_mib: int) -> float:
    """Return how many MiB a buffer pool may have."""
    left = visible_mib(memory_mib) - SYSTEM_MIB - FREE_MIB - _server_mib(settings) - SORTING_MIB
    return left / POOL_OVERHEAD


def _server_mib(settings: Mapping[str, Setting]) -> float:
    """Return what mysqld takes without a buffer pool and connections."""
    log_buffer = int(settings.get(LOG_BUFFER, DEFAULTS[LOG_BUFFER])) / MIB
    is_small = settings.items() >= SMALL.items()
    schema = 0 if settings.get("performance_schema") is False else SMALL_SCHEMA_MIB if is_small else SCHEMA_MIB
    return SERVER_MIB + log_buffer + schema


def completed(settings: Mapping[str, Setting]) -> dict[str, Setting]:
    """Return the settings with those that follow from them, and the pool in the size that mysqld would make of it.

    With these, mysqld has after any restart what it was told: without, 8.0 makes 2 GiB of a pool of 1.5 GiB.
    """
    values = dict(settings)
    if POOL in values:
        pool = int(values[POOL])
        values.setdefault(INSTANCES, MANY if pool >= MANY_FROM else 1)
        least_chunk = -(-pool // MOST_CHUNKS // DEFAULTS[CHUNK]) * DEFAULTS[CHUNK]
        if least_chunk > DEFAULTS[CHUNK]:
            values.setdefault(CHUNK, least_chunk)
        values[POOL] = rounded(values)
    if (files := _files(values)) > UNIT_OPEN_FILES:
        values.setdefault(OPEN_FILES, files)
    return values


def rounded(settings: Mapping[str, Setting], down: bool = False) -> int:
    """Return the size in bytes that a pool has: a multiple of instances and chunk, which a small pool lowers."""
    # Whole MiB first: of 1 GiB and a byte mysqld makes 1 GiB.
    pool = int(settings[POOL]) // MIB * MIB
    instances = int(settings.get(INSTANCES, 1)) if pool >= ONE_INSTANCE else 1
    chunk = min(int(settings.get(CHUNK, DEFAULTS[CHUNK])), -(-pool // instances // MIB) * MIB)
    unit = chunk * instances
    return (pool if down else pool + unit - 1) // unit * unit


def _files(settings: Mapping[str, Setting]) -> int:
    """Return how many open files mysqld asks for, by the manual's rule."""
    connections, tables = (int(settings.get(name, DEFAULTS[name])) for name in (CONNECTIONS, TABLES))
    return max(OWN_FILES + connections + tables * 2, connections * 5)


def faults(settings: Mapping[str, Setting], memory_mib: int | None, in_group: bool = False) -> Iterator[SettingFault]:
    """Yield what mysqld would not keep, or what the memory does not hold; see check_settings."""
    if memory_mib:
        yield from _memory(settings, memory_mib, in_group)
    yield from _pool(settings)
    files = int(settings.get(OPEN_FILES, UNIT_OPEN_FILES))
    if OPEN_FILES in settings and settings.keys() & {CONNECTIONS, TABLES}:
        connections, tables = (int(settings.get(name, DEFAULTS[name])) for name in (CONNECTIONS, TABLES))
        fitting = max((files - OWN_FILES - connections) // 2, FEWEST_TABLES)
        if connections > files - OWN_FILES - FEWEST_TABLES * 2 or (TABLES in settings and tables > fitting):
            wrong = f"is {files}, too few for {CONNECTIONS} = {connections} and {TABLES} = {tables}: mysqld lowers them"
            yield SettingFault((OPEN_FILES, CONNECTIONS, TABLES), wrong, "Leave it out, and it is derived")


def _pool(settings: Mapping[str, Setting]) -> Iterator[SettingFault]:
    if not settings.keys() & {POOL, INSTANCES, CHUNK, "innodb_page_cleaners"}:
        return
    values = completed({POOL: DEFAULTS[POOL], **settings})
    pool, instances = int(values[POOL]), int(values[INSTANCES])
    if instances > 1 and int(settings.get(POOL, DEFAULTS[POOL])) < ONE_INSTANCE:
        wrong = f"is {instances}, and a buffer pool of less than 1 GiB has one instance, whatever is set"
        yield SettingFault((INSTANCES, POOL), wrong, f"Leave it out, or raise {POOL}")
    elif CHUNK in settings and int(settings[CHUNK]) * instances > pool:
        wrong = f"is {settings[CHUNK]}, and mysqld lowers it: {instances} instances of it are more than the pool"
        yield SettingFault((CHUNK, POOL, INSTANCES), wrong, "Leave it out")
    if int(settings.get("innodb_page_cleaners", 1)) > instances:
        wrong = f"is {settings['innodb_page_cleaners']}, more than {INSTANCES} = {instances}, and mysqld lowers it"
        yield SettingFault(("innodb_page_cleaners", INSTANCES, POOL), wrong, "Lower it, or leave it out")


def _memory(settings: Mapping[str, Setting], memory_mib: int, in_group: bool) -> Iterator[SettingFault]:
    pool = int(completed({POOL: DEFAULTS[POOL], **settings})[POOL]) // MIB
    needed = int(pool * POOL_OVERHEAD + _server_mib(settings)) + (GROUP_MIB if in_group else 0)
    if needed > visible_mib(memory_mib):
        yield SettingFault(
            (POOL,),
            f"is {pool} MiB, so mysqld takes {needed} MiB once it is full, and of the instance type's {memory_mib} MiB "
            f"the host has {visible_mib(memory_mib)}",
            "Lower it, or choose a larger serverInstanceType",
        )
        return
    connections = int(settings.get(CONNECTIONS, DEFAULTS[CONNECTIONS]))
    per_connection = sum(int(settings.get(name, default)) for name, default in BUFFERS.items())
    is_set = bool(settings.keys() & {CONNECTIONS, *BUFFERS})
    if is_set and pool * MIB + connections * per_connection > memory_mib * MIB:
        yield SettingFault(
            (CONNECTIONS, POOL, *BUFFERS),
            f"{connections} connections of up to {per_connection // KIB} KiB and a buffer pool of {pool} MiB "
            f"are more than the instance type's {memory_mib} MiB",
            "Lower one of them, or choose a larger serverInstanceType",
        )


def warnings(
    derived_settings: Mapping[str, Setting], chosen: Mapping[str, Setting], memory_mib: int, in_group: bool = False
) -> Iterator[SettingFault]:
    """Yield what is probably not meant of a chosen buffer pool: another size than is written, or little memory left."""
    if POOL not in chosen:
        return
    settings = {**derived_settings, **chosen}
    asked, pool = int(settings[POOL]), int(completed(settings)[POOL])
    if pool != asked:
        wrong = f"is {asked} bytes, of which mysqld makes {pool}, whole chunks of every instance"
        yield SettingFault((POOL,), wrong, "The server gets that size")
    left = visible_mib(memory_mib) - int(pool // MIB * POOL_OVERHEAD + _server_mib(settings))
    left -= GROUP_MIB if in_group else 0
    if left < SYSTEM_MIB + FREE_MIB:
        wrong = f"leaves {left} MiB for connections and the system once the pool is full"
        yield SettingFault((POOL,), wrong, f"mysqld may be killed; {SYSTEM_MIB + FREE_MIB} MiB or more are safe")
