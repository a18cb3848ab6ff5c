"""Part of backups.py: runs as root on a lab's server, and prints its figures as JSON. Takes GiB and threads."""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pymysql  # type: ignore[import-untyped]  # the distribution's package has no types

SOCKET = "/run/mysqld/mysqld.sock"
FOLDER = Path("/var/tmp/bench")  # noqa: S108  the host is the bench's own
TABLES, ROW_BYTES = 8, 200
TABLES_BESIDE = 2
"""How many of them the base has that clients are watched beside."""
TOOLS = FOLDER / "tools"
PASSWORD = "Bench-1234567"  # noqa: S105  of a user that is dropped at the end
DUMP = "mysqldump --no-defaults -uroot -S {socket} --single-transaction --set-gtid-purged=OFF --routines --events"
CLIENT = "mysql --no-defaults -uroot -S {socket} --init-command='SET SESSION sql_log_bin = 0'"
LATENCY_SECONDS = 25
CLIENTS = 4


def shell(command: str) -> float:
    """Run a shell's line and return its seconds."""
    begun = time.monotonic()
    subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], check=True, stdout=subprocess.DEVNULL, cwd=FOLDER)
    return round(time.monotonic() - begun, 1)


def session() -> Any:
    """Return a cursor of root's."""
    connection = pymysql.connect(unix_socket=SOCKET, user="root", autocommit=True, ssl_disabled=True, local_infile=True)
    return connection.cursor()


