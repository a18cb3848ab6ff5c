"""`ssh HOST`: a shell on a host of the stack, or a command there."""

from typing import Annotated

import typer

from scripts.ssh import logins
from scripts.stack import Stack
from scripts.verbs import DEFAULT_STACK, StackName

Host = Annotated[str, typer.Argument(metavar="HOST", help="server, client-1 or another client's name.")]
RemoteCommand = Annotated[list[str] | None, typer.Argument(metavar="-- COMMAND", help="What to run.")]


def ssh(host: Host, command: RemoteCommand = None, stack: StackName = DEFAULT_STACK) -> None:
    """Open a shell on a host, or run a command there.

    One word after -- is a line for the host's shell, like 'ls | wc -l'. Several words are a program and its arguments,
    passed on as they are. Standard input is passed on too.

    Exit code: the command's; 255 if ssh itself failed.
    """
    with logins(Stack(stack)) as way:
        raise typer.Exit(way.run(host, command or []))
