"""Units of systemd that run now and after every boot."""

from pathlib import Path

from scripts.host.common import process
from scripts.host.common.difference import Difference
from scripts.host.constants import SYSTEMD_UNITS

FOLDER = Path(SYSTEMD_UNITS)
SERVICES, TIMERS = "multi-user.target", "timers.target"
"""What wants them at a boot."""


def enable(*units: str, target: str = SERVICES) -> None:
    """Start those units that do not run, or would not after a boot: at once, as systemd then reads its units once."""
    if stopped := [unit for unit in units if differences(unit, target)]:
        process.must(["systemctl", "enable", "--now", *stopped])


def differences(unit: str, target: str = SERVICES) -> list[Difference]:
    """Return whether a unit does not run, or would not after a boot; nothing is changed."""
    rows = []
    if not wanted(unit, target).exists():
        rows.append(Difference("unit", unit, "after a boot", "enabled", "not enabled"))
    state = process.run(["systemctl", "is-active", unit])
    if state.returncode != 0:
        rows.append(Difference("unit", unit, "now", "active", state.stdout.strip() or "unknown"))
    return rows


def wanted(unit: str, target: str = SERVICES) -> Path:
    """Return the link that an enabled unit has."""
    return FOLDER / f"{target}.wants" / unit
