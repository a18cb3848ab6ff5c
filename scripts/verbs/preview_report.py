"""`preview-report`: what `pulumi preview --json` printed, as Markdown for the people who say yes or no to it."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path

from scripts.preview.digest import read
from scripts.preview.report import GATES, Report
from scripts.stack import OperatorError, Stack
from scripts.verb import Argument, Verb

STOPPED = 3
"""Exit code where --fail-on stops; the report is printed all the same."""
STANDARD_INPUT = "-"


def run(_stack: Stack, arguments: Namespace, _behind: Sequence[str]) -> int:
    """Print the report; return 0, or 3 if it has what --fail-on names."""
    report = Report.of(read(_content(arguments.file)))
    print(report.markdown())
    stops = sorted(report.gates() & set(arguments.fail_on or ()))
    if stops:
        print(f"scripts preview-report: stopped by --fail-on: {', '.join(stops)}", file=sys.stderr)
    return STOPPED if stops else 0


def gates(text: str) -> tuple[str, ...]:
    """Return the words of --fail-on.

    Raises:
        ArgumentTypeError: one of them is unknown.
    """
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    unknown = [word for word in words if word not in GATES]
    if unknown or not words:
        raise ArgumentTypeError(f"{text!r} is not a list of {', '.join(GATES)}")
    return words


def _content(file: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise OperatorError(f"{file} is no text in UTF-8") from None


VERB = Verb(
    name="preview-report",
    help="what `pulumi preview --json` printed, as a report for people",
    description="Reads what `pulumi preview --json --show-sames` printed and writes Markdown: a verdict, data at risk, "
    "exposure, access, downtime, cost, and everything else folded. It needs no stack and shows no secret. Exit code: "
    "0 a report, 3 a report with what --fail-on names, 2 no report (the preview failed, or it is none).",
    arguments=[
        Argument("file", "what the preview printed; - for standard input", metavar="FILE"),
        Argument(
            "--fail-on",
            "exit with 3 if the report has one of these, with commas between them: data-loss, exposure",
            metavar="WHAT",
            type=gates,
        ),
    ],
    run=run,
)
