"""What mysqld would make of settings, by MySQL's own rules, and what the memory of an instance type holds."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import stack_config
from components.mysql import memory
from components.mysql.contradictions import check_settings
from components.mysql.memory import CHUNK, INSTANCES, POOL, completed, derived, rounded
from components.mysql.server import MySqlServerArgs, first_settings, server_spec
from scripts.host.mysql import open_files
from scripts.host.mysql.spec import OPEN_FILES, Setting
from stack_config.reader import Fault
from tests.unit.program.configs import GOOD, FakeCloud, texts

MIB, GIB = 1024**2, 1024**3

# MySQL 8.0 manual, "Configuring InnoDB Buffer Pool Size": 8G with 16 instances of 128M is valid, 9G becomes 10G; and
# what was seen: 1536M with 8 instances became 2048M on 8.0.45, 1 GiB and a byte became 1 GiB on 9.7.4
ROUNDED: list[tuple[dict[str, Setting], int]] = [
    ({POOL: 8 * GIB, INSTANCES: 16}, 8 * GIB),
    ({POOL: 9 * GIB, INSTANCES: 16}, 10 * GIB),
    ({POOL: 1536 * MIB, INSTANCES: 8}, 2 * GIB),
    ({POOL: 1536 * MIB, INSTANCES: 1}, 1536 * MIB),
    ({POOL: 1536 * MIB, INSTANCES: 8, CHUNK: 64 * MIB}, 1536 * MIB),
    ({POOL: GIB + 1, INSTANCES: 1}, GIB),
    ({POOL: 200 * MIB}, 256 * MIB),
    ({POOL: 64 * MIB}, 64 * MIB),
]


@pytest.mark.parametrize(("settings", "size"), ROUNDED)
def test_a_pool_is_rounded_as_mysql_rounds_it(settings: Mapping[str, Setting], size: int) -> None:
    assert rounded(settings) == size


def server(**settings: Setting) -> MySqlServerArgs:
    """Return the arguments of a server on a t3.small with these settings chosen."""
    return MySqlServerArgs(derived_settings=derived(2048), settings=settings)  # type: ignore[typeddict-item]


def test_a_pool_of_1536_mib_has_one_instance_and_so_its_size_on_8_0() -> None:
    settings = server_spec(server(innodb_buffer_pool_size="1536M")).mysql.settings
    assert (settings[POOL], settings[INSTANCES]) == (1536 * MIB, 1)
    assert first_settings(server()).settings[INSTANCES] == 1


def test_a_pool_between_two_sizes_is_told_before_anything_is_changed() -> None:
    values = GOOD | texts({"mysqlSettings": {POOL: "700M"}})
    warned: list[Fault] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pulumi.warn", warned.append)
        stack_config.parse(values, {"userPasswords", "sshPrivateKey"}, FakeCloud())
    (text,) = map(str, warned)
    assert "mysqlSettings.innodb_buffer_pool_size: is 734003200 bytes, of which mysqld makes 805306368" in text


def test_a_pool_that_leaves_the_system_no_memory_is_told() -> None:
    (warning,) = memory.warnings(derived(2048), {POOL: GIB}, 2048)
    assert warning.wrong == "leaves 330 MiB for connections and the system once the pool is full"
    assert not list(check_settings({**derived(2048), POOL: GIB}, 2048))


@pytest.mark.parametrize("memory_mib", [2048, 4096, 8192, 65536])
def test_a_member_of_a_group_leaves_memory_for_group_replication_too(memory_mib: int) -> None:
    settings = derived(memory_mib, in_group=True)
    left = memory.visible_mib(memory_mib) - int(settings[POOL]) / MIB * memory.POOL_OVERHEAD
    assert left > memory.SYSTEM_MIB + memory.FREE_MIB + memory.GROUP_MIB


def test_a_pool_that_leaves_group_replication_no_memory_is_told() -> None:
    settings = derived(2048, in_group=True)
    (warning,) = memory.warnings(settings, {POOL: GIB}, 2048, in_group=True)
    assert warning.wrong == "leaves 138 MiB for connections and the system once the pool is full"
    chosen = {**settings, POOL: 1200 * MIB}
    assert not list(memory.faults(chosen, 2048))
    (fault,) = memory.faults(chosen, 2048, in_group=True)
    assert fault.wrong.startswith("is 1280 MiB, so mysqld takes 2034 MiB")


@pytest.mark.parametrize("memory_mib", [1024, 2048, 4096, 8192, 16384, 65536, 524288])
def test_what_is_derived_is_kept_by_mysqld_and_fits_the_memory(memory_mib: int) -> None:
    settings = completed(derived(memory_mib))
    assert rounded(settings) == settings[POOL] == derived(memory_mib)[POOL]
    assert not list(check_settings(settings, memory_mib))
    assert int(settings[POOL]) // int(settings.get(CHUNK, 128 * MIB)) <= memory.MOST_CHUNKS
    left = memory.visible_mib(memory_mib) - int(settings[POOL]) / MIB * memory.POOL_OVERHEAD
    assert left > memory.SYSTEM_MIB + memory.FREE_MIB


# MiB of the instance type, MiB of the redo log
REDO_LOGS = [(1024, 128), (2048, 768), (4096, 1024), (8192, 1536), (65536, 2048)]


@pytest.mark.parametrize(("memory_mib", "redo_mib"), REDO_LOGS)
def test_a_redo_log_holds_what_a_small_pool_has_and_a_part_of_a_large_one(memory_mib: int, redo_mib: int) -> None:
    assert derived(memory_mib)["innodb_redo_log_capacity"] == redo_mib * MIB


# MySQL 8.0 manual, open_files_limit: the larger of 10 + max_connections + table_open_cache * 2 and max_connections * 5
OPEN: list[tuple[dict[str, Setting], int | None]] = [
    ({}, None),
    ({"max_connections": 20000}, 100000),
    ({"table_open_cache": 20000}, 40161),
    ({"max_connections": 1000}, None),
    ({"max_connections": 1990}, None),
    ({"max_connections": 2000}, 10010),
    ({OPEN_FILES: 50000}, 50000),
]


@pytest.mark.parametrize(("settings", "files"), OPEN)
def test_what_mysqld_takes_live_it_has_after_a_restart_too(settings: dict[str, Setting], files: int | None) -> None:
    spec = server_spec(server(**settings))
    drop_in = open_files.drop_in(spec.mysql.option_file)
    assert spec.mysql.settings.get(OPEN_FILES) == files
    assert (drop_in.content if drop_in else None) == (
        None if files is None else f"[Service]\nLimitNOFILE={files}\nTasksMax=infinity\n"
    )
