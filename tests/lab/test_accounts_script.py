"""Databases, roles and users on the real server: made, changed, refused in words, and left alone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from scripts.host.accounts.spec import UNBOUNDED, DatabaseSpec, RequireSpec, RoleSpec, UserSpec
from scripts.host.accounts.targets import GrantSpec
from scripts.host.common import codec
from tests.lab.accounts_script import COMMAND, HOST, Script, grant, role, scripted, user
from tests.lab.pair import Pair


@pytest.fixture(scope="module")
def stack_script(pair: Pair) -> Iterator[Script]:
    with scripted(pair) as script:
        yield script


@pytest.fixture
def script(stack_script: Script) -> Iterator[Script]:
    yield stack_script
    stack_script.put_back()


NO_ROLES: Sequence[RoleSpec] = ()


def account(name: str) -> str:
    return f"'{name}'@'{HOST}'"


def login_of(script: Script, name: str) -> str:
    """Return what no run may touch that has nothing to do: digests, times."""
    columns = "plugin, hex(authentication_string), password_last_changed, user_attributes->>'$.additional_password'"
    return script.pair.sql(f"select {columns} from mysql.user where user = '{name}' and host = '{HOST}'")  # noqa: S608  a test's own


LEVELS = (
    grant("SELECT", "PROCESS"),
    grant("BACKUP_ADMIN", option=True),
    grant("INSERT", "SELECT", database="t_acc"),
    grant("ALL", database="t_acc", table="orders"),
    GrantSpec(("SELECT", "UPDATE"), "t_acc", "narrow", columns=("number", "name")),
    GrantSpec(("EXECUTE",), "t_acc", procedure="Rate"),
    GrantSpec(("ALL",), "t_acc", function="rate"),
    GrantSpec(("SELECT", "SHOW VIEW"), "t_dev_%", pattern=True),
)
DRIFT = f"""
revoke insert on `t\\_acc`.* from {account("t-a")}; revoke process on *.* from {account("t-a")};
revoke trigger on t_acc.orders from {account("t-a")}; grant file on *.* to {account("t-a")};
grant all on `t%acc`.* to {account("t-a")}; grant select on t_acc.other to {account("t-a")} with grant option;
grant select (number), insert (number) on t_acc.other to {account("t-a")};
grant execute on procedure t_acc.p to {account("t-a")}; grant alter routine on function t_acc.f to {account("t-a")};
revoke update (name) on t_acc.narrow from {account("t-a")}; grant select (note) on t_acc.narrow to {account("t-a")};
revoke alter routine on function t_acc.rate from {account("t-a")};
grant proxy on root@localhost to {account("t-a")}; grant CLONE_ADMIN on *.* to {account("t-a")} with grant option;
revoke BACKUP_ADMIN on *.* from {account("t-a")}; grant BACKUP_ADMIN on *.* to {account("t-a")};
alter user {account("t-a")} account lock password expire interval 5 day comment 'by hand';
"""  # noqa: S608  a test's own


def test_every_level_is_granted_once_and_drift_by_hand_is_put_right(script: Script) -> None:
    script.apply([DatabaseSpec("t_acc")], [], [])
    script.pair.sql(
        "create table t_acc.orders (number int); create table t_acc.other (number int);"
        "create procedure t_acc.p() select 1; create function t_acc.f() returns int deterministic return 1;"
        "create procedure t_acc.Rate() select 1; create function t_acc.Rate() returns int deterministic return 1;"
        "create table t_acc.narrow (number int, name int, note int)"
    )
    desired = [DatabaseSpec("t_acc")], NO_ROLES, [user("t-a", grants=LEVELS)]
    script.apply(*desired)
    expected = {
        "GRANT SELECT, PROCESS ON *.* TO X",
        "GRANT BACKUP_ADMIN ON *.* TO X WITH GRANT OPTION",
        r"GRANT SELECT, INSERT ON `t\\_acc`.* TO X",
        "GRANT ALL PRIVILEGES ON `t_acc`.`orders` TO X",
        "GRANT SELECT (`name`, `number`), UPDATE (`name`, `number`) ON `t_acc`.`narrow` TO X",
        "GRANT EXECUTE ON PROCEDURE `t_acc`.`rate` TO X",
        "GRANT EXECUTE, ALTER ROUTINE ON FUNCTION `t_acc`.`rate` TO X",
        "GRANT SELECT, SHOW VIEW ON `t_dev_%`.* TO X",
    }
    assert script.grants(account("t-a")) == expected
    before = login_of(script, "t-a"), script.changing()
    assert script.diff(*desired) == []
    script.apply(*desired)
    assert (login_of(script, "t-a"), script.changing()) == before

    script.pair.sql(DRIFT)
    found = {what: (is_desired, had) for _, what, is_desired, had in script.diff(*desired)}
    assert found == {
        "locked": ("no", "yes"),
        "password lifetime": ("the server's rule", "5 days"),
        "comment": ("none", "by hand"),
        "privileges on *.*": ("PROCESS, SELECT", "FILE, SELECT"),
        "privileges on t_acc.*": ("INSERT, SELECT", "SELECT"),
        "privileges on t%acc.*": ("none", "ALL"),
        "privileges on t_acc.orders": ("ALL", found["privileges on t_acc.orders"][1]),
        "privileges on t_acc.other": ("none", "INSERT (`number`), SELECT, SELECT (`number`) WITH GRANT OPTION"),
        "privileges on t_acc.narrow": (
            "SELECT (`name`), SELECT (`number`), UPDATE (`name`), UPDATE (`number`)",
            "SELECT (`name`), SELECT (`note`), SELECT (`number`), UPDATE (`number`)",
        ),
        "privileges on function t_acc.rate": ("ALL", "EXECUTE"),
        "privileges on procedure t_acc.p": ("none", "EXECUTE"),
        "privileges on function t_acc.f": ("none", "ALTER ROUTINE"),
        "dynamic privileges": ("BACKUP_ADMIN WITH GRANT OPTION", "BACKUP_ADMIN, CLONE_ADMIN WITH GRANT OPTION"),
        "proxy": ("none", "'root'@'localhost'"),
    }
    script.apply(*desired)
    assert script.grants(account("t-a")) == expected
    assert script.diff(*desired) == []
    assert login_of(script, "t-a") == before[0]


def test_all_everywhere_with_the_grant_option_by_hand_is_taken_away(script: Script) -> None:
    kept = [user("t-a", grants=(grant("PROCESS"), grant("EXECUTE", database="sys", option=True)))]
    script.apply(kept)
    script.pair.sql(f"grant all on *.* to {account('t-a')} with grant option")
    found = {what: had for _, what, _, had in script.diff(kept)}
    assert found == {
        "privileges on *.*": "ALL WITH GRANT OPTION",
        "dynamic privileges": "ALL dynamic ones WITH GRANT OPTION",
    }
    script.apply(kept)
    # As mysqld itself sees it, not only its tables.
    assert script.grants(account("t-a")) == {
        "GRANT PROCESS ON *.* TO X",
        "GRANT EXECUTE ON `sys`.* TO X WITH GRANT OPTION",
    }
    assert script.diff(kept) == []
    script.pair.sql(f"grant usage on app.* to {account('t-a')} with grant option")
    assert script.diff(kept) == [("t-a", "privileges on app.*", "none", "USAGE WITH GRANT OPTION")]
    script.apply([user("t-a")])
    assert script.grants(account("t-a")) == set()


def test_partial_revokes_make_names_literal_and_are_lifted(script: Script) -> None:
    grants = (grant("SELECT"), grant("INSERT", database="t_acc"))
    desired = [DatabaseSpec("t_acc")], NO_ROLES, [user("t-a", grants=grants)]
    script.apply(*desired)
    script.pair.sql("set global partial_revokes = on")
    try:
        assert [what for _, what, *_ in script.diff(*desired)] == [
            "privileges on t_acc.*",
            "privileges on t_acc.*",
        ]
        script.apply(*desired)
        assert r"GRANT INSERT ON `t_acc`.* TO X" in script.grants(account("t-a"))
        script.pair.sql(f"revoke select on mysql.* from {account('t-a')}")  # noqa: S608  a test's own
        assert script.diff(*desired) == [("t-a", "privileges on mysql.*", "SELECT, as everywhere", "taken away there")]
        script.apply(*desired)
        assert script.diff(*desired) == []
        assert not any("mysql" in line for line in script.grants(account("t-a")))
    finally:
        script.apply([user("t-a")])
        script.pair.sql("set global partial_revokes = off")
    script.apply(*desired)
    assert r"GRANT INSERT ON `t\\_acc`.* TO X" in script.grants(account("t-a"))


def test_roles_are_granted_renamed_swapped_and_taken_away(script: Script) -> None:
    reads, writes = grant("SELECT", database="t_acc"), grant("INSERT", database="t_acc")
    databases = [DatabaseSpec("t_acc")]

    def member(*roles: str, active: tuple[str, ...] = ()) -> list[UserSpec]:
        return [user("t-a", roles=roles, default_roles=active)]

    def held() -> str:
        edges = "select from_user from mysql.role_edges where to_user = 't-a' order by 1"
        defaults = "select default_role_user from mysql.default_roles where user = 't-a' order by 1"
        return script.pair.sql(f"{edges}; select '/'; {defaults}").replace("\n", " ")

    both = [role("t-r", reads), role("t-w", writes)]
    script.apply(databases, both, member("t-r", "t-w", active=("t-r",)))
    assert held() == "t-r t-w / t-r"
    before = script.changing()
    script.apply(databases, both, member("t-r", "t-w", active=("t-r",)))
    assert script.changing() == before

    script.pair.sql(
        f"revoke 't-r' from {account('t-a')}; grant 't-w' to {account('t-a')} with admin option;"
        f"alter user {account('t-a')} default role 't-w'; grant file on *.* to 't-w'; alter user 't-r' account unlock;"
        "create role 't-by-hand'; grant 't-by-hand' to 't-w'"
    )
    assert len(script.diff(databases, both, member("t-r", "t-w", active=("t-r",)))) == 5
    script.apply(databases, both, member("t-r", "t-w", active=("t-r",)))
    assert held() == "t-r t-w / t-r"
    assert script.grants("'t-w'@'%'") == {r"GRANT INSERT ON `t\\_acc`.* TO X"}
    script.pair.sql("drop role 't-by-hand'")

    # MySQL renames no role that somebody has; names change hands by their ownership, and a new one is made.
    swapped = [role("t-r", reads, name="t-w"), role("t-w", writes, name="t-r")]
    script.apply(databases, swapped, member("t-r", active=("t-r",)))
    assert (held(), script.grants("'t-w'@'%'")) == ("t-w / t-w", {r"GRANT SELECT ON `t\\_acc`.* TO X"})
    renamed = [role("t-r", reads, name="t-reader")]
    script.apply(databases, renamed, member("t-r", active=("t-r",)))
    assert (held(), script.diff(databases, renamed, member("t-r", active=("t-r",)))) == (
        "t-reader / t-reader",
        [],
    )
    assert script.pair.sql("select user from mysql.user where user like 't-%' order by 1") == "t-a\nt-reader"

    # What a run that was cut off between CREATE ROLE and its ownership leaves.
    script.pair.sql("create role 't-r'")
    script.apply(databases, [role("t-r", reads)], member())
    assert (held(), script.diff(databases, [role("t-r", reads)], member())) == ("/", [])


def test_a_role_that_cannot_be_made_fails_its_grants_in_words_and_nothing_else(script: Script) -> None:
    script.pair.sql("create role 't-r'; grant file on *.* to 't-r'")
    try:
        said = script.refused(
            [DatabaseSpec("t_acc")],
            [role("t-r")],
            [user("t-a", roles=("t-r",), grants=(grant("SELECT", database="t_acc"),)), user("t-b")],
        )
        assert said == (
            "role t-r ('t-r'@'%'): MySQL has 't-r'@'%' already, not made by this stack: drop or rename it\n"
            f"user t-a ({account('t-a')}): role t-r ('t-r'@'%') failed, so it is not granted\n"
        )
        assert script.grants(account("t-a")) == {r"GRANT SELECT ON `t\\_acc`.* TO X"}
        assert account("t-b") in script.listed()
    finally:
        script.pair.sql("drop role 't-r'")


def test_users_are_renamed_and_swapped_with_all_they_have(script: Script) -> None:
    names = ["t-a", "t-b", "t-c", "t-d"]
    script.apply([user(key, grants=(grant("PROCESS"),)) for key in names] + [user("t-e")])
    before = {key: login_of(script, key) for key in names}
    # a and b swap, c takes d's former name; e, whose name another one takes, is gone.
    new = {"t-a": "t-b", "t-b": "t-a", "t-c": "t-d", "t-d": "t-e"}
    desired = [user(key, name=name, grants=(grant("PROCESS"),)) for key, name in new.items()]
    assert {(name, what) for name, what, *_ in script.diff(desired)} == {(key, "account") for key in [*new, "t-e"]}
    script.apply(desired)
    assert {key: login_of(script, name) for key, name in new.items()} == before
    assert script.grants(account("t-e")) == {"GRANT PROCESS ON *.* TO X"}
    assert script.diff(desired) == []
    script.pair.sql(f"create user {account('t-f')} account lock")
    try:
        taken = [user("t-a", name="t-f"), user("t-b", name="t-b"), user("t-c", name="t-d"), user("t-d", name="t-e")]
        said = script.refused(taken)
        assert said == (
            f"user t-a ({account('t-f')}): MySQL has {account('t-f')} already, not made by this stack: drop or rename"
            f" it\nuser t-b ({account('t-b')}): {account('t-b')} is still user t-a's, whose own change is refused\n"
        )
        assert {key: login_of(script, name) for key, name in new.items()} == before
    finally:
        script.pair.sql(f"drop user {account('t-f')}")


def test_a_rename_of_a_views_definer_is_told(script: Script) -> None:
    script.apply([DatabaseSpec("t_acc")], [], [user("t-a")])
    script.pair.sql(f"create definer = {account('t-a')} view t_acc.v as select 1")
    done = script.run("apply", [DatabaseSpec("t_acc")], [], [user("t-a", name="t-b")])
    assert done.returncode == 0
    assert "MySQL warns: User 't-a'@'10.%' is referenced as a definer account in a view" in done.stderr


def state_of(generation: int, old: bool) -> dict[str, object]:
    return {"generation": generation, "old_password_accepted": old}


def test_a_password_is_rotated_without_a_gap_and_what_would_make_one_is_refused(script: Script) -> None:
    def at(generation: int, password: str, finished: int = 0) -> list[UserSpec]:
        return [user("t-a", generation=generation, password=password, finished_generation=finished)]

    assert script.apply(at(1, "first"))["t-a"] == state_of(1, old=False)
    script.apply(at(1, "first, corrected"))
    assert "the same as that of generation 1" in script.refused(at(2, "first, corrected"))
    assert "first raise passwordGenerations.t-a" in script.refused(at(2, "second", finished=2))
    assert script.diff(at(2, "second")) == [("t-a", "password generation", "2", "1")]
    first = login_of(script, "t-a")
    assert script.apply(at(2, "second"))["t-a"] == state_of(2, old=True)
    rotated = login_of(script, "t-a")
    assert first.split("\t")[1] == script.pair.sql(
        "select hex(user_attributes->>'$.additional_password') from mysql.user where user = 't-a'"
    )
    assert script.apply(at(2, "second"))["t-a"] == state_of(2, old=True)
    assert "generation 2 is not finished" in script.refused(at(3, "third"))
    assert "passwordGenerations.t-a to 2" in script.refused(at(1, "first, corrected"))
    assert login_of(script, "t-a") == rotated
    # Another password of the same generation leaves the old one as it is.
    script.apply(at(2, "second, corrected"))
    assert login_of(script, "t-a").split("\t")[3] == rotated.split("\t")[3]
    # The former generation is finished, so its old password goes for the new one's sake.
    assert script.apply(at(3, "third", finished=2))["t-a"] == state_of(3, old=True)
    assert script.diff(at(3, "third", finished=3)) == [("t-a", "old password", "refused", "accepted")]
    assert script.apply(at(3, "third", finished=3))["t-a"] == state_of(3, old=False)
    before = script.changing()
    assert script.apply(at(3, "third", finished=3))["t-a"] == state_of(3, old=False)
    assert script.changing() == before


def test_a_generation_that_was_lost_is_put_right_only_where_the_password_is_right(script: Script) -> None:
    script.apply([user("t-a", generation=4)])
    script.pair.sql(f"""alter user {account("t-a")} attribute '{{"mysql_pair": {{"generation": null}}}}'""")
    assert "Write the generation back" in script.refused([user("t-a", generation=5, password="another")])
    before = login_of(script, "t-a")
    assert script.apply([user("t-a", generation=4)])["t-a"] == state_of(4, old=False)
    assert login_of(script, "t-a") == before


def test_a_plugin_is_changed_only_where_nobody_is_cut_off(script: Script) -> None:
    sha256, native = {"plugin": "sha256_password"}, {"plugin": "mysql_native_password"}
    version = script.pair.sql("select version()")
    script.apply([user("t-a"), user("t-b", plugin="sha256_password")])
    before = login_of(script, "t-a")
    if "plugin" in script.pair.refused_user()[0]:
        said = script.refused([user("t-a", name="t-c", locked=True, **native), user("t-b", **sha256)])
        assert f"MySQL {version} has no plugin mysql_native_password; it has auth_socket, caching_sha2" in said
    said = script.refused([user("t-a", password="second", generation=2, **sha256), user("t-b", **sha256)])
    assert "rotate first and change the plugin later" in said and "3894" in said
    assert login_of(script, "t-a") == before

    script.apply([user("t-a", **sha256), user("t-b", **sha256)])
    assert login_of(script, "t-a").startswith("sha256_password\t")
    assert script.diff([user("t-a", **sha256), user("t-b", **sha256)]) == []
    script.apply([user("t-b", password="second", generation=2, **sha256)])
    assert script.listed()[account("t-b")]["old_password_accepted"]
    assert "finish the rotation first" in script.refused([user("t-b", password="second", generation=2)])
    script.apply([user("t-b", password="second", generation=2, finished_generation=2)])
    assert login_of(script, "t-b").startswith("caching_sha2_password\t")


def test_a_password_against_the_servers_policy_is_told_with_the_policy(script: Script) -> None:
    script.pair.sql("install component 'file://component_validate_password'")
    try:
        script.apply([], [role("t-r")], [user("t-b", password="L0ng enough!")])
        said = script.refused(
            [], [role("t-r")], [user("t-a", password="weak'\\"), user("t-b", password="L0ng enough!", comment="x")]
        )
        assert said.startswith(f"user t-a ({account('t-a')}): ERROR 1819: ")
        assert "validate_password.length = 8, " in said and "weak" not in said
        assert script.listed()[account("t-b")]["comment"] == "x"
    finally:
        script.pair.sql("uninstall component 'file://component_validate_password'")


def test_unmanaged_accounts_stay_and_are_taken_over_only_when_told(script: Script) -> None:
    script.pair.sql(
        f"create user {account('t-a')} identified by 'theirs' attribute '{{\"team\": \"ours\"}}';"
        f"grant file on *.* to {account('t-a')}; create user {account('t-b')} identified by 'theirs'"
    )
    try:
        before = login_of(script, "t-a"), login_of(script, "t-b")
        assert script.diff() == []
        assert script.refused([user("t-a"), user("t-c")]) == (
            f"user t-a ({account('t-a')}): MySQL has {account('t-a')} already, not made by this stack: drop or rename"
            " it, or set adopt: true for user t-a\n"
        )
        root = script.run("apply", [user("t-r", name="root", host="localhost", adopt=True)])
        assert (root.returncode, root.stdout) == (1, "") and "'root' belongs to MySQL itself" in root.stderr
        assert (login_of(script, "t-a"), login_of(script, "t-b")) == before
        listed = script.listed()
        assert (listed[account("t-a")]["key"], listed[account("t-a")]["grants"]) == (None, ["FILE ON *.*"])
        assert not any("root" in name or "mysql." in name for name in listed)

        desired = [user("t-a", adopt=True, generation=7, password="theirs")]
        assert ("t-a", "ownership", "user t-a", "not made by this stack (adopt: true)") in script.diff(desired)
        assert script.apply(desired)["t-a"] == state_of(7, old=False)
        assert (login_of(script, "t-a"), script.grants(account("t-a"))) == (before[0], set())
        assert (
            script.pair.sql("select user_attributes->>'$.metadata.team' from mysql.user where user = 't-a'") == "ours"
        )
        assert script.diff(desired) == []
    finally:
        script.apply()
        script.pair.sql(f"drop user if exists {account('t-a')}, {account('t-b')}")


EVERY: dict[str, Any] = {
    "require": RequireSpec("SPECIFIED", subject="/CN=o'neil", issuer="/O=für \\ %s", cipher="TLS_AES_256_GCM_SHA384"),
    "max_queries_per_hour": 1,
    "max_updates_per_hour": 2,
    "max_connections_per_hour": 3,
    "max_user_connections": 4294967295,
    "password_lifetime_days": 65535,
    "password_history": 65535,
    "password_reuse_interval_days": 65535,
    "password_require_current": False,
    "failed_login_attempts": 32767,
    "password_lock_time_days": UNBOUNDED,
    "locked": True,
    "comment": "for 'a' \\ %s",
}
"""Every attribute, none of them as it is by default."""
EVERY_WORDS = {
    "require": "SUBJECT /CN=o'neil and ISSUER /O=für \\ %s and CIPHER TLS_AES_256_GCM_SHA384",
    "max queries per hour": "1",
    "max updates per hour": "2",
    "max connections per hour": "3",
    "max user connections": "4294967295",
    "password lifetime": "65535 days",
    "password history": "65535 passwords",
    "password reuse interval": "65535 days",
    "password require current": "no",
    "failed login attempts": "32767 attempts",
    "password lock time": "until it is unlocked",
    "locked": "yes",
    "comment": "for 'a' \\ %s",
}
SERVER_RULE, EVERY_PART = "the server's rule", "SUBJECT /CN=a and ISSUER /CN=b and CIPHER C"
BY_HAND = [
    ("require ssl", "require", "none", "SSL"),
    ("require x509", "require", "none", "X509"),
    ("require subject '/CN=a' and issuer '/CN=b' and cipher 'C'", "require", "none", EVERY_PART),
    ("require cipher ''", "require", "none", "SPECIFIED"),
    ("with max_queries_per_hour 5", "max queries per hour", "no limit", "5"),
    ("with max_updates_per_hour 5", "max updates per hour", "no limit", "5"),
    ("with max_connections_per_hour 5", "max connections per hour", "no limit", "5"),
    ("with max_user_connections 5", "max user connections", "no limit", "5"),
    ("password expire interval 9 day", "password lifetime", SERVER_RULE, "9 days"),
    ("password expire never", "password lifetime", SERVER_RULE, "never expires"),
    ("password history 0", "password history", SERVER_RULE, "0 passwords"),
    ("password reuse interval 7 day", "password reuse interval", SERVER_RULE, "7 days"),
    ("password require current", "password require current", SERVER_RULE, "yes"),
    ("password require current optional", "password require current", SERVER_RULE, "no"),
    ("failed_login_attempts 3", "failed login attempts", "any number", "3 attempts"),
    ("password_lock_time 2", "password lock time", "none", "2 days"),
    ("password_lock_time unbounded", "password lock time", "none", "until it is unlocked"),
    ("account lock", "locked", "no", "yes"),
    ("comment 'mine'", "comment", "none", "mine"),
    ("attribute '{\"comment\": 5}'", "comment", "none", "5"),
    ("password expire", "password expired", "no", "yes"),
]
"""The clause, the attribute that it changes, its words by default and then."""


def test_each_attribute_that_was_set_by_hand_is_seen_and_one_apply_puts_it_right(script: Script) -> None:
    users = [user(f"t-{number}") for number, _ in enumerate(BY_HAND)]
    script.apply(users)
    script.pair.sql(
        ";".join(f"alter user {account(user.name)} {row[0]}" for user, row in zip(users, BY_HAND, strict=True))
    )
    assert script.diff(users) == [(user.key, *row[1:]) for user, row in zip(users, BY_HAND, strict=True)]
    listed = script.listed()
    for each, (_, what, _, found) in zip(users, BY_HAND, strict=True):
        assert listed[account(each.name)]["attributes"] == {what: found}
    before = script.changing()
    script.apply(users)
    assert (script.changing(), script.diff(users)) == (before + len(users), [])


def test_every_attribute_is_set_kept_over_a_rename_and_taken_back_without_the_password(script: Script) -> None:
    script.apply([user("t-a", **EVERY)])
    assert script.diff([user("t-a", **EVERY)]) == []
    assert script.listed()[account("t-a")]["attributes"] == EVERY_WORDS
    before = login_of(script, "t-a")
    renamed = [user("t-a", name="t-b", **EVERY)]
    script.apply(renamed)
    assert (script.diff(renamed), login_of(script, "t-b")) == ([], before)
    script.apply([user("t-a", name="t-b", comment="")])
    assert script.listed()[account("t-b")]["attributes"] == {"comment": ""}
    script.apply([user("t-a", name="t-b", **EVERY)])
    assert script.diff(renamed) == []
    script.apply([user("t-a")])
    assert script.listed()[account("t-a")]["attributes"] == {}
    assert login_of(script, "t-a") == before


def test_attributes_go_with_a_rotation_in_one_statement(script: Script) -> None:
    script.apply([user("t-a", password="first")])
    before = script.changing()
    rotated = [user("t-a", password="second", generation=2, **EVERY)]
    assert script.apply(rotated)["t-a"] == state_of(2, old=True)
    assert (script.changing(), script.diff(rotated)) == (before + 1, [])


def passwords_that_work(script: Script, *passwords: str) -> list[str]:
    """Return those with which the user t-a may log in, from the server itself, and run a statement."""
    work = []
    for password in passwords:
        options = f"[client]\nuser=t-a\npassword={password}\n"
        command = "mysql --defaults-extra-file=/dev/stdin --execute 'select 1'"
        if script.pair.as_root("server", command, stdin=options).returncode == 0:
            work.append(password)
    return work


@pytest.mark.parametrize("plugin", ["caching_sha2_password", "sha256_password"])
def test_an_expired_password_works_again_and_the_old_one_of_its_rotation_too(script: Script, plugin: str) -> None:
    first = user("t-a", host="localhost", plugin=plugin, password="first", password_history=5)
    second = user("t-a", host="localhost", plugin=plugin, password="second", password_history=5, generation=2)
    script.apply([first])
    script.apply([second])
    stored = "select hex(authentication_string) from mysql.user where user = 't-a'"
    before = script.pair.sql(stored)
    script.pair.sql("alter user 't-a'@'localhost' password expire")
    assert passwords_that_work(script, "first", "second") == []
    assert script.diff([second]) == [("t-a", "password expired", "no", "yes")]
    assert script.apply([second])["t-a"] == state_of(2, old=True)
    assert passwords_that_work(script, "first", "second", "third") == ["first", "second"]
    assert (script.pair.sql(stored), script.diff([second])) == (before, [])


def test_a_roles_attributes_that_were_set_by_hand_are_put_right(script: Script) -> None:
    roles = [role("t-r")]
    script.apply([], roles, [])
    script.pair.sql("alter user 't-r'@'%' require x509 with max_user_connections 3 account unlock comment 'by hand'")
    assert [what for _, what, *_ in script.diff([], roles, [])] == [
        "require",
        "max user connections",
        "locked",
        "comment",
    ]
    script.apply([], roles, [])
    assert script.diff([], roles, []) == []
    kept = "select account_locked, password_expired, ssl_type, max_user_connections from mysql.user where user = 't-r'"
    assert script.pair.sql(kept) == "Y\tY\t\t0"


def test_an_adopted_accounts_attributes_are_told_and_put_right(script: Script) -> None:
    script.pair.sql(f"create user {account('t-a')} identified by 'theirs' require x509 with max_user_connections 5")
    adopted = [user("t-a", adopt=True, password="theirs")]
    assert script.diff(adopted) == [
        ("t-a", "require", "none", "X509"),
        ("t-a", "max user connections", "no limit", "5"),
        ("t-a", "ownership", "user t-a", "not made by this stack (adopt: true)"),
    ]
    script.apply(adopted)
    assert (script.diff(adopted), script.listed()[account("t-a")]["attributes"]) == ([], {})


def test_databases_are_made_changed_and_dropped_only_when_told(script: Script) -> None:
    names = ["t acc", "t`acc", "t-%_\\acc", " tacc", "täcc"]
    query = "select default_character_set_name, default_collation_name from information_schema.schemata"
    script.apply([DatabaseSpec(name) for name in names], [], [])
    script.pair.sql("create table `t acc`.kept (a int)")
    assert script.pair.sql(f"{query} where schema_name = 't`acc'") == "utf8mb4\tutf8mb4_0900_ai_ci"
    others = [DatabaseSpec("t`acc", charset="latin1"), DatabaseSpec("t acc", collation="utf8mb4_bin")]
    assert script.diff(others, [], []) == [
        ("t`acc", "charset", "latin1", "utf8mb4"),
        ("t`acc", "collation", "latin1_swedish_ci", "utf8mb4_0900_ai_ci"),
        ("t acc", "collation", "utf8mb4_bin", "utf8mb4_0900_ai_ci"),
    ]
    script.apply(others, [], [])
    assert script.diff(others, [], []) == []
    # Those that are not in the document any more are still there.
    assert script.diff([DatabaseSpec(name) for name in names[2:]], [], []) == []
    faulty = [DatabaseSpec("sys", drop=True), DatabaseSpec("t acc", charset="latin1", collation="utf8mb4_bin")]
    refused = script.run("apply", faulty, [], [])
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "is a schema of MySQL's own" in refused.stderr and "utf8mb4_bin is no collation of latin1" in refused.stderr
    assert script.pair.sql("show databases like 't acc'") == "t acc"
    script.apply([DatabaseSpec(name, drop=True) for name in names], [], [])
    assert script.pair.sql("show databases like '%acc'") == ""


def test_each_failure_is_told_with_its_object_and_the_rest_is_done(script: Script) -> None:
    said = script.refused(
        [DatabaseSpec("t_acc")],
        [],
        [
            user("t-b", grants=(grant("SET_USER_ID", "FILE"),)),
            user("t-e"),
        ],
    )
    assert said.startswith("user t-b (") and "SET_USER_ID on *.*: MySQL" in said and said.count("\n") == 1
    assert script.grants(account("t-b")) == {"GRANT FILE ON *.* TO X"}
    assert account("t-e") in script.listed()
    faults = script.run("apply", [user("t-c", host="10.0.0.😀"), user("t-d", password="x" * 257)])
    assert (faults.returncode, faults.stdout) == (1, "")
    assert ".host: '10.0.0.😀' is no host part" in faults.stderr and ".password: has 257 bytes" in faults.stderr
    assert account("t-b") in script.listed()


def test_a_grant_waits_for_its_table_and_drift_shows_it(script: Script) -> None:
    early = user("t-a", grants=(grant("SELECT", database="t_acc", table="late"), grant("INSERT", database="t_acc")))
    databases = [DatabaseSpec("t_acc")]
    script.apply(databases, [], [user("t-a", password="leaked")])
    done = script.run("apply", databases, [], [early])
    assert done.returncode == 0, done.stderr
    (waiting,) = json.loads(done.stdout)["pending"]
    assert waiting.endswith("SELECT waits: ERROR 1146: Table 't_acc.late' doesn't exist")
    assert script.grants(account("t-a")) == {r"GRANT INSERT ON `t\\_acc`.* TO X"}
    assert script.diff(databases, [], [early]) == [("t-a", "privileges on t_acc.late", "SELECT", "none")]
    script.pair.sql("create table t_acc.late (a int)")
    script.apply(databases, [], [early])
    assert script.diff(databases, [], [early]) == []


def digests(script: Script) -> list[str]:
    rows = script.pair.sql(
        "select hex(authentication_string) from mysql.user where user in ('t-a', 't-b') order by user"
    )
    return rows.splitlines()


def test_a_leaked_password_stays_as_long_as_something_else_fails(script: Script) -> None:
    """The password that was taken back can be set again, in spite of PASSWORD HISTORY."""
    script.pair.sql("install component 'file://component_validate_password'")
    try:
        good = [user("t-a", password="Leaked-1", password_history=5), user("t-b", password="Leaked-2")]
        script.apply(good)
        before = digests(script)
        said = script.refused([user("t-a", password="Fresh-1!", password_history=5), user("t-b", password="weak")])
        assert f"user t-a ({account('t-a')}): its password is the former one again" in said and "ERROR 1819" in said
        assert digests(script) == before
        wrong = user("t-b", password="Leaked-2", grants=(grant("SET_USER_ID"),))
        assert "its password stays as it is" in script.refused(
            [user("t-a", password="Fresh-1!", password_history=5), wrong]
        )
        assert digests(script) == before
        script.apply([user("t-a", password="Fresh-1!", password_history=5), good[1]])
        assert digests(script)[0] != before[0]
    finally:
        script.pair.sql("uninstall component 'file://component_validate_password'")


def test_200_users_in_one_run_that_was_cut_off_before(script: Script) -> None:
    databases, roles = [DatabaseSpec("t_acc")], [role("t-r", grant("SELECT", database="t_acc"))]
    users = [
        user(
            f"t-{number}",
            grants=(grant("INSERT", database="t_acc"), grant("PROCESS")),
            roles=("t-r",),
            default_roles=("t-r",),
        )
        for number in range(200)
    ]
    found = "select id from information_schema.processlist where user = 'root' and info like 'GRANT INSERT%' limit 1"
    killer = f"""until id=$(sudo mysql -BN -e "{found}") && test -n "$id"; do :; done; sudo mysql -e "kill $id" """
    script.databases.add("t_acc")
    spec = script.spec(users, roles, databases)
    command = f"({killer}) >/dev/null 2>&1 </dev/null & {COMMAND} apply; code=$?; wait; exit $code"
    done = script.pair.ssh("server", command, stdin=codec.encode(spec))
    assert done.returncode == 1
    assert "the connection to MySQL was lost at user t-" in done.stderr and "run it again" in done.stderr

    start = time.monotonic()
    assert len(script.apply(databases, roles, users)) == 200 + len(script.own.users)
    made, start = time.monotonic() - start, time.monotonic()
    before = script.changing()
    script.apply(databases, roles, users)
    nothing = time.monotonic() - start
    assert script.changing() == before
    assert script.diff(databases, roles, users) == []
    print(f"200 users made in {made:.1f} s, found right in {nothing:.1f} s")
    assert made < 60 and nothing < 30
