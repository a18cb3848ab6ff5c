"""What a way to the server costs: TLS, a tunnel through the client host, and a new connection for each query."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.database.stack import Stack
from bench.database.sysbench import CONNECT_SCRIPT, WORKLOADS, Sysbench
from bench.labs import PROJECT_ROOT

DIRECT, PLAIN, TUNNEL = "over TLS", "without TLS", "over TLS, through a tunnel"
NEW, NEW_PLAIN = "a connection each, over TLS", "a connection each, without TLS"
BESIDE = {PLAIN: DIRECT, TUNNEL: DIRECT, NEW: DIRECT, NEW_PLAIN: NEW}
"""What each is compared with."""
POINT = WORKLOADS["point select"]


def measure(stack: Stack, sysbench: Sysbench, threads: int, rounds: int, seconds: int) -> list[dict[str, float]]:
    """Return round by round how many queries a second each way takes."""
    stack.server.run("mysql -e 'set global require_secure_transport = off'")
    measured = []
    try:
        with _tunnel(stack) as port:
            runs: dict[str, Callable[[], float]] = {
                DIRECT: lambda: sysbench.run(POINT, threads, seconds).rate,
                PLAIN: lambda: sysbench.run(POINT, threads, seconds, tls=False).rate,
                TUNNEL: lambda: sysbench.run(POINT, threads, seconds, tunnel=port).rate,
                NEW: lambda: sysbench.run(CONNECT_SCRIPT, threads, seconds).rate,
                NEW_PLAIN: lambda: sysbench.run(CONNECT_SCRIPT, threads, seconds, tls=False).rate,
            }
            for number in range(rounds):
                names = list(runs) if number % 2 == 0 else list(reversed(runs))
                measured.append({name: runs[name]() for name in names})
                print(f"ways {number + 1}: " + "; ".join(f"{n} {measured[-1][n]:.0f}" for n in runs), flush=True)
    finally:
        stack.server.run("mysql -e 'set global require_secure_transport = on'")
    return measured


@contextmanager
def _tunnel(stack: Stack) -> Iterator[int]:
    """Give a port of this machine that the operator's tunnel leads from to MySQL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    words = ["tunnel", str(stack.login["user"]), "--port", str(port), "--stack", stack.pair.lab.name]
    argv = [sys.executable, "-u", "-m", "scripts", *words]
    with subprocess.Popen(argv, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True) as tunnel:
        try:
            if not (tunnel.stdout and tunnel.stdout.readline()):
                raise SystemExit("bench: the tunnel did not open")
            yield port
        finally:
            tunnel.terminate()
