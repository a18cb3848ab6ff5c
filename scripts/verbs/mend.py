"""`mend`: make what is live be as the stack says again.

Runs the commands that set up hosts and MySQL once more, has the cloud's resources as the program asks for them, and
tries the users' logins from the client hosts.
To the engine each of those commands is replaced; as none of them has a delete, nothing is taken away on the way, and
nothing that depends on one is replaced with it.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence

from scripts.differences import find
from scripts.stack import OperatorError, Stack
from scripts.state import Commands
from scripts.verb import YES, Verb


def run(stack: Stack, arguments: Namespace, _behind: Sequence[str]) -> int:
    """Do it, then look for drift as `drift` does; return its exit code, or 1 if it could not be mended."""
    commands = Commands.of(stack)
    if not commands.mending:
        raise OperatorError(f"stack {stack.name!r} has no hosts yet: {stack.up_hint()}")
    again = [word for urn in commands.mending for word in ("--replace", urn)]
    code = stack.up("--refresh", *again, *(["--yes"] if arguments.yes else []))
    if code != 0:
        print(f"scripts mend: `pulumi up` did not end well ({code}); `drift` tells what is not mended", file=sys.stderr)
        return 1
    report = find(stack)
    print(report.as_text())
    return report.exit_code


VERB = Verb(
    name="mend",
    help="make what is live be as the stack says again, try the logins, then look for drift",
    description="Shows what `pulumi up` would do and asks, unless --yes is given. That is an `up` as any other: config "
    "and program as they are now are applied too. Exit code as of drift.",
    arguments=[YES],
    run=run,
    fault=1,
)
