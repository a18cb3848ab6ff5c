"""MySQL's packages that the distribution has newer: unattended upgrades leave them alone. And a reboot that is due.

Verb `upgrade` of a host without a server.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from scripts.host.common import process, stdin
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.system import packages
from scripts.host.system.spec import PackageUpgrade, UpgradeFacts, UpgradeSpec

KIND = "update"
"""Of a difference that no repair puts right: nobody changed anything."""
PATTERN = "mysql-*"
"""What the file 80-mysql-pair of scripts/cloud_init/common.yaml keeps unattended upgrades from."""
REBOOT = Path("/run/reboot-required")
"""Made by Ubuntu's packages whose upgrade counts after a reboot; beside it a file with their names."""


def differences() -> list[Difference]:
    """Return what is newer by apt's lists as they are, which the distribution's timer renews every day."""
    rows = [Difference(KIND, update.name, "version", update.candidate, update.installed) for update in newer()]
    if REBOOT.exists():
        names = REBOOT.with_suffix(".pkgs")
        why = ", ".join(sorted(set(names.read_text().split()))) if names.exists() else "a package"
        rows.append(Difference(KIND, "reboot", "required by", "nothing", why))
    return rows


def newer() -> list[PackageUpgrade]:
    """Return those of MySQL's packages here that apt has newer."""
    installed = packages.versions([PATTERN])
    if not installed:
        return []
    policy = process.must(["apt-cache", "policy", *sorted(installed)])
    found = re.findall(r"^(\S+):\n +Installed: .*\n +Candidate: (\S+)", policy, re.MULTILINE)
    return [
        PackageUpgrade(name, installed[name], candidate)
        for name, candidate in found
        if candidate not in (installed.get(name), "(none)")
    ]


def planned() -> tuple[PackageUpgrade, ...]:
    """Return all that an upgrade of MySQL's packages changes, by lists that are made new.

    Raises:
        HostError: it would remove a package.
    """
    packages.apt_get("update")
    names = [update.name for update in newer()]
    if not names:
        return ()
    simulated = process.must(["apt-get", "-s", "--only-upgrade", "install", *names])
    if gone := re.findall(r"^Remv (\S+)", simulated, re.MULTILINE):
        raise HostError(f"an upgrade would remove {', '.join(gone)}, and is left to you: nothing was changed")
    found = re.findall(r"^Inst (\S+) (?:\[(\S+)\] )?\((\S+)", simulated, re.MULTILINE)
    return tuple(PackageUpgrade(*fields) for fields in found)


def install(updates: Sequence[PackageUpgrade], *flags: str) -> None:
    """Install what was planned, and nothing else."""
    names = [f"{update.name}={update.candidate}" for update in updates if update.installed]
    packages.apt_get("install", "--only-upgrade", "-o", "Dpkg::Options::=--force-confold", *flags, *names)


def upgrade(spec: UpgradeSpec) -> UpgradeFacts:
    """Upgrade MySQL's packages on a host without a server: nothing has to be restarted, and nothing put back."""
    updates = planned()
    if spec.apply and updates:
        install(updates)
    return UpgradeFacts(updates)


upgrade_verb = stdin.verb(UpgradeSpec, upgrade)
