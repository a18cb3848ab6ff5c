"""accounts/plan.py: from a spec and what a server has to statements in order, and to refusals in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scripts.host.accounts import attributes
from scripts.host.accounts.current import CurrentAccount
from scripts.host.accounts.names import Account
from scripts.host.accounts.privileges import on_column
from scripts.host.accounts.spec import DatabaseSpec, GrantSpec, UserSpec
from scripts.host.accounts.targets import EVERYWHERE, Privileges, Target
from tests.unit.host.accounts.builders import (
    HOST,
    SHA2,
    SHA256,
    changes,
    grant,
    has,
    has_role,
    refusals,
    role,
    sql,
    state,
    user,
)

A = f"'app'@'{HOST}'"
NATIVE = "mysql_native_password"
SET = "IDENTIFIED BY 'of app'"
RETAIN = f"{SET} RETAIN CURRENT PASSWORD"
DISCARD = f"ALTER USER {A} DISCARD OLD PASSWORD"


def owned(generation: int) -> str:
    return f' ATTRIBUTE \'{{\\"mysql_pair\\": {{\\"user\\": \\"app\\", \\"generation\\": {generation}}}}}\''


def wants(generation: int, finished: int = 0, **options: Any) -> UserSpec:
    return user(generation=generation, finished_generation=finished, **options)


OTHER: dict[str, Any] = {"password": "another"}
OLD: dict[str, Any] = {"old_password": True}
PASSWORDS: list[tuple[str, UserSpec, CurrentAccount, list[str] | str]] = [
    ("right", wants(1), has(), []),
    ("wrong", wants(1), has(**OTHER), [f"ALTER USER {A} {SET}"]),
    ("wrong, and the old one stays", wants(2, 1), has(generation=2, **OTHER, **OLD), [f"ALTER USER {A} {SET}"]),
    ("rotated", wants(2), has(**OTHER), [f"ALTER USER {A} {RETAIN}{owned(2)}"]),
    ("rotated over some numbers", wants(5), has(**OTHER), [f"ALTER USER {A} {RETAIN}{owned(5)}"]),
    ("rotated again", wants(3, 2), has(generation=2, **OTHER, **OLD), [DISCARD, f"ALTER USER {A} {RETAIN}{owned(3)}"]),
    ("not finished", wants(3, 1), has(generation=2, **OTHER, **OLD), "generation 2 is not finished"),
    ("finished", wants(2, 2), has(generation=2, **OLD), [DISCARD]),
    ("finished, and wrong", wants(2, 2), has(generation=2, **OTHER, **OLD), [f"ALTER USER {A} {SET}", DISCARD]),
    ("finished long ago", wants(2, 2), has(generation=2), []),
    ("still accepted", wants(2, 1), has(generation=2, **OLD), []),
    ("at once", wants(2, 2), has(**OTHER), "first raise passwordGenerations.app"),
    ("no new one", wants(2), has(), "the same as that of generation 1"),
    ("backwards", wants(1), has(generation=2, **OTHER), "set passwordGenerations.app to 2"),
    ("plugin", wants(1, plugin=SHA256), has(), [f"ALTER USER {A} IDENTIFIED WITH 'sha256_password' BY 'of app'"]),
    ("plugin and rotation", wants(2, plugin=SHA256), has(**OTHER), "(error 3894; from caching_sha2_password to sha256"),
    ("plugin while rotating", wants(2, 1, plugin=SHA256), has(generation=2, **OLD), "finish the rotation first"),
    (
        "plugin of a finished one",
        wants(2, 2, plugin=SHA256),
        has(generation=2, **OLD),
        [f"ALTER USER {A} IDENTIFIED WITH 'sha256_password' BY 'of app'"],
    ),
    ("no such plugin", wants(1, plugin=NATIVE), has(), f"MySQL 9.7.4 has no plugin {NATIVE}; it has {SHA2}, {SHA256}"),
    ("without a generation", wants(4), has(generation=None), [f"ALTER USER {A}{owned(4)}"]),
    ("without a generation, and wrong", wants(4), has(generation=None, **OTHER), "Write the generation back"),
    ("taken over", wants(4, adopt=True), has(None, name="app", password="of app"), [f"ALTER USER {A}{owned(4)}"]),
    (
        "taken over, and wrong",
        wants(4, adopt=True),
        has(None, name="app"),
        [f"ALTER USER {A}{owned(4)}", f"ALTER USER {A} {SET}"],
    ),
    (
        "not taken over",
        wants(4),
        has(None, name="app"),
        "not made by this stack: drop or rename it, or set adopt: true",
    ),
    ("empty", wants(1, password=""), has(), "its password is empty"),
]


@pytest.mark.parametrize(
    ("desired", "current", "expected"), [row[1:] for row in PASSWORDS], ids=[row[0] for row in PASSWORDS]
)
def test_a_password_is_set_rotated_finished_or_refused(
    desired: UserSpec, current: CurrentAccount, expected: list[str] | str
) -> None:
    done = changes(desired, server=state(current))
    if isinstance(expected, str):
        assert sql(done) == []
        assert expected in refusals(done)[0] and refusals(done)[0].startswith(f"user app ({A}): ")
    else:
        assert (sql(done), refusals(done)) == (expected, [])


def test_no_word_for_people_has_a_password_in_it() -> None:
    for _, desired, current, _ in PASSWORDS:
        if desired.password == "of app":
            for change in changes(desired, server=state(current)):
                assert "of app" not in f"{change.subject} {change.differences} {change.refusal}"


def test_whoever_is_refused_is_not_touched_at_all() -> None:
    desired = user(name="new", generation=1, locked=True, grants=(grant("SELECT"),))
    assert [change.statements for change in changes(desired, server=state(has(generation=2)))] == [()]


def test_a_new_user_is_one_statement_and_then_its_privileges() -> None:
    desired = user(
        name="o'neil",
        password="a'b\\c%s",
        locked=True,
        password_lifetime_days=30,
        comment='50 % "x"',
        grants=(grant("SELECT", "INSERT", database="my_`db`%", option=True),),
        roles=("reader",),
        default_roles=("reader",),
    )
    assert sql(changes(role("reader", name="r"), desired, server=state())) == [
        "CREATE ROLE 'r'@'%'",
        r"""ALTER USER 'r'@'%' ATTRIBUTE '{\"mysql_pair\": {\"role\": \"reader\"}}'""",
        r"CREATE USER 'o\'neil'@'10.0.0.0/16' IDENTIFIED WITH 'caching_sha2_password' BY 'a\'b\\c%s'"
        r" PASSWORD EXPIRE INTERVAL 30 DAY ACCOUNT LOCK ATTRIBUTE"
        r""" '{\"mysql_pair\": {\"user\": \"app\", \"generation\": 1}, \"comment\": \"50 % \\\"x\\\"\"}'""",
        r"GRANT INSERT, SELECT ON `my\_``db``\%`.* TO 'o\'neil'@'10.0.0.0/16' WITH GRANT OPTION",
        r"GRANT 'r'@'%' TO 'o\'neil'@'10.0.0.0/16'",
        r"ALTER USER 'o\'neil'@'10.0.0.0/16' DEFAULT ROLE 'r'@'%'",
    ]


def account(name: str) -> str:
    return f"'{name}'@'{HOST}'"


def test_names_are_free_before_others_take_them() -> None:
    """a and b swap, c takes d's name and d that of e, who goes; the role r is in the way of user f."""
    desired = [user("a", name="b"), user("b", name="a"), user("c", name="d"), user("d", name="e")]
    server = state(*(has(key) for key in "abcde"), has_role("r", name="f"), has_role("s"))
    done = sql(changes(*desired, user("f", host="%", password="x"), server=server))
    assert done[:3] == [
        f"DROP USER {account('e')}",
        "DROP USER 'f'@'%'",
        f"RENAME USER {account('d')} TO {account('e')}, {account('c')} TO {account('d')},"
        f" {account('a')} TO 'mysql_pair_aside_0'@'%', {account('b')} TO {account('a')},"
        f" 'mysql_pair_aside_0'@'%' TO {account('b')}",
    ]
    assert done[3].startswith("CREATE USER 'f'@'%'")
    assert done[4:] == ["DROP USER 's'@'%'"]


