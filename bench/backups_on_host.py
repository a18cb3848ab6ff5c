"""Part of backups.py: runs as root on a lab's server, and prints its figures as JSON.

Arguments: GiB of rows, MiB of log, and whether to rehearse a restore (yes or no). The server's data are the bench's
own: its databases are dropped. What is beside a base or a restore is measured for small sizes only.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymysql  # type: ignore[import-untyped]  # the distribution's package has no types

AGENT = "/usr/local/lib/mysql-pair/current"
SOCKET = "/run/mysqld/mysqld.sock"
STATUS = Path("/var/lib/mysql-pair-status/backups.json")
MARKER = Path("/var/lib/mysql/mysql-pair-restore.json")
UUID_FILE, LOG_SENT = Path("/var/lib/mysql/auto.cnf"), Path("/var/lib/mysql-pair/backups/log.json")
TIMERS = ("mysql-pair-base.timer", "mysql-pair-log.timer", "mysql-pair-drill.timer")
MIB = 1 << 20
TABLES, ROW_BYTES = 8, 200
LOG_ROW_BYTES = 420
"""Of a changed row in the log: as it was, and as it is."""
BATCH_ROWS = 1000
ALONE_SECONDS = 25
CLIENTS = 4
SMALL_GIB = 1
DUMP = Path("/var/tmp/bench-dump.zst")  # noqa: S108  the host is the bench's own


def session() -> Any:
    """Return a cursor of root's."""
    connection = pymysql.connect(unix_socket=SOCKET, user="root", autocommit=True, ssl_disabled=True, local_infile=True)
    return connection.cursor()


def renew() -> None:
    """Be another server to the repository: the log of one that was restored begins anew, by the same names."""
    subprocess.run(["systemctl", "stop", "mysql"], check=True)
    for file in (UUID_FILE, LOG_SENT):
        file.unlink(missing_ok=True)
    subprocess.run(["systemctl", "start", "mysql"], check=True)


