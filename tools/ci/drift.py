"""`python -m tools.ci.drift`: the stack's drift, in the summary of the run.

Output `differences`: how many rows of drift there are, and of what is newer in the distribution. Exit code: 0 that
could be told, 1 it could not.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from scripts.drift import find_drift
from scripts.stack import OperatorError, Stack
from tools.ci.github import JobError, indented, main, put_output, summarize

NEEDS = ("STACK", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")


def run(environment: Mapping[str, str]) -> int:
    """Compare, and return the exit code.

    Raises:
        JobError: nothing at all could be told.
    """
    stack = environment["STACK"]
    try:
        report = find_drift(Stack(stack))
    except OperatorError as error:
        summarize(environment, f"**Whether stack `{stack}` has drifted could not be told**; the log says why.")
        raise JobError(str(error)) from None
    text = report.as_text()
    print(text)
    summarize(environment, f"### Drift of stack `{stack}`\n\n{indented(text)}")
    put_output(environment, "differences", str(len(report.drift) + len(report.updates)))
    return 1 if report.unknown else 0


if __name__ == "__main__":
    sys.exit(main(run, NEEDS))
