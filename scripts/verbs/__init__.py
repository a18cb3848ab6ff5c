"""The verbs of `python -m scripts`, a file each; here the options and arguments that several have."""

from typing import Annotated

import typer

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
