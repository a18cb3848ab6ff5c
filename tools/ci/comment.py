"""`python3 -m tools.ci.comment REPORT`: a report as the one comment on a pull request, updated in place."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from tools.ci.github import Api, main, run_page

NEEDS = ("STACK", "PULL_REQUEST", "GITHUB_API_URL", "GITHUB_TOKEN")
LONGEST = 60_000
"""Characters; GitHub refuses more than 65,536."""


def run(environment: Mapping[str, str]) -> int:
    """Make or update the comment; without a report it says so."""
    file, page, mark = Path(sys.argv[1]), run_page(environment), f"<!-- mysql-pair: {environment['STACK']} -->"
    report = file.read_text(encoding="utf-8") if file.is_file() else without_report(page)
    if len(report) > LONGEST:
        report = f"The report is cut off here; [the run]({page}) has all of it.\n\n{report[:LONGEST]}"
    body = {"body": f"{mark}\n{report}"}
    api, issue = Api.of(environment), f"/issues/{int(environment['PULL_REQUEST'])}"
    former = api.own(f"{issue}/comments", mark)
    if former:
        api.call("PATCH", f"/issues/comments/{former['id']}", body)
    else:
        api.call("POST", f"{issue}/comments", body)
    return 0


def without_report(page: str) -> str:
    """Return what the comment says if the job ended before there was anything to say."""
    return f"**There is no report: the job ended before its preview did.** Why is in [the log]({page})."


if __name__ == "__main__":
    sys.exit(main(run, NEEDS))