def test_a_name_that_is_not_free_refuses_everybody_who_waits_for_it() -> None:
    desired = [user("a", name="theirs"), user("b", name="a"), user("c", name="b"), user("new", name="c"), user("d")]
    done = changes(*desired, server=state(has("a"), has("b"), has("c"), has(None, name="theirs")))
    assert sorted(refusals(done)) == [
        f"user a ({account('theirs')}): MySQL has {account('theirs')} already, not made by this stack: drop or rename"
        " it",
        f"user b ({account('a')}): {account('a')} is still user a's, whose own change is refused",
        f"user c ({account('b')}): {account('b')} is still user b's, whose own change is refused",
        f"user new ({account('c')}): {account('c')} is still user c's, whose own change is refused",
    ]
    assert [statement.split(" IDENTIFIED")[0] for statement in sql(done)] == [f"CREATE USER {account('d')}"]


def test_the_servers_own_accounts_are_never_taken_over_nor_dropped() -> None:
    root = has("old", name="root", host="localhost", authentication=b"")
    assert changes(server=state(root)) == []
    found = refusals(changes(user(name="root", host="localhost", adopt=True), server=state(root)))
    assert found == ["user app ('root'@'localhost'): 'root'@'localhost' is the server's own account"]


def test_two_accounts_of_one_user_are_refused() -> None:
    twice = state(has(), has(name="copy"))
    assert "both belong to user app" in refusals(changes(user(), server=twice))[0]
    assert sql(changes(user(), server=twice)) == []


