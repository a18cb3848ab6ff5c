"""The systemd units of a member: what tells its role, and what brings it back into the group."""

from scripts.host.common import process
from scripts.host.common.difference import Difference
from scripts.host.constants import ROLE_UNIT
from scripts.host.system import units as systemd

WATCH = "mysql-pair-group.timer"
ROLE_SOCKET = ROLE_UNIT.replace(".service", ".socket")


def enable() -> None:
    """Have them run, now and after every boot."""
    systemd.enable(WATCH, target=systemd.TIMERS)
    systemd.enable(ROLE_UNIT)
    # With the agent's present code; its socket refuses nobody meanwhile.
    process.must(["systemctl", "restart", ROLE_UNIT])


def disable() -> None:
    """Have none of them run."""
    process.must(["systemctl", "disable", "--now", WATCH, ROLE_SOCKET, ROLE_UNIT])


def differences() -> list[Difference]:
    """Return which of them do not run, or would not after a boot; nothing is changed."""
    return [*systemd.differences(WATCH, systemd.TIMERS), *systemd.differences(ROLE_UNIT)]
