"""The verb `accounts`: make the server's databases, roles and users be as the spec says, or tell what differs.

`accounts apply` and `accounts diff` read an AccountsSpec; `accounts list` reads nothing. `apply` prints the state of
each user's password, and which grants wait for what they are on; what failed is told on standard error, one paragraph
an object, and the rest is done all the same. `diff` and `list` change nothing. No password is ever printed.
"""

import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.host.accounts import current
from scripts.host.accounts.changes import Change, Subject
from scripts.host.accounts.current import ServerState, Session
from scripts.host.accounts.listing import listed
from scripts.host.accounts.names import literal
from scripts.host.accounts.plan import plan
from scripts.host.accounts.spec import AccountsSpec
from scripts.host.common import codec, lock, stdin
from scripts.host.common.errors import HostError
from scripts.host.group import membership
from scripts.host.group import view as group_view
from scripts.host.mysql import restoring, server

SQL_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION"
"""Whatever the server's own: quotes and backslashes in literals mean what they mean by default."""
LOCK_SECONDS = 60
"""How long a statement waits for a table that somebody uses; by default a year."""

SECONDARY_SECONDS = 120
"""How long a secondary waits for what the primary does."""
POLL_SECONDS = 0.3

SYNTAX, POLICY, DEFINER = 1064, 1819, 4005
LOST = {0, 1053, 2003, 2006, 2013, 3169, 4031}
"""MySQL manual, "Server Error Message Reference", "Client Error Message Reference": no statement after these works."""

MISSING = {1054, 1146, 1305}
"""No such column, table or routine."""


class RefusedError(Exception):
    """Why a change was not made, in words without secrets."""


class MissingError(RefusedError):
    """What a grant is on is not there."""


@dataclass
class Outcome:
    """What did not come about."""

    failures: dict[Subject, list[str]] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)
    """Grants on what is not there yet."""

    def fail(self, subject: Subject, text: str) -> None:
        """Add what was said of an object."""
        self.failures.setdefault(subject, []).append(text)


def open_session() -> Session:
    """Return a session that does not depend on the server's settings.

    Raises:
        HostError: the server does not answer.
    """
    session = server.Session()
    session.do(f"SET SESSION sql_mode = '{SQL_MODE}', time_zone = '+00:00', lock_wait_timeout = {LOCK_SECONDS}")
    return session


def apply() -> int:
    """Make it so, print how the passwords are now, and return the exit code.

    Of a group the primary does it; the other members wait until the same holds on them.
    """
    spec, outcome = _spec(), Outcome()
    try:
        with lock.exclusive():
            restoring.require_ended()
            session = open_session()
            membership.require_in(session)
            if not (group_view.is_secondary(session) and _wait(spec, session)):
                carry_out(spec, plan(spec, current.read(session)), session, outcome)
            print(stdin.as_json({"users": _password_states(current.read(session)), "pending": outcome.pending}))
    finally:
        for subject, texts in outcome.failures.items():
            print(f"{subject}: {'; '.join(dict.fromkeys(texts))}", file=sys.stderr)
    return 1 if outcome.failures else 0


def _wait(spec: AccountsSpec, session: Session) -> bool:
    """Return whether everything has come to hold on this secondary; False once it is the primary.

    Raises:
        HostError: it does not come to hold in time.
    """
    deadline = time.monotonic() + SECONDARY_SECONDS
    # What may wait for what it is on, the primary leaves undone too.
    while changes := [change for change in plan(spec, current.read(session)) if not change.may_wait]:
        if not group_view.is_secondary(session):
            return False
        if time.monotonic() > deadline:
            lacking = ", ".join(sorted({str(change.subject) for change in changes}))
            raise HostError(f"what the primary was to do does not hold here: {lacking}; its own command says why")
        time.sleep(POLL_SECONDS)
    return True


def _password_states(server: ServerState) -> dict[str, dict[str, Any]]:
    """Return, by user key, which generation of its password the server has, and whether it accepts an old one."""
    return {
        account.user_key: {"generation": account.generation, "old_password_accepted": account.old_password}
        for account in server.accounts.values()
        if account.user_key
    }


def _spec() -> AccountsSpec:
    spec = stdin.read(AccountsSpec)
    if faults := [str(fault) for fault in codec.faults_of(spec)]:
        raise HostError("\n".join(["the spec has faults, and nothing was changed:", *faults]))
    return spec


def carry_out(spec: AccountsSpec, changes: Sequence[Change], session: Session, outcome: Outcome) -> None:
    """Do the changes, whatever fails, and add what was said of each object that something failed of.

    Raises:
        HostError: the connection is gone.
    """
    given_up: set[Subject] = set()
    cut_off: list[Change] = []
    try:
        for change in changes:
            if change.subject not in given_up:
                _carry_out(spec, change, given_up, cut_off, session, outcome)
    except HostError:
        for change in cut_off:
            what = change.differences[0].what
            outcome.fail(change.subject, f"its {what} is changed, and the outputs may still have the former one")
        raise


