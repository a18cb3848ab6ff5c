"""What a job of GitHub Actions gives and takes: its environment, the files that are named there, and GitHub's API.

Sources: GitHub's documents "Variables reference", "Workflow commands for GitHub Actions" and "GitHub REST API".
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

API_SECONDS = 30
PAGE = 100
"""Entries of a page; the most there may be."""
JOB = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
"""What every job has."""


class JobError(Exception):
    """A fault that the log of the job has to tell."""


def main(run: Callable[[Mapping[str, str]], int], needs: Sequence[str]) -> int:
    """Run a step in the job's environment and return its exit code; 1 after a JobError.

    Args:
        run: what the step does.
        needs: the variables without which it is not begun; an empty one is there.
    """
    missing = [name for name in (*JOB, *needs) if name not in os.environ]
    if missing:
        print(f"not set in the environment of the step: {', '.join(missing)}", file=sys.stderr)
        return 1
    try:
        return run(os.environ)
    except JobError as error:
        print(error, file=sys.stderr)
        return 1


def summarize(environment: Mapping[str, str], markdown: str) -> None:
    """Add to the summary on the page of the run."""
    _append(environment["GITHUB_STEP_SUMMARY"], f"{markdown}\n\n")


def put_output(environment: Mapping[str, str], name: str, value: str) -> None:
    """Give the step an output of one line."""
    _append(environment["GITHUB_OUTPUT"], f"{name}={value}\n")


def run_page(environment: Mapping[str, str]) -> str:
    """Return the address of this run's page, which has the logs."""
    server, repository, number = (environment[name] for name in JOB)
    return f"{server}/{repository}/actions/runs/{number}"


def indented(text: str) -> str:
    """Return a text as a code block that nothing in it can end."""
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def _append(file: str, text: str) -> None:
    with Path(file).open("a", encoding="utf-8") as end:
        end.write(text)


@dataclass(frozen=True)
class Api:
    """GitHub's API for one repository, in the name of the job."""

    url: str
    repository: str
    token: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Api:
        """Return the one of the job that the environment is of."""
        return cls(environment["GITHUB_API_URL"], environment["GITHUB_REPOSITORY"], environment["GITHUB_TOKEN"])

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Ask for something and return the answer.

        Args:
            method: of HTTP.
            path: behind the repository's.
            body: what is sent, as JSON.

        Raises:
            JobError: GitHub refuses, or does not answer.
        """
        request = urllib.request.Request(  # noqa: S310  the address is the runner's own
            f"{self.url}/repos/{self.repository}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "mysql-pair",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=API_SECONDS) as answer:  # noqa: S310  likewise
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise JobError(f"{method} {path}: GitHub answers {error.code} {error.reason}") from None
        except OSError as error:
            raise JobError(f"{method} {path}: GitHub cannot be reached: {error}") from None

    def all(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the entries of a list, page by page."""
        number, more = 1, True
        while more:
            page = self.call("GET", f"{path}{'&' if '?' in path else '?'}per_page={PAGE}&page={number}")
            yield from page
            number, more = number + 1, len(page) == PAGE

    def own(self, path: str, mark: str) -> dict[str, Any] | None:
        """Return the first entry of a list that a bot wrote and that begins with a mark.

        People may quote the mark: what they wrote is never changed.
        """
        for entry in self.all(path):
            if (entry.get("user") or {}).get("type") == "Bot" and (entry.get("body") or "").startswith(mark):
                return entry
        return None
