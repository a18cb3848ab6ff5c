"""Databases, roles and users change in place, by `pulumi up`: what a preview says of them, and what it leaves alone.

A few `up`s bring the changes of all tests: each test looks at its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab.logins import Login
from tests.lab.pair import Pair
from tests.lab.secret_config import set_secret

GRANTS = [{"database": "app", "privileges": ["ALL"]}]
APP: dict[str, object] = {"grants": GRANTS}
RENAMED = {**APP, "name": "application"}
READER = {"grants": [{"database": "app", "privileges": ["SELECT"]}]}
ATTRIBUTES = {
    "grants": [],
    "roles": ["reader"],
    "comment": 'it\'s "ours"',
    "passwordLifetimeDays": 90,
    "require": "ssl",
    "maxUserConnections": 5,
    "failedLoginAttempts": 9,
    "passwordLockTimeDays": "unbounded",
}
BY_HAND = "create user 'by-hand'@'%' identified by 'x'; grant select on *.* to 'by-hand'@'%'; create database mine"


def accounts(pair: Pair) -> dict[str, str]:
    """Return the host part of each account that is not MySQL's own, by name."""
    own = "'root', 'debian-sys-maint', 'mysql.sys', 'mysql.session', 'mysql.infoschema'"
    rows = pair.sql(f"select user, host from mysql.user where user not in ({own})")  # noqa: S608
    return dict(row.split("\t") for row in rows.splitlines())


def databases(pair: Pair) -> set[str]:
    return set(pair.sql("show databases").splitlines())


@dataclass(frozen=True)
class Stack:
    """The pair, what there was before, and what a preview and `up --diff` said of the first change."""

    pair: Pair
    login: Login
    accounts: dict[str, str]
    databases: set[str]
    planned: dict[str, str]
    shown: str


@pytest.fixture(scope="module")
def first(pair: Pair) -> Iterator[Stack]:
    """A user has another name, others are new, and so are a role and a database; some are nobody's but MySQL's."""
    login, before, tables = Login.of(pair, "app"), accounts(pair), databases(pair)
    pair.sql(BY_HAND)
    values: dict[str, Any] = {
        "databases": {"app": {}, "shop": {}},
        "roles": {"reader": READER},
        "users": {"app": RENAMED, "more": APP, "ro": ATTRIBUTES},
        "primaryUser": "app",
    }
    try:
        with pair.configured(**values):
            planned = pair.planned()
            said = pair.done("up", "--yes", "--skip-preview", "--diff")
            yield Stack(pair, login, before, tables, planned, " ".join(said.split()).replace(" :", ":"))
    finally:
        pair.sql("drop user 'by-hand'@'%'; drop database mine; drop database if exists shop")


def test_another_name_is_a_rename_which_the_preview_says_and_the_password_stays(first: Stack) -> None:
    changed = {name for name, operation in first.planned.items() if operation != "create"}
    assert changed == {"user-app", "accounts-applied", "client-1-logins"}
    assert {first.planned[name] for name in changed} == {"update"}
    assert '~ name: "app" => "application"' in first.shown
    renamed = Login.of(first.pair, "app")
    assert "app" not in accounts(first.pair)
    assert accounts(first.pair)["application"] == first.accounts["app"]
    assert (renamed.user, renamed.password) == ("application", first.login.password)
    assert (renamed.works(first.pair), first.login.works(first.pair)) == (True, False)


def test_what_is_new_in_config_is_made_and_what_the_stack_did_not_make_stays(first: Stack) -> None:
    assert accounts(first.pair).keys() - first.accounts.keys() == {"application", "more", "ro", "reader", "by-hand"}
    assert accounts(first.pair)["more"] == first.accounts["app"]
    assert databases(first.pair) - first.databases == {"mine", "shop"}


