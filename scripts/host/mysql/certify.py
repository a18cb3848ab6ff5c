#!/usr/bin/env python3
"""Give the MySQL server a certificate for an identity, renewed from now on by a timer, and print its authority's.

Usage: certify.py <IDENTITY, as root: a JSON object with addresses and names. Prints one JSON object; exits with 1 and
the reason on standard error. Apart from converge.py, so that the authority is known to stay when a setting changes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from scripts.host.common import lock, process, stdin
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.mysql import authority, certificate, server

TIMER = "mysql-pair-certificate.timer"
UNITS = Path("/etc/systemd/system")


def enable_timer() -> None:
    """Have the certificate renewed by its timer, from now on and after every boot.

    Raises:
        HostError: its unit is not there.
    """
    if not (UNITS / TIMER).exists():
        raise HostError(f"{UNITS / TIMER} is not there, so nothing would renew the certificate")
    if differences():
        process.must(["systemctl", "enable", "--now", TIMER])


def differences() -> list[Difference]:
    """Return whether the timer does not run, or would not after a boot; nothing is changed."""
    rows = []
    if not (UNITS / "timers.target.wants" / TIMER).exists():
        rows.append(Difference("unit", TIMER, "after a boot", "enabled", "not enabled"))
    state = process.run(["systemctl", "is-active", TIMER])
    if state.returncode != 0:
        rows.append(Difference("unit", TIMER, "now", "active", state.stdout.strip() or "unknown"))
    return rows


def main() -> int:
    """Read the identity and make it so; return the exit code."""
    try:
        identity: authority.Identity = stdin.document()
        with lock.exclusive():
            authority = certificate.converge(identity)
            enable_timer()
    except (HostError, OSError, server.Error) as error:
        print(server.said(error), file=sys.stderr)
        return 1
    print(json.dumps({"ca_certificate": authority}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
