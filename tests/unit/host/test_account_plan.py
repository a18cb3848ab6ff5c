"""account_plan.py: from a document and what a server has to statements in order, and to refusals in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from account_change import Change
from account_document import Database, Document, Grant, Role, User
from account_grants import EVERYWHERE, Level, Privileges
from account_names import Account
from account_plan import plan
from account_state import Found, State
from password_check import sha256_crypt

HOST = "10.0.0.0/16"
SHA2, SHA256 = "caching_sha2_password", "sha256_password"
SALT = b"twenty bytes of salt"


def digest(password: str, plugin: str = SHA2) -> bytes:
    """Return an authentication string, of few rounds where the plugin writes how many."""
    if plugin == SHA2:
        return b"$A$001$" + SALT + sha256_crypt(password.encode(), SALT, 1000)
    return b"$5$" + SALT + b"$" + sha256_crypt(password.encode(), SALT, 5000)


def user(key: str = "app", **fields: Any) -> User:
    made = User(
        key=key,
        account=Account(fields.pop("name", key), fields.pop("host", HOST)),
        plugin=SHA2,
        password=f"of {key}",
        generation=1,
        finished_generation=0,
        grants=(),
        roles=(),
        default_roles=(),
        locked=False,
        password_lifetime_days=None,
        comment=None,
        adopt=False,
    )
    return replace(made, **fields)


def has(key: str | None = "app", generation: int | None = 1, **fields: Any) -> Found:
    """Return a user's account as the server has it; without a key somebody else's."""
    name, plugin = fields.pop("name", key), fields.get("plugin", SHA2)
    password = fields.pop("password", f"of {key}")
    mark = {"mysql_pair": {"user": key} | ({} if generation is None else {"generation": generation})} if key else {}
    found = Found(Account(name, fields.pop("host", HOST)), authentication=digest(password, plugin), attribute=mark)
    return replace(found, **fields)


def has_role(key: str, name: str | None = None, **fields: Any) -> Found:
    found = Found(Account(name or key, "%"), locked=True, expired=True, attribute={"mysql_pair": {"role": key}})
    return replace(found, **fields)


def state(*found: Found, **fields: Any) -> State:
    made = State(
        version="9.7.4",
        partial_revokes=False,
        plugins=frozenset({SHA2, SHA256}),
        dynamic=frozenset({"BACKUP_ADMIN", "CLONE_ADMIN"}),
        collations={"utf8mb4_0900_ai_ci": "utf8mb4", "utf8mb4_bin": "utf8mb4", "latin1_bin": "latin1"},
        default_collations={"utf8mb4": "utf8mb4_0900_ai_ci", "latin1": "latin1_bin"},
        databases={"app": ("utf8mb4", "utf8mb4_0900_ai_ci"), "mysql": ("utf8mb4", "utf8mb4_0900_ai_ci")},
        accounts={it.account: it for it in found},
    )
    return replace(made, **fields)


def changes(*wanted: Database | Role | User, server: State) -> list[Change]:
    def of(kind: type) -> Any:
        return tuple(it for it in wanted if isinstance(it, kind))

    return plan(Document(of(Database), of(Role), of(User)), server)


def sql(found: Iterable[Change]) -> list[str]:
    return [statement for change in found for statement in change.statements]


def refusals(found: Iterable[Change]) -> list[str]:
    return [f"{change.subject}: {change.refusal}" for change in found if change.refusal]


A = f"'app'@'{HOST}'"
SET = "IDENTIFIED BY 'of app'"
RETAIN = f"{SET} RETAIN CURRENT PASSWORD"
DISCARD = f"ALTER USER {A} DISCARD OLD PASSWORD"


def mark(generation: int) -> str:
    return f' ATTRIBUTE \'{{\\"mysql_pair\\": {{\\"user\\": \\"app\\", \\"generation\\": {generation}}}}}\''


def wants(generation: int, finished: int = 0, **fields: Any) -> User:
    return user(generation=generation, finished_generation=finished, **fields)


OTHER: dict[str, Any] = {"password": "another"}
OLD: dict[str, Any] = {"old_password": True}
PASSWORDS: list[tuple[str, User, Found, list[str] | str]] = [
    ("right", wants(1), has(), []),
    ("wrong", wants(1), has(**OTHER), [f"ALTER USER {A} {SET}"]),
    ("wrong, and the old one stays", wants(2, 1), has(generation=2, **OTHER, **OLD), [f"ALTER USER {A} {SET}"]),
    ("rotated", wants(2), has(**OTHER), [f"ALTER USER {A} {RETAIN}{mark(2)}"]),
    ("rotated over some numbers", wants(5), has(**OTHER), [f"ALTER USER {A} {RETAIN}{mark(5)}"]),
    ("rotated again", wants(3, 2), has(generation=2, **OTHER, **OLD), [DISCARD, f"ALTER USER {A} {RETAIN}{mark(3)}"]),
    ("not finished", wants(3, 1), has(generation=2, **OTHER, **OLD), "generation 2 is not finished"),
    ("finished", wants(2, 2), has(generation=2, **OLD), [DISCARD]),
    ("finished, and wrong", wants(2, 2), has(generation=2, **OTHER, **OLD), [f"ALTER USER {A} {SET}", DISCARD]),
    ("finished long ago", wants(2, 2), has(generation=2), []),
    ("still accepted", wants(2, 1), has(generation=2, **OLD), []),
    ("at once", wants(2, 2), has(**OTHER), "first raise passwordGenerations.app"),
    ("too early", wants(1, 2), has(), "finishedGenerations says 2, but passwordGenerations only 1"),
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
    ("no such plugin", wants(1, plugin="gone"), has(), "MySQL 9.7.4 has no plugin gone; it has caching_sha2_password,"),
    ("mark without a number", wants(4), has(generation=None), [f"ALTER USER {A}{mark(4)}"]),
    ("mark without a number, and wrong", wants(4), has(generation=None, **OTHER), "Write the generation back"),
    ("taken over", wants(4, adopt=True), has(None, name="app", password="of app"), [f"ALTER USER {A}{mark(4)}"]),
    (
        "taken over, and wrong",
        wants(4, adopt=True),
        has(None, name="app"),
        [f"ALTER USER {A} {SET}{mark(4)}"],
    ),
    (
        "not taken over",
        wants(4),
        has(None, name="app"),
        "not made by this stack: drop or rename it, or set adopt: true",
    ),
    ("empty", wants(1, password=""), has(), "its password is empty"),
    ("too long", wants(1, password="é" * 129), has(), "longer than 256 bytes"),
]


@pytest.mark.parametrize(("wanted", "found", "expected"), [row[1:] for row in PASSWORDS], ids=[r[0] for r in PASSWORDS])
def test_a_password_is_set_rotated_finished_or_refused(wanted: User, found: Found, expected: list[str] | str) -> None:
    done = changes(replace(wanted, locked=False), server=state(found))
    if isinstance(expected, str):
        assert sql(done) == []
        assert expected in refusals(done)[0] and refusals(done)[0].startswith(f"user app ({A}): ")
    else:
        assert (sql(done), refusals(done)) == (expected, [])


def test_no_word_for_people_has_a_password_in_it() -> None:
    for _, wanted, found, _ in PASSWORDS:
        if wanted.password == "of app":
            for change in changes(wanted, server=state(found)):
                assert "of app" not in f"{change.subject} {change.points} {change.refusal}"


def test_whoever_is_refused_is_not_touched_at_all() -> None:
    wanted = user(name="new", generation=0, locked=True, grants=(Grant(("SELECT",), None, None, False),))
    assert [change.statements for change in changes(wanted, server=state(has()))] == [()]


def test_a_new_user_is_one_statement_and_then_its_privileges() -> None:
    wanted = user(
        name="o'neil",
        password="a'b\\c%s",
        locked=True,
        password_lifetime_days=30,
        comment='50 % "x"',
        grants=(Grant(("SELECT", "INSERT"), "my_`db`%", None, True),),
        roles=("r",),
        default_roles=("r",),
    )
    role = Role("reader", Account("r", "%"), ())
    assert sql(changes(role, wanted, server=state())) == [
        "CREATE ROLE 'r'@'%'",
        r"""ALTER USER 'r'@'%' ATTRIBUTE '{\"mysql_pair\": {\"role\": \"reader\"}}'""",
        r"CREATE USER 'o\'neil'@'10.0.0.0/16' IDENTIFIED WITH 'caching_sha2_password' BY 'a\'b\\c%s'"
        r" PASSWORD EXPIRE INTERVAL 30 DAY ACCOUNT LOCK ATTRIBUTE"
        r""" '{\"mysql_pair\": {\"user\": \"app\", \"generation\": 1}, \"comment\": \"50 % \\\"x\\\"\"}'""",
        r"GRANT INSERT, SELECT ON `my\_``db``\%`.* TO 'o\'neil'@'10.0.0.0/16' WITH GRANT OPTION",
        r"GRANT 'r'@'%' TO 'o\'neil'@'10.0.0.0/16'",
        r"ALTER USER 'o\'neil'@'10.0.0.0/16' DEFAULT ROLE 'r'@'%'",
    ]


OPTIONS = [
    (user(locked=True), has(), "ACCOUNT LOCK"),
    (user(), has(locked=True), "ACCOUNT UNLOCK"),
    (user(password_lifetime_days=0), has(), "PASSWORD EXPIRE NEVER"),
    (user(password_lifetime_days=9), has(lifetime=0), "PASSWORD EXPIRE INTERVAL 9 DAY"),
    (user(), has(lifetime=0), "PASSWORD EXPIRE DEFAULT"),
    (user(comment=""), has(), r"""ATTRIBUTE '{\"comment\": \"\"}'"""),
    (user(), replace(has(), attribute={**has().attribute, "comment": "x"}), r"""ATTRIBUTE '{\"comment\": null}'"""),
]


@pytest.mark.parametrize(("wanted", "found", "clause"), OPTIONS, ids=[row[2][:24] for row in OPTIONS])
def test_what_is_not_the_password_changes_without_it(wanted: User, found: Found, clause: str) -> None:
    assert sql(changes(wanted, server=state(found))) == [f"ALTER USER {A} {clause}"]


def account(name: str) -> str:
    return f"'{name}'@'{HOST}'"


def test_names_are_free_before_others_take_them() -> None:
    """a and b swap, c takes d's name and d that of e, who goes; the role r is in the way of user f."""
    wanted = [user("a", name="b"), user("b", name="a"), user("c", name="d"), user("d", name="e")]
    server = state(*(has(key) for key in "abcde"), has_role("r", name="f"), has_role("s"))
    done = sql(changes(*wanted, user("f", host="%", password="x"), server=server))
    assert done[:4] == [
        f"DROP USER {account('e')}",
        "DROP USER 'f'@'%'",
        f"RENAME USER {account('d')} TO {account('e')}, {account('c')} TO {account('d')}",
        f"RENAME USER {account('b')} TO {account('mysql_pair_aside_0')}, {account('a')} TO {account('b')},"
        f" {account('mysql_pair_aside_0')} TO {account('a')}",
    ]
    assert done[4].startswith("CREATE USER 'f'@'%'")
    assert done[5:] == ["DROP USER 's'@'%'"]