def test_a_role_and_attributes_are_a_users(first: Stack) -> None:
    reader = Login.of(first.pair, "ro")
    assert reader.tried(first.pair, statement="select current_role()") == (0, "current_role()\n`reader`@`%`\n")
    shown = first.pair.sql(f"show create user ro@'{accounts(first.pair)['ro']}'")
    assert "PASSWORD EXPIRE INTERVAL 90 DAY" in shown and "ACCOUNT UNLOCK" in shown
    assert "REQUIRE SSL WITH MAX_USER_CONNECTIONS 5" in shown
    assert "FAILED_LOGIN_ATTEMPTS 9 PASSWORD_LOCK_TIME UNBOUNDED" in shown


@pytest.fixture(scope="module")
def second(first: Stack) -> Stack:
    """A host part, a lock; a user and a database are not in config any more."""
    users = {"app": {**RENAMED, "host": "%"}, "ro": {**ATTRIBUTES, "locked": True}}
    first.pair.configure({"databases": {"app": {}}, "users": users})
    first.pair.up()
    return first


def test_another_host_part_is_a_rename_and_a_lock_keeps_a_user_out(second: Stack) -> None:
    assert accounts(second.pair)["application"] == "%"
    assert Login.of(second.pair, "app").works(second.pair)
    assert "ERROR 3118" in Login.of(second.pair, "ro").tried(second.pair)[1]


def test_a_user_that_is_taken_out_is_dropped_and_a_database_and_what_is_not_the_stacks_stay(second: Stack) -> None:
    assert accounts(second.pair).keys() - second.accounts.keys() == {"application", "ro", "reader", "by-hand"}
    assert databases(second.pair) - second.databases == {"mine", "shop"}
    assert "SELECT" in second.pair.sql("show grants for 'by-hand'@'%'")
    assert second.pair.unchanged()


@contextmanager
def password_policy(pair: Pair) -> Iterator[None]:
    """Let the server refuse weak passwords."""
    pair.sql("install component 'file://component_validate_password'")
    try:
        yield
    finally:
        pair.sql("uninstall component 'file://component_validate_password'")


def test_users_that_mysql_refuses_are_each_named_with_the_reason_and_the_others_are_applied(second: Stack) -> None:
    """What this MySQL does not have is said with the server's version, a weak password with the policy.

    An account that is there already is not taken over unless config says so. A database that config drops is dropped
    all the same, and users and roles that it has no more.
    """
    pair = second.pair
    version, (attributes, word) = pair.sql("select version()"), pair.refused_user()
    weak = "lowercaseonly"
    taken: dict[str, object] = {"host": "%", "grants": GRANTS}
    users = {"app": APP, "bad": {**APP, **attributes}, "weak": APP, "taken": taken, "made": APP}
    pair.sql("create user 'taken'@'%' identified by 'x'; grant select on *.* to 'taken'@'%'")
    try:
        with password_policy(pair):
            pair.configure({"users": users, "roles": {}, "databases": {"app": {}, "shop": {"drop": True}}})
            set_secret(pair, "userPasswords.weak", weak)
            said = pair.failing_up()
            assert "user bad" in said and word in said and version in said
            assert "user weak" in said and "validate_password.policy" in said and "1819" in said
            assert weak not in said
            assert "user taken" in said and "adopt" in said
            assert "SELECT" in pair.sql("show grants for 'taken'@'%'")
            there = accounts(pair)
            assert "made" in there, "a generated password satisfies the policy"
            # Where only a grant is refused, the account is there without it.
            assert ("bad" in there) == ("plugin" not in attributes)
            set_secret(pair, "userPasswords.weak", "Strong-enough-1")
            pair.configure({"users": users | {"bad": APP, "taken": {**taken, "adopt": True}}})
            pair.up()
            assert all(Login.of(pair, user).works(pair) for user in ("bad", "weak", "taken", "made"))
            assert "ON *.*" in (granted := pair.sql("show grants for 'taken'@'%'")) and "SELECT" not in granted
            assert databases(pair) - second.databases == {"mine"}
            assert accounts(pair)["app"] == second.accounts["app"] and second.login.works(pair)
            assert not {"application", "ro", "reader"} & accounts(pair).keys()
            assert pair.unchanged()
    finally:
        pair.sql("drop user if exists 'taken'@'%'")
