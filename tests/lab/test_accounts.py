"""Databases, roles and users change in place, by `pulumi up`: what a preview says of them, and what it leaves alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab.logins import Login
from tests.lab.pair import Pair
from tests.lab.secret_config import set_secret

GRANTS = [{"database": "app", "privileges": ["ALL"]}]
APP: dict[str, object] = {"grants": GRANTS}
BATCH = {"accounts-applied": "update", "client-1-logins": "update"}


def accounts(pair: Pair) -> set[str]:
    """Return the accounts that are not MySQL's own."""
    own = "'root', 'debian-sys-maint', 'mysql.sys', 'mysql.session', 'mysql.infoschema'"
    rows = pair.sql(f"select concat(user, '@', host) from mysql.user where user not in ({own})")  # noqa: S608
    return set(rows.splitlines())


def databases(pair: Pair) -> set[str]:
    return set(pair.sql("show databases").splitlines())


def diff(pair: Pair) -> str:
    """Return what `pulumi preview --diff` says, its columns not aligned."""
    said = pair.pulumi("preview", "--diff", "--non-interactive", "--color", "never").stdout
    return re.sub(r" +", " ", said).replace(" :", ":")


def test_another_name_is_a_rename_which_the_preview_says_and_the_password_stays(pair: Pair) -> None:
    login, vpc = Login.of(pair, "app"), accounts(pair).pop().split("@")[1]
    with pair.configured(users={"app": {**APP, "name": "application"}}):
        assert pair.planned() == {"user-app": "update", **BATCH}
        assert '~ name: "app" => "application"' in diff(pair)
        pair.up()
        assert accounts(pair) == {f"application@{vpc}"}
        renamed = Login.of(pair, "app")
        assert (renamed.user, renamed.password) == ("application", login.password)
        assert (renamed.works(pair), login.works(pair)) == (True, False)
        pair.configure({"users": {"app": {**APP, "name": "application", "host": "%"}}})
        pair.up()
        assert accounts(pair) == {"application@%"}
        assert renamed.works(pair)
    assert accounts(pair) == {f"app@{vpc}"}
    assert login.works(pair)


def test_a_user_that_is_taken_out_is_dropped_and_what_the_stack_did_not_make_is_not_touched(pair: Pair) -> None:
    before, tables = accounts(pair), databases(pair)
    pair.sql("create user 'by-hand'@'%' identified by 'x'; grant select on *.* to 'by-hand'@'%'; create database mine")
    try:
        with pair.configured(users={"app": APP, "more": {"grants": GRANTS}}, databases={"app": {}, "shop": {}}):
            pair.up()
            assert accounts(pair) - before == {"by-hand@%", next(iter(before)).replace("app@", "more@")}
            assert databases(pair) - tables == {"mine", "shop"}
        assert accounts(pair) - before == {"by-hand@%"}
        assert databases(pair) - tables == {"mine", "shop"}  # only a config that says so drops a database
        assert "SELECT" in pair.sql("show grants for 'by-hand'@'%'")
        with pair.configured(databases={"app": {}, "shop": {"drop": True}}):
            pair.up()
            assert databases(pair) - tables == {"mine"}
            assert pair.unchanged()
    finally:
        pair.sql("drop user 'by-hand'@'%'; drop database mine; drop database if exists shop")


@contextmanager
def password_policy(pair: Pair) -> Iterator[None]:
    """Let the server refuse weak passwords."""
    pair.sql("install component 'file://component_validate_password'")
    try:
        yield
    finally:
        pair.sql("uninstall component 'file://component_validate_password'")


def test_users_that_mysql_refuses_are_each_named_with_the_reason_and_the_others_are_applied(pair: Pair) -> None:
    """What this MySQL does not have is said with the server's version, a weak password with the policy.

    An account that is there already is not taken over unless config says so.
    """
    version, (attributes, word) = pair.sql("select version()"), pair.refused_user()
    weak = "lowercaseonly"
    taken: dict[str, object] = {"host": "%", "grants": GRANTS}
    users = {"app": APP, "bad": {**APP, **attributes}, "weak": APP, "taken": taken, "made": APP}
    pair.sql("create user 'taken'@'%' identified by 'x'; grant select on *.* to 'taken'@'%'")
    try:
        with password_policy(pair), pair.configured(users=users):
            set_secret(pair, "userPasswords.weak", weak)
            said = pair.failing_up()
            assert "user bad" in said and word in said and version in said
            assert "user weak" in said and "validate_password.policy" in said and "1819" in said
            assert weak not in said
            assert "user taken" in said and "adopt" in said
            assert "SELECT" in pair.sql("show grants for 'taken'@'%'")
            there = {account.split("@")[0] for account in accounts(pair)}
            assert "made" in there, "a generated password satisfies the policy"
            # Where only a grant is refused, the account is there without it.
            assert ("bad" in there) == ("plugin" not in attributes)
            set_secret(pair, "userPasswords.weak", "Strong-enough-1")
            pair.configure({"users": users | {"bad": APP, "taken": {**taken, "adopt": True}}})
            pair.up()
            assert all(Login.of(pair, user).works(pair) for user in ("bad", "weak", "taken", "made"))
            assert "ON *.*" in (granted := pair.sql("show grants for 'taken'@'%'")) and "SELECT" not in granted
    finally:
        pair.sql("drop user if exists 'taken'@'%'")


@pytest.mark.timeout(600)
def test_roles_and_attributes_converge(pair: Pair) -> None:
    roles = {"reader": {"grants": [{"database": "app", "privileges": ["SELECT"]}]}}
    user = {
        "grants": [],
        "roles": ["reader"],
        "comment": 'it\'s "ours"',
        "passwordLifetimeDays": 90,
        "require": "ssl",
        "maxUserConnections": 5,
        "failedLoginAttempts": 9,
        "passwordLockTimeDays": "unbounded",
    }
    with pair.configured(roles=roles, users={"app": APP, "ro": user}):
        pair.up()
        reader = Login.of(pair, "ro")
        assert reader.tried(pair, statement="select current_role()") == (0, "current_role()\n`reader`@`%`\n")
        shown = pair.sql("show create user ro@'" + accounts_host(pair, "ro") + "'")
        assert "PASSWORD EXPIRE INTERVAL 90 DAY" in shown and "ACCOUNT UNLOCK" in shown
        assert "REQUIRE SSL WITH MAX_USER_CONNECTIONS 5" in shown
        assert "FAILED_LOGIN_ATTEMPTS 9 PASSWORD_LOCK_TIME UNBOUNDED" in shown
        pair.configure({"users": {"app": APP, "ro": {**user, "locked": True}}})
        pair.up()
        assert "ERROR 3118" in reader.tried(pair)[1]
        assert pair.unchanged()
    assert not any(account.startswith(("ro@", "reader@")) for account in accounts(pair))


def accounts_host(pair: Pair, user: str) -> str:
    """Return the host part of a user."""
    return pair.sql(f"select host from mysql.user where user = '{user}'")  # noqa: S608
