"""`drift`: compare what is live with what the stack says, and change nothing."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from scripts.differences import find
from scripts.stack import Stack
from scripts.verb import JSON, Verb


def run(stack: Stack, arguments: Namespace, _behind: Sequence[str]) -> int:
    """Print the differences; return 0 for none, 2 for some, 1 if something could not be told."""
    report = find(stack)
    print(report.as_json() if arguments.json else report.as_text())
    return report.exit_code


VERB = Verb(
    name="drift",
    help="compare what is live with what the stack says: 0 the same, 2 drift, 1 could not tell",
    description="Compares hosts (packages, files, ssh keys), MySQL (settings, certificate, databases, roles, users) "
    "and the cloud's resources with the stack's state, and changes nothing. Config that no `up` has applied yet is no "
    "drift. Exit code: 0 no difference, 2 drift, 1 something could not be told; what could be told is shown all the "
    "same.",
    arguments=[JSON],
    run=run,
    fault=1,
)
