"""A change of a stack, before it is made: what it does, as a report, and whether pack, gates and agreements let it.

Two previews: the first is for the report; the second asks the policy pack, whose words pulumi does not print as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from scripts.preview.digest import read
from scripts.preview.report import GATES, Report
from scripts.stack import PROJECT_ROOT, OperatorError, stack_environment
from tools.ci.github import JobError, indented, run_page

NEEDS = ("STACK", "POLICY_CONFIG", "FAIL_ON", "LABELS")
ALLOWED, REFUSED, NO_REPORT, STOPPED = 0, 1, 2, 3
"""Exit codes: nothing against it; the policy pack; no report; what FAIL_ON names. The last two are preview-report's."""
PLAIN = ("--non-interactive", "--color", "never")


@dataclass(frozen=True)
class Change:
    """What a change was found to be."""

    markdown: str
    code: int


@dataclass(frozen=True)
class Rules:
    """What a change is held to."""

    stack: str
    policy_config: str
    """The policy pack's config file; empty: the pack's defaults."""
    gates: frozenset[str]
    """What stops it."""
    agreed: frozenset[str]
    """Which of these somebody has agreed to."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Rules:
        """Read them from the job: gates with commas between them, the labels of the pull request as a JSON list.

        Raises:
            JobError: a gate that there is not.
        """
        gates = frozenset(environment["FAIL_ON"].split(","))
        if not gates <= {*GATES}:
            raise JobError(f"FAIL_ON is {environment['FAIL_ON']!r}: it takes {', '.join(GATES)}")
        labels = set(json.loads(environment["LABELS"]))
        agreed = frozenset(gate for gate in gates if agreement(gate) in labels)
        return cls(environment["STACK"], environment["POLICY_CONFIG"], gates, agreed)

    def policy_flags(self) -> list[str]:
        """Return the flags that put the policy pack into an operation."""
        config = ["--policy-pack-config", self.policy_config] if self.policy_config else []
        return ["--policy-pack", "policy", *config]


def agreement(gate: str) -> str:
    """Return the label with which somebody agrees to what a gate stops."""
    return f"{gate}-agreed"


def examine(rules: Rules, environment: Mapping[str, str], *flags: str) -> Change:
    """Preview a stack's change and say what it is. Why there is no report is told on standard error.

    Args:
        rules: what it is held to.
        environment: the job's.
        flags: more of the first preview's.
    """
    previewed = pulumi(rules.stack, "preview", "--json", "--show-sames", *flags)
    try:
        report = Report(read(previewed.stdout))
    except OperatorError as error:
        print(error, file=sys.stderr)
        return _without_report(environment)
    if previewed.returncode != 0:
        return _without_report(environment)
    asked = pulumi(rules.stack, "preview", *PLAIN, "--suppress-outputs", *rules.policy_flags())
    print(asked.stdout, flush=True)
    return _judged(rules, report, asked, environment)


def pulumi(stack: str, verb: str, *words: str, shown: bool = False) -> subprocess.CompletedProcess[str]:
    """Run pulumi on a stack. Its standard error is ours, and its standard output too if it is to be shown at once.

    Raises:
        JobError: there is no `pulumi`.
    """
    argv = ["pulumi", verb, *words, "--stack", stack]
    try:
        return subprocess.run(
            argv,
            cwd=PROJECT_ROOT,
            env=stack_environment(stack, os.environ),
            stdin=subprocess.DEVNULL,
            stdout=None if shown else subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    except FileNotFoundError:
        raise JobError("there is no `pulumi` on PATH") from None


def _without_report(environment: Mapping[str, str]) -> Change:
    return Change(
        f"**There is no report: the preview failed.** Why is in [the log]({run_page(environment)}) of the step.",
        NO_REPORT,
    )


def _judged(
    rules: Rules, report: Report, asked: subprocess.CompletedProcess[str], environment: Mapping[str, str]
) -> Change:
    policies, stops = policies_in(asked.stdout), sorted(report.gates() & (rules.gates - rules.agreed))
    heads, code = [], ALLOWED
    if stops:
        labels = ", ".join(f"`{agreement(gate)}`" for gate in stops)
        heads.append(f"**Stopped: {', '.join(stops)}.** It goes on once somebody agrees: {labels}.")
        code = STOPPED
    if asked.returncode != 0:
        heads.append(
            "**Refused by the policy pack**, see below."
            if "[mandatory]" in policies
            else f"**The policy pack could not be asked.** Why is in [the log]({run_page(environment)}) of the step."
        )
        code = REFUSED
    below = [f"### Policy pack\n\n{indented(policies)}"] if policies else []
    return Change("\n\n".join([*heads, report.markdown().strip(), *below]), code)


def policies_in(printed: str) -> str:
    """Return what a preview says of the packs whose rules are violated, empty if none is."""
    lines = printed.splitlines()
    if "Policies:" not in lines:
        return ""
    below = lines[lines.index("Policies:") + 1 :]
    ends = [number for number, line in enumerate(below) if line and not line.startswith(" ")]
    text = textwrap.dedent("\n".join(below[: ends[0]] if ends else below)).strip()
    return text if "- [" in text else ""
