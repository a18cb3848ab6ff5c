"""Fill a server's buffer pool, let connections sort, and print, as JSON, what memory is left.

Handed to python3 as root on the server. Arguments: MiB that the host has, MiB that the system is to take besides
mysqld, connections, seconds of sorting.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

MIB = 1024**2
ROW_BYTES = 4000


def main() -> None:
    """Print the figures."""
    host, system, connections, seconds = (int(word) for word in sys.argv[1:])
    pid = _run("pidof", "mysqld")
    ballast = bytearray(os.urandom(MIB)) * max(0, system - _others(pid))
    others = _others(pid)  # before the connections' own side, which is elsewhere in real life
    session = connect()
    pool = one(session, "SELECT @@innodb_buffer_pool_size") // MIB
    idle = memory(pid, "VmRSS")
    fill(session, pool * MIB * 11 // 10 // ROW_BYTES)
    full, on_tmpfs = memory(pid, "VmRSS"), 0
    errors: list[str] = []
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=sort, args=(until, errors)) for _ in range(connections)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        on_tmpfs = max(on_tmpfs, tmpfs())
        time.sleep(0.2)
    peak = memory(pid, "VmHWM")
    session.cursor().execute("DROP DATABASE sorting")
    figures = {
        "pool": pool,
        "idle": idle,
        "full": full,
        "peak": peak,
        "tmpfs": on_tmpfs,
        "free": host - peak - on_tmpfs - others,
        "errors": errors[:3],
        "survived": _run("pidof", "mysqld") == pid,
    }
    del ballast
    print(json.dumps(figures))


def connect() -> Any:
    """Return a session of root's."""
    import pymysql  # type: ignore[import-untyped]  # on the server alone

    socket = "/run/mysqld/mysqld.sock"
    return pymysql.connect(unix_socket=socket, user="root", autocommit=True, ssl_disabled=True)


def one(session: Any, statement: str) -> Any:
    """Return the only value of a query."""
    cursor = session.cursor()
    cursor.execute(statement)
    return cursor.fetchone()[0]


def fill(session: Any, rows: int) -> None:
    """Make a table of so many rows, and read it."""
    cursor = session.cursor()
    cursor.execute("SET sql_log_bin = 0")
    cursor.execute("CREATE DATABASE sorting")
    columns = f"id INT AUTO_INCREMENT PRIMARY KEY, k INT, pad VARCHAR({ROW_BYTES})"
    cursor.execute(f"CREATE TABLE sorting.t ({columns}) CHARSET latin1")
    cursor.execute("INSERT INTO sorting.t (k, pad) VALUES (1, REPEAT('x', %s))", [ROW_BYTES - 100])
    made = 1
    while made < rows:
        more = min(made, rows - made, 16384)
        cursor.execute("INSERT INTO sorting.t (k, pad) SELECT RAND() * 1e9, pad FROM sorting.t LIMIT %s", [more])
        made += more
    cursor.execute("SELECT SUM(LENGTH(pad)) FROM sorting.t")


def sort(until: float, errors: list[str]) -> None:
    """Sort more than the sort buffer holds, again and again."""
    try:
        session = connect()
        while time.monotonic() < until:
            query = "SELECT k, LEFT(pad, 200) AS p FROM sorting.t WHERE id < 5000 ORDER BY p, k LIMIT 1000, 5"
            session.cursor().execute(query)
    except Exception as error:  # whatever it is, it is told
        errors.append(repr(error)[:200])


def memory(pid: str, field: str) -> int:
    """Return a field of a process's status in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    match = re.search(rf"{field}:\s+(\d+) kB", status)
    return int(match[1]) // 1024 if match else 0


def tmpfs() -> int:
    """Return how many MiB lie in file systems that are memory."""
    places = {line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if line.startswith("tmpfs ")}
    stats = {Path(place).stat().st_dev: os.statvfs(place) for place in places if Path(place).is_dir()}
    return sum((stat.f_blocks - stat.f_bfree) * stat.f_frsize for stat in stats.values()) // MIB


def _others(pid: str) -> int:
    """Return what all processes but mysqld take, in MiB; of what they share each has a part."""
    total = 0
    for rollup in Path("/proc").glob("[0-9]*/smaps_rollup"):
        if rollup.parent.name == pid:
            continue
        try:
            match = re.search(r"Pss:\s+(\d+) kB", rollup.read_text())
        except OSError:  # ended, or a thread of the kernel's
            continue
        total += int(match[1]) if match else 0
    return total // 1024


def _run(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    main()
