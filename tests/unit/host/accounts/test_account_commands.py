"""accounts/commands.py: what is told of failures, to the last one and without a password; and what is printed."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import pytest

from scripts.host.accounts import commands, current, listing
from scripts.host.accounts.changes import Change, Subject
from scripts.host.accounts.current import CurrentAccount, ServerState
from scripts.host.accounts.names import Account
from scripts.host.accounts.spec import AccountsSpec, DatabaseSpec, GrantSpec
from scripts.host.accounts.targets import EVERYWHERE, Privileges, Target
from scripts.host.common import codec
from scripts.host.common.errors import HostError
from scripts.host.mysql import server as mysql_server
from tests.unit.host.accounts.builders import changes, grant, has, has_role, role, sql, state, user

SECRET = "it's 5 % \\ of everything"
SPEC = AccountsSpec(
    databases=(DatabaseSpec("app"),),
    roles=(role("reader"),),
    users=tuple(
        user(
            key,
            host="10.%",
            password=SECRET,
            grants=(grant("SELECT", database="app"),),
            roles=("reader",),
            default_roles=("reader",),
        )
        for key in ("app", "report")
    ),
)


class Server:
    """A server that refuses statements with a word in them, and remembers the others."""

    def __init__(self, refuses: dict[str, Exception]) -> None:
        self.done: list[str] = []
        self._refuses = refuses

    def do(self, statement: str, _args: Sequence[Any] = ()) -> list[tuple[int, str]]:
        """Run a statement."""
        for word, error in self._refuses.items():
            if word in statement:
                raise error
        self.done.append(statement)
        return (
            [(4005, "User 'app'@'10.%' is referenced as a definer account in a view.")] if "app'@" in statement else []
        )

    def rows(self, statement: str, _args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the password policy: beside the state and the group this is all that is asked."""
        if "server_uuid" in statement:
            return [("alone",)]
        if "replication_group_members" in statement:
            return []
        assert "validate" in statement
        return [("validate_password.length", "8"), ("validate_password.policy", "MEDIUM")]


def run(
    monkeypatch: pytest.MonkeyPatch,
    verb: str = "apply",
    present: ServerState | None = None,
    refuses: dict[str, Exception] | None = None,
) -> tuple[int, Server]:
    server = Server(refuses or {})
    after = state(has(generation=2, old_password=True), has(None, name="somebody else's"))
    reads = iter([present or state(), after])
    monkeypatch.setattr(mysql_server, "Session", lambda: server)
    monkeypatch.setattr(current, "read", lambda _: next(reads))
    monkeypatch.setattr("sys.stdin", io.StringIO(codec.encode(SPEC)))
    return commands.main([verb]), server


def error(code: int, text: str) -> Exception:
    return mysql_server.Error(code, text)


REFUSED = [
    (
        {"CREATE USER 'app'": error(1819, "Your password does not satisfy")},
        "ERROR 1819: Your password does not satisfy (validate_password.length = 8, validate_password.policy = MEDIUM)",
    ),
    ({"CREATE USER 'app'": error(1064, f"near '{SECRET[3:]}'")}, "ERROR 1064: MySQL does not understand the statement"),
    ({"CREATE USER 'app'": error(1, f"'{SECRET}' and '{SECRET}'")}, "ERROR 1: '***' and '***'"),
    ({"CREATE USER 'app'": error(1, r"it\'s 5 % \\ of everything")}, "ERROR 1: ***"),
    ({"TO 'app'": error(1146, "no such table")}, "ERROR 1146: no such table"),
]


pytestmark = pytest.mark.usefixtures("agents_lock")


