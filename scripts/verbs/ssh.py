"""`ssh HOST`: a shell on a host of the stack, or a command there."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from scripts.ssh import logins
from scripts.stack import Stack
from scripts.verb import Argument, Verb


def run(stack: Stack, arguments: Namespace, command: Sequence[str]) -> int:
    """Open a shell on a host, or run a command there, and return its exit code (255: ssh itself failed)."""
    with logins(stack) as ssh:
        return ssh.passed_through(arguments.host, command)


VERB = Verb(
    name="ssh",
    help="open a shell on a host, or run a command there",
    description="Without COMMAND: a shell. One word behind -- is a line for the host's shell, like 'ls | wc -l'; "
    "several are a program and its arguments, passed on as they are. Standard input and exit code are passed through.",
    behind="-- COMMAND...",
    arguments=[Argument("host", "server, client-1 or another client's name", metavar="HOST")],
    run=run,
)