def _carry_out(
    spec: AccountsSpec,
    change: Change,
    given_up: set[Subject],
    cut_off: list[Change],
    session: Session,
    outcome: Outcome,
) -> None:
    try:
        _do(spec, change, given_up, session, outcome)
    except RefusedError as error:
        for subject in (change.subject, *change.also):
            outcome.fail(subject, str(error))
            if change.essential:
                given_up.add(subject)
        while cut_off:
            _take_back(spec, cut_off[-1], session, outcome)
            cut_off.pop()
    else:
        cut_off += [change] if change.undo else []


def _do(spec: AccountsSpec, change: Change, given_up: set[Subject], session: Session, outcome: Outcome) -> None:
    if change.refusal:
        raise RefusedError(change.refusal)
    if gone := [subject for subject in change.needs if subject in given_up]:
        raise RefusedError(f"{' and '.join(map(str, gone))} failed, so it is not granted")
    if change.cuts_off and outcome.failures:
        what = change.differences[0].what
        raise RefusedError(f"its {what} stays as it is, because something failed; the next run changes it")
    try:
        _run(spec, change.subject, change.statements, session)
    except MissingError as error:
        if not change.may_wait:
            raise
        (difference,) = change.differences
        meanwhile = "" if difference.found == "none" else f", and {difference.found} stays until then"
        waits = f"{difference.what}: {difference.expected} waits{meanwhile}: {error}"
        outcome.pending.append(f"{change.subject}: {waits}")


def _take_back(spec: AccountsSpec, change: Change, session: Session, outcome: Outcome) -> None:
    what = change.differences[0].what
    try:
        _run(spec, change.subject, change.undo, session)
        outcome.fail(change.subject, f"its {what} is the former one again, because something failed after it")
    except RefusedError as error:
        outcome.fail(change.subject, f"its {what} is changed, and cannot be taken back: {error}")


def _run(spec: AccountsSpec, subject: Subject, statements: Sequence[str], session: Session) -> None:
    """Run statements.

    Raises:
        RefusedError: MySQL refused one, in words without secrets.
        HostError: the connection is gone.
    """
    try:
        for statement in statements:
            for code, text in session.do(statement):
                if code == DEFINER:
                    print(f"{subject}: MySQL warns: {without_secrets(spec, text)}", file=sys.stderr)
    except server.Error as error:
        if error.number in LOST:
            lost = f"the connection to MySQL was lost at {subject}; run it again, it goes on from there"
            raise HostError(lost) from error
        if error.number == SYNTAX:
            # Its text quotes the statement, and cuts a password in two as it does.
            raise RefusedError(f"ERROR {SYNTAX}: MySQL does not understand the statement") from error
        text = f"ERROR {error.number}: {without_secrets(spec, error.text)}"
        kind = MissingError if error.number in MISSING else RefusedError
        raise kind(text + (_policy(session) if error.number == POLICY else "")) from error


def _policy(session: Session) -> str:
    """Return the rules that a password did not keep to, with a space before them."""
    rules = session.rows("SHOW GLOBAL VARIABLES LIKE 'validate\\_password%'")
    return " (" + ", ".join(f"{name} = {value}" for name, value in rules) + ")" if rules else ""


def without_secrets(spec: AccountsSpec, text: str) -> str:
    """Return what MySQL said with *** for every password in it."""
    passwords = [user.password for user in spec.users if user.password]
    longest_first = sorted({*passwords, *(literal(password)[1:-1] for password in passwords)}, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), "***", text) if passwords else text


def diff() -> int:
    """Print what differs, and return the exit code."""
    changes = plan(_spec(), current.read(open_session()))
    print(stdin.as_json([difference for change in changes for difference in change.differences]))
    return 0


def list_() -> int:
    """Print what there is, and return the exit code."""
    print(stdin.as_json(listed(current.read(open_session()))))
    return 0


VERBS = {"apply": apply, "diff": diff, "list": list_}


def main(words: Sequence[str]) -> int:
    """Do what the one word after `accounts` says; return the exit code."""
    verb = VERBS.get(" ".join(words))
    if verb is None:
        print(f"accounts takes one of {', '.join(VERBS)}", file=sys.stderr)
        return 2
    try:
        return verb()
    except server.Error as error:
        print(f"MySQL does not answer as it should: {error}", file=sys.stderr)
    except (HostError, OSError) as error:
        print(error, file=sys.stderr)
    return 1