def privileges(*names: str, target: Target = EVERYWHERE, **dynamic: bool) -> Privileges:
    return Privileges({target: frozenset(names)} if names else {}, dynamic)


APP = Target("app")
GRANTS: list[tuple[GrantSpec, Privileges, list[str]]] = [
    (grant("SELECT"), privileges("SELECT"), []),
    (grant("ALL", database="app"), privileges(*(APP.all - {"GRANT OPTION"}), target=APP), []),
    (
        grant("SELECT", database="app"),
        privileges("INSERT", "GRANT OPTION", target=APP),
        [f"GRANT SELECT ON `app`.* TO {A}", f"REVOKE GRANT OPTION, INSERT ON `app`.* FROM {A}"],
    ),
    (
        grant("SELECT", database="app", option=True),
        privileges("SELECT", target=APP),
        [f"GRANT SELECT ON `app`.* TO {A} WITH GRANT OPTION"],
    ),
    (
        grant("ALL", database="app", table="a`b"),
        privileges(*(Target("app", "t").all), target=Target("app", "a`b")),
        [f"REVOKE GRANT OPTION ON `app`.`a``b` FROM {A}"],
    ),
    (
        grant("SELECT", database="performance_schema"),
        Privileges(),
        [f"GRANT SELECT ON `performance_schema`.* TO {A}"],
    ),
    (
        grant("BACKUP_ADMIN", option=True),
        privileges(CLONE_ADMIN=False, BACKUP_ADMIN=False),
        [f"REVOKE CLONE_ADMIN ON *.* FROM {A}", f"GRANT BACKUP_ADMIN ON *.* TO {A} WITH GRANT OPTION"],
    ),
    # mysqld's memory would keep the dynamic one's option: so it goes first and comes again.
    (
        grant("BACKUP_ADMIN", option=True),
        privileges("GRANT OPTION", BACKUP_ADMIN=True),
        [
            f"REVOKE BACKUP_ADMIN ON *.* FROM {A}",
            f"REVOKE GRANT OPTION ON *.* FROM {A}",
            f"GRANT BACKUP_ADMIN ON *.* TO {A} WITH GRANT OPTION",
        ],
    ),
    # What moves to a lower level is there before it is gone from the upper one.
    (
        grant("SELECT", database="app", table="t"),
        privileges("SELECT", target=APP),
        [f"GRANT SELECT ON `app`.`t` TO {A}", f"REVOKE SELECT ON `app`.* FROM {A}"],  # noqa: S608  a test's
    ),
    # Columns, routines and patterns of databases are levels as others are.
    (
        GrantSpec(("SELECT", "UPDATE"), "app", "t", columns=("a", "b`c")),
        privileges(on_column("SELECT", "a"), on_column("SELECT", "gone"), "INSERT", target=Target("app", "t")),
        [
            f"GRANT SELECT (`b``c`), UPDATE (`a`), UPDATE (`b``c`) ON `app`.`t` TO {A}",
            f"REVOKE INSERT, SELECT (`gone`) ON `app`.`t` FROM {A}",  # noqa: S608  a test's
        ],
    ),
    (
        GrantSpec(("EXECUTE",), "app", procedure="Archive", grant_option=True),
        privileges("ALTER ROUTINE", target=Target("app", "archive", "PROCEDURE")),
        [
            f"GRANT EXECUTE ON PROCEDURE `app`.`archive` TO {A} WITH GRANT OPTION",
            f"REVOKE ALTER ROUTINE ON PROCEDURE `app`.`archive` FROM {A}",
        ],
    ),
    (
        GrantSpec(("ALL",), "app", function="f"),
        privileges("ALTER ROUTINE", "EXECUTE", target=Target("app", "f", "FUNCTION")),
        [],
    ),
    (
        GrantSpec(("SELECT",), "dev_%", pattern=True),
        privileges("SELECT", target=Target("dev\\_%")),
        [f"GRANT SELECT ON `dev_%`.* TO {A}", rf"REVOKE SELECT ON `dev\_%`.* FROM {A}"],  # noqa: S608  a test's
    ),
    (
        grant("BACKUP_ADMIN"),
        privileges(BACKUP_ADMIN=True),
        [f"REVOKE BACKUP_ADMIN ON *.* FROM {A}", f"GRANT BACKUP_ADMIN ON *.* TO {A}"],
    ),
]