@pytest.mark.parametrize(("refuses", "words"), REFUSED)
def test_a_failure_is_one_paragraph_of_its_object_and_the_rest_is_done(
    refuses: dict[str, Exception],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, server = run(monkeypatch, refuses=refuses)
    said = capsys.readouterr()
    told = [line for line in said.err.splitlines() if "warns" not in line]
    assert (code, told) == (1, [f"user app ('app'@'10.%'): {words}"])
    assert json.loads(said.out) == {
        "users": {"app": {"generation": 2, "old_password_accepted": True}},
        "pending": [],
    }
    assert any("DEFAULT ROLE" in statement and "'report'" in statement for statement in server.done)
    assert SECRET not in said.err + said.out and "everything" not in said.err + said.out


def test_nothing_is_tried_of_a_user_that_could_not_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    _, server = run(monkeypatch, refuses={"CREATE USER 'app'": error(1, "no")})
    assert not any("'app'@" in statement for statement in server.done)


def test_a_role_that_failed_fails_its_grants_in_words(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, server = run(monkeypatch, refuses={"CREATE ROLE": error(1, "no")})
    told = [line for line in capsys.readouterr().err.splitlines() if "warns" not in line]
    lost = "role reader ('reader'@'%') failed, so it is not granted"
    assert (code, told) == (
        1,
        [
            "role reader ('reader'@'%'): ERROR 1: no",
            f"user app ('app'@'10.%'): {lost}",
            f"user report ('report'@'10.%'): {lost}",
        ],
    )
    assert any("GRANT SELECT" in statement for statement in server.done)


@pytest.mark.parametrize("gone", [error(2013, "Lost connection"), error(0, "no reason given")])
def test_a_lost_connection_ends_the_run_with_what_failed_before_it(
    gone: Exception,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, server = run(monkeypatch, refuses={"CREATE USER 'app'": error(1, "no"), "CREATE USER 'report'": gone})
    said = capsys.readouterr()
    assert (code, said.out) == (1, "")
    assert "user app ('app'@'10.%'): ERROR 1: no\n" in said.err
    assert "lost at user report ('report'@'10.%'); run it again" in said.err
    assert server.done[-1].startswith("ALTER USER 'reader'")


def test_a_circle_of_renames_fails_for_everybody_in_it() -> None:
    first, second = Subject("user", "a"), Subject("user", "b")
    differences = (first.difference("account", "", ""),)
    planned = [
        Change(first, differences, ("RENAME USER",), essential=True, also=(second,)),
        Change(second, differences),
        Change(second, differences, ("ALTER USER",)),
    ]
    outcome, server = commands.Outcome(), Server({"RENAME": error(1396, "no")})
    commands.carry_out(SPEC, planned, server, outcome)
    assert (outcome.failures, server.done) == ({first: ["ERROR 1396: no"], second: ["ERROR 1396: no"]}, [])


LEAKED = (
    user("app", password="new"),
    user("more", password="new, too"),
    user("other", grants=(grant("SELECT", database="app"),)),
)
HAD = (has("app", password="leaked"), has("more", password="leaked, too"), has("other"))
SET, BACK = ("IDENTIFIED BY 'new", "IDENTIFIED WITH 'caching_sha2_password' AS 0x")


# what MySQL refuses, the statements that set passwords, what is told of whom
CUTS: list[tuple[str | None, list[tuple[str, str]], dict[str, str]]] = [
    (None, [("app", SET), ("more", SET)], {}),
    (
        "GRANT SELECT",
        [],
        {
            "other": "ERROR 1: no",
            "app": "its password stays as it is, because something failed; the next run changes it",
            "more": "its password stays as it is, because something failed; the next run changes it",
        },
    ),
    (
        "ALTER USER 'more'",
        [("app", SET), ("app", BACK)],
        {"more": "ERROR 1: no", "app": "its password is the former one again, because something failed after it"},
    ),
]


@pytest.mark.parametrize(("refused", "done", "told"), CUTS)
def test_a_password_in_use_is_replaced_only_if_all_else_went_well(
    refused: str | None, done: list[tuple[str, str]], told: dict[str, str]
) -> None:
    """A failed `up` leaves the outputs as they were: with passwords that MySQL has to accept."""
    server, outcome = Server({refused: error(1, "no")} if refused else {}), commands.Outcome()
    commands.carry_out(AccountsSpec(users=LEAKED), changes(*LEAKED, server=state(*HAD)), server, outcome)
    assert {subject.key: texts for subject, texts in outcome.failures.items()} == {
        key: [text] for key, text in told.items()
    }
    passwords = [statement for statement in server.done if "IDENTIFIED" in statement]
    assert len(passwords) == len(done)
    for statement, (key, words) in zip(passwords, done, strict=True):
        assert statement.startswith(f"ALTER USER '{key}'@") and words in statement


def test_a_password_that_was_taken_back_can_be_set_by_the_next_run_under_password_history() -> None:
    """In auth_verify_password_history (sql/auth/sql_user.cc) the new one would be refused as used (ERROR 3638)."""
    server = Server({"ALTER USER 'more'": error(1, "no")})
    commands.carry_out(AccountsSpec(users=LEAKED), changes(*LEAKED, server=state(*HAD)), server, commands.Outcome())
    forgotten, taken_back = server.done[-2:]
    assert forgotten == (
        "DELETE FROM mysql.password_history WHERE user = 'app' AND host = '10.0.0.0/16' AND password ="
        " (SELECT authentication_string FROM mysql.user WHERE user = 'app' AND host = '10.0.0.0/16')"
    )
    assert BACK in taken_back


def test_a_connection_lost_among_passwords_tells_which_are_changed_already() -> None:
    server, outcome = Server({"ALTER USER 'more'": error(2013, "Lost connection")}), commands.Outcome()
    with pytest.raises(HostError, match="lost at user more"):
        commands.carry_out(AccountsSpec(users=LEAKED), changes(*LEAKED, server=state(*HAD)), server, outcome)
    assert {subject.key: texts for subject, texts in outcome.failures.items()} == {
        "app": ["its password is changed, and the outputs may still have the former one"]
    }


def test_an_old_password_is_refused_last_of_all() -> None:
    finished = user("app", generation=2, finished_generation=2)
    had = (has("app", generation=2, old_password=True), *HAD[1:])
    statements = sql(changes(finished, *LEAKED[1:], server=state(*had)))
    assert [statement.split()[0] for statement in statements] == ["GRANT", "ALTER", "ALTER"]
    assert SET in statements[1] and statements[2].endswith("DISCARD OLD PASSWORD")


# a grant, MySQL's answer, what is told
MISSING = [
    (
        grant("SELECT", database="app", table="orders"),
        error(1146, "Table 'app.orders' doesn't exist"),
        "privileges on app.orders: SELECT waits: ERROR 1146: Table 'app.orders' doesn't exist",
    ),
    (
        GrantSpec(("SELECT",), "app", "orders", columns=("id",)),
        error(1054, "Unknown column 'id'"),
        "privileges on app.orders: SELECT (`id`) waits: ERROR 1054: Unknown column 'id'",
    ),
    (
        GrantSpec(("EXECUTE",), "app", procedure="orders"),
        error(1305, "PROCEDURE orders does not exist"),
        "privileges on procedure app.orders: EXECUTE waits: ERROR 1305: PROCEDURE orders does not exist",
    ),
]


@pytest.mark.parametrize(("early", "answer", "told"), MISSING)
def test_a_grant_on_what_is_not_there_yet_is_pending_and_everything_else_is_done(
    early: GrantSpec, answer: Exception, told: str
) -> None:
    users = (user("app", password="new", grants=(early,)), user("more", grants=(grant("PROCESS"),)))
    server, outcome = Server({"`orders`": answer}), commands.Outcome()
    planned = changes(*users, server=state(has("app"), has("more")))
    commands.carry_out(AccountsSpec(users=users), planned, server, outcome)
    assert outcome.failures == {}
    assert [statement.split()[0] for statement in server.done] == ["GRANT", "ALTER"]
    assert outcome.pending == [f"user app ('app'@'10.0.0.0/16'): {told}"]


def test_a_grant_that_waits_tells_what_the_account_keeps_meanwhile() -> None:
    early = GrantSpec(("SELECT",), "app", "orders", columns=("id",))
    had = has("app", privileges=Privileges({Target("app", "orders"): frozenset({"DELETE"})}))
    outcome, server = commands.Outcome(), Server({"`orders`": MISSING[1][1]})
    users = (user("app", grants=(early,)),)
    commands.carry_out(AccountsSpec(users=users), changes(*users, server=state(had)), server, outcome)
    (told,) = outcome.pending
    assert told.endswith("SELECT (`id`) waits, and DELETE stays until then: ERROR 1054: Unknown column 'id'")


def test_a_grant_on_a_table_that_is_there_and_refused_is_a_failure() -> None:
    users = (user("app", grants=(MISSING[0][0],)),)
    outcome = commands.Outcome()
    server = Server({"`orders`": error(1142, "denied")})
    commands.carry_out(AccountsSpec(users=users), changes(*users, server=state(has("app"))), server, outcome)
    assert (outcome.pending, list(outcome.failures.values())) == ([], [["ERROR 1142: denied"]])


def test_a_user_that_moves_definers_is_told_and_succeeds(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _ = run(monkeypatch)
    assert code == 0
    assert "user app ('app'@'10.%'): MySQL warns: User 'app'@'10.%' is referenced" in capsys.readouterr().err


def test_differences_are_in_words_and_change_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    present = state(has_role("reader"), has("app", host="10.%"), has("gone"), has(None, name="theirs"))
    code, server = run(monkeypatch, "diff", present)
    rows = json.loads(capsys.readouterr().out)
    assert (code, [statement[:11] for statement in server.done]) == (0, ["SET SESSION"])
    assert {
        "kind": "user",
        "name": "app",
        "what": "password",
        "expected": "the desired one",
        "found": "another one",
    } in rows
    assert [row["what"] for row in rows if row["name"] == "gone"] == ["account"]
    assert not any("theirs" in str(row) or SECRET in str(row) for row in rows)


def test_the_list_has_managed_users_first_and_none_of_the_servers_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = [has(None, name=name, host="localhost") for name in ("root", "mysql.sys", "debian-sys-maint")]
    managed = has("b", name="z", old_password=True, max_user_connections=5, password_expired=True)
    present = state(has(None, name="a"), *own, managed, has_role("reader"))
    code, _ = run(monkeypatch, "list", present)
    listed = json.loads(capsys.readouterr().out)
    assert code == 0
    assert [(row["key"], row["account"]) for row in listed["users"]] == [
        ("b", "'z'@'10.0.0.0/16'"),
        (None, "'a'@'10.0.0.0/16'"),
    ]
    assert (listed["users"][0]["generation"], listed["users"][0]["old_password_accepted"]) == (1, True)
    assert [row["attributes"] for row in listed["users"]] == [
        {"password expired": "yes", "max user connections": "5"},
        {},
    ]
    assert [row["key"] for row in listed["roles"]] == ["reader"]


SELECT, ALL_ON_APP = frozenset({"SELECT"}), Target("app").all
# what an account of somebody else's has, what of it none of the stack's has
BEYOND: list[tuple[dict[str, Any], list[str]]] = [
    ({"privileges": Privileges({EVERYWHERE: SELECT})}, ["SELECT ON *.*"]),
    ({"privileges": Privileges({Target("app"): SELECT, Target("app", "t"): SELECT})}, []),
    ({"privileges": Privileges({Target("app", "t"): frozenset({"SELECT (`a`)"})})}, []),
    ({"privileges": Privileges({Target("shop"): SELECT})}, ["SELECT ON shop.*"]),
    ({"privileges": Privileges({Target("a\\_b", "t"): SELECT})}, ["SELECT ON a\\_b.t"]),
    ({"privileges": Privileges({Target("app"): ALL_ON_APP})}, ["USAGE ON app.* WITH GRANT OPTION"]),
    ({"privileges": Privileges(dynamic={"CLONE_ADMIN": True})}, ["CLONE_ADMIN WITH GRANT OPTION ON *.*"]),
    ({"roles": {Account("theirs", "%"): False}}, ["INSERT ON mysql.*"]),
    ({"roles": {Account("reader", "%"): False}}, []),
]


@pytest.mark.parametrize(("options", "beyond"), BEYOND)
def test_a_user_made_by_hand_with_more_rights_than_the_stacks_is_told(
    options: dict[str, Any], beyond: list[str]
) -> None:
    everything = ALL_ON_APP - {"GRANT OPTION"}
    present = state(
        has("app", privileges=Privileges({Target("app"): everything})),
        has_role("reader", privileges=Privileges({Target("sys"): SELECT})),
        CurrentAccount(Account("theirs", "%"), privileges=Privileges({Target("mysql"): frozenset({"INSERT"})})),
        has(None, name="odd", **options),
    )
    (odd,) = (user for user in listing.listed(present).users if user.account.startswith("'odd'"))
    assert list(odd.beyond) == beyond


@pytest.mark.parametrize("text", [json.dumps({"users": []}), json.dumps([SECRET]), "{"])
def test_a_spec_of_another_form_is_told_without_its_content(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert commands.main(["apply"]) == 1
    said = capsys.readouterr().err
    assert ("spec" in said or "JSON" in said) and SECRET not in said and "Traceback" not in said


def test_an_unknown_word_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert (commands.main(["appyl"]), commands.main([])) == (2, 2)
    assert "apply, diff, list" in capsys.readouterr().err