def test_a_name_that_is_not_free_refuses_everybody_who_waits_for_it() -> None:
    wanted = [user("a", name="theirs"), user("b", name="a"), user("c", name="b"), user("new", name="c"), user("d")]
    done = changes(*wanted, server=state(has("a"), has("b"), has("c"), has(None, name="theirs")))
    assert sorted(refusals(done)) == [
        f"user a ({account('theirs')}): MySQL has {account('theirs')} already, not made by this stack: drop or rename"
        " it",
        f"user b ({account('a')}): {account('a')} is still user a's, whose own change is refused",
        f"user c ({account('b')}): {account('b')} is still user b's, whose own change is refused",
        f"user new ({account('c')}): {account('c')} is still user c's, whose own change is refused",
    ]
    assert [statement.split(" IDENTIFIED")[0] for statement in sql(done)] == [f"CREATE USER {account('d')}"]


def test_host_parts_and_names_that_mysql_would_not_keep_are_refused() -> None:
    faults = {
        " x": "begins or ends with a space",
        "x\n": "begins or ends with a space",
        "": "it has no name",
        "x" * 33: "longer than 32",
        "😀": "beyond U+FFFF",
        "\ud800": "beyond U+FFFF",
    }
    for name, words in faults.items():
        assert words in refusals(changes(user(name=name), server=state()))[0]
    for part, words in {
        "ü": "does not take",
        "a@b": "does not take",
        "a\\b": "does not take",
        "x" * 256: "255",
    }.items():
        assert words in refusals(changes(user(host=part), server=state()))[0]


