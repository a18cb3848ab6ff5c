"""`upgrade`: newer packages of MySQL's on every host, by one restart; or what another Ubuntu release would come to."""

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from scripts.backup_agent import LONG_SECONDS, ask_backups, backups_are_on, size
from scripts.host.common import codec
from scripts.host.mysql.spec import SeriesCheckSpec, SeriesFacts
from scripts.host.system.spec import UpgradeFacts, UpgradeFinding, UpgradeSpec
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
NoBackup = Annotated[bool, typer.Option("--no-backup", help="Make no base backup before.")]
Release = Annotated[
    str | None, typer.Option("--release", metavar="RELEASE", help="Check, and prepare, a move to this Ubuntu release.")
]
NEXT = """\
Nothing was changed but what a shutdown does. The move is one `pulumi up`, in which MySQL is down for some minutes:

  pulumi config set serverUbuntuRelease {release} --stack {stack}
  pulumi preview --stack {stack}

The preview replaces server-instance and server-data-attached, creates server-data-before-{release}, and keeps
server-data-volume. The way back is that snapshot: docs/versions.md, "Another Ubuntu release"."""


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

    With --release nothing is installed: the server is checked for the MySQL of that Ubuntu release, and made ready.
    """
    target = Stack(stack)
    if release:
        _check_release(target, release, no_backup)
        return
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
    _tell(plans[SERVER].findings)
    if not yes:
        _confirm(plans[SERVER], no_way_back)
    if plans[SERVER].packages and not no_backup:
        with logins(target, key_seconds=LONG_SECONDS) as ssh:
            _back_up(ssh)
    with logins(target, key_seconds=SECONDS) as ssh:
        for host in changing:
            _ask(ssh, host, UpgradeSpec(apply=True, no_way_back=no_way_back))
            print(f"{host} is upgraded")
        for command in ssh.access.state.commands:
            if command.verb == CHECK_LOGINS:  # as the last `up` did
                ask(ssh, command.host, CHECK_LOGINS, command.stdin, SECONDS)
    print("Every login works. The output mysql_version follows with the next `repair`.")


def _check_release(target: Stack, release: str, no_backup: bool) -> None:
    # Only here: it loads the components.
    from components.mysql.settings import MYSQL_OF_UBUNTU, removed_in

    if release not in MYSQL_OF_UBUNTU:
        raise OperatorError(f"{release} is no Ubuntu release that the program knows: {', '.join(MYSQL_OF_UBUNTU)}")
    series = MYSQL_OF_UBUNTU[release]
    with logins(target, key_seconds=LONG_SECONDS) as ssh:
        facts = _ask_series(ssh, SeriesCheckSpec(series, removed_in(series), prepare=False))
        print(f"MySQL {facts.version} of {target.name}, for the MySQL {series} of Ubuntu {release}:")
        _tell(facts.findings)
        if not no_backup:
            _back_up(ssh)
        _ask_series(ssh, SeriesCheckSpec(series, {}, prepare=True))
    print(NEXT.format(release=release, stack=target.name))


def _ask_series(ssh: Ssh, spec: SeriesCheckSpec) -> SeriesFacts:
    return codec.from_data(SeriesFacts, ask(ssh, SERVER, "upgrade-check", codec.encode(spec), LONG_SECONDS))


def _tell(findings: Sequence[UpgradeFinding]) -> None:
    """Show what was found.

    Raises:
        OperatorError: some of it has to be mended first.
    """
    for finding in findings:
        print(f"{'ERROR' if finding.stops else 'note '}  {finding.wrong}\n       {finding.hint}")
    if stopping := sum(finding.stops for finding in findings):
        raise OperatorError(f"{stopping} of these would make the upgrade fail: mend them first. Nothing was changed")


def _back_up(ssh: Ssh) -> None:
    """Make a base backup, where the stack has backups."""
    if not backups_are_on(ssh):
        print("no base backup is made: backups are off (backupDays)")
        return
    base = ask_backups(ssh, "run", LONG_SECONDS)
    print(f"base {base['id']} is in the bucket: {size(base['bytes'])}, made in {base['seconds']:g} s")


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
