#!/usr/bin/env python3
"""Make the server's databases, roles and users be as a JSON document describes them, or tell what differs.

Usage, as root on the server: accounts.py apply|differences <DOCUMENT, or accounts.py list.
`apply` prints the state of each user's password; what failed is told on standard error, one paragraph an object, and
the rest is done all the same. `differences` and `list` change nothing. No password is ever printed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, Protocol

import pymysql  # type: ignore[import-untyped]  # the distribution's package has no types

from scripts.host.accounts import current, document, plan, report
from scripts.host.accounts.change import Change, Subject
from scripts.host.accounts.document import Document
from scripts.host.common import lock, stdin
from scripts.host.common.errors import HostError
from scripts.host.mysql import server

SQL_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION"
"""Whatever the server's own: quotes and backslashes in literals mean what they mean by default."""
LOCK_SECONDS = 60
"""How long a statement waits for a table that somebody uses; by default a year."""

SYNTAX, POLICY, DEFINER = 1064, 1819, 4005
LOST = {0, 1053, 2003, 2006, 2013, 3169, 4031}
"""MySQL manual, "Server Error Message Reference", "Client Error Message Reference": no statement after these works."""

Failures = dict[Subject, list[str]]


class Session(Protocol):
    """The server, as far as it is needed."""

    def rows(self, statement: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""

    def do(self, statement: str, args: Sequence[Any] = ()) -> list[tuple[int, str]]:
        """Run a statement and return the warnings."""


class LostError(Exception):
    """The connection is gone; the next run goes on where this one was."""


def session() -> server.Server:
    """Return a session that does not depend on the server's settings.

    Raises:
        pymysql.MySQLError: the server does not answer.
    """
    server = server.Server()
    server.do(f"SET SESSION sql_mode = '{SQL_MODE}', time_zone = '+00:00', lock_wait_timeout = {LOCK_SECONDS}")
    return server


def apply(document: Document) -> int:
    """Make it so, print how the passwords are now, and return the exit code."""
    failures: Failures = {}
    try:
        with lock.exclusive():
            server = session()
            carry_out(document, plan.plan(document, current.read(server)), server, failures)
            print(json.dumps({"users": current.passwords(server)}))
    finally:
        for subject, words in failures.items():
            print(f"{subject}: {'; '.join(dict.fromkeys(words))}", file=sys.stderr)
    return 1 if failures else 0


def carry_out(document: Document, changes: Sequence[Change], server: Session, failures: Failures) -> None:
    """Do the changes, whatever fails, and add what was said of each object that something failed of.

    Raises:
        LostError: the connection is gone.
    """
    given_up: set[Subject] = set()
    for change in changes:
        if change.subject in given_up:
            continue
        words = change.refusal or _missing(change, given_up) or _done(document, change, server)
        if words:
            for subject in (change.subject, *change.also):
                failures.setdefault(subject, []).append(words)
                if change.essential:
                    given_up.add(subject)


def _missing(change: Change, given_up: set[Subject]) -> str | None:
    gone = [subject for subject in change.needs if subject in given_up]
    return f"{' and '.join(map(str, gone))} failed, so it is not granted" if gone else None


def _done(document: Document, change: Change, server: Session) -> str | None:
    """Run a change's statements; return what went wrong, in words without secrets.

    Raises:
        LostError: the connection is gone.
    """
    try:
        for statement in change.statements:
            for code, text in server.do(statement):
                if code == DEFINER:
                    print(f"{change.subject}: MySQL warns: {document.without_secrets(text)}", file=sys.stderr)
    except pymysql.err.InterfaceError as error:
        raise LostError(str(change.subject)) from error
    except server.Error as error:
        code = int(error.args[0]) if error.args else 0
        if code in LOST:
            raise LostError(str(change.subject)) from error
        if code == SYNTAX:
            # Its text quotes the statement, and cuts a password in two as it does.
            return f"ERROR {SYNTAX}: MySQL does not understand the statement"
        said = document.without_secrets(str(error.args[-1]))
        return f"ERROR {code}: {said}" + (_policy(server) if code == POLICY else "")
    return None


def _policy(server: Session) -> str:
    """Return the rules that a password did not keep to, with a space before them."""
    rules = server.rows("SHOW GLOBAL VARIABLES LIKE 'validate\\_password%'")
    return " (" + ", ".join(f"{name} = {value}" for name, value in rules) + ")" if rules else ""


def differences(document: Document) -> int:
    """Print what differs, and return the exit code."""
    changes = plan.plan(document, current.read(session()))
    print(
        json.dumps(
            [
                {
                    "kind": change.subject.kind,
                    "name": change.subject.name,
                    "what": point.what,
                    "expected": point.expected,
                    "found": point.found,
                }
                for change in changes
                for point in change.points
            ]
        )
    )
    return 0


def list_() -> int:
    """Print what there is, and return the exit code."""
    print(json.dumps(report.listed(current.read(session()))))
    return 0


def main(verb: str) -> int:
    """Read the document and do what the verb says; return the exit code."""
    try:
        if verb == "list":
            return list_()
        document = document.parse(stdin.document())
        return {"apply": apply, "differences": differences}[verb](document)
    except LostError as error:
        print(f"the connection to MySQL was lost at {error}; run it again, it goes on from there", file=sys.stderr)
    except server.Error as error:
        print(f"MySQL does not answer as it should: {server.said(error)}", file=sys.stderr)
    except (HostError, OSError) as error:
        print(error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
