#!/usr/bin/env python3
"""Give the MySQL server a certificate for an identity, renewed from now on by a timer, and print its authority's.

Usage: certify.py <IDENTITY, as root: a JSON object with addresses and names. Prints one JSON object; exits with 1 and
the reason on standard error. Apart from converge.py, so that the authority is known to stay when a setting changes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import host
import mysql_server
import mysql_tls
import tls
from host import Difference

TIMER = "mysql-pair-certificate.timer"
UNITS = Path("/etc/systemd/system")


def enable_timer() -> None:
    """Have the certificate renewed by its timer, from now on and after every boot.

    Raises:
        HostError: its unit is not there.
    """
    if not (UNITS / TIMER).exists():
        raise host.HostError(f"{UNITS / TIMER} is not there, so nothing would renew the certificate")
    if differences():
        host.must(["systemctl", "enable", "--now", TIMER])


def differences() -> list[Difference]:
    """Return whether the timer does not run, or would not after a boot; nothing is changed."""
    rows = []
    if not (UNITS / "timers.target.wants" / TIMER).exists():
        rows.append(host.difference("unit", TIMER, "after a boot", "enabled", "not enabled"))
    state = host.run(["systemctl", "is-active", TIMER])
    if state.returncode != 0:
        rows.append(host.difference("unit", TIMER, "now", "active", state.stdout.strip() or "unknown"))
    return rows


def main() -> int:
    """Read the identity and make it so; return the exit code."""
    try:
        identity: tls.Identity = host.document()
        with host.alone():
            authority = mysql_tls.converge(identity)
            enable_timer()
    except (host.HostError, OSError, mysql_server.Error) as error:
        print(mysql_server.said(error), file=sys.stderr)
        return 1
    print(json.dumps({"ca_certificate": authority}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
