"""The three sets of settings, and how the server gets one: its option file, and a restart.

All have what the program sets of every server (port, addresses, TLS, logs); they differ in what speed follows from.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import cast

from bench.database.sites import Site
from bench.database.sysbench import TABLES
from components.mysql.server import MySqlArgs, first_settings
from scripts.host.constants import OPTION_FILE
from scripts.host.mysql.spec import MySqlSpec, Setting

OURS, DEFAULTS, ROLE = "ours", "defaults", "role"
KIB, MIB = 1024, 1024**2
ROLE_SETTINGS: Mapping[str, Setting] = {
    "key_buffer_size": 256 * MIB,
    "max_allowed_packet": 64 * MIB,
    "table_open_cache": 256,
    "sort_buffer_size": 1 * MIB,
    "read_buffer_size": 1 * MIB,
    "read_rnd_buffer_size": 4 * MIB,
    "myisam_sort_buffer_size": 64 * MIB,
    "thread_cache_size": 8,
    "max_connections": 151,
    "tmp_table_size": 16 * MIB,
    "max_heap_table_size": 16 * MIB,
    "join_buffer_size": 256 * KIB,
    "innodb_buffer_pool_size": 256 * MIB,
    "innodb_redo_log_capacity": 128 * MIB,
    "innodb_log_buffer_size": 8 * MIB,
    "innodb_flush_log_at_trx_commit": 1,
    "innodb_lock_wait_timeout": 50,
}
"""What defaults/main.yml of the Ansible role geerlingguy.mysql 6.3.1 makes of mysqld, as far as it bears on speed. Its
two log files of 64 MiB are written as MySQL 9 has them."""
STARTS_SECONDS = 120


def other_sets() -> dict[str, str]:
    """Return the option files that ours is compared with."""
    base = first_settings(cast("MySqlArgs", {})).settings
    return {DEFAULTS: MySqlSpec(base).option_file, ROLE: MySqlSpec({**base, **ROLE_SETTINGS}).option_file}


def current(server: Site) -> str:
    """Return the server's option file as it is: ours, after an `up`."""
    return server.run(f"cat {OPTION_FILE}")


def give(server: Site, text: str) -> None:
    """Restart the server with an option file, and read all tables once."""
    server.run(f"cat >{OPTION_FILE}; systemctl restart mysql", stdin=text)
    await_answer(server)
    server.run("mysql app >/dev/null", stdin="".join(f"checksum table sbtest{at + 1};" for at in range(TABLES)))


def await_answer(server: Site) -> None:
    """Wait until mysqld answers."""
    until = time.monotonic() + STARTS_SECONDS
    while server.attempt("mysqladmin ping").returncode != 0:
        if time.monotonic() > until:
            raise SystemExit(f"bench: mysqld does not answer after {STARTS_SECONDS} s")
        time.sleep(0.2)
