"""The comment and the issue, on a GitHub that is a server on this machine; with the standard library alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import PROJECT_ROOT, forked
from tests.unit.workflows.steps import PAGE, RUNNER

TOKEN = "token-of-the-job"
COMMENTS, ISSUES = "/repos/team/pair/issues/12/comments", "/repos/team/pair/issues"
COMMENT_MARK, DRIFT_MARK = "<!-- mysql-pair: prod -->", "<!-- mysql-pair drift: prod -->"
BOT, PERSON = {"type": "Bot"}, {"type": "User"}
NOISE = [{"id": number, "number": number, "user": PERSON, "body": None} for number in range(150)]
"""More than a page; an issue may have no text."""


class GitHub(ThreadingHTTPServer):
    """The lists there are, and what was changed: method, path, body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.lists: dict[str, list[dict[str, Any]]] = {COMMENTS: [*NOISE], ISSUES: [*NOISE]}
        self.changes: list[tuple[str, str, dict[str, Any]]] = []
        self.refuses = False

    def step(self, module: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a step against it."""
        env = {
            "PATH": os.environ["PATH"],
            **RUNNER,
            "STACK": "prod",
            "GITHUB_API_URL": f"http://127.0.0.1:{self.server_port}",
            "GITHUB_TOKEN": TOKEN,
            **variables,
        }
        return forked.run(module, *words, env=env)


class Answer(BaseHTTPRequestHandler):
    """Answers as GitHub's API does: lists by the page, changes with what was changed."""

    server: GitHub

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        size, page = (int(re.search(rf"\b{key}=(\d+)", query)[1]) for key in ("per_page", "page"))  # type: ignore[index]
        self._send(self.server.lists[path][size * (page - 1) : size * page])

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.changes.append((self.command, self.path, body))
        self._send(body)

    do_PATCH = do_POST  # noqa: N815  likewise

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _send(self, content: object) -> None:
        allowed = self.headers["Authorization"] == f"Bearer {TOKEN}" and not self.server.refuses
        self.send_response(200 if allowed else 403)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))  # how soon it sees that it is to end
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def comment(github: GitHub, report: Path) -> subprocess.CompletedProcess[str]:
    return github.step("tools.ci.comment", str(report), PULL_REQUEST="12")


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "report.md"
    file.write_text("**Reach is opened.** ü\n")
    return file


@pytest.mark.parametrize("module", ["tools.ci.comment", "tools.ci.issue"])
def test_a_step_starts_without_any_package_that_is_installed(module: str) -> None:
    argv = [sys.executable, "-S", "-m", module]
    done = subprocess.run(argv, cwd=PROJECT_ROOT, env={}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and done.stderr.startswith("not set in the environment of the step: ")


def test_a_first_report_is_a_new_comment(github: GitHub, report: Path) -> None:
    assert comment(github, report).returncode == 0
    assert github.changes == [("POST", COMMENTS, {"body": f"{COMMENT_MARK}\n**Reach is opened.** ü\n"})]


def test_a_later_report_takes_the_former_ones_place(github: GitHub, report: Path) -> None:
    github.lists[COMMENTS] += [{"id": 777, "user": BOT, "body": f"{COMMENT_MARK}\nbefore"}]
    assert comment(github, report).returncode == 0
    assert github.changes == [
        ("PATCH", "/repos/team/pair/issues/comments/777", {"body": f"{COMMENT_MARK}\n**Reach is opened.** ü\n"})
    ]


@pytest.mark.parametrize(
    ("user", "body"),
    [
        (PERSON, f"{COMMENT_MARK}\ncopied"),
        (BOT, f"> {COMMENT_MARK}\nquoted"),
        (BOT, "<!-- mysql-pair: dev -->\nof another stack"),
        (None, f"{COMMENT_MARK}\nof an account that is gone"),
    ],
)
def test_what_others_wrote_is_never_changed(github: GitHub, report: Path, user: Any, body: str) -> None:
    github.lists[COMMENTS] = [{"id": 777, "user": user, "body": body}]
    assert comment(github, report).returncode == 0
    assert [change[0] for change in github.changes] == ["POST"]


def test_without_a_report_the_comment_says_so_and_where_to_look(github: GitHub, tmp_path: Path) -> None:
    assert comment(github, tmp_path / "none.md").returncode == 0
    ((_, _, body),) = github.changes
    assert "There is no report" in body["body"] and PAGE in body["body"]


def test_a_report_that_is_too_long_for_github_is_cut_and_says_where_all_of_it_is(github: GitHub, report: Path) -> None:
    report.write_text("ü" * 100_000)
    assert comment(github, report).returncode == 0
    ((_, _, body),) = github.changes
    assert 50_000 < len(body["body"]) < 65_536
    assert PAGE in body["body"][:200]


def test_a_refusal_fails_the_step_without_showing_the_token(github: GitHub, report: Path) -> None:
    github.refuses = True
    done = comment(github, report)
    assert done.returncode == 1
    assert "GitHub answers 403" in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_step_without_its_variables_says_which(github: GitHub, report: Path) -> None:
    done = github.step("tools.ci.comment", str(report))
    assert (done.returncode, done.stderr) == (1, "not set in the environment of the step: PULL_REQUEST\n")


OPEN = {"id": 1, "number": 33, "user": BOT, "body": f"{DRIFT_MARK}\nDifferences: 1"}
CLOSED = {"state": "closed", "state_reason": "completed"}


@pytest.mark.parametrize(
    ("differences", "there", "change"),
    [
        ("2", [], ("POST", ISSUES)),
        ("2", [OPEN], ("PATCH", f"{ISSUES}/33")),
        ("0", [OPEN], ("PATCH", f"{ISSUES}/33")),
        ("0", [], None),
        ("0", [OPEN | {"user": PERSON}], None),
    ],
    ids=["drift", "drift still", "drift no more", "none", "none, and somebody's own issue"],
)
def test_drift_has_one_issue(github: GitHub, differences: str, there: list[Any], change: Any) -> None:
    github.lists[ISSUES] += there
    assert github.step("tools.ci.issue", DIFFERENCES=differences).returncode == 0
    assert [each[:2] for each in github.changes] == ([change] if change else [])
    if change and differences == "0":
        assert github.changes[0][2] == CLOSED
    elif change:
        body = github.changes[0][2]
        assert body["title"] == "Stack prod has drifted or is behind"
        assert body["body"].startswith(f"{DRIFT_MARK}\n") and "says: 2," in body["body"] and PAGE in body["body"]
