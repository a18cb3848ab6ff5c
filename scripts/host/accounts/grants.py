"""From an account's privileges to those that a spec's grants come to: in SQL, and in words for people.

MySQL manual, "GRANT Statement", "REVOKE Statement" and "Grant Tables".
"""

from collections.abc import Iterable, Mapping

from scripts.host.accounts.changes import Change, Subject
from scripts.host.accounts.current import CurrentAccount, ServerState
from scripts.host.accounts.names import Account, pattern_of, quoted
from scripts.host.accounts.privileges import ALL, GRANT_OPTION, Level, on_column
from scripts.host.accounts.spec import GrantSpec
from scripts.host.accounts.targets import EVERYWHERE, Privileges, Target


def privilege_changes(
    subject: Subject, grants: Iterable[GrantSpec], current: CurrentAccount, server: ServerState
) -> list[Change]:
    """Return the changes that make an account, under its name to be, have what its grants come to and no more."""
    desired, actual = _desired(grants, server), current.privileges
    changes = _unknown_privileges(subject, grants, server)
    changes += _proxy_changes(subject, current)
    changes += _restriction_changes(subject, desired.on(EVERYWHERE), current)

    def turn(target: Target) -> tuple[bool, Target]:
        # Where something is only taken away has its turn last: what moves to another target is never missing.
        # Not so where partial revokes have to be gone before anything can be granted below.
        is_last = desired.on(target) < actual.on(target) and not current.restrictions
        return is_last, target

    for target in sorted({EVERYWHERE, *desired.static, *actual.static}, key=turn):
        expected, had = desired.on(target), actual.on(target)
        differences = []
        if expected != had:
            what = f"privileges on {target.words}"
            differences.append(subject.difference(what, words(target, expected), words(target, had)))
        if target == EVERYWHERE and desired.dynamic != actual.dynamic:
            texts = (dynamic_words(privileges.dynamic, server.dynamic) for privileges in (desired, actual))
            differences.append(subject.difference("dynamic privileges", *texts))
        if target == EVERYWHERE:
            statements = _statements_everywhere(desired, actual, current.account)
        else:
            statements = _statements(target, expected, had, current.account)
        if statements:
            may_wait = bool(target.name and expected - had)
            changes.append(Change(subject, tuple(differences), tuple(statements), may_wait=may_wait))
    return changes


def _unknown_privileges(subject: Subject, grants: Iterable[GrantSpec], server: ServerState) -> list[Change]:
    """Return the refusals of privileges that the server does not have on their target."""
    why = f"MySQL {server.version} has no such privilege there"
    changes = []
    for grant in grants:
        target = _target(grant, literal_databases=False)
        if grant.pattern and server.partial_revokes:
            refusal = "partial_revokes is on, which takes the pattern as a name"
            changes.append(subject.change(f"privileges on {target.words}", "by pattern", "a name", refusal=refusal))
        for name in sorted(grant.names - {ALL} - target.all - _dynamic(grant, server.dynamic)):
            what, refusal = f"privileges on {target.words}", f"{name} on {target.words}: {why}"
            changes.append(subject.change(what, name, why, refusal=refusal))
    return changes


def _proxy_changes(subject: Subject, current: CurrentAccount) -> list[Change]:
    """Return the changes that take away proxies: no spec has them."""
    return [
        subject.change("proxy", "none", proxied.sql, f"REVOKE PROXY ON {proxied.sql} FROM {current.account.sql}")
        for proxied in sorted(current.proxies)
    ]


def _restriction_changes(subject: Subject, everywhere: frozenset[str], current: CurrentAccount) -> list[Change]:
    """Return the changes that lift partial revokes; those of a privilege that goes everywhere go with it."""
    changes = []
    for database, privileges in sorted(current.restrictions.items()):
        if lifted := privileges & everywhere:
            names = listed(lifted)
            what, expected = f"privileges on {database}.*", f"{names}, as everywhere"
            statement = f"GRANT {names} ON {quoted(database)}.* TO {current.account.sql}"
            changes.append(subject.change(what, expected, "taken away there", statement))
    return changes