def fill(gib: float) -> int:
    """Make sysbench's tables with so much data, if they are not there; return the rows of each."""
    rows, cursor = int(gib * (1 << 30) / TABLES / ROW_BYTES), session()
    cursor.execute(
        "SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = 'sbtest' AND index_name = 'k_1'"
    )
    if cursor.fetchone()[0] == TABLES:
        cursor.execute(f"SELECT MAX(id) FROM sbtest.sbtest{TABLES}")  # noqa: S608
        if cursor.fetchone()[0] == rows:
            return rows
    generator = random.Random(1)  # noqa: S311  no secret
    file = Path("/var/tmp/bench-rows.tsv")  # noqa: S108  the host is the bench's own
    with file.open("w") as out:
        for number in range(1, rows + 1):
            digits = f"{generator.getrandbits(560):0169d}"[:169]
            c = "-".join(digits[at : at + 11] for at in range(0, 110, 11))
            pad = "-".join(digits[110 + at : 121 + at] for at in range(0, 55, 11))
            out.write(f"{number}\t{generator.randrange(rows)}\t{c}\t{pad}\n")
    cursor.execute("DROP DATABASE IF EXISTS sbtest")
    cursor.execute("CREATE DATABASE sbtest")
    cursor.execute("SET GLOBAL local_infile = ON")
    cursor.execute("SET SESSION sql_log_bin = 0, unique_checks = 0")
    for table in range(1, TABLES + 1):
        cursor.execute(
            f"CREATE TABLE sbtest.sbtest{table} (id INT NOT NULL AUTO_INCREMENT, k INT NOT NULL DEFAULT 0,"
            " c CHAR(120) NOT NULL DEFAULT '', pad CHAR(60) NOT NULL DEFAULT '', PRIMARY KEY (id))"
        )
        cursor.execute(f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE sbtest.sbtest{table}")
        cursor.execute(f"ALTER TABLE sbtest.sbtest{table} ADD KEY k_1 (k)")
    cursor.execute("SET GLOBAL local_infile = OFF")
    file.unlink()
    return rows


def write_log(mib: float, rows: int) -> None:
    """Change rows until the binary log has so many MiB more."""
    cursor, left = session(), int(mib * MIB / LOG_ROW_BYTES)
    first = 1
    while left > 0:
        change = "UPDATE sbtest.sbtest1 SET c = REVERSE(c), pad = REVERSE(pad) WHERE id BETWEEN %s AND %s"
        cursor.execute(change, [first, first + BATCH_ROWS - 1])
        left, first = left - BATCH_ROWS, (first + BATCH_ROWS) % rows


def agent(word: str) -> Any:
    """Return what a word of the agent's verb `backup` answers."""
    done = subprocess.run([sys.executable, "-B", AGENT, "backup", word], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout) if done.stdout.strip() else None


def base() -> dict[str, Any]:
    """Make a base, as its timer does."""
    # Each start counts against the unit's limit.
    subprocess.run(["systemctl", "reset-failed", "mysql-pair-base.service"], check=False)
    subprocess.run(["systemctl", "start", "mysql-pair-base.service"], check=True)
    made: dict[str, Any] = json.loads(STATUS.read_text())["base"]
    return made


def rate(size: float, seconds: float) -> float:
    """Return MiB a second."""
    return round(size / MIB / seconds, 1)


def clear() -> None:
    """Drop all databases, and start MySQL anew: nothing of before is still to be written."""
    cursor = session()
    cursor.execute("SELECT schema_name FROM information_schema.schemata")
    for (name,) in cursor.fetchall():
        if name not in ("information_schema", "mysql", "performance_schema", "sys"):
            cursor.execute(f"DROP DATABASE `{name}`")
    subprocess.run(["systemctl", "restart", "mysql"], check=True)


def plain_load() -> float:
    """Load the newest base from a file by `zstd -d | mysql`, with a restore's settings; return how long that took."""
    from scripts.host.backups import listing, own, repository
    from scripts.host.backups import restore as verb

    with repository.opened(own.spec().repository) as repo, DUMP.open("wb") as out:
        newest = max(manifest["id"] for manifest in listing.contents(repo).manifests)
        subprocess.run(repo.argv("cat", repo.at(f"bases/{newest}/{listing.DUMP}")), stdout=out, check=True)
    clear()
    cursor, former = session(), {}
    for name, value in verb.MEANWHILE.items():
        cursor.execute(f"SELECT @@GLOBAL.{name}")
        former[name] = cursor.fetchone()[0]
        cursor.execute(f"SET GLOBAL {name} = %s", [value])
    begun = time.monotonic()
    command = f"zstd -dc {DUMP} | mysql --binary-mode --max-allowed-packet=1G --init-command='SET sql_log_bin = 0'"
    subprocess.run(["bash", "-o", "pipefail", "-c", command], check=True)
    seconds = time.monotonic() - begun
    for name, value in former.items():
        cursor.execute(f"SET GLOBAL {name} = %s", [value])
    DUMP.unlink()
    return round(seconds, 1)


def restore() -> dict[str, float]:
    """Restore the newest base and the log after it into this server, emptied; return what that took."""
    from scripts.host.backups import own, replay
    from scripts.host.backups import restore as verb
    from scripts.host.backups.spec import RestoreSpec

    clear()
    MARKER.unlink(missing_ok=True)
    figures: dict[str, float] = {}

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*words: Any) -> Any:
            begun = time.monotonic()
            answer = function(*words)
            figures[f"{name} s"] = round(time.monotonic() - begun, 1)
            return answer

        return run

    replay.load, replay.replay = timed("load", replay.load), timed("replay", replay.replay)
    facts = verb.restore(RestoreSpec(own.spec().repository))
    if not facts.logs:
        sys.exit("no log was replayed")
    return {**figures, "restore s": facts.seconds, "files of the log": facts.logs}


