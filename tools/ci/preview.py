"""`python -m tools.ci.preview REPORT`: previews the stack's change, and writes the report for a comment.

Exit code: 0 nothing against it; 1 the policy pack refuses it, 2 there is no report, 3 it has what FAIL_ON names and
nobody has agreed to. The report is written in each case.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from tools.ci.change import NEEDS as RULES
from tools.ci.change import Rules, examine
from tools.ci.github import main, summarize

NEEDS = (*RULES, "GITHUB_STEP_SUMMARY")


def run(environment: Mapping[str, str]) -> int:
    """Write the report, and return the exit code."""
    change = examine(Rules.of(environment), environment)
    Path(sys.argv[1]).write_text(f"{change.markdown}\n", encoding="utf-8")
    summarize(environment, change.markdown)
    return change.code


if __name__ == "__main__":
    sys.exit(main(run, NEEDS))
