#!/usr/bin/env python3
"""Renew the MySQL server's certificate when it is due; mysql-pair-certificate.timer runs it every day.

Usage: renew_certificate.py [--issue-days DAYS], as root. With the option it issues one in any case, good for so many
days: a short one is due the next time. Prints one line; exits with 1 and the reason on standard error.
"""

from __future__ import annotations

import argparse
import sys

from scripts.host.common import lock, state_file
from scripts.host.common.errors import HostError
from scripts.host.mysql import certificate, server


def main() -> int:
    """Renew it if it is due; return the exit code."""
    parser = argparse.ArgumentParser(description="Renew the MySQL server's certificate when it is due.")
    parser.add_argument("--issue-days", type=int, metavar="DAYS", help="issue one in any case, for so many days")
    days = parser.parse_args().issue_days
    try:
        with lock.exclusive():
            identity = state_file.load(certificate.REQUEST)
            if identity is None:
                raise HostError("this host was never converged: nobody has said what its certificate is for")
            print(certificate.ensure(identity, days))
    except (HostError, server.Error) as error:
        print(server.said(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