def test_the_servers_own_accounts_are_never_taken_over_nor_dropped() -> None:
    root = replace(has("old", name="root", host="localhost"), authentication=b"")
    assert changes(server=state(root)) == []
    found = refusals(changes(user(name="root", host="localhost", adopt=True), server=state(root)))
    assert found == ["user app ('root'@'localhost'): 'root'@'localhost' is the server's own account"]


def test_two_accounts_with_one_mark_and_one_account_wanted_twice_are_refused() -> None:
    twice = state(has(), has(name="copy"))
    assert "both carry the mark of user app" in refusals(changes(user(), server=twice))[0]
    assert sql(changes(user(), server=twice)) == []
    both = refusals(changes(user("a", name="x"), user("b", name="x"), server=state()))
    assert len(both) == 2 and all("the config has 'x'@'10.0.0.0/16' 2 times" in words for words in both)


def privileges(*names: str, level: Level = EVERYWHERE, **dynamic: bool) -> Privileges:
    return Privileges({level: frozenset(names)} if names else {}, dynamic)


APP = Level("app")
GRANTS: list[tuple[Grant, Privileges, list[str]]] = [
    (Grant(("SELECT",), None, None, False), privileges("SELECT"), []),
    (
        Grant(("SELECT",), "app", None, False),
        privileges("INSERT", "GRANT OPTION", level=APP),
        [f"GRANT SELECT ON `app`.* TO {A}", f"REVOKE GRANT OPTION, INSERT ON `app`.* FROM {A}"],
    ),
    (
        Grant(("SELECT",), "app", None, True),
        privileges("SELECT", level=APP),
        [f"GRANT SELECT ON `app`.* TO {A} WITH GRANT OPTION"],
    ),
    (Grant(("USAGE",), "app", None, True), Privileges(), [f"GRANT USAGE ON `app`.* TO {A} WITH GRANT OPTION"]),
    (
        Grant(("ALL",), "app", "a`b", False),
        privileges(*(Level("app", "t").all), level=Level("app", "a`b")),
        [f"REVOKE GRANT OPTION ON `app`.`a``b` FROM {A}"],
    ),
    (
        Grant(("SELECT",), "performance_schema", None, False),
        Privileges(),
        [f"GRANT SELECT ON `performance_schema`.* TO {A}"],
    ),
    (
        Grant(("BACKUP_ADMIN",), None, None, True),
        privileges(CLONE_ADMIN=False, BACKUP_ADMIN=False),
        [f"REVOKE CLONE_ADMIN ON *.* FROM {A}", f"GRANT BACKUP_ADMIN ON *.* TO {A} WITH GRANT OPTION"],
    ),
    # mysqld's memory would keep the dynamic one's option: so it goes first and comes again.
    (
        Grant(("BACKUP_ADMIN",), None, None, True),
        privileges("GRANT OPTION", BACKUP_ADMIN=True),
        [
            f"REVOKE BACKUP_ADMIN ON *.* FROM {A}",
            f"REVOKE GRANT OPTION ON *.* FROM {A}",
            f"GRANT BACKUP_ADMIN ON *.* TO {A} WITH GRANT OPTION",
        ],
    ),
    # What moves to a lower level is there before it is gone from the upper one.
    (
        Grant(("SELECT",), "app", "t", False),
        privileges("SELECT", level=APP),
        [f"GRANT SELECT ON `app`.`t` TO {A}", f"REVOKE SELECT ON `app`.* FROM {A}"],  # noqa: S608  a test's
    ),
    (
        Grant(("BACKUP_ADMIN",), None, None, False),
        privileges(BACKUP_ADMIN=True),
        [f"REVOKE BACKUP_ADMIN ON *.* FROM {A}", f"GRANT BACKUP_ADMIN ON *.* TO {A}"],
    ),
]


