"""From an account's privileges to those that its grants come to.

MySQL manual, "GRANT Statement" and "REVOKE Statement".
"""

from __future__ import annotations

from collections.abc import Iterable

from scripts.host.accounts.changes import Change, Subject
from scripts.host.accounts.current import CurrentAccount, ServerState
from scripts.host.accounts.grants import (
    EVERYWHERE,
    Privileges,
    Target,
    desired_privileges,
    dynamic_words,
    listed,
    unknown,
    words,
)
from scripts.host.accounts.names import Account, quoted
from scripts.host.accounts.privileges import GRANT_OPTION
from scripts.host.accounts.spec import GrantSpec


def privilege_changes(
    subject: Subject, grants: Iterable[GrantSpec], current: CurrentAccount, server: ServerState
) -> list[Change]:
    """Return the changes that make an account have what its grants come to, and no other privilege.

    Args:
        subject: whose account it is.
        grants: all that it is to hold.
        current: the account under its name to be.
        server: which privileges there are.
    """
    desired = desired_privileges(grants, server.dynamic, server.partial_revokes)
    everywhere = desired.static.get(EVERYWHERE, frozenset())
    changes = _unknown_privileges(subject, grants, server)
    changes += _lower_changes(subject, current)
    changes += _restriction_changes(subject, everywhere, current)
    pairs = {
        target: (desired.static.get(target, frozenset()), current.privileges.static.get(target, frozenset()))
        for target in desired.static.keys() | current.privileges.static.keys() | {EVERYWHERE}
    }

    def turn(target: Target) -> tuple[bool, str, str]:
        # Where something is only taken away has its turn last: what moves to another target is never missing.
        # Not so where partial revokes have to be gone before anything can be granted below.
        expected, had = pairs[target]
        return expected < had and not current.restrictions, target.database, target.table

    for target in sorted(pairs, key=turn):
        expected, had = pairs[target]
        what = f"privileges on {target.words}"
        differences = [] if expected == had else [subject.difference(what, words(target, expected), words(target, had))]
        statements = _statements(target, expected, had, current.account)
        if target == EVERYWHERE:
            statements = _statements_everywhere(desired, current.privileges, current.account)
            if desired.dynamic != current.privileges.dynamic:
                texts = (dynamic_words(each.dynamic, server.dynamic) for each in (desired, current.privileges))
                differences.append(subject.difference("dynamic privileges", *texts))
        if statements:
            changes.append(Change(subject, tuple(differences), tuple(statements)))
    return changes


def _unknown_privileges(subject: Subject, grants: Iterable[GrantSpec], server: ServerState) -> list[Change]:
    why = f"MySQL {server.version} has no such privilege there"
    return [
        Change(
            subject,
            (subject.difference(f"privileges on {target.words}", name, why),),
            refusal=f"{name} on {target.words}: {why}",
        )
        for target, name in unknown(grants, server.dynamic)
    ]


def _lower_changes(subject: Subject, current: CurrentAccount) -> list[Change]:
    """Return the changes that take away privileges on columns and routines, and proxies: no spec has them."""
    account = current.account.sql
    rows = []
    for (database, table), pairs in sorted(current.columns.items()):
        columns = ", ".join(f"{privilege} ({quoted(column)})" for privilege, column in sorted(pairs))
        rows.append((f"privileges on columns of {database}.{table}", columns, f"{quoted(database)}.{quoted(table)}"))
    for (kind, database, routine), privileges in sorted(current.routines.items()):
        what = f"privileges on {kind.lower()} {database}.{routine}"
        rows.append((what, listed(privileges), f"{kind} {quoted(database)}.{quoted(routine)}"))
    changes = [
        Change(subject, (subject.difference(what, "none", names),), (f"REVOKE {names} ON {target} FROM {account}",))
        for what, names, target in rows
    ]
    return changes + [
        Change(
            subject,
            (subject.difference("proxy", "none", proxied.sql),),
            (f"REVOKE PROXY ON {proxied.sql} FROM {account}",),
        )
        for proxied in sorted(current.proxies)
    ]


def _restriction_changes(subject: Subject, everywhere: frozenset[str], current: CurrentAccount) -> list[Change]:
    """Return the changes that lift partial revokes; those of a privilege that goes everywhere go with it."""
    changes = []
    for database, privileges in sorted(current.restrictions.items()):
        if lifted := privileges & everywhere:
            names = listed(lifted)
            what = f"privileges on {database}.*"
            difference = subject.difference(what, f"{names}, as everywhere", "taken away there")
            statement = f"GRANT {names} ON {quoted(database)}.* TO {current.account.sql}"
            changes.append(Change(subject, (difference,), (statement,)))
    return changes


def _statements(target: Target, expected: frozenset[str], current: frozenset[str], account: Account) -> list[str]:
    """Return the statements that make an account's static privileges on a target the expected ones."""
    statements = []
    if missing := expected - current:
        # The option alone goes with privileges that are there already.
        names = missing - {GRANT_OPTION} or expected - {GRANT_OPTION}
        option = f" WITH {GRANT_OPTION}" if GRANT_OPTION in missing else ""
        statements.append(f"GRANT {listed(names)} ON {target.sql} TO {account.sql}{option}")
    if too_much := current - expected:
        statements.append(f"REVOKE {listed(too_much)} ON {target.sql} FROM {account.sql}")
    return statements


def _statements_everywhere(expected: Privileges, current: Privileges, account: Account) -> list[str]:
    """Return the same for the static and the dynamic privileges that hold everywhere.

    Taking away the static GRANT OPTION takes the dynamic ones' too, but only from the table: mysqld's memory keeps
    them, and no later statement reaches them (seen on 9.7.4). So dynamic privileges that have it go before it does.
    """
    static, had = expected.static.get(EVERYWHERE, frozenset()), current.static.get(EVERYWHERE, frozenset())
    loses_option = GRANT_OPTION in had - static
    gone = {
        name
        for name, option in current.dynamic.items()
        if name not in expected.dynamic or (option and (loses_option or not expected.dynamic[name]))
    }
    missing = [
        name for name, option in expected.dynamic.items() if name in gone or option > current.dynamic.get(name, -1)
    ]
    statements = [f"REVOKE {listed(gone)} ON *.* FROM {account.sql}"] if gone else []
    statements += _statements(EVERYWHERE, static, had, account)
    for option, suffix in ((False, ""), (True, f" WITH {GRANT_OPTION}")):
        if names := [name for name in missing if expected.dynamic[name] is option]:
            statements.append(f"GRANT {listed(names)} ON *.* TO {account.sql}{suffix}")
    return statements
