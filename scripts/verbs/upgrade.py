"""`upgrade`: newer packages of MySQL's on every host, by one restart; or what another Ubuntu release would come to."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from scripts.backup_agent import LONG_SECONDS, back_up
from scripts.group import Group, until_whole
from scripts.host.common import codec
from scripts.host.system.spec import UpgradeFacts, UpgradeSpec
from scripts.host_agent import ask
from scripts.release_check import check_release, tell
from scripts.ssh import Ssh, logins
from scripts.stack import OperatorError, Stack
from scripts.state import CHECK_LOGINS
from scripts.table import table
from scripts.verbs import DEFAULT_STACK, StackName, Yes, at_a_terminal, confirm

SECONDS = 3600
"""More than two installations and a crash recovery take."""
HEAD = ("HOST", "PACKAGE", "NOW", "NEWER")
NoWayBack = Annotated[
    bool, typer.Option("--no-way-back", help="Go on even if the former packages could not be put back.")
]
NoBackup = Annotated[bool, typer.Option("--no-backup", help="Make no base backup before.")]
Release = Annotated[
    str | None, typer.Option("--release", metavar="RELEASE", help="Check, and prepare, a move to this Ubuntu release.")
]
ONE = "mysqld may be restarted once. Upgrade?"
SEVERAL = "mysqld may be restarted once on each server, one after another, the primary last. Upgrade?"


def upgrade(
    stack: StackName = DEFAULT_STACK,
    yes: Yes = False,
    no_way_back: NoWayBack = False,
    no_backup: NoBackup = False,
    release: Release = None,
) -> None:
    """Install newer packages of MySQL's, restart mysqld once, and try the users' logins.

    Unattended upgrades leave MySQL alone, because a new one restarts the server; `drift` tells of them. The tables, the
    options and the plugins are checked first, and a base backup is made. If mysqld does not come up with the newer
    packages, the former ones are put back; what MySQL itself has upgraded on disk stays so.

    The servers of a group are upgraded one after another, the primary last, and each only while all are ONLINE.

    With --release nothing is installed: the servers are checked for the MySQL of that Ubuntu release, and made ready.
    """
    target = Stack(stack)
    if release:
        check_release(target, release, no_backup)
        return
    with logins(target, key_seconds=SECONDS) as ssh:
        servers = ssh.access.state.server_names
        if len(servers) > 1:
            _require_whole(Group.ask(ssh))
        plans = {
            host: _ask(ssh, host, UpgradeSpec(apply=False, no_way_back=no_way_back))
            for host in ssh.access.state.host_names
        }
    changing = [host for host, plan in plans.items() if plan.packages or plan.restart]
    if not changing:
        print("MySQL's packages are the newest that the distribution has")
        return
    print(_described(plans))
    of_servers = [plans[server] for server in servers]
    # Servers of a group have the same tables, and each finds the same.
    tell(list(dict.fromkeys(finding for plan in of_servers for finding in plan.findings)))
    if not yes:
        _confirm(of_servers, no_way_back)
    if any(plan.packages for plan in of_servers) and not no_backup:
        with logins(target, key_seconds=LONG_SECONDS) as ssh:
            back_up(ssh)
    with logins(target, key_seconds=SECONDS * len(servers)) as ssh:
        spec = UpgradeSpec(apply=True, no_way_back=no_way_back)
        _upgrade_servers(ssh, [host for host in changing if host in servers], spec)
        for host in changing:
            if host not in servers:
                _upgrade_host(ssh, host, spec)
        for command in ssh.access.state.commands:
            if command.verb == CHECK_LOGINS:  # as the last `up` did
                ask(ssh, command.host, CHECK_LOGINS, command.stdin, SECONDS)
    print("Every login works. The output mysql_version follows with the next `repair`.")


def _require_whole(group: Group) -> None:
    group.require_primary()
    if group.not_online:
        raise OperatorError(
            f"{', '.join(group.not_online)}: not ONLINE in the group, which could not spare another server; `status` "
            "tells what to do. Nothing was changed"
        )


def _upgrade_servers(ssh: Ssh, names: Sequence[str], spec: UpgradeSpec) -> None:
    """Upgrade servers one after another: the primary, whoever that is by then, last, as it must not be the newest."""
    waiting, several = list(names), len(ssh.access.state.server_names) > 1
    while waiting:
        primary = until_whole(ssh).primary if several else None
        host = next((name for name in waiting if name != primary), waiting[0])
        waiting.remove(host)
        _upgrade_host(ssh, host, spec)
    if several:
        until_whole(ssh)


def _upgrade_host(ssh: Ssh, host: str, spec: UpgradeSpec) -> None:
    _ask(ssh, host, spec)
    print(f"{host} is upgraded")


def _ask(ssh: Ssh, host: str, spec: UpgradeSpec) -> UpgradeFacts:
    return codec.from_data(UpgradeFacts, ask(ssh, host, "upgrade", codec.encode(spec), SECONDS))


def _described(plans: Mapping[str, UpgradeFacts]) -> str:
    rows = [
        [host, package.name, package.installed or "none", package.candidate]
        for host, plan in plans.items()
        for package in plan.packages
    ]
    reasons = [f"mysqld on {host} is restarted: {plan.restart}" for host, plan in plans.items() if plan.restart]
    return "\n".join([*([table(HEAD, rows)] if rows else []), *reasons])


def _confirm(plans: Sequence[UpgradeFacts], no_way_back: bool) -> None:
    at_a_terminal()
    one_way = next((plan.one_way for plan in plans if plan.one_way), "")
    if one_way and not no_way_back:
        raise OperatorError(f"there is no way back, as {one_way}: give --no-way-back if you accept that")
    confirm(SEVERAL if len(plans) > 1 else ONE, yes=False)
