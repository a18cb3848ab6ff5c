"""The clients of a run: workload.py on a client host, by the connection strings that the stack exports."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from lab.settings import LabError
from stack_outputs import forms
from tests import PROJECT_ROOT
from tests.lab.client_libraries import libraries
from tests.lab.pair import run
from tests.torture import workload
from tests.torture.history import APPEND, OK, Operation, parsed
from tests.torture.members import waited

CLIENT = "client-1"
FOLDER = "torture"
"""On the client host: the driver."""
PORTS = {"write": "connection_string", "read": "read_connection_string"}
LOAD = {"appenders": 3, "tellers": 2, "readers": 1}
BEGINS_SECONDS, ENDS_SECONDS = 90, 60
END_BYTES = 20_000
"""Of the history, which has what happened in the last moments."""


@dataclass(frozen=True)
class Clients:
    """Clients at work."""

    process: subprocess.Popen[str]
    output: Path

    def history(self, last_bytes: int = 0) -> list[Operation]:
        """Return what they were told so far, or the last of it."""
        with self.output.open("rb") as file:
            file.seek(-min(last_bytes or sys.maxsize, self.output.stat().st_size), 2)
            return parsed(file.read().decode().splitlines())

    def have_written_since(self, moment: float) -> bool:
        """Tell whether a write that began after a moment was acknowledged."""
        end = self.history(END_BYTES)
        return any(one.kind == APPEND and one.outcome == OK and one.start > moment for one in end)

    def are_gone(self) -> bool:
        """Tell whether they have ended by themselves."""
        return self.process.poll() is not None


def settings(outputs: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return what workload.py is told: logins by both ports, of the stack's primary user."""
    write, read = (forms.login_of(outputs[key]) for key in PORTS.values())
    return {
        **{
            port: {"host": login.host, "port": login.port, "user": login.user, "password": login.password}
            for port, login in zip(PORTS, (write, read), strict=True)
        },
        **LOAD,
        "database": write.database,
        "ca_file": write.ca_file,
        "seed": seed,
    }


@contextmanager
def at_work(stack: str, told: Mapping[str, Any], output: Path) -> Iterator[Clients]:
    """Have the client host write and read until the block ends; its history goes into a file.

    Raises:
        LabError: it does not begin.
    """
    ssh = [sys.executable, "-m", "scripts", "ssh", CLIENT, "--stack", stack, "--"]
    done = run(*ssh, f"mkdir -p {FOLDER} && base64 -d | tar -xz -C {FOLDER}", stdin=libraries(["pymysql"]))
    if done.returncode != 0:
        raise LabError(f"{CLIENT} did not get the driver: {done.stderr.strip()}")
    program = ["env", f"PYTHONPATH={FOLDER}", "python3", "-c", inspect.getsource(workload)]
    with output.open("w") as file:
        process = subprocess.Popen([*ssh, *program], cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=file, text=True)
    stdin = cast("IO[str]", process.stdin)
    try:
        print(json.dumps(told), file=stdin, flush=True)
        clients = Clients(process, output)
        waited(lambda: clients.are_gone() or output.stat().st_size > 0, BEGINS_SECONDS)
        if clients.are_gone() or not output.stat().st_size:
            raise LabError(f"{CLIENT} does not write")
        yield clients
    finally:
        stdin.close()
        try:
            process.wait(ENDS_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        run(*ssh, "rm", "-r", FOLDER)
