"""Verb `certify`: give the MySQL server a certificate, renewed from now on by a timer, and tell its authority's.

Apart from `converge`, so that the authority is known to stay when a setting changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scripts.host.common import process, stdin
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.constants import SYSTEMD_UNITS
from scripts.host.mysql import certificate
from scripts.host.mysql.spec import CertificateFacts, CertificateSpec

TIMER = "mysql-pair-certificate.timer"
UNITS = Path(SYSTEMD_UNITS)


def certify(spec: CertificateSpec) -> CertificateFacts:
    """Give the server a certificate and have it renewed.

    Raises:
        HostError: the server does not take it, or nothing would renew it.
    """
    ca_certificate = certificate.converge(spec)
    enable_timer()
    return CertificateFacts(ca_certificate)


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


def main(_words: Sequence[str]) -> int:
    """Certify by the spec on standard input; return the exit code."""
    return stdin.answer(CertificateSpec, certify)