def latency(rows: int, busy: threading.Event, stop: threading.Event) -> dict[str, list[float]]:
    """Have clients read and write rows until the end; return milliseconds of each transaction, by what runs beside."""
    seen: dict[str, list[float]] = {"alone": [], "beside a base": []}

    def client(seed: int) -> None:
        cursor, generator = session(), random.Random(seed)  # noqa: S311
        while not stop.is_set():
            beside, row = busy.is_set(), generator.randint(1, rows)
            table = f"sbtest.sbtest{generator.randint(1, TABLES)}"
            begun = time.monotonic()
            cursor.execute(f"SELECT c FROM {table} WHERE id = {row}")  # noqa: S608
            cursor.execute(f"UPDATE {table} SET k = k + 1 WHERE id = {row}")  # noqa: S608
            milliseconds = (time.monotonic() - begun) * 1000
            if beside == busy.is_set():
                seen["beside a base" if beside else "alone"].append(milliseconds)
            time.sleep(0.01)

    clients = [threading.Thread(target=client, args=(seed,), daemon=True) for seed in range(CLIENTS)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    return seen


def quantiles(milliseconds: list[float]) -> dict[str, float]:
    """Return what one says of many transactions."""
    cuts = statistics.quantiles(milliseconds, n=100)
    figures = {"median": cuts[49], "p95": cuts[94], "p99": cuts[98], "longest": max(milliseconds)}
    return {"transactions": len(milliseconds), **{name: round(value, 1) for name, value in figures.items()}}


def base_beside_clients(rows: int) -> dict[str, dict[str, float]]:
    """Make a base while clients work; return how long transactions take alone and beside it, in ms."""
    busy, stop, seen = threading.Event(), threading.Event(), dict[str, list[float]]()
    thread = threading.Thread(target=lambda: seen.update(latency(rows, busy, stop)), daemon=True)
    thread.start()
    time.sleep(ALONE_SECONDS)
    busy.set()
    base()
    busy.clear()
    stop.set()
    thread.join()
    return {name: quantiles(values) for name, values in seen.items()}


def main(gib: float, log_mib: float, has_drill: bool) -> dict[str, Any]:
    """Fill, back up and restore; return the figures."""
    sys.path.insert(0, AGENT)
    subprocess.run(["systemctl", "stop", *TIMERS], check=True)
    renew()
    loads = [os.getloadavg()[0]]
    rows = fill(gib)
    cursor = session()
    cursor.execute(
        "SELECT SUM(data_length + index_length), @@innodb_buffer_pool_size, VERSION()"
        " FROM information_schema.tables WHERE table_schema = 'sbtest'"
    )
    data, pool, version = cursor.fetchone()
    figures: dict[str, Any] = {
        "GiB of rows": gib,
        "rows": rows * TABLES,
        "MiB with indexes": int(data) // MIB,
        "MiB of buffer pool": pool // MIB,
        "MySQL": version,
        "CPUs": os.cpu_count(),
    }
    if gib <= SMALL_GIB:
        figures["transactions, ms"] = base_beside_clients(rows)
        time.sleep(1)  # ids are seconds
    loads.append(os.getloadavg()[0])
    made = base()
    figures |= {
        "base s": made["seconds"],
        "base MiB": made["bytes"] // MIB,
        "dump MiB": made["dump_bytes"] // MIB,
        "base MiB/s": rate(made["dump_bytes"], made["seconds"]),
    }
    cursor.execute("FLUSH BINARY LOGS")
    write_log(log_mib, rows)
    cursor.execute("FLUSH BINARY LOGS")
    cursor.execute("SHOW BINARY LOGS")
    log_bytes = cursor.fetchall()[-2][1]
    figures["log MiB"] = log_bytes // MIB
    agent("log")
    if has_drill:
        figures["drill s"] = agent("drill")["seconds"]
    loads.append(os.getloadavg()[0])
    if gib <= SMALL_GIB:
        figures["plain load s"] = plain_load()
    loads.append(os.getloadavg()[0])
    figures |= restore()
    loads.append(os.getloadavg()[0])
    figures["load MiB/s"] = rate(made["dump_bytes"], figures["load s"])
    return {**figures, "load average": [round(load, 1) for load in loads]}


if __name__ == "__main__":
    gib, log_mib, drill = sys.argv[1:]
    print(json.dumps(main(float(gib), float(log_mib), drill == "yes"), indent=1))
