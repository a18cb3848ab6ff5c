"""The verbs of `python -m scripts`, a file each; here the options and arguments that several have."""

import sys
from typing import Annotated

import typer

from scripts.stack import OperatorError

DEFAULT_STACK = "lab"

StackName = Annotated[str, typer.Option("--stack", envvar="PULUMI_STACK", help="The stack to work on.")]
User = Annotated[str, typer.Argument(metavar="USER", help="The user's key in the stack's config.")]
ClientHost = Annotated[
    str | None,
    typer.Option("--host", metavar="HOST", help="The client host to go through.", show_default="the stack's first"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before changes are made.")]
NoUp = Annotated[bool, typer.Option("--no-up", help="Only change the stack's config, for a pull request.")]
Member = Annotated[str, typer.Argument(metavar="MEMBER", help="A server of the group: server, server-2 or another.")]


def confirm(question: str, yes: bool) -> None:
    """Ask at the terminal, unless that is answered already; a no ends the verb. See at_a_terminal."""
    if not yes:
        at_a_terminal()
        typer.confirm(question, abort=True)


def at_a_terminal() -> None:
    """Refuse to go on where nobody can be asked.

    Raises:
        OperatorError: there is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise OperatorError("there is no terminal to ask at: give --yes. Nothing was changed")
