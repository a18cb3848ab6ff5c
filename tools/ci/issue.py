"""`python3 -m tools.ci.issue`: the one open issue that says that a stack has drifted; closed when it has not."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from tools.ci.github import Api, main, run_page

NEEDS = ("STACK", "DIFFERENCES", "GITHUB_API_URL", "GITHUB_TOKEN")


def run(environment: Mapping[str, str]) -> int:
    """Open, update or close it. It has no more than a number: the table is on the page of the run."""
    stack, number, page = environment["STACK"], int(environment["DIFFERENCES"]), run_page(environment)
    mark = f"<!-- mysql-pair drift: {stack} -->"
    api = Api.of(environment)
    former = api.own("/issues?state=open", mark)
    title = f"Stack {stack} has drifted or is behind"
    body = (
        f"{mark}\nDifferences between what is live and what the stack says: {number}, newer packages included. "
        f"They are in the summary of [the run]({page}). `python -m scripts repair --stack {stack}` puts drift right, "
        "and `upgrade` installs newer packages. This issue is updated every night, and closed when there is neither."
    )
    if number and former:
        api.call("PATCH", f"/issues/{former['number']}", {"title": title, "body": body})
    elif number:
        api.call("POST", "/issues", {"title": title, "body": body})
    elif former:
        api.call("PATCH", f"/issues/{former['number']}", {"state": "closed", "state_reason": "completed"})
    return 0


if __name__ == "__main__":
    sys.exit(main(run, NEEDS))
