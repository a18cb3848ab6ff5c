"""From what there is to be and what the server has to the changes between them, in order. Nothing here asks or writes.

Names must be free before others take them: accounts that are no longer wanted go first, then all renames, then roles,
then users. Only roles whose name no user wants go last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from scripts.host.accounts import passwords
from scripts.host.accounts.change import Change, Point, Subject, refused
from scripts.host.accounts.current import MARK, Found, State
from scripts.host.accounts.document import Database, Document, Grant, Role, User
from scripts.host.accounts.grants import (
    EVERYWHERE,
    Level,
    changes_everywhere,
    changes_of_level,
    dynamic_words,
    unknown,
    wanted,
    words,
)
from scripts.host.accounts.ownership import NOTHING, Naming, role_subject, user_subject
from scripts.host.accounts.passwords import Login
from scripts.host.accounts.renames import renames
from scripts.host.accounts.sql import ROLE_HOST, Account, database_fault, identifier, literal

SYSTEM_DATABASES = {"mysql", "sys", "information_schema", "performance_schema"}
THERE = "there"


def plan(document: Document, state: State) -> list[Change]:
    """Return the changes; empty if everything is right."""
    naming = Naming(document, state)
    changes = [*naming.refusals.values(), *_databases(document, state), *naming.early]
    changes += renames(naming.moves, state.accounts.keys())
    for role in document.roles:
        if role_subject(role) not in naming.refusals:
            changes += _role_changes(role, naming.account_of_role(role), state)
    roles = {role.account: role_subject(role) for role in document.roles}
    for user in document.users:
        if user_subject(user) not in naming.refusals:
            changes += _user_changes(user, naming, roles, state)
    return [*changes, *naming.late]


# Databases.


def _databases(document: Document, state: State) -> list[Change]:
    drops = [change for database in document.databases if database.drop for change in _dropped(database, state)]
    return drops + [change for database in document.databases if not database.drop for change in _kept(database, state)]


def _dropped(database: Database, state: State) -> list[Change]:
    subject = Subject("database", database.name)
    if database.name.lower() in SYSTEM_DATABASES:
        return [refused(subject, "it is the server's own")]
    if database.name not in state.databases:
        return []
    return [Change(subject, (Point("database", NOTHING, THERE),), (f"DROP DATABASE {identifier(database.name)}",))]


def _kept(database: Database, state: State) -> list[Change]:
    subject = Subject("database", database.name)
    charset = {"utf8": "utf8mb3"}.get(database.charset.lower(), database.charset.lower())
    collation = (database.collation or state.default_collations.get(charset, "")).lower()
    if why := _database_refusal(database, charset, collation, state):
        return [refused(subject, why)]
    options = f"{identifier(database.name)} CHARACTER SET {charset} COLLATE {collation}"
    found = state.databases.get(database.name)
    if found is None:
        return [Change(subject, (Point("database", THERE, NOTHING),), (f"CREATE DATABASE {options}",))]
    pairs = zip(("charset", "collation"), (charset, collation), found, strict=True)
    points = tuple(Point(what, expected, had) for what, expected, had in pairs if expected != had)
    return [Change(subject, points, (f"ALTER DATABASE {options}",))] if points else []


def _database_refusal(database: Database, charset: str, collation: str, state: State) -> str | None:
    if database.name.lower() in SYSTEM_DATABASES:
        return "it is the server's own"
    if why := database_fault(database.name):
        return why
    if charset not in state.default_collations:
        return f"MySQL {state.version} has no charset {database.charset}"
    if state.collations.get(collation) != charset:
        return f"MySQL {state.version} has no collation {database.collation} for charset {database.charset}"
    return None


# Roles.


def _role_changes(role: Role, it: Found | None, state: State) -> list[Change]:
    subject, account = role_subject(role), role.account
    mark = f"ALTER USER {account.sql} ATTRIBUTE {_json({MARK: {'role': role.key}})}"
    changes = []
    if it is None:
        it = Found(account, locked=True)
        made = (f"CREATE ROLE {account.sql}", mark)
        changes.append(Change(subject, (Point("account", THERE, NOTHING),), made, essential=True))
    elif it.role_key != role.key:
        # Of another role that had the name: what a role is, is all in the document, so it is the mark that changes.
        point = Point("mark", f"role {role.key}", f"role {it.role_key}" if it.role_key else "none")
        changes.append(Change(subject, (point,), (mark,), essential=True))
    if not it.locked:
        changes.append(Change(subject, (_lock(wanted=True),), (f"ALTER USER {account.sql} ACCOUNT LOCK",)))
    changes += _privilege_changes(subject, role.grants, it, state)
    return changes + _membership_changes(subject, {}, frozenset(), it)


# Users.


def _user_changes(user: User, naming: Naming, roles: Mapping[Account, Subject], state: State) -> list[Change]:
    subject = user_subject(user)
    it = naming.account_of(user)
    if it is None:
        it = Found(user.account)
        made = f"CREATE USER {user.account.sql} {passwords.new(user)}{_options(user, it)}"
        changes = [Change(subject, (Point("account", THERE, NOTHING),), (made,), essential=True)]
    else:
        it = replace(
            it,
            account=user.account,
            roles={role: admin for role, admin in it.roles.items() if role not in naming.free},
        )
        changes = _account_changes(user, it, naming.logins[user.key])
    changes += _privilege_changes(subject, user.grants, it, state)
    members = {Account(name, ROLE_HOST): roles.get(Account(name, ROLE_HOST)) for name in user.roles}
    defaults = frozenset(Account(name, ROLE_HOST) for name in user.default_roles)
    return changes + _membership_changes(subject, members, defaults, it)


def _account_changes(user: User, it: Found, login: Login) -> list[Change]:
    """Return what ALTER USER is to do: one statement, so that password and mark are never apart."""
    subject, account = user_subject(user), user.account.sql
    discard = f"ALTER USER {account} DISCARD OLD PASSWORD"
    statements = [discard] if login.discard_first else []
    options = _options(user, it)
    if login.clause or options:
        statements.append(f"ALTER USER {account}{' ' * bool(login.clause)}{login.clause}{options}")
    if login.discard_after:
        statements.append(discard)
    points = (*login.points, *_option_points(user, it))
    return [Change(subject, points, tuple(statements), essential=True)] if statements else []


def _options(user: User, it: Found) -> str:
    """Return the clauses that make everything but the login as wanted, each with a space before it."""
    text = ""
    if user.password_lifetime_days != it.lifetime:
        days = user.password_lifetime_days
        text += " PASSWORD EXPIRE " + ("DEFAULT" if days is None else f"INTERVAL {days:d} DAY" if days else "NEVER")
    if user.locked != it.locked:
        text += f" ACCOUNT {'LOCK' if user.locked else 'UNLOCK'}"
    patch: dict[str, Any] = {}
    if (it.user_key, it.generation) != (user.key, user.generation):
        patch[MARK] = {"user": user.key, "generation": user.generation}
    if user.comment != it.comment:
        patch["comment"] = user.comment  # null takes it away
    return text + (f" ATTRIBUTE {_json(patch)}" if patch else "")


def _option_points(user: User, it: Found) -> list[Point]:
    points = []
    if user.password_lifetime_days != it.lifetime:
        points.append(Point("password lifetime", _days(user.password_lifetime_days), _days(it.lifetime)))
    if user.locked != it.locked:
        points.append(_lock(user.locked))
    if it.user_key != user.key:
        points.append(Point("mark", f"user {user.key}", "not made by this stack (adopt: true)"))
    elif it.generation is None:
        points.append(Point("password generation", str(user.generation), "not in the account's mark"))
    if user.comment != it.comment:
        points.append(Point("comment", _comment(user.comment), _comment(it.comment)))
    return points


def _lock(wanted: bool) -> Point:
    return Point("locked", *(("yes", "no") if wanted else ("no", "yes")))


def _days(lifetime: int | None) -> str:
    return "the server's rule" if lifetime is None else f"{lifetime} days" if lifetime else "never expires"


def _comment(comment: object) -> str:
    return "none" if comment is None else str(comment)


def _json(value: object) -> str:
    """Return a value as the literal of a JSON document."""
    return literal(json.dumps(value))


# Privileges.


def _privilege_changes(subject: Subject, grants: tuple[Grant, ...], it: Found, state: State) -> list[Change]:
    changes = [
        Change(subject, (Point(f"privileges on {level.words}", name, why),), refusal=f"{name} on {level.words}: {why}")
        for level, name, why in _refused_privileges(grants, state)
    ]
    sound = [grant for grant in grants if not _name_faults(grant)]
    expected = wanted(sound, state.dynamic, state.partial_revokes)
    found = it.privileges
    changes += _lower_changes(subject, it)
    changes += _restriction_changes(subject, expected.static.get(EVERYWHERE, frozenset()), it)
    levels = {
        level: (expected.static.get(level, frozenset()), found.static.get(level, frozenset()))
        for level in expected.static.keys() | found.static.keys() | {EVERYWHERE}
    }

    def turn(level: Level) -> tuple[bool, str, str]:
        # Levels where something is only taken away have their turn last: what moves to another level is never missing.
        # Not so where partial revokes have to be gone before anything can be granted below.
        want, have = levels[level]
        return want < have and not it.restrictions, level.database, level.table

    for level in sorted(levels, key=turn):
        want, have = levels[level]
        points = [] if want == have else [Point(f"privileges on {level.words}", words(level, want), words(level, have))]
        statements = changes_of_level(level, want, have, it.account)
        if level == EVERYWHERE:
            statements = changes_everywhere(expected, found, it.account)
            if expected.dynamic != found.dynamic:
                pair = (dynamic_words(each.dynamic, state.dynamic) for each in (expected, found))
                points.append(Point("dynamic privileges", *pair))
        if statements:
            changes.append(Change(subject, tuple(points), tuple(statements)))
    return changes


def _refused_privileges(grants: tuple[Grant, ...], state: State) -> list[tuple[Level, str, str]]:
    refusals = [
        (Level(grant.database or "", grant.table or ""), ", ".join(grant.privileges), why)
        for grant in grants
        if (why := _name_faults(grant))
    ]
    there_is_none = f"MySQL {state.version} has no such privilege there"
    return refusals + [(level, name, there_is_none) for level, name in unknown(grants, state.dynamic)]


def _name_faults(grant: Grant) -> str | None:
    names = [name for name in (grant.database, grant.table) if name is not None]
    return next((why for name in names if (why := database_fault(name))), None)


def _lower_changes(subject: Subject, it: Found) -> list[Change]:
    """Return the changes that take away privileges on columns and routines, and proxies: the config has none."""
    changes = []
    account = it.account.sql
    for (database, table), pairs in sorted(it.columns.items()):
        listed = ", ".join(f"{privilege} ({identifier(column)})" for privilege, column in sorted(pairs))
        target = f"{identifier(database)}.{identifier(table)}"
        point = Point(f"privileges on columns of {database}.{table}", "none", listed)
        changes.append(Change(subject, (point,), (f"REVOKE {listed} ON {target} FROM {account}",)))
    for (kind, database, routine), privileges in sorted(it.routines.items()):
        listed = ", ".join(sorted(privileges))
        target = f"{kind} {identifier(database)}.{identifier(routine)}"
        point = Point(f"privileges on {kind.lower()} {database}.{routine}", "none", listed)
        changes.append(Change(subject, (point,), (f"REVOKE {listed} ON {target} FROM {account}",)))
    for proxied in sorted(it.proxies):
        point = Point("proxy", "none", proxied.sql)
        changes.append(Change(subject, (point,), (f"REVOKE PROXY ON {proxied.sql} FROM {account}",)))
    return changes


def _restriction_changes(subject: Subject, everywhere: frozenset[str], it: Found) -> list[Change]:
    """Return the changes that lift partial revokes; those of a privilege that goes everywhere go with it."""
    changes = []
    for database, privileges in sorted(it.restrictions.items()):
        if lifted := privileges & everywhere:
            listed = ", ".join(sorted(lifted))
            point = Point(f"privileges on {database}.*", f"{listed}, as everywhere", "taken away there")
            statement = f"GRANT {listed} ON {identifier(database)}.* TO {it.account.sql}"
            changes.append(Change(subject, (point,), (statement,)))
    return changes


def _membership_changes(
    subject: Subject, expected: Mapping[Account, Subject | None], defaults: frozenset[Account], it: Found
) -> list[Change]:
    """Return what makes an account have these roles, and these without asking for them.

    Args:
        subject: whose account it is.
        expected: the roles, each with its subject.
        defaults: those that are active after a login.
        it: the account.
    """
    changes = []
    account = it.account.sql
    # The right to grant a role on goes only with the role.
    gone = [role for role, admin in it.roles.items() if admin or role not in expected]
    missing = [role for role in expected if role in gone or role not in it.roles]
    if gone or missing:
        point = Point("roles", _role_words(dict.fromkeys(expected, False)), _role_words(it.roles))
        statements = [f"REVOKE {_listed(gone)} FROM {account}"] if gone else []
        statements += [f"GRANT {_listed(missing)} TO {account}"] if missing else []
        needs = tuple(role for role in (expected[role] for role in missing) if role)
        changes.append(Change(subject, (point,), tuple(statements), needs=needs))
    kept = it.default_roles - set(gone)
    if kept != defaults:
        point = Point(
            "default roles",
            _role_words(dict.fromkeys(defaults, False)),
            _role_words(dict.fromkeys(it.default_roles, False)),
        )
        needs = tuple(role for role in (expected.get(role) for role in defaults) if role)
        statement = f"ALTER USER {account} DEFAULT ROLE {_listed(defaults) or 'NONE'}"
        changes.append(Change(subject, (point,), (statement,), needs=needs))
    return changes


def _role_words(roles: Mapping[Account, bool]) -> str:
    return ", ".join(role.name + (" WITH ADMIN OPTION" if roles[role] else "") for role in sorted(roles)) or "none"


def _listed(accounts: Any) -> str:
    return ", ".join(account.sql for account in sorted(accounts))