@pytest.mark.parametrize(("desired", "current", "expected"), GRANTS)
def test_what_is_missing_is_granted_and_what_is_too_much_revoked(
    desired: GrantSpec, current: Privileges, expected: list[str]
) -> None:
    assert sql(changes(user(grants=(desired,)), server=state(has(privileges=current)))) == expected


def test_all_is_everything_of_its_level_and_entries_of_one_level_add_up() -> None:
    everything = privileges(*(APP.all - {"GRANT OPTION"}), target=APP)
    every = user(grants=(grant("ALL", database="app"),))
    assert changes(every, server=state(has(privileges=everything))) == []
    less = replace(everything, static={APP: everything.static[APP] - {"EVENT"}})
    (change,) = changes(every, server=state(has(privileges=less)))
    assert (change.statements, change.differences[0].expected) == ((f"GRANT EVENT ON `app`.* TO {A}",), "ALL")
    grants = (grant("SELECT", database="app"), grant("INSERT", database="app"))
    both = privileges("SELECT", "INSERT", target=APP)
    assert changes(user(grants=grants), server=state(has(privileges=both))) == []


def test_patterns_follow_partial_revokes_and_former_ones_go_as_they_are_kept() -> None:
    desired = user(grants=(grant("SELECT", database="a_b"),))
    found = privileges("SELECT", target=Target("a\\_b"))
    assert changes(desired, server=state(has(privileges=found))) == []
    done = changes(desired, server=state(has(privileges=found), partial_revokes=True))
    assert sql(done) == [f"GRANT SELECT ON `a_b`.* TO {A}", rf"REVOKE SELECT ON `a\_b`.* FROM {A}"]  # noqa: S608  a test's
    restricted = has(privileges=privileges("SELECT"), restrictions={"a_b": frozenset({"SELECT"})})
    everywhere = user(grants=(grant("SELECT"),))
    assert sql(changes(everywhere, server=state(restricted))) == [f"GRANT SELECT ON `a_b`.* TO {A}"]
    gone = sql(changes(user(), server=state(restricted)))
    assert gone == [f"REVOKE SELECT ON *.* FROM {A}"]  # noqa: S608  a test's


def test_a_pattern_is_refused_where_partial_revokes_makes_it_a_name() -> None:
    grants = (GrantSpec(("SELECT",), "dev%", pattern=True), grant("PROCESS"))
    done = changes(user(grants=grants), server=state(has(), partial_revokes=True))
    assert sql(done) == [f"GRANT PROCESS ON *.* TO {A}"]
    assert refusals(done) == [f"user app ({A}): partial_revokes is on, which takes the pattern as a name"]


def test_columns_routines_proxies_and_roles_by_hand_are_taken_away() -> None:
    found = has(
        privileges=Privileges(
            {
                Target("app", "t"): frozenset({on_column("SELECT", "c`d"), on_column("INSERT", "e")}),
                Target("app", "f", "FUNCTION"): frozenset({"EXECUTE", "GRANT OPTION"}),
            }
        ),
        proxies=frozenset({Account("", "")}),
        roles={Account("r", "%"): False},
        default_roles=frozenset({Account("r", "%")}),
    )
    assert sql(changes(user(), server=state(found))) == [
        f"REVOKE PROXY ON ''@'' FROM {A}",
        f"REVOKE EXECUTE, GRANT OPTION ON FUNCTION `app`.`f` FROM {A}",
        f"REVOKE INSERT (`e`), SELECT (`c``d`) ON `app`.`t` FROM {A}",  # noqa: S608  a test's
        f"REVOKE 'r'@'%' FROM {A}",
    ]