@pytest.mark.parametrize(("grant", "found", "expected"), GRANTS)
def test_what_is_missing_is_granted_and_what_is_too_much_revoked(
    grant: Grant, found: Privileges, expected: list[str]
) -> None:
    assert sql(changes(user(grants=(grant,)), server=state(has(privileges=found)))) == expected


def test_all_is_everything_of_its_level_and_entries_of_one_level_add_up() -> None:
    everything = privileges(*(EVERYWHERE.all - {"GRANT OPTION"}), BACKUP_ADMIN=False, CLONE_ADMIN=False)
    grant = Grant(("ALL",), None, None, False)
    assert changes(user(grants=(grant,)), server=state(has(privileges=everything))) == []
    less = replace(everything, static={EVERYWHERE: everything.static[EVERYWHERE] - {"FILE"}})
    (change,) = changes(user(grants=(grant,)), server=state(has(privileges=less)))
    assert (change.statements, change.points[0].expected) == ((f"GRANT FILE ON *.* TO {A}",), "ALL")
    grants = (Grant(("SELECT",), "app", None, False), Grant(("INSERT",), "app", None, False))
    both = privileges("SELECT", "INSERT", level=APP)
    assert changes(user(grants=grants), server=state(has(privileges=both))) == []


def test_patterns_follow_partial_revokes_and_former_ones_go_as_they_are_kept() -> None:
    wanted = user(grants=(Grant(("SELECT",), "a_b", None, False),))
    found = privileges("SELECT", level=Level("a\\_b"))
    assert changes(wanted, server=state(has(privileges=found))) == []
    done = changes(wanted, server=state(has(privileges=found), partial_revokes=True))
    assert sql(done) == [f"GRANT SELECT ON `a_b`.* TO {A}", rf"REVOKE SELECT ON `a\_b`.* FROM {A}"]  # noqa: S608  a test's
    restricted = has(privileges=privileges("SELECT"), restrictions={"a_b": frozenset({"SELECT"})})
    everywhere = user(grants=(Grant(("SELECT",), None, None, False),))
    assert sql(changes(everywhere, server=state(restricted))) == [f"GRANT SELECT ON `a_b`.* TO {A}"]
    gone = sql(changes(user(), server=state(restricted)))
    assert gone == [f"REVOKE SELECT ON *.* FROM {A}"]  # noqa: S608  a test's


