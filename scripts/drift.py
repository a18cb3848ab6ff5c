"""Drift: where hosts, MySQL and the cloud are not as the stack's state says, found everywhere at once, as one table."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from scripts.backup_agent import set_ups
from scripts.cloud_drift import Row, drift_of_cloud
from scripts.group_drift import drift_of_group
from scripts.host.system.updates import KIND as UPDATE
from scripts.host_agent import ask
from scripts.ssh import Ssh, logins
from scripts.stack import OperatorError, Stack
from scripts.state import APPLY_ACCOUNTS, Command
from scripts.table import table

HOST_SECONDS = 420
"""More than the host agent waits for another run of its own."""
MAX_THREADS = 16
NO_DRIFT, UNKNOWN, DRIFT = 0, 1, 2
"""Exit codes; something could not be told is the more important of the last two."""
HEAD = ("WHERE", "KIND", "NAME", "WHAT", "EXPECTED", "FOUND")
MAX_CELL = 60
"""Longest text of a side in the table; JSON has all of it."""


@dataclass
class Report:
    """The drift, what is newer in the distribution, and what could not be told."""

    drift: list[Row] = field(default_factory=list)
    updates: list[Row] = field(default_factory=list)
    """Packages of MySQL's, and reboots that are due: nobody changed anything, and a repair leaves them alone."""
    unknown: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 for no drift, 2 for some, 1 if something could not be told."""
        return UNKNOWN if self.unknown else DRIFT if self.drift else NO_DRIFT

    def as_text(self) -> str:
        """Return it for people."""
        parts = [_table(self.drift)] if self.drift else []
        parts += [f"could not tell: {reason}" for reason in self.unknown]
        parts = parts or ["no drift detected"]
        if self.updates:
            parts.append(f"\nnewer than what runs (`upgrade` installs packages):\n{_table(self.updates)}")
        return "\n".join(parts)


def _table(rows: Sequence[Row]) -> str:
    return table(HEAD, [[shortened(row[name.lower()]) for name in HEAD] for row in rows])


def shortened(text: str) -> str:
    """Return a text that fits into a cell."""
    return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"


@contextlib.contextmanager
def faults_are_unknown() -> Iterator[None]:
    """Make a fault end the verb with 1: exit code 2 would say that there is drift."""
    try:
        yield
    except OperatorError as error:
        error.exit_code = UNKNOWN
        raise


def find_drift(stack: Stack) -> Report:
    """Compare, and change nothing.

    Raises:
        OperatorError: the stack has no state or no hosts, or there is no key: nothing at all can be told.
    """
    with logins(stack, key_seconds=HOST_SECONDS) as ssh, ThreadPoolExecutor(MAX_THREADS) as pool:
        state = ssh.access.state
        comparisons = [
            partial(drift_of_cloud, stack),
            *(partial(drift_of_host, ssh, host) for host in state.host_names),
            partial(drift_of_group, ssh),
            *(partial(drift_of_accounts, ssh, server) for server in state.server_names),
            *(partial(drift_of_backups, ssh, set_up) for set_up in set_ups(ssh)),
        ]
        results = [pool.submit(comparison) for comparison in comparisons]
    report = Report()
    for result in results:
        try:
            for row in result.result():
                (report.updates if row["kind"] == UPDATE else report.drift).append(row)
        except OperatorError as error:
            report.unknown.append(str(error))
    # Several comparisons ask one host.
    report.unknown = list(dict.fromkeys(report.unknown))
    return report


def drift_of_host(ssh: Ssh, host: str) -> list[Row]:
    """Return the drift of one host, but for MySQL's accounts."""
    spec = ssh.access.state.diff_spec(host)
    if spec is None:
        raise OperatorError(f"{host} is not set up yet: run `pulumi up`")
    return _diff(ssh, host, "diff", json.dumps(spec))


def drift_of_accounts(ssh: Ssh, server: str) -> list[Row]:
    """Return the drift of a server's databases, roles and users."""
    state = ssh.access.state
    apply = state.find(APPLY_ACCOUNTS, server) or state.find_on_server(APPLY_ACCOUNTS)
    if apply is None:
        raise OperatorError("databases and users are not made yet: run `pulumi up`")
    return _diff(ssh, server, "accounts diff", apply.stdin)


def drift_of_backups(ssh: Ssh, set_up: Command) -> list[Row]:
    """Return what of a server's backups is not as it should be: timers, a late base, a gap in the log, a drill.

    Of a group one server tells of bases, drills and gaps.
    """
    return _diff(ssh, set_up.host, "backup diff", set_up.stdin)


def _diff(ssh: Ssh, host: str, verb: str, spec: str) -> list[Row]:
    return [{"where": host, **difference} for difference in ask(ssh, host, verb, spec, HOST_SECONDS)]