def test_privileges_that_the_server_has_not_are_refused_and_the_others_granted() -> None:
    done = changes(user(grants=(grant("SET_USER_ID", "FILE"),)), server=state(has()))
    assert sql(done) == [f"GRANT FILE ON *.* TO {A}"]
    assert [words.split("): ")[1][:29] for words in refusals(done)] == ["SET_USER_ID on *.*: MySQL 9.7"]


def test_all_everywhere_by_hand_is_taken_away() -> None:
    everything = has(privileges=privileges(*EVERYWHERE.all, BACKUP_ADMIN=True, CLONE_ADMIN=True))
    (change,) = changes(user(), server=state(everything))
    assert [each.found for each in change.differences] == [
        "ALL WITH GRANT OPTION",
        "ALL dynamic ones WITH GRANT OPTION",
    ]
    dynamic, static = change.statements
    assert dynamic == f"REVOKE BACKUP_ADMIN, CLONE_ADMIN ON *.* FROM {A}"
    assert static.startswith("REVOKE ALTER, ALTER ROUTINE, ") and static.endswith(f"UPDATE ON *.* FROM {A}")


def test_a_roles_name_changes_hands_by_its_ownership() -> None:
    """MySQL renames no role that somebody has (error 3532)."""
    done = sql(changes(role("a", name="b"), role("b", name="a"), server=state(has_role("a"), has_role("b"))))
    assert done == [
        r"""ALTER USER 'b'@'%' ATTRIBUTE '{\"mysql_pair\": {\"role\": \"a\"}}'""",
        r"""ALTER USER 'a'@'%' ATTRIBUTE '{\"mysql_pair\": {\"role\": \"b\"}}'""",
    ]
    member = user(roles=("a",), default_roles=("a",))
    holds = has(roles={Account("a", "%"): False}, default_roles=frozenset({Account("a", "%")}))
    assert sql(changes(role("a", name="new"), member, server=state(has_role("a"), holds)))[2:] == [
        f"REVOKE 'a'@'%' FROM {A}",
        f"GRANT 'new'@'%' TO {A}",
        f"ALTER USER {A} DEFAULT ROLE 'new'@'%'",
        "DROP USER 'a'@'%'",
    ]


def test_a_role_that_was_cut_off_in_the_making_is_gone_on_with_and_another_ones_refused() -> None:
    bare = CurrentAccount(Account("r", "%"), attributes=attributes.NEW_ROLE)
    assert sql(changes(role("r"), server=state(bare))) == [
        r"""ALTER USER 'r'@'%' ATTRIBUTE '{\"mysql_pair\": {\"role\": \"r\"}}'"""
    ]
    for theirs in (
        replace(bare, privileges=privileges("FILE")),
        replace(bare, attributes={**bare.attributes, "locked": False}),
    ):
        assert "not made by this stack" in refusals(changes(role("r"), server=state(theirs)))[0]


def database(name: str, **options: Any) -> DatabaseSpec:
    return replace(DatabaseSpec(name), **options)


DATABASES = [
    (database("app"), [], ""),
    (database("a`b"), ["CREATE DATABASE `a``b` CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci"], ""),
    (
        database("app", collation="utf8mb4_bin"),
        ["ALTER DATABASE `app` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"],
        "",
    ),
    (database("app", charset="latin1"), ["ALTER DATABASE `app` CHARACTER SET latin1 COLLATE latin1_bin"], ""),
    (database("app", drop=True), ["DROP DATABASE `app`"], ""),
    (database("gone", drop=True), [], ""),
    (database("app", charset="gb18030"), [], "MySQL 9.7.4 has no charset gb18030"),
    (database("app", collation="utf8mb4_new_ai_ci"), [], "MySQL 9.7.4 has no collation utf8mb4_new_ai_ci for"),
]


@pytest.mark.parametrize(("desired", "expected", "words"), DATABASES)
def test_databases_are_made_changed_dropped_or_refused(desired: DatabaseSpec, expected: list[str], words: str) -> None:
    done = changes(desired, server=state())
    assert sql(done) == expected
    assert [words in said for said in refusals(done)] == [True] * bool(words)