def test_columns_routines_proxies_and_roles_by_hand_are_taken_away() -> None:
    found = has(
        columns={("app", "t"): frozenset({("SELECT", "c`d"), ("INSERT", "e")})},
        routines={("FUNCTION", "app", "f"): frozenset({"EXECUTE", "GRANT OPTION"})},
        proxies=frozenset({Account("", "")}),
        roles={Account("r", "%"): False},
        default_roles=frozenset({Account("r", "%")}),
    )
    assert sql(changes(user(), server=state(found))) == [
        f"REVOKE INSERT (`e`), SELECT (`c``d`) ON `app`.`t` FROM {A}",  # noqa: S608  a test's
        f"REVOKE EXECUTE, GRANT OPTION ON FUNCTION `app`.`f` FROM {A}",
        f"REVOKE PROXY ON ''@'' FROM {A}",
        f"REVOKE 'r'@'%' FROM {A}",
    ]


def test_privileges_that_the_server_has_not_are_refused_and_the_others_granted() -> None:
    grants = (Grant(("TELEPORT", "FILE"), None, None, False), Grant(("FILE", "SELECT"), "app", None, False))
    done = changes(user(grants=(*grants, Grant(("SELECT",), "app", "😀", False))), server=state(has()))
    assert sql(done) == [f"GRANT FILE ON *.* TO {A}", f"GRANT SELECT ON `app`.* TO {A}"]
    assert [words.split("): ")[1][:26] for words in refusals(done)] == [
        "SELECT on app.😀: its name ",
        "TELEPORT on *.*: MySQL 9.7",
        "FILE on app.*: MySQL 9.7.4",
    ]


