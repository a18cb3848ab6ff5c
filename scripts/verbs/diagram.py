"""`diagram`: a picture of the deployed stack, as SVG."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from scripts.diagram.layout import laid_out
from scripts.diagram.read import picture
from scripts.diagram.svg import svg
from scripts.stack import OperatorError, Stack
from scripts.verb import Argument, Verb


def run(stack: Stack, arguments: Namespace, _behind: Sequence[str]) -> int:
    """Write it; return 0.

    Raises:
        OperatorError: the stack cannot be drawn, or the file cannot be written.
    """
    drawn = svg(laid_out(picture(stack)))
    if arguments.output is None:
        sys.stdout.write(drawn)
        return 0
    try:
        Path(arguments.output).write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{arguments.output} cannot be written: {error.strerror}") from error
    return 0


VERB = Verb(
    name="diagram",
    help="draw the deployed stack as SVG: network, groups, hosts, who reaches what, users",
    description="Draws what is deployed, from the stack's outputs and state; no secret is asked for. The same state "
    "gives the same file.",
    arguments=[Argument("--output", "the file to write (default: standard output)", metavar="FILE")],
    run=run,
)
