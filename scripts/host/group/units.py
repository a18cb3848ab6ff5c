"""The systemd units of a member: what tells its role, what brings it back into the group, what hands its role on."""

from scripts.host.common import process
from scripts.host.common.difference import Difference
from scripts.host.mysql import timers

ROLE = "mysql-pair-role.service"
WATCH = "mysql-pair-group.timer"


def enable() -> None:
    """Have them run, now and after every boot."""
    timers.enable(WATCH)
    if differences_of_role():
        process.must(["systemctl", "enable", "--now", ROLE])


def disable() -> None:
    """Have none of them run."""
    process.must(["systemctl", "disable", "--now", WATCH, ROLE])


def differences() -> list[Difference]:
    """Return which of them do not run, or would not after a boot; nothing is changed."""
    return [*timers.differences(WATCH), *differences_of_role()]


def differences_of_role() -> list[Difference]:
    """Return whether the member's role is not told."""
    rows = []
    for question, what, expected in (("is-enabled", "after a boot", "enabled"), ("is-active", "now", "active")):
        found = process.run(["systemctl", question, ROLE]).stdout.strip() or "unknown"
        if found != expected:
            rows.append(Difference("unit", ROLE, what, expected, found))
    return rows
