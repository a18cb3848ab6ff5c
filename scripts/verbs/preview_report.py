"""`preview-report`: what `pulumi preview --json` printed, as Markdown for the people who say yes or no to it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from scripts.preview.digest import read
from scripts.preview.report import GATES, Report
from scripts.stack import OperatorError

STOPPED = 3
"""Exit code where --fail-on stops; the report is printed all the same."""
STANDARD_INPUT = "-"


File = Annotated[str, typer.Argument(metavar="FILE", help="What the preview printed; - for standard input.")]


FailOn = Annotated[
    str | None,
    typer.Option(
        metavar="WHAT",
        help=f"Exit with {STOPPED} if the report has one of these, separated by commas: {', '.join(GATES)}.",
    ),
]


def preview_report(file: File, fail_on: FailOn = None) -> None:
    """Turn what `pulumi preview --json` printed into a report for people.

    Reads what `pulumi preview --json --show-sames` printed and writes Markdown: a verdict, data at risk, exposure,
    access, downtime, cost, and everything else folded. No stack is asked, and no secret is shown.

    Exit code: 0 a report, 3 a report with what --fail-on names, 2 no report (the preview failed, or it is none).
    """
    stopping = gates(fail_on) if fail_on is not None else set()
    report = Report(read(_content(file)))
    print(report.markdown())
    stops = sorted(report.gates() & stopping)
    if stops:
        raise OperatorError(f"stopped by --fail-on: {', '.join(stops)}", exit_code=STOPPED)


def gates(text: str) -> set[str]:
    """Return the words of --fail-on."""
    words = {word.strip() for word in text.split(",") if word.strip()}
    if not words or not words <= {*GATES}:
        raise OperatorError(f"--fail-on takes {', '.join(GATES)}, separated by commas; not {text!r}")
    return words


def _content(file: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise OperatorError(f"{file} is no text in UTF-8") from None
