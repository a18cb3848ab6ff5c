"""A host converged from an older config ends like one that was made from the newer one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lab.settings import Lab
from scripts.host.constants import OPTION_FILE
from tests.lab.pair import Pair, lab_command, removed
from tests.labs.compared import differences, state

GRANTS = [{"database": "app", "privileges": ["SELECT"]}]
OLDER: dict[str, Any] = {
    "mysqlSettings": {
        "max_connections": 60,
        "back_log": 70,
        "long_query_time": 3,
        "slow_query_log": True,
        "innodb_buffer_pool_size": "256M",
        "character_set_server": "latin1",
        "table_open_cache_instances": 2,
    },
    "serverPackages": ["pv"],
    "users": {"app": {"name": "former", "grants": GRANTS}, "gone": {"grants": GRANTS}},
    "xProtocol": True,
}
NEWER: dict[str, Any] = {
    "mysqlSettings": {"max_connections": 90, "back_log": 80, "sync_binlog": 0, "log_error_verbosity": 3},
    "serverPackages": ["tree"],
    "users": {"app": {"name": "present", "grants": GRANTS}},
    "xProtocol": False,
}


def made(name: str, config: dict[str, Any]) -> Pair:
    """Bring a lab up with these config values."""
    done = lab_command("setup", name=name)
    assert done.returncode == 0, done.stdout + done.stderr
    pair = Pair(Lab.named(name))
    pair.configure(config)
    done = lab_command("up", name=name)
    assert done.returncode == 0, done.stdout + done.stderr
    return pair


@pytest.fixture(scope="module")
def fresh_and_converged() -> Iterator[tuple[Pair, Pair]]:
    """Two labs: one made from the newer config, one from the older and converged to the newer."""
    labs = ("fresh", "older")
    try:
        with ThreadPoolExecutor() as both:
            fresh, older = both.map(made, labs, (NEWER, OLDER))
        older.configure(NEWER)
        older.up()
        yield fresh, older
    finally:
        for name in labs:
            removed(name)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("host", ["server", "client-1"])
def test_both_have_the_same_files_settings_packages_and_users(
    fresh_and_converged: tuple[Pair, Pair], host: str
) -> None:
    fresh, converged = (state(pair, host) for pair in fresh_and_converged)
    assert len(fresh["packages"]) > 100, "there is something to compare"
    assert differences(fresh, converged) == {}


def test_the_comparison_sees_what_differs(fresh_and_converged: tuple[Pair, Pair]) -> None:
    fresh, converged = fresh_and_converged
    converged.ssh("server", "echo '# by hand' | sudo tee -a " + OPTION_FILE)
    assert list(differences(state(fresh, "server"), state(converged, "server"))) == [f"/files/{OPTION_FILE}"]


def test_a_second_up_changes_nothing(fresh_and_converged: tuple[Pair, Pair]) -> None:
    _, converged = fresh_and_converged
    assert converged.unchanged()
