"""A small server keeps up: its pool full, a hundred connections sorting, on the memory that a t3.small has on EC2."""

from __future__ import annotations

import inspect
import json

from bench import sorting_load
from components.mysql.memory import FREE_MIB, SYSTEM_MIB, visible_mib
from tests.lab.pair import Pair, on

T3_SMALL_MIB = 2048


def test_a_full_pool_and_a_hundred_sorting_connections_leave_memory_free(pair: Pair) -> None:
    """From a fresh start of mysqld on; bench/memory.py measures the same for longer, and on a t3.micro too."""
    on(pair, "server", "systemctl restart mysql")
    numbers = (visible_mib(T3_SMALL_MIB), SYSTEM_MIB, 100, 5)
    script = inspect.getsource(sorting_load)
    done = pair.ssh("server", "sudo", "python3", "-", *map(str, numbers), stdin=script)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["survived"], figures["errors"]) == (True, [])
    assert figures["free"] >= FREE_MIB, figures
