"""`python -m tools.ci.deploy`: plans the stack's change, and applies that plan and nothing else.

The plan has secrets, encrypted by the stack's secrets provider; it is gone when the command ends. Exit code: as that of
tools.ci.preview if nothing was applied, 4 if `pulumi up` failed.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tools.ci.change import ALLOWED, PLAIN, STOPPED, Rules, examine, pulumi
from tools.ci.change import NEEDS as RULES
from tools.ci.github import main, run_page, summarize

NEEDS = (*RULES, "GITHUB_STEP_SUMMARY")
FAILED = 4


def run(environment: Mapping[str, str]) -> int:
    """Plan, apply, and return the exit code."""
    rules = Rules.of(environment)
    with tempfile.TemporaryDirectory(prefix="mysql-pair-plan-") as folder:
        plan = str(Path(folder) / "plan.json")
        change = examine(rules, environment, "--save-plan", plan)
        summarize(environment, change.markdown)
        if change.code != ALLOWED:
            print("nothing was applied; the summary of this run says why", file=sys.stderr)
            if change.code == STOPPED:
                summarize(environment, "To agree: *Run workflow*, with its box ticked.")
            return change.code
        flags = ["--plan", plan, "--yes", "--skip-preview", *PLAIN, "--suppress-outputs", *rules.policy_flags()]
        done = pulumi(rules.stack, "up", *flags, shown=True)
    if done.returncode != 0:
        summarize(environment, f"**`pulumi up` failed.** How far it got is in [the log]({run_page(environment)}).")
        return FAILED
    summarize(environment, "Applied.")
    return ALLOWED


if __name__ == "__main__":
    sys.exit(main(run, NEEDS))
