"""Verb `renew-certificate`: renew the MySQL server's certificate when it is due; a timer runs it every day.

It reads no spec: `certify` has left on the host whom the certificate is for. `--issue-days DAYS` issues one in any
case, good for so many days: a short one is due the next time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from scripts.host.common import codec, lock, state_file
from scripts.host.common.errors import HostError
from scripts.host.mysql import certificate
from scripts.host.mysql.spec import CertificateSpec


def main(words: Sequence[str]) -> int:
    """Renew it if it is due, print in a line what was done, and return the exit code."""
    parser = argparse.ArgumentParser("renew-certificate", description="Renew the server's certificate when it is due.")
    parser.add_argument("--issue-days", type=int, metavar="DAYS", help="issue one in any case, for so many days")
    days = parser.parse_args(words).issue_days
    try:
        with lock.exclusive():
            request = state_file.load(certificate.REQUEST)
            if request is None:
                raise HostError("no certificate was ever issued on this host, so nobody has said whom it is for")
            print(certificate.ensure(codec.from_data(CertificateSpec, request), days))
    except (HostError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
