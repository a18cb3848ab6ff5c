#!/usr/bin/env python3
"""Renew the MySQL server's certificate when it is due; mysql-pair-certificate.timer runs it every day.

Usage: renew_certificate.py [--issue-days DAYS], as root. With the option it issues one in any case, good for so many
days: a short one is due the next time. Prints one line; exits with 1 and the reason on standard error.
"""

from __future__ import annotations

import argparse
import sys

import host
import mysql_server
import mysql_tls


def main() -> int:
    """Renew it if it is due; return the exit code."""
    parser = argparse.ArgumentParser(description="Renew the MySQL server's certificate when it is due.")
    parser.add_argument("--issue-days", type=int, metavar="DAYS", help="issue one in any case, for so many days")
    days = parser.parse_args().issue_days
    try:
        with host.alone():
            identity = host.recall(mysql_tls.REQUEST)
            if identity is None:
                raise host.HostError("this host was never converged: nobody has said what its certificate is for")
            print(mysql_tls.ensure(identity, days))
    except (host.HostError, mysql_server.Error) as error:
        print(mysql_server.said(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
