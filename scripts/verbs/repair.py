"""`repair`: make hosts, MySQL and the cloud as the stack says again.

To the engine each command that is run again is replaced; as none of them has a delete, nothing is taken away on the
way, and nothing that depends on one is replaced with it.
"""

import typer

from scripts.drift import faults_are_unknown, find_drift
from scripts.stack import OperatorError, Stack
from scripts.state import State
from scripts.verbs import DEFAULT_STACK, StackName, Yes


@faults_are_unknown()
def repair(stack: StackName = DEFAULT_STACK, yes: Yes = False) -> None:
    """Put drift right, try the users' logins, then look for drift again.

    Runs `pulumi up --refresh`, in which the commands that set up hosts and MySQL run once more; no host is rebuilt. It
    is an `up` as any other: it shows what it would do and asks, unless --yes is given, and applies config and program
    as they are now.

    Exit code: as of drift.
    """
    target = Stack(stack)
    commands = State.of(target).repairing
    if not commands:
        raise OperatorError(f"stack {stack!r} has no hosts that can be repaired: {target.up_hint()}")
    replacements = [word for urn in commands for word in ("--replace", urn)]
    code = target.up("--refresh", *replacements, *(["--yes"] if yes else []))
    if code != 0:
        raise OperatorError(f"`pulumi up` failed with exit code {code}; `drift` shows what is left")
    report = find_drift(target)
    print(report.as_text())
    raise typer.Exit(report.exit_code)