def fill(gib: float) -> int:
    """Make sysbench's tables with so much data, and return the rows of each."""
    rows = int(gib * (1 << 30) / TABLES / ROW_BYTES)
    generator = random.Random(1)  # noqa: S311  no secret
    file = FOLDER / "rows.tsv"
    with file.open("w") as out:
        for number in range(1, rows + 1):
            digits = f"{generator.getrandbits(560):0169d}"[:169]
            c = "-".join(digits[at : at + 11] for at in range(0, 110, 11))
            pad = "-".join(digits[110 + at : 121 + at] for at in range(0, 55, 11))
            out.write(f"{number}\t{generator.randrange(rows)}\t{c}\t{pad}\n")
    cursor = session()
    cursor.execute("DROP DATABASE IF EXISTS sbtest")
    cursor.execute("CREATE DATABASE sbtest")
    cursor.execute("SET GLOBAL local_infile = ON")
    cursor.execute("SET SESSION sql_log_bin = 0")
    for table in range(1, TABLES + 1):
        cursor.execute(
            f"CREATE TABLE sbtest.sbtest{table} (id INT NOT NULL AUTO_INCREMENT, k INT NOT NULL DEFAULT 0,"
            " c CHAR(120) NOT NULL DEFAULT '', pad CHAR(60) NOT NULL DEFAULT '', PRIMARY KEY (id), KEY k_1 (k))"
        )
        cursor.execute(f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE sbtest.sbtest{table}")
    file.unlink()
    return rows


def mydumper_environment() -> str:
    """Unpack mydumper beside the packages: on Debian it wants mariadb-common, which conflicts with mysql-server."""
    TOOLS.mkdir()
    shell("cd tools; apt-get download -q mydumper libmariadb3; for deb in *.deb; do dpkg -x $deb .; done")
    library = next(TOOLS.rglob("libmariadb.so.3")).parent
    return f"LD_LIBRARY_PATH={library} MARIADB_PLUGIN_DIR={library}/libmariadb3/plugin {TOOLS}/usr/bin/"


def size(path: Path) -> int:
    """Return the MiB of a file or folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) >> 20


def latency(rows: int, busy: threading.Event, stop: threading.Event) -> dict[str, list[float]]:
    """Have clients read and write rows until the end; return milliseconds of each transaction, by what runs beside."""
    seen: dict[str, list[float]] = {"alone": [], "beside a base": []}

    def client(seed: int) -> None:
        cursor, generator = session(), random.Random(seed)  # noqa: S311
        while not stop.is_set():
            beside, row = busy.is_set(), generator.randint(1, rows)
            table = f"sbtest.sbtest{generator.randint(1, TABLES_BESIDE)}"
            begun = time.monotonic()
            cursor.execute(f"SELECT c FROM {table} WHERE id = {row}")  # noqa: S608
            cursor.execute(f"UPDATE {table} SET k = k + 1 WHERE id = {row}")  # noqa: S608
            milliseconds = (time.monotonic() - begun) * 1000
            if beside == busy.is_set():
                seen["beside a base" if beside else "alone"].append(milliseconds)
            time.sleep(0.01)

    clients = [threading.Thread(target=client, args=(seed,)) for seed in range(CLIENTS)]
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


def beside_a_base(rows: int) -> dict[str, dict[str, float]]:
    """Return how long transactions take alone, and while `backup run` runs."""
    busy, stop, answer = threading.Event(), threading.Event(), {}
    thread = threading.Thread(target=lambda: answer.update(latency(rows, busy, stop)))
    thread.start()
    time.sleep(LATENCY_SECONDS)
    busy.set()
    base = shell("systemctl start mysql-pair-base.service")
    busy.clear()
    stop.set()
    thread.join()
    return {"seconds of the base": {"": base}, **{name: quantiles(values) for name, values in answer.items()}}


def main(gib: float, threads: int) -> dict[str, Any]:
    """Fill, dump, restore and watch; return the figures."""
    shutil_folder = ["rm", "-rf", str(FOLDER)]
    subprocess.run(shutil_folder, check=True)
    FOLDER.mkdir()
    rows = fill(gib)
    cursor = session()
    cursor.execute(
        "SELECT SUM(data_length + index_length) >> 20 FROM information_schema.tables WHERE table_schema='sbtest'"
    )
    figures: dict[str, Any] = {"rows": rows * TABLES, "data MiB": int(cursor.fetchone()[0])}
    my = mydumper_environment()
    cursor.execute("SET SESSION sql_log_bin = 0")
    cursor.execute(f"CREATE USER bench@localhost IDENTIFIED BY '{PASSWORD}'")
    cursor.execute("GRANT ALL ON *.* TO bench@localhost")
    login = f"-u bench -p {PASSWORD} -S {SOCKET}"
    dump, client = DUMP.format(socket=SOCKET), CLIENT.format(socket=SOCKET)
    figures["mysqldump | zstd, s"] = shell(f"{dump} --databases sbtest | zstd -q -3 >dump.zst")
    figures["mysqldump | zstd, MiB"] = size(FOLDER / "dump.zst")
    figures["mydumper, s"] = shell(f"{my}mydumper {login} -B sbtest -t {threads} -o my")
    figures["mydumper, MiB"] = size(FOLDER / "my")
    figures["zstd of its folder, s"] = shell("tar c my | zstd -q -3 >my.zst")
    figures["zstd of its folder, MiB"] = size(FOLDER / "my.zst")
    cursor.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 0")
    cursor.execute("DROP DATABASE sbtest")
    figures["myloader, s"] = shell(f"{my}myloader {login} -t {threads} -d my")
    cursor.execute("DROP DATABASE sbtest")
    figures["zstd | mysql, s"] = shell(f"zstd -qdc dump.zst | {client}")
    cursor.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    cursor.execute("DROP USER bench@localhost")
    for table in range(TABLES_BESIDE + 1, TABLES + 1):
        cursor.execute(f"DROP TABLE sbtest.sbtest{table}")
    figures["latency, ms"] = beside_a_base(rows)
    subprocess.run(shutil_folder, check=True)
    cursor.execute("DROP DATABASE sbtest")
    return figures


if __name__ == "__main__":
    print(json.dumps(main(float(sys.argv[1]), int(sys.argv[2])), indent=1))
