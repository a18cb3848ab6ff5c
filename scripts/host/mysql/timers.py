"""The timers of a MySQL server's host: what they are for happens now and after every boot."""

from scripts.host.common.difference import Difference
from scripts.host.system import units

CERTIFICATE = "mysql-pair-certificate.timer"
"""The stack's own: the certificate is renewed."""
LOGS = "logrotate.timer"
"""The distribution's."""


def enable(*timers: str) -> None:
    """Start those timers that do not run, or would not after a boot."""
    units.enable(*timers, target=units.TIMERS)


def differences(timer: str) -> list[Difference]:
    """Return whether a timer does not run, or would not after a boot; nothing is changed."""
    return units.differences(timer, units.TIMERS)
