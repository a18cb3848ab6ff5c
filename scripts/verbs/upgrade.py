"""`upgrade`: newer packages of MySQL's on every host, the server first; by one restart, which is checked."""

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from scripts.host.common import codec
from scripts.host.system.spec import UpgradeFacts, UpgradeSpec
from scripts.host_agent import ask
from scripts.ssh import Ssh, logins
from scripts.stack import OperatorError, Stack
from scripts.state import CHECK_LOGINS, SERVER
from scripts.table import table
from scripts.verbs import DEFAULT_STACK, StackName, Yes

SECONDS = 3600
"""More than two installations and a crash recovery take."""
HEAD = ("HOST", "PACKAGE", "NOW", "NEWER")
NoWayBack = Annotated[
    bool, typer.Option("--no-way-back", help="Go on even if the former packages could not be put back.")
]


def upgrade(stack: StackName = DEFAULT_STACK, yes: Yes = False, no_way_back: NoWayBack = False) -> None:
    """Install newer packages of MySQL's, restart mysqld once, and try the users' logins.

    Unattended upgrades leave MySQL alone, because a new one restarts the server; `drift` tells of them. If mysqld does
    not come up with the newer packages, the former ones are put back. Take a backup before: what MySQL itself has
    upgraded on disk stays so.
    """
    target = Stack(stack)
    with logins(target, key_seconds=SECONDS) as ssh:
        plans = {
            host: _ask(ssh, host, UpgradeSpec(apply=False, no_way_back=no_way_back))
            for host in ssh.access.state.host_names
        }
    changing = [host for host, plan in plans.items() if plan.packages or plan.restart]
    if not changing:
        print("MySQL's packages are the newest that the distribution has")
        return
    print(_described(plans))
    if not yes:
        _confirm(plans[SERVER], no_way_back)
    with logins(target, key_seconds=SECONDS) as ssh:
        for host in changing:
            _ask(ssh, host, UpgradeSpec(apply=True, no_way_back=no_way_back))
            print(f"{host} is upgraded")
        for command in ssh.access.state.commands:
            if command.verb == CHECK_LOGINS:  # as the last `up` did
                ask(ssh, command.host, CHECK_LOGINS, command.stdin, SECONDS)
    print("Every login works. The output mysql_version follows with the next `repair`.")


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


def _confirm(plan: UpgradeFacts, no_way_back: bool) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise OperatorError("there is no terminal to ask at: give --yes. Nothing was changed")
    if plan.one_way and not no_way_back:
        raise OperatorError(f"there is no way back, as {plan.one_way}: give --no-way-back if you accept that")
    typer.confirm("mysqld may be restarted once. Upgrade?", abort=True)
