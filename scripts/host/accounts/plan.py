"""From the spec and what the server has to the changes between them, in order. Nothing here asks or writes.

Names must be free before others take them: accounts that are no longer wanted go first, then all renames, then roles,
then users. After them go roles whose name no user wants. What cuts off a password in use comes last: if anything fails
before, the outputs, which a failed `up` leaves as they were, still have a password that MySQL accepts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from scripts.host.accounts import attributes, passwords
from scripts.host.accounts.changes import ABSENT, PRESENT, Change, Subject, refused, subject_of
from scripts.host.accounts.current import OWNERSHIP, CurrentAccount, Owner, ServerState
from scripts.host.accounts.grants import privilege_changes
from scripts.host.accounts.names import Account, quoted
from scripts.host.accounts.ownership import Naming, renames
from scripts.host.accounts.passwords import Login
from scripts.host.accounts.spec import AccountsSpec, DatabaseSpec, RoleSpec, UserSpec
from scripts.host.common.difference import Difference


def plan(spec: AccountsSpec, server: ServerState) -> list[Change]:
    """Return the changes; empty if everything is right."""
    naming = Naming(spec, server)
    changes = [*naming.refusals.values(), *_database_changes(spec.databases, server), *naming.early]
    changes += renames(naming.moves, server.accounts.keys())
    for role in spec.roles:
        if subject_of(role) not in naming.refusals:
            changes += _role_changes(role, naming.account_of_role(role), server)
    for user in spec.users:
        if subject_of(user) not in naming.refusals:
            changes += _user_changes(user, spec, naming, server)
    changes += naming.late
    # What cannot be taken back last of all.
    return sorted(changes, key=lambda change: change.cuts_off + (change.cuts_off and not change.undo))


def _database_changes(databases: Iterable[DatabaseSpec], server: ServerState) -> list[Change]:
    """Return the changes of databases: those to be dropped first."""
    changes = []
    for database in sorted(databases, key=lambda database: not database.drop):
        subject = Subject("database", database.name)
        charset = database.charset
        collation = database.collation or server.default_collations.get(charset, "")
        if charset not in server.default_collations:
            changes.append(refused(subject, f"MySQL {server.version} has no charset {charset}"))
        elif server.collations.get(collation) != charset:
            why = f"MySQL {server.version} has no collation {database.collation} for charset {charset}"
            changes.append(refused(subject, why))
        elif not database.drop:
            changes += _database_options(subject, (charset, collation), server.databases.get(database.name))
        elif database.name in server.databases:
            changes.append(subject.change("database", ABSENT, PRESENT, f"DROP DATABASE {quoted(database.name)}"))
    return changes


def _database_options(subject: Subject, desired: tuple[str, str], current: tuple[str, str] | None) -> list[Change]:
    options = "{} CHARACTER SET {} COLLATE {}".format(quoted(subject.key), *desired)
    if current is None:
        return [subject.change("database", PRESENT, ABSENT, f"CREATE DATABASE {options}")]
    pairs = zip(("charset", "collation"), desired, current, strict=True)
    differences = tuple(subject.difference(what, expected, had) for what, expected, had in pairs if expected != had)
    return [Change(subject, differences, (f"ALTER DATABASE {options}",))] if differences else []


def _role_changes(role: RoleSpec, current: CurrentAccount | None, server: ServerState) -> list[Change]:
    subject, account = subject_of(role), role.account.sql
    ownership = {OWNERSHIP: {"role": role.key}}
    if current is None:
        # CREATE ROLE takes no attribute.
        current = CurrentAccount(role.account, attributes=attributes.NEW_ROLE)
        made = (f"CREATE ROLE {account}", f"ALTER USER {account}{attributes.clauses({}, {}, ownership)}")
        changes = [subject.change("account", PRESENT, ABSENT, *made, essential=True)]
    else:
        differences = []
        owner = Owner("role", role.key)
        if current.owner != owner:
            # Of another role that had the name: what a role is, is all in the spec, so its ownership changes.
            differences.append(subject.difference("ownership", str(owner), str(current.owner or "none")))
        desired = attributes.values_of_role(current.attributes)
        changes = _alterations(subject, current, desired, ownership if differences else {}, differences, Login())
    changes += privilege_changes(subject, role.grants, current, server)
    return changes + _membership_changes(subject, {}, frozenset(), current)


def _user_changes(user: UserSpec, spec: AccountsSpec, naming: Naming, server: ServerState) -> list[Change]:
    subject, desired = subject_of(user), attributes.values(user)
    ownership = {OWNERSHIP: {"user": user.key, "generation": user.generation}}
    current = naming.accounts.get(user.key)
    if current is None:
        current = CurrentAccount(user.account)
        options = attributes.clauses(desired, current.attributes, ownership)
        made = f"CREATE USER {user.account.sql} {passwords.new(user)}{options}"
        changes = [subject.change("account", PRESENT, ABSENT, made, essential=True)]
    else:
        roles = {role: admin for role, admin in current.roles.items() if role not in naming.free}
        current = replace(current, account=user.account, roles=roles)
        if (current.user_key, current.generation) == (user.key, user.generation):
            ownership = {}
        differences = []
        if current.user_key != user.key:
            former = "not made by this stack (adopt: true)"
            differences.append(subject.difference("ownership", f"user {user.key}", former))
        elif current.generation is None:
            expected = str(user.generation)
            differences.append(subject.difference("password generation", expected, "not written on the account"))
        changes = _alterations(subject, current, desired, ownership, differences, naming.logins[user.key])
    changes += privilege_changes(subject, user.grants, current, server)
    by_key = {role.key: role for role in spec.roles}
    members = {by_key[key].account: subject_of(by_key[key]) for key in user.roles}
    defaults = frozenset(by_key[key].account for key in user.default_roles)
    return changes + _membership_changes(subject, members, defaults, current)


def _alterations(
    subject: Subject,
    current: CurrentAccount,
    desired: attributes.Values,
    ownership: Mapping[str, Any],
    differences: Iterable[Difference],
    login: Login,
) -> list[Change]:
    """Return what ALTER USER is to do: one statement, so that password and generation are never apart.

    The ownership, empty for nothing, is what is to be written; the differences are those that it puts right.
    """
    account = current.account.sql
    statements = [f"ALTER USER {account} DISCARD OLD PASSWORD"] if login.discard_first else []
    options = attributes.clauses(desired, current.attributes, ownership)
    if login.clause or options:
        statements.append(f"ALTER USER {account}{' ' * bool(login.clause)}{login.clause}{options}")
    everything = (*login.differences, *attributes.differences(subject, desired, current.attributes), *differences)
    changes = [Change(subject, everything, tuple(statements), essential=True)] if statements else []
    return [*changes, *login.last]


def _membership_changes(
    subject: Subject, desired: Mapping[Account, Subject], defaults: frozenset[Account], current: CurrentAccount
) -> list[Change]:
    """Return what makes an account have the desired roles, and these defaults active from the login on."""
    changes = []
    account = current.account.sql
    # The right to grant a role on goes only with the role.
    gone = [role for role, admin in current.roles.items() if admin or role not in desired]
    missing = [role for role in desired if role in gone or role not in current.roles]
    if gone or missing:
        statements = [f"REVOKE {_listed(gone)} FROM {account}"] if gone else []
        statements += [f"GRANT {_listed(missing)} TO {account}"] if missing else []
        words = _role_words(desired), _role_words(current.roles, current.roles)
        changes.append(subject.change("roles", *words, *statements, needs=tuple(desired[role] for role in missing)))
    if current.default_roles - set(gone) != defaults:
        statement = f"ALTER USER {account} DEFAULT ROLE {_listed(defaults) or 'NONE'}"
        words = _role_words(defaults), _role_words(current.default_roles)
        needs = tuple(desired[role] for role in defaults)
        changes.append(subject.change("default roles", *words, statement, needs=needs))
    return changes


def _role_words(roles: Iterable[Account], admin: Mapping[Account, bool] | None = None) -> str:
    names = [role.name + (" WITH ADMIN OPTION" if (admin or {}).get(role) else "") for role in sorted(roles)]
    return ", ".join(names) or "none"


def _listed(accounts: Iterable[Account]) -> str:
    return ", ".join(account.sql for account in sorted(accounts))
