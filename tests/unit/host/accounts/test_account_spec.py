"""accounts/spec.py: what is no spec of databases, roles and users, in words; nothing is changed for any part of one."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any, cast

import pytest

from scripts.host.accounts import commands
from scripts.host.accounts.spec import AccountsSpec, DatabaseSpec, GrantSpec, RequireSpec, RoleSpec, UserSpec
from scripts.host.common import codec
from tests.unit.host.accounts.builders import grant, role, spec_of, user

Described = DatabaseSpec | RoleSpec | UserSpec


def database(name: str, **options: Any) -> DatabaseSpec:
    return replace(DatabaseSpec(name), **options)


def faults(*specs: Described) -> list[str]:
    return [str(fault) for fault in codec.faults_of(spec_of(*specs))]


# one of a kind, what begins its only fault
FAULTS: list[tuple[Described, str]] = [
    (user(finished_generation=2), "users[0].finished_generation: is 2, and the password in use is of generation 1"),
    (user(plugin="gone"), "users[0].plugin: 'gone' is no plugin for passwords"),
    (user(password="é" * 129), "users[0].password: has 258 bytes in UTF-8"),
    (user(roles=("ghost",)), "users[0].roles: 'ghost' is no role. Put it into roles too"),
    *(
        (user(grants=(faulty,)), f"users[0].grants[0].{words}")
        for faulty, words in [
            (grant("TELEPORT"), "privileges[0]: 'TELEPORT' is not a privilege of MySQL's"),
            (grant("FILE", database="app"), "privileges: FILE is not granted on a database"),
            (grant("SELECT", database="app", table="😀"), "table: '😀' has characters beyond U+FFFF"),
            (grant("ALL"), "privileges: ALL on the whole server is on mysql.user too"),
            (
                grant("ALL", database="performance_schema"),
                "privileges: ALL on performance_schema is more than reading the server's own schema",
            ),
            (grant("ALL", database="MySQL"), "privileges: ALL on MySQL is more than reading the server's own schema"),
        ]
    ),
    *(
        (user(name=name), f"users[0].name: {words}")
        for name, words in {
            " x": "' x' begins with a space",
            "x ": "'x ' ends with a space",
            "x\n": "'x\\n' has control characters",
            "": "is an empty name",
            "x" * 33: "has 33 characters",
            "😀": "'😀' has characters beyond U+FFFF",
            "\ud800": "'\\ud800' has control characters",
            "mysql.sys": "'mysql.sys' belongs to MySQL itself",
        }.items()
    ),
    *((user(host=host), "users[0].host: ") for host in ("ü", "a@b", "a\\b", "10.0.0.1/8", "Upper", "x" * 256)),
    (database("mysql", drop=True), "databases[0].name: is a schema of MySQL's own"),
    (database("app", charset="klingon"), "databases[0].charset: 'klingon' is no character set"),
    (
        database("app", charset="latin1", collation="utf8mb4_bin"),
        "databases[0].collation: utf8mb4_bin is no collation of latin1",
    ),
    (database("x "), "databases[0].name: 'x ' ends with a space"),
    (database("😀"), "databases[0].name: '😀' has characters beyond U+FFFF"),
]


@pytest.mark.parametrize(("faulty", "words"), FAULTS)
def test_a_fault_is_told_with_its_field(faulty: Described, words: str) -> None:
    (fault,) = faults(faulty)
    assert fault.startswith(words)


# a value that config may write so, or of another shape; what is said of it
FORMS: list[tuple[Described, str]] = [
    (user(grants=(grant("select", database="app"),)), "users[0].grants[0].privileges[0]: is 'select'. Write 'SELECT'"),
    (user(locked="true"), "users[0].locked: is 'true'. Write True"),
    (user(max_user_connections="5"), "users[0].max_user_connections: is '5'. Write 5"),
    (user(generation=True), "users[0].generation: True is not a whole number"),
    (RoleSpec(cast("Any", 5), "r"), "roles[0].key: is not a key for a user or a role"),
    (user(host=None), "users[0].host: None is not text"),
    (user(roles=["reader"]), "users[0].roles: is ['reader']. Write a tuple"),
    (user(grants=[grant("FILE")]), "users[0].grants: is [GrantSpec("),
    (user(grants=({"privileges": ["FILE"]},)), "users[0].grants[0]: is {'privileges': ['FILE']}. Write a GrantSpec"),
    (user(require="SSL"), "users[0].require: is 'SSL'. Write a RequireSpec"),
    (user(require=RequireSpec("ssl")), "users[0].require.mode: 'ssl' is no requirement"),
    (RoleSpec("r", "r", cast("Any", None)), "roles[0].grants: is None. Write a tuple"),
    (role("r", GrantSpec(cast("Any", "SELECT"), "app")), "roles[0].grants[0].privileges: is 'SELECT'. Write a tuple"),
    (database("app", charset="UTF8MB4"), "databases[0].charset: is 'UTF8MB4'. Write 'utf8mb4'"),
]


@pytest.mark.parametrize(("written", "words"), FORMS)
def test_a_value_has_to_be_in_the_form_that_the_host_reads(written: Described, words: str) -> None:
    (fault,) = faults(written)
    assert fault.startswith(words)


# two of one spec, what is said of the second
TWICE: list[tuple[list[Described], str]] = [
    ([database("app"), database("app", charset="latin1")], "databases[1]: is app, which databases[0] is too"),
    ([role("r"), role("r", name="s")], "roles[1]: is r, which roles[0] is too"),
    ([user("a", name="x"), user("a", name="y")], "users[1]: is a, which users[0] is too"),
    ([user("a", name="x"), user("b", name="x")], "users[1]: is 'x'@'10.0.0.0/16', which users[0] is too"),
    ([role("r"), user("r", host="%")], "users[0]: is 'r'@'%', which roles[0] is too"),
]


@pytest.mark.parametrize(("both", "words"), TWICE)
def test_two_of_one_key_or_one_name_are_refused(both: list[Described], words: str) -> None:
    assert faults(*both) == [f"{words}. Give each a name and a key of its own"]
    assert faults(user("a", name="x"), user("b", name="x", host="%"), role("a"), database("a")) == []


@pytest.mark.parametrize("verb", ["apply", "diff"])
def test_a_host_changes_nothing_for_a_spec_with_faults_and_tells_each(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = AccountsSpec(users=(user("a", name=" x", password="s3cret"), user("b", password="s3cret" * 50)))
    monkeypatch.setattr("sys.stdin", io.StringIO(codec.encode(spec)))
    assert commands.main([verb]) == 1
    title, *lines = capsys.readouterr().err.splitlines()
    assert title == "the spec has faults, and nothing was changed:"
    assert [line.split(":")[0] for line in lines] == ["users[0].name", "users[1].password"]
    assert "s3cret" not in "".join(lines)
