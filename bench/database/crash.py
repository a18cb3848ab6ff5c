"""Seconds from a crash of the server's host under write load to the first write that is acknowledged again.

The host boots at once, and mysqld recovers from its redo log before it takes a connection.
"""

from __future__ import annotations

import inspect
import json
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import IO, Any, cast

from bench import polling_writer
from bench.database.sites import Site
from bench.database.sysbench import Sysbench
from lab.testing.processes import wait_for
from scripts.host.constants import CA_FILE

LONGEST_SECONDS = 300


def seconds(
    server: Site, client: Site, login: Mapping[str, Any], sysbench: Sysbench, load: int, throttle: Callable[[], object]
) -> float:
    """Crash the server after so many seconds of load; `throttle` is called once its host is there again."""
    server.run("mysql -e 'drop table if exists app.polled'")
    script = f"exec python3 -c {shlex.quote(inspect.getsource(polling_writer))}"
    with tempfile.TemporaryFile("w+") as output:
        writer = subprocess.Popen(client.argv(script), stdin=subprocess.PIPE, stdout=output, text=True)
        stdin = cast("IO[str]", writer.stdin)
        print(json.dumps({**login, "hosts": [login["host"]], "ca_file": CA_FILE}), file=stdin, flush=True)

        def moments() -> list[float]:
            output.seek(0)
            return [float(line.split()[0]) for line in output.read().splitlines() if " " in line]

        try:
            wait_for(lambda: len(moments()) > 0, seconds=60)
            sysbench.run("oltp_write_only", 8, load)
            server.plane.crash(server.id)
            crashed = time.time()
            server.ec2.start(server.id)
            throttle()
            wait_for(lambda: any(moment > crashed for moment in moments()), seconds=LONGEST_SECONDS)
            return min(moment for moment in moments() if moment > crashed) - crashed
        finally:
            stdin.close()
            writer.wait(60)
