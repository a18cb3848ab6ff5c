"""Where what is live is not what the stack says: found on every host at once and in the cloud, told as one table."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

from scripts import cloud_differences
from scripts.accounts import TOOLS, as_root
from scripts.ssh import Ssh, logins
from scripts.stack import OperatorError, Stack
from scripts.state import ACCOUNTS, SERVER, Commands
from scripts.table import table

HOST_SECONDS = 420
"""More than scripts/host/host.py waits for another run on the host."""
AT_ONCE = 16
NO_SUCH_FILE = "can't open file"
"""Python's, of the script that it is to run."""
HEAD = ("WHERE", "KIND", "NAME", "WHAT", "EXPECTED", "FOUND")
CELL = 60
"""Longest text of a side in the table; JSON has all of it."""

Row = dict[str, str]
"""where, kind, name, what, expected and found, each a text without secrets."""


@dataclass
class Report:
    """What was found, and what could not be told."""

    differences: list[Row] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 for no difference, 2 for some, 1 if something could not be told."""
        return 1 if self.unknown else 2 if self.differences else 0

    def as_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), indent=2)

    def as_text(self) -> str:
        """Return it for people."""
        parts = []
        if self.differences:
            parts.append(table(HEAD, [[shortened(row[name.lower()]) for name in HEAD] for row in self.differences]))
        parts += [f"could not tell: {words}" for words in self.unknown]
        return "\n".join(parts) or "what is live is as the stack says"


def shortened(text: str) -> str:
    """Return a text that fits into a cell."""
    return text if len(text) <= CELL else f"{text[: CELL - 1]}…"


def find(stack: Stack) -> Report:
    """Compare, and change nothing.

    Raises:
        OperatorError: the stack has no state or no hosts, or there is no key: nothing at all can be told.
    """
    commands = Commands.of(stack)
    with logins(stack, key_seconds=HOST_SECONDS) as ssh, ThreadPoolExecutor(AT_ONCE) as pool:
        questions: list[Callable[[], list[Row]]] = [lambda: cloud_differences.found(stack.refresh_steps())]
        for host in sorted(ssh.access.host_keys(), key=lambda name: name != SERVER):
            questions.append(lambda host=host: on_host(ssh, commands, host))  # type: ignore[misc]
        questions.append(lambda: of_accounts(ssh, commands))
        answers = list(pool.map(_answer, questions))
    report = Report()
    for answer in answers:
        if isinstance(answer, str):
            report.unknown.append(answer)
        else:
            report.differences += answer
    return report


def on_host(ssh: Ssh, commands: Commands, host: str) -> list[Row]:
    """Return the differences of one host, but for MySQL's accounts.

    Raises:
        OperatorError: they could not be told.
    """
    if host not in commands.hosts:
        raise OperatorError(f"{host} was never set up to its end: the last `up` did not get that far")
    return _asked(ssh, host, ["differences.py"], json.dumps(commands.wanted(host)))


def of_accounts(ssh: Ssh, commands: Commands) -> list[Row]:
    """Return the differences of MySQL's databases, roles and users.

    Raises:
        OperatorError: they could not be told.
    """
    if ACCOUNTS not in commands.by_name:
        raise OperatorError("databases and users were never made: the last `up` did not get that far")
    return _asked(ssh, SERVER, ["accounts.py", "differences"], commands.by_name[ACCOUNTS].stdin)


def _asked(ssh: Ssh, host: str, script: Sequence[str], document: str) -> list[Row]:
    done = ssh.captured(host, as_root(*script), stdin=document, seconds=HOST_SECONDS)
    if done.returncode != 0 and NO_SUCH_FILE in done.stderr:
        raise OperatorError(f"{host} has no {TOOLS}/{script[0]}: `mend` or `pulumi up` puts it there")
    if done.returncode != 0:
        raise OperatorError(f"{host}: {_words(done.stderr)}")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return [{"where": host, **row} for row in found]


def _words(stderr: str) -> str:
    """Return what a script said; of a traceback its last line, as when a part of Python is gone from the host."""
    text = stderr.strip()
    return text.splitlines()[-1] if "Traceback" in text else text


def _answer(question: Callable[[], list[Row]]) -> list[Row] | str:
    try:
        return question()
    except OperatorError as error:
        return str(error)