def _statements(target: Target, expected: frozenset[str], current: frozenset[str], account: Account) -> list[str]:
    """Return the statements that make an account's static privileges on a target the expected ones."""
    statements = []
    if missing := expected - current:
        # The option alone goes with privileges that are there already.
        names = missing - {GRANT_OPTION} or expected - {GRANT_OPTION}
        option = with_option(GRANT_OPTION in missing)
        statements.append(f"GRANT {listed(names)} ON {target.sql} TO {account.sql}{option}")
    if too_much := current - expected:
        statements.append(f"REVOKE {listed(too_much)} ON {target.sql} FROM {account.sql}")
    return statements


def _statements_everywhere(expected: Privileges, current: Privileges, account: Account) -> list[str]:
    """Return the same for the static and the dynamic privileges that hold everywhere.

    Taking away the static GRANT OPTION takes the dynamic ones' too, but only from the table: mysqld's memory keeps
    them, and no later statement reaches them (seen on 9.7.4). So dynamic privileges that have it go before it does.
    """
    static, had = expected.on(EVERYWHERE), current.on(EVERYWHERE)
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
    for option in (False, True):
        if names := [name for name in missing if expected.dynamic[name] is option]:
            statements.append(f"GRANT {listed(names)} ON *.* TO {account.sql}{with_option(option)}")
    return statements


def _desired(grants: Iterable[GrantSpec], server: ServerState) -> Privileges:
    """Return what the grants of one account come to; what the server does not have is left out."""
    static: dict[Target, frozenset[str]] = {}
    dynamic: dict[str, bool] = {}
    for grant in grants:
        target = _target(grant, literal_databases=server.partial_revokes)
        if grant.pattern and server.partial_revokes:
            continue
        names = target.all - {GRANT_OPTION} if ALL in grant.names else grant.names & target.all
        if grant.columns:
            names = frozenset(on_column(name, column) for name in names for column in grant.columns)
        if names:
            option = frozenset({GRANT_OPTION} if grant.grant_option else ())
            static[target] = static.get(target, frozenset()) | names | option
        for name in _dynamic(grant, server.dynamic):
            dynamic[name] = dynamic.get(name, False) or grant.grant_option
    return Privileges(static, dynamic)


def _target(grant: GrantSpec, literal_databases: bool) -> Target:
    """Return what a grant is on; with partial_revokes, _ and % in a database's name match nothing else."""
    if grant.database is None:
        return EVERYWHERE
    # MySQL knows its own database by its plain name only, and then guards it.
    plain = grant.name or grant.pattern or literal_databases or grant.database == "performance_schema"
    return Target(grant.database if plain else pattern_of(grant.database), grant.name, grant.kind)


def _dynamic(grant: GrantSpec, known: frozenset[str]) -> frozenset[str]:
    if grant.level is not Level.GLOBAL:
        return frozenset()
    return known if ALL in grant.names else grant.names & known


def words(target: Target, names: frozenset[str], on: str = "") -> str:
    """Return static privileges for people: `INSERT, SELECT`, `ALL WITH GRANT OPTION`, `none`."""
    plain = names - {GRANT_OPTION}
    text = "ALL" if plain == target.all - {GRANT_OPTION} else listed(plain) or ("USAGE" if names else "none")
    return text + on + with_option(GRANT_OPTION in names)


def dynamic_words(privileges: Mapping[str, bool], known: frozenset[str]) -> str:
    """Return dynamic privileges for people."""
    if privileges and privileges.keys() >= known and len(set(privileges.values())) == 1:
        return "ALL dynamic ones" + with_option(all(privileges.values()))
    return ", ".join(name + with_option(privileges[name]) for name in sorted(privileges)) or "none"


def with_option(is_granted_on: bool) -> str:
    """Return what follows privileges that may be granted on."""
    return f" WITH {GRANT_OPTION}" if is_granted_on else ""


def listed(names: Iterable[str]) -> str:
    """Return names for a statement or a text, in order."""
    return ", ".join(sorted(names))
