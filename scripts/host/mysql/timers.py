"""The timers of a MySQL server's host: what they are for happens now and after every boot."""

from pathlib import Path

from scripts.host.common import process
from scripts.host.common.difference import Difference
from scripts.host.constants import SYSTEMD_UNITS

CERTIFICATE = "mysql-pair-certificate.timer"
"""The stack's own: the certificate is renewed."""
LOGS = "logrotate.timer"
"""The distribution's."""
UNITS = Path(SYSTEMD_UNITS)


def enable(*timers: str) -> None:
    """Start those timers that do not run, or would not after a boot: at once, as systemd then reads its units once."""
    if stopped := [timer for timer in timers if differences(timer)]:
        process.must(["systemctl", "enable", "--now", *stopped])


def differences(timer: str) -> list[Difference]:
    """Return whether a timer does not run, or would not after a boot; nothing is changed."""
    rows = []
    if not (UNITS / "timers.target.wants" / timer).exists():
        rows.append(Difference("unit", timer, "after a boot", "enabled", "not enabled"))
    state = process.run(["systemctl", "is-active", timer])
    if state.returncode != 0:
        rows.append(Difference("unit", timer, "now", "active", state.stdout.strip() or "unknown"))
    return rows