def role(key: str, name: str | None = None, *grants: Grant) -> Role:
    return Role(key, Account(name or key, "%"), grants)


def test_a_roles_name_changes_hands_by_its_mark() -> None:
    """MySQL renames no role that somebody has (error 3532)."""
    done = sql(changes(role("a", "b"), role("b", "a"), server=state(has_role("a"), has_role("b"))))
    assert done == [
        r"""ALTER USER 'b'@'%' ATTRIBUTE '{\"mysql_pair\": {\"role\": \"a\"}}'""",
        r"""ALTER USER 'a'@'%' ATTRIBUTE '{\"mysql_pair\": {\"role\": \"b\"}}'""",
    ]
    member = user(roles=("new",), default_roles=("new",))
    holds = has(roles={Account("a", "%"): False}, default_roles=frozenset({Account("a", "%")}))
    assert sql(changes(role("a", "new"), member, server=state(has_role("a"), holds)))[2:] == [
        f"REVOKE 'a'@'%' FROM {A}",
        f"GRANT 'new'@'%' TO {A}",
        f"ALTER USER {A} DEFAULT ROLE 'new'@'%'",
        "DROP USER 'a'@'%'",
    ]


def test_a_role_that_was_cut_off_in_the_making_is_gone_on_with_and_another_ones_refused() -> None:
    bare = Found(Account("r", "%"), locked=True, expired=True)
    assert sql(changes(role("r"), server=state(bare))) == [
        r"""ALTER USER 'r'@'%' ATTRIBUTE '{\"mysql_pair\": {\"role\": \"r\"}}'"""
    ]
    for theirs in (replace(bare, privileges=privileges("FILE")), replace(bare, locked=False)):
        assert "not made by this stack" in refusals(changes(role("r"), server=state(theirs)))[0]


def database(name: str, **fields: Any) -> Database:
    return replace(Database(name, "utf8mb4", None, False), **fields)


DATABASES = [
    (database("app"), [], ""),
    (database("a`b"), ["CREATE DATABASE `a``b` CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci"], ""),
    (
        database("app", collation="UTF8MB4_bin"),
        ["ALTER DATABASE `app` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"],
        "",
    ),
    (database("app", charset="latin1"), ["ALTER DATABASE `app` CHARACTER SET latin1 COLLATE latin1_bin"], ""),
    (database("app", drop=True), ["DROP DATABASE `app`"], ""),
    (database("gone", drop=True), [], ""),
    (database("mysql", drop=True), [], "the server's own"),
    (database("app", charset="klingon"), [], "no charset klingon"),
    (database("app", charset="latin1", collation="utf8mb4_bin"), [], "no collation utf8mb4_bin for charset latin1"),
    (database("x "), [], "end in a space"),
    (database("😀"), [], "beyond U+FFFF"),
]


@pytest.mark.parametrize(("wanted", "expected", "words"), DATABASES)
def test_databases_are_made_changed_dropped_or_refused(wanted: Database, expected: list[str], words: str) -> None:
    done = changes(wanted, server=state())
    assert sql(done) == expected
    assert [words in said for said in refusals(done)] == [True] * bool(words)
