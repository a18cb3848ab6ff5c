"""sysbench on the client host: Debian's package, its login, its tables, and what it measures.

Its login is an option file in memory, as sysbench would otherwise have the password in its arguments. Debian's build
has the names of the TLS files built in, and does not go without a client's certificate: it gets one of the server's
authority, for a day.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bench.database.sites import Site

FOLDER = "/dev/shm/bench-database"  # noqa: S108  in memory, and root's alone
TABLES = 4
WORKLOADS = {
    "point select": "oltp_point_select",
    "read only": "oltp_read_only",
    "read write": "oltp_read_write",
    "write only": "oltp_write_only",
}
CONNECT_SCRIPT = "./connect.lua"
CONNECT = """
function thread_init() driver = sysbench.sql.driver() end
function event()
    local connection = driver:connect()
    connection:query("SELECT 1")
    connection:disconnect()
end
"""
"""A connection for each query."""
CERTIFICATE = """
cd /dev/shm; umask 077; trap 'rm -f bench.key bench.crt' EXIT
authority=/var/lib/mysql/.mysql-pair/tls/authority.pem
openssl req -x509 -quiet -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout bench.key -out bench.crt -days 1 \
    -subj /CN=sysbench -CA $authority -CAkey $authority -addext basicConstraints=critical,CA:FALSE
cat bench.key bench.crt
"""


class Result(NamedTuple):
    """What sysbench says of a run."""

    rate: float
    """Transactions a second."""
    p95_ms: float


class Sysbench:
    """sysbench on a client host, with a login of the server's."""

    def __init__(
        self, client: Site, server: Site, login: Mapping[str, Any], rows: int, others: Sequence[Site] = ()
    ) -> None:
        """Write the login down; `rows` is of each table, `others` are more servers that the login may lead to."""
        self._client, self._servers, self._rows = client, (server, *others), rows
        client.run(f"rm -rf {FOLDER}; install -d -m 700 {FOLDER}; cp /etc/mysql-pair/ca.pem {FOLDER}/cacert.pem")
        pair = server.run(CERTIFICATE)
        self._write("client-key.pem", pair)
        self._write("client-cert.pem", pair)
        self._write(CONNECT_SCRIPT, CONNECT)
        options = {"host": login["host"], "port": login["port"], "user": login["user"], "password": login["password"]}
        self._write("login", "".join(f"mysql-{name}={value}\n" for name, value in options.items()) + "mysql-db=app\n")

    def _write(self, name: str, text: str) -> None:
        self._client.run(f"umask 077; cat >{FOLDER}/{name}", stdin=text)

    def prepare(self) -> None:
        """Make the tables."""
        self._sysbench("oltp_read_write", "prepare", TABLES, tls=True)

    def run(self, script: str, threads: int, seconds: int, tls: bool = True, tunnel: int = 0, port: int = 0) -> Result:
        """Run a workload; one that goes over TLS or not, against what is asked for, ends the measurement.

        With the port of a tunnel it runs where that port is, on this machine: the client's program, and its CPU. With
        another port than the login's it stays on the client host.
        """
        before = self._handshakes()
        more = [f"--mysql-host=127.0.0.1 --mysql-port={tunnel}"] if tunnel else []
        more += [f"--mysql-port={port}"] if port else []
        said = self._sysbench(script, "run", threads, tls, f"--time={seconds}", *more, is_here=bool(tunnel))
        if (self._handshakes() - before >= threads) is not tls:
            raise SystemExit(f"bench: sysbench went {'without' if tls else 'over'} TLS")
        return parsed(said)

    def _handshakes(self) -> int:
        question = "mysql -BNe \"show global status like 'Ssl_finished_accepts'\""
        return sum(int(server.run(question).split()[1]) for server in self._servers)

    def _sysbench(self, script: str, verb: str, threads: int, tls: bool, *more: str, is_here: bool = False) -> str:
        options = {
            "threads": threads,
            "tables": TABLES,
            "table-size": self._rows,
            "rand-type": "uniform",
            "mysql-ssl": "on" if tls else "off",
        }
        words = " ".join([*(f"--{name}={value}" for name, value in options.items()), *more])
        said = self._client.run(f"cd {FOLDER}; sysbench --config-file=login {words} {script} {verb}", is_here=is_here)
        if "FATAL" in said:  # its exit code is 0
            raise SystemExit(f"bench: sysbench said\n{said[-2000:]}")
        return said

    def forget(self) -> None:
        """Take the login away."""
        self._client.attempt(f"rm -rf {FOLDER}")


def parsed(said: str) -> Result:
    """Return the rate and the 95th percentile of sysbench's report."""
    rate = re.search(r"transactions:\s+\d+\s+\(([\d.]+) per sec", said)
    percentile = re.search(r"95th percentile:\s+([\d.]+)", said)
    if rate is None or percentile is None:
        raise SystemExit(f"bench: sysbench said\n{said[-2000:]}")
    return Result(float(rate[1]), float(percentile[1]))
