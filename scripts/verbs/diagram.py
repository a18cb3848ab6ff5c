"""`diagram`: a picture of the deployed stack, as SVG."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from scripts.diagram.read import picture
from scripts.diagram.svg import svg
from scripts.stack import OperatorError, Stack
from scripts.verbs import DEFAULT_STACK, StackName

Output = Annotated[Path | None, typer.Option(metavar="FILE", help="The file to write, instead of standard output.")]


def diagram(stack: StackName = DEFAULT_STACK, output: Output = None) -> None:
    """Draw the deployed stack as SVG: network, security groups, hosts, who reaches what, users.

    Draws what is deployed, from the stack's outputs and state; no secret is asked for. The same state gives the same
    file.
    """
    drawing = svg(picture(Stack(stack)))
    if output is None:
        sys.stdout.write(drawing)
        return
    try:
        output.write_text(drawing, encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{output} cannot be written: {error.strerror}") from error
