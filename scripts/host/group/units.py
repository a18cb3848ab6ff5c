"""The systemd units of a member: what tells its role, and what brings it back into the group."""

from scripts.host.common import process
from scripts.host.common.difference import Difference
from scripts.host.system import units as systemd

ROLE = "mysql-pair-role.service"
WATCH = "mysql-pair-group.timer"


def enable() -> None:
    """Have them run, now and after every boot."""
    systemd.enable(WATCH, target=systemd.TIMERS)
    systemd.enable(ROLE)


def disable() -> None:
    """Have none of them run."""
    process.must(["systemctl", "disable", "--now", WATCH, ROLE])


def differences() -> list[Difference]:
    """Return which of them do not run, or would not after a boot; nothing is changed."""
    return [*systemd.differences(WATCH, systemd.TIMERS), *systemd.differences(ROLE)]
