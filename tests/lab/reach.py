"""Probes of who reaches what, from this machine and from another team's host."""

from __future__ import annotations

import errno
import socket

from tests.lab.other_project import OtherProject
from tests.lab.pair import lab_command


def from_machine(address: str, port: int) -> str:
    """Return "open", or how a connection from this machine failed."""
    try:
        with socket.create_connection((address, port), timeout=3):
            return "open"
    except TimeoutError:
        return "no answer"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))


def connects_from_third(address: str, port: int) -> bool:
    """Probe from the third host, past ssh: nothing but its network is under test."""
    done = lab_command("exec", "third", "--", "timeout", "3", "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}")
    assert done.returncode in (0, 1, 124), f"the probe did not run: {done.stderr}"
    return done.returncode == 0


def admit(third: OtherProject, *peers: str) -> None:
    """Let these alone reach 3306 of the server: what programs/third.py has in PEERS, or CIDRs."""
    third.configure(admitted=list(peers))
    third.up()
