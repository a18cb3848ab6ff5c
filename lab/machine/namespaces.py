"""Network namespaces of the machine: made, removed, and spoken to from any thread of a gRPC server.

pyroute2's own way into a namespace forks the process, which one with gRPC's threads does not survive. A thread that
enters the namespace, opens a netlink socket there and ends does the same without a fork.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lab.machine import netlink
from lab.settings import LabError

if TYPE_CHECKING:
    from pyroute2 import IPRoute

FOLDER = Path("/run/netns")


def listed() -> list[str]:
    """Return the names of all namespaces."""
    return sorted(path.name for path in FOLDER.iterdir()) if FOLDER.exists() else []


def create(name: str) -> None:
    """Make a namespace unless it is there; a file that a killed run left in its place is none.

    Raises:
        LabError: the kernel refused it.
    """
    path = FOLDER / name
    if path.exists() and path.stat().st_dev == FOLDER.stat().st_dev:
        path.unlink()
    if not path.exists():
        _ip("add", name)


def remove(name: str) -> None:
    """Remove a namespace, and the links that end in it; nothing happens if it is gone."""
    if name in listed():
        _ip("delete", name)


def end_processes(name: str, seconds: float = 5) -> None:
    """Kill whatever runs in a namespace, and wait for its end; nothing happens if there is none.

    Raises:
        LabError: something does not end.
    """
    deadline = time.monotonic() + seconds
    while name in listed() and (left := _ip("pids", name).split()):
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)
        if time.monotonic() > deadline:
            raise LabError(f"processes {', '.join(left)} in {name} do not end: reboot this machine")
        time.sleep(0.02)


def _ip(verb: str, name: str) -> str:
    done = subprocess.run(["ip", "netns", verb, name], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"network namespace {name}: {done.stderr.strip()}")
    return done.stdout


@contextmanager
def inside(name: str) -> Iterator[IPRoute]:
    """Speak to the kernel about the links and routes of a namespace."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        opened = thread.submit(_socket_of, name).result()
    with netlink.routes(use_socket=opened) as spoken_to:
        yield spoken_to


def _socket_of(name: str) -> socket.socket:
    """Return a netlink socket of a namespace. The calling thread stays in that namespace: it is to end."""
    netlink.enter(name)
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, socket.NETLINK_ROUTE)
    opened.bind((0, 0))
    return opened
