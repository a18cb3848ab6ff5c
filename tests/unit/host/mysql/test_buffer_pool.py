"""A buffer pool on MySQL 8.0: the size that was asked for, by a restart if it has to be, or an error."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from scripts.host.common.errors import HostError
from scripts.host.mysql import settings
from scripts.host.mysql.server import Session
from scripts.host.mysql.spec import MySqlSpec
from tests.unit.host.mysql.mysqld import Mysqld, converge, installed

MIB = 1024**2
POOL, INSTANCES = "innodb_buffer_pool_size", "innodb_buffer_pool_instances"
FORMER = {POOL: 1024 * MIB}
"""What the program told a t3.small before it derived the instances: 8.0 has eight."""


@pytest.fixture
def mysql_8_0(tmp_path: Path, state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Mysqld:  # noqa: ARG001  it is used
    """A server of 8.0 on which the former program has set 1 GiB."""
    running = installed(tmp_path, monkeypatch, instances=8)
    running.option_file.write_text(MySqlSpec(FORMER).option_file)
    running.start()
    converge(running, FORMER)
    assert (running.variables[POOL], running.variables[INSTANCES]) == (str(1024 * MIB), "8")
    return running


@pytest.mark.parametrize("size", [512, 768, 1536, 1152])
def test_a_pool_of_8_0_has_the_size_that_was_asked_for_after_one_restart(mysql_8_0: Mysqld, size: int) -> None:
    desired = {POOL: size * MIB, INSTANCES: 1}
    restarts, _ = converge(mysql_8_0, desired)
    assert (restarts, mysql_8_0.variables[POOL]) == (1, str(size * MIB))
    assert converge(mysql_8_0, desired) == (0, [])


def test_a_pool_that_8_0_would_round_up_is_refused_and_not_kept(mysql_8_0: Mysqld) -> None:
    with pytest.raises(HostError, match="1610612736 became innodb_buffer_pool_size = 2147483648, also after a restart"):
        converge(mysql_8_0, {POOL: 1536 * MIB})
    assert mysql_8_0.variables[POOL] == str(1024 * MIB)


def test_a_live_pool_of_nearly_the_size_is_drift(mysql_8_0: Mysqld) -> None:
    mysql_8_0.variables[POOL] = str(2048 * MIB)
    (row,) = settings.differences(cast(Session, mysql_8_0), {POOL: 1536 * MIB})
    assert (row.name, row.expected, row.found) == (POOL, str(1536 * MIB), str(2048 * MIB))


def test_with_one_instance_a_pool_changes_live(mysql_8_0: Mysqld) -> None:
    converge(mysql_8_0, {POOL: 1024 * MIB, INSTANCES: 1})
    assert converge(mysql_8_0, {POOL: 768 * MIB, INSTANCES: 1}) == (0, [POOL])


def test_a_pool_smaller_than_a_chunk_takes_the_restart(mysql_8_0: Mysqld) -> None:
    converge(mysql_8_0, {POOL: 1024 * MIB, INSTANCES: 1})
    assert converge(mysql_8_0, {POOL: 64 * MIB, INSTANCES: 1})[0] == 1


def test_a_pool_that_is_still_shrinking_is_waited_for(mysql_8_0: Mysqld, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    converge(mysql_8_0, {POOL: 1024 * MIB, INSTANCES: 1})
    mysql_8_0.resizing = 3
    converge(mysql_8_0, {POOL: 512 * MIB, INSTANCES: 1})
    assert len(waits) == 3


def test_what_a_start_makes_of_a_setting_is_not_hidden_by_setting_it_live_again(mysql_8_0: Mysqld) -> None:
    """max_connections is taken live whatever files mysqld may open, and lowered at the next start."""
    with pytest.raises(HostError, match="20000 became max_connections = 9190, also after a restart"):
        converge(mysql_8_0, {**FORMER, "max_connections": 20000, "bind_address": "0.0.0.0"})  # noqa: S104
    assert mysql_8_0.variables["max_connections"] == "151"


@pytest.mark.usefixtures("mysql_8_0")
def test_what_mysql_says_of_a_setting_that_it_takes_is_told() -> None:
    desired = MySqlSpec({**FORMER, "sort_buffer_size": 65536})
    assert settings.converge(desired) == ("sort_buffer_size: 'sort_buffer_size' is deprecated",)
    assert settings.converge(desired) == ()


def test_an_uninstalled_component_does_not_keep_mysqld_from_starting() -> None:
    text = MySqlSpec({"validate_password.length": 12, "rpl_semi_sync_source_enabled": True, "port": 3306}).option_file
    assert "loose_validate_password.length = 12\nloose_rpl_semi_sync_source_enabled = ON\nport = 3306" in text
