"""Ports of this machine for what a test starts itself."""

from __future__ import annotations

import random
import socket
from pathlib import Path

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_given: set[int] = set()


def free_port() -> int:
    """Return a port that nobody listens on, another one at each call.

    It is outside the range from which the kernel gives ports to those who name none: nobody gets it by chance between
    this call and its use, nor after that.

    Raises:
        LookupError: a hundred of them are taken.
    """
    first_ephemeral = int(EPHEMERAL.read_text().split()[0])
    candidates = set(range(first_ephemeral - 12_000, first_ephemeral)) - _given
    for port in random.sample(sorted(candidates), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise LookupError("no free port")
