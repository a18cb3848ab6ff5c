"""Databases, roles and users on the real server: made, changed, refused in words, and left alone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.lab.accounts_script import HOST, SCRIPT, Row, Script, database, grant, own_document, role, user
from tests.lab.pair import Pair


@pytest.fixture(scope="module")
def stack_script(pair: Pair) -> Script:
    return Script(pair, own_document(pair))


@pytest.fixture
def script(stack_script: Script) -> Iterator[Script]:
    yield stack_script
    stack_script.put_back()


def account(name: str) -> str:
    return f"'{name}'@'{HOST}'"


def login_of(script: Script, name: str) -> str:
    """Return what no run may touch that has nothing to do: digests, times."""
    columns = "plugin, hex(authentication_string), password_last_changed, user_attributes->>'$.additional_password'"
    return script.pair.sql(f"select {columns} from mysql.user where user = '{name}' and host = '{HOST}'")  # noqa: S608  a test's own


LEVELS = [
    grant("SELECT", "PROCESS"),
    grant("BACKUP_ADMIN", option=True),
    grant("INSERT", "SELECT", database="t_acc"),
    grant("ALL", database="t_acc", table="orders"),
]
DRIFT = f"""
revoke insert on `t\\_acc`.* from {account("t-a")}; revoke process on *.* from {account("t-a")};
revoke trigger on t_acc.orders from {account("t-a")}; grant file on *.* to {account("t-a")};
grant all on `t%acc`.* to {account("t-a")}; grant select on t_acc.other to {account("t-a")} with grant option;
grant select (number), insert (number) on t_acc.other to {account("t-a")};
grant execute on procedure t_acc.p to {account("t-a")}; grant alter routine on function t_acc.f to {account("t-a")};
grant proxy on root@localhost to {account("t-a")}; grant CLONE_ADMIN on *.* to {account("t-a")} with grant option;
revoke BACKUP_ADMIN on *.* from {account("t-a")}; grant BACKUP_ADMIN on *.* to {account("t-a")};
alter user {account("t-a")} account lock password expire interval 5 day comment 'by hand';
"""  # noqa: S608  a test's own


def test_every_level_is_granted_once_and_drift_by_hand_is_put_right(script: Script) -> None:
    script.apply([database("t_acc")], [], [])
    script.pair.sql(
        "create table t_acc.orders (number int); create table t_acc.other (number int);"
        "create procedure t_acc.p() select 1; create function t_acc.f() returns int deterministic return 1"
    )
    wanted = [database("t_acc")], list[Row](), [user("t-a", grants=LEVELS)]
    script.apply(*wanted)
    expected = {
        "GRANT SELECT, PROCESS ON *.* TO X",
        "GRANT BACKUP_ADMIN ON *.* TO X WITH GRANT OPTION",
        r"GRANT SELECT, INSERT ON `t\\_acc`.* TO X",
        "GRANT ALL PRIVILEGES ON `t_acc`.`orders` TO X",
    }
    assert script.grants(account("t-a")) == expected
    before = login_of(script, "t-a"), script.changing()
    assert script.differences(*wanted) == []
    script.apply(*wanted)
    assert (login_of(script, "t-a"), script.changing()) == before

    script.pair.sql(DRIFT)
    found = {what: (is_wanted, had) for _, what, is_wanted, had in script.differences(*wanted)}
    assert found == {
        "locked": ("no", "yes"),
        "password lifetime": ("the server's rule", "5 days"),
        "comment": ("none", "by hand"),
        "privileges on *.*": ("PROCESS, SELECT", "FILE, SELECT"),
        "privileges on t_acc.*": ("INSERT, SELECT", "SELECT"),
        "privileges on t%acc.*": ("none", "ALL"),
        "privileges on t_acc.orders": ("ALL", found["privileges on t_acc.orders"][1]),
        "privileges on t_acc.other": ("none", "SELECT WITH GRANT OPTION"),
        "privileges on columns of t_acc.other": ("none", "INSERT (`number`), SELECT (`number`)"),
        "privileges on procedure t_acc.p": ("none", "EXECUTE"),
        "privileges on function t_acc.f": ("none", "ALTER ROUTINE"),
        "dynamic privileges": ("BACKUP_ADMIN WITH GRANT OPTION", "BACKUP_ADMIN, CLONE_ADMIN WITH GRANT OPTION"),
        "proxy": ("none", "'root'@'localhost'"),
    }
    script.apply(*wanted)
    assert script.grants(account("t-a")) == expected
    assert script.differences(*wanted) == []
    assert login_of(script, "t-a") == before[0]


def test_all_everywhere_with_the_grant_option_and_then_less(script: Script) -> None:
    script.apply([user("t-a", grants=[grant("ALL", option=True)])])
    assert script.differences([user("t-a", grants=[grant("ALL", option=True)])]) == []
    root = script.pair.sql("show grants for root@localhost").replace("`root`@`localhost`", "X")
    assert script.grants(account("t-a")) == {line for line in root.splitlines() if "PROXY" not in line}
    less = [user("t-a", grants=[grant("ALL"), grant("CREATE", database="sys", option=True)])]
    script.apply(less)
    # As mysqld itself sees it, not only its tables.
    assert not any("*.* TO X WITH" in line for line in script.grants(account("t-a")))
    assert any("BACKUP_ADMIN" in line for line in script.grants(account("t-a")))
    assert script.differences(less) == []
    least = [user("t-a", grants=[grant("USAGE", database="sys", option=True)])]
    script.apply(least)
    assert script.grants(account("t-a")) == {"GRANT USAGE ON `sys`.* TO X WITH GRANT OPTION"}
    script.apply([user("t-a")])
    assert script.grants(account("t-a")) == set()


def test_partial_revokes_make_names_literal_and_are_lifted(script: Script) -> None:
    grants = [grant("SELECT"), grant("INSERT", database="t_acc")]
    wanted = [database("t_acc")], list[Row](), [user("t-a", grants=grants)]
    script.apply(*wanted)
    script.pair.sql("set global partial_revokes = on")
    try:
        assert [what for _, what, *_ in script.differences(*wanted)] == [
            "privileges on t_acc.*",
            "privileges on t_acc.*",
        ]
        script.apply(*wanted)
        assert r"GRANT INSERT ON `t_acc`.* TO X" in script.grants(account("t-a"))
        script.pair.sql(f"revoke select on mysql.* from {account('t-a')}")  # noqa: S608  a test's own
        assert script.differences(*wanted) == [
            ("t-a", "privileges on mysql.*", "SELECT, as everywhere", "taken away there")
        ]
        script.apply(*wanted)
        assert script.differences(*wanted) == []
        assert not any("mysql" in line for line in script.grants(account("t-a")))
    finally:
        script.apply([user("t-a")])
        script.pair.sql("set global partial_revokes = off")
    script.apply(*wanted)
    assert r"GRANT INSERT ON `t\\_acc`.* TO X" in script.grants(account("t-a"))


def test_roles_are_granted_renamed_swapped_and_taken_away(script: Script) -> None:
    reads, writes = grant("SELECT", database="t_acc"), grant("INSERT", database="t_acc")
    databases = [database("t_acc")]

    def member(*roles: str, active: tuple[str, ...] = ()) -> list[dict[str, object]]:
        return [user("t-a", roles=list(roles), default_roles=list(active))]

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
    assert len(script.differences(databases, both, member("t-r", "t-w", active=("t-r",)))) == 5
    script.apply(databases, both, member("t-r", "t-w", active=("t-r",)))
    assert held() == "t-r t-w / t-r"
    assert script.grants("'t-w'@'%'") == {r"GRANT INSERT ON `t\\_acc`.* TO X"}
    script.pair.sql("drop role 't-by-hand'")

    # MySQL renames no role that somebody has; names change hands by their marks, and a new one is made.
    swapped = [role("t-r", reads, name="t-w"), role("t-w", writes, name="t-r")]
    script.apply(databases, swapped, member("t-r", active=("t-r",)))
    assert (held(), script.grants("'t-w'@'%'")) == ("t-r / t-r", {r"GRANT SELECT ON `t\\_acc`.* TO X"})
    renamed = [role("t-r", reads, name="t-reader")]
    script.apply(databases, renamed, member("t-reader", active=("t-reader",)))
    assert (held(), script.differences(databases, renamed, member("t-reader", active=("t-reader",)))) == (
        "t-reader / t-reader",
        [],
    )
    assert script.pair.sql("select user from mysql.user where user like 't-%' order by 1") == "t-a\nt-reader"

    # What a run that was cut off between CREATE ROLE and its mark leaves.
    script.pair.sql("create role 't-r'")
    script.apply(databases, [role("t-r", reads)], member())
    assert (held(), script.differences(databases, [role("t-r", reads)], member())) == ("/", [])


def test_a_role_that_cannot_be_made_fails_its_grants_in_words_and_nothing_else(script: Script) -> None:
    script.pair.sql("create role 't-r'; grant file on *.* to 't-r'")
    try:
        said = script.refused(
            [database("t_acc")],
            [role("t-r")],
            [user("t-a", roles=["t-r"], grants=[grant("SELECT", database="t_acc")]), user("t-b")],
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
    script.apply([user(key, grants=[grant("PROCESS")]) for key in names] + [user("t-e")])
    before = {key: login_of(script, key) for key in names}
    # a and b swap, c takes d's former name; e, whose name another one takes, is gone.
    new = {"t-a": "t-b", "t-b": "t-a", "t-c": "t-d", "t-d": "t-e"}
    wanted = [user(key, name=name, grants=[grant("PROCESS")]) for key, name in new.items()]
    assert {(name, what) for name, what, *_ in script.differences(wanted)} == {
        (key, "account") for key in [*new, "t-e"]
    }
    script.apply(wanted)
    assert {key: login_of(script, name) for key, name in new.items()} == before
    assert script.grants(account("t-e")) == {"GRANT PROCESS ON *.* TO X"}
    assert script.differences(wanted) == []
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
    script.apply([database("t_acc")], [], [user("t-a")])
    script.pair.sql(f"create definer = {account('t-a')} view t_acc.v as select 1")
    done = script.run("apply", [database("t_acc")], [], [user("t-a", name="t-b")])
    assert done.returncode == 0
    assert "MySQL warns: User 't-a'@'10.%' is referenced as a definer account in a view" in done.stderr


def state_of(generation: int, old: bool) -> dict[str, object]:
    return {"generation": generation, "old_password_accepted": old}


def test_a_password_is_rotated_without_a_gap_and_what_would_make_one_is_refused(script: Script) -> None:
    def at(generation: int, password: str, finished: int = 0) -> list[dict[str, object]]:
        return [user("t-a", generation=generation, password=password, finished_generation=finished)]

    assert script.apply(at(1, "first"))["t-a"] == state_of(1, old=False)
    script.apply(at(1, "first, corrected"))
    assert "the same as that of generation 1" in script.refused(at(2, "first, corrected"))
    assert "first raise passwordGenerations.t-a" in script.refused(at(2, "second", finished=2))
    assert script.differences(at(2, "second")) == [("t-a", "password generation", "2", "1")]
    first = login_of(script, "t-a")
    assert script.apply(at(2, "second"))["t-a"] == state_of(2, old=True)
    rotated = login_of(script, "t-a")
    assert first.split("\t")[1] == script.pair.sql(
        "select hex(user_attributes->>'$.additional_password') from mysql.user where user = 't-a'"
    )
    assert script.apply(at(2, "second"))["t-a"] == state_of(2, old=True)
    assert "generation 2 is not finished" in script.refused(at(3, "third"))
    assert "passwordGenerations.t-a to 2" in script.refused(at(1, "first, corrected"))
    assert "only 2" in script.refused(at(2, "second", finished=3))
    assert login_of(script, "t-a") == rotated
    # Another password of the same generation leaves the old one as it is.
    script.apply(at(2, "second, corrected"))
    assert login_of(script, "t-a").split("\t")[3] == rotated.split("\t")[3]
    # The former generation is finished, so its old password goes for the new one's sake.
    assert script.apply(at(3, "third", finished=2))["t-a"] == state_of(3, old=True)
    assert script.differences(at(3, "third", finished=3)) == [("t-a", "old password", "refused", "accepted")]
    assert script.apply(at(3, "third", finished=3))["t-a"] == state_of(3, old=False)
    before = script.changing()
    assert script.apply(at(3, "third", finished=3))["t-a"] == state_of(3, old=False)
    assert script.changing() == before


def test_a_mark_that_lost_its_generation_is_mended_only_where_the_password_is_right(script: Script) -> None:
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
    said = script.refused([user("t-a", name="t-c", locked=True, **native), user("t-b", **sha256)])
    assert f"MySQL {version} has no plugin mysql_native_password; it has auth_socket, caching_sha2" in said
    said = script.refused([user("t-a", password="second", generation=2, **sha256), user("t-b", **sha256)])
    assert "rotate first and change the plugin later" in said and "3894" in said
    assert login_of(script, "t-a") == before

    script.apply([user("t-a", **sha256), user("t-b", **sha256)])
    assert login_of(script, "t-a").startswith("sha256_password\t")
    assert script.differences([user("t-a", **sha256), user("t-b", **sha256)]) == []
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
        assert script.differences() == []
        assert script.refused([user("t-a"), user("t-c")]) == (
            f"user t-a ({account('t-a')}): MySQL has {account('t-a')} already, not made by this stack: drop or rename"
            " it, or set adopt: true for user t-a\n"
        )
        assert "is the server's own account" in script.refused([user("t-r", name="root", host="localhost", adopt=True)])
        assert (login_of(script, "t-a"), login_of(script, "t-b")) == before
        listed = script.listed()
        assert (listed[account("t-a")]["key"], listed[account("t-a")]["grants"]) == (None, ["FILE ON *.*"])
        assert not any("root" in name or "mysql." in name for name in listed)

        wanted = [user("t-a", adopt=True, generation=7, password="theirs")]
        assert ("t-a", "mark", "user t-a", "not made by this stack (adopt: true)") in script.differences(wanted)
        assert script.apply(wanted)["t-a"] == state_of(7, old=False)
        assert (login_of(script, "t-a"), script.grants(account("t-a"))) == (before[0], set())
        assert (
            script.pair.sql("select user_attributes->>'$.metadata.team' from mysql.user where user = 't-a'") == "ours"
        )
        assert script.differences(wanted) == []
    finally:
        script.apply()
        script.pair.sql(f"drop user if exists {account('t-a')}, {account('t-b')}")


def test_lock_lifetime_and_comment_change_without_the_password(script: Script) -> None:
    script.apply([user("t-a", locked=True, password_lifetime_days=0, comment="for 'a' \\ %s")])
    before = login_of(script, "t-a")
    columns = "account_locked, password_lifetime, user_attributes->>'$.metadata.comment'"
    kept = f"select {columns} from mysql.user where user = 't-a'"  # noqa: S608  a test's own
    assert script.pair.sql(kept) == "Y\t0\tfor 'a' \\\\ %s"
    script.apply([user("t-a", password_lifetime_days=90, comment="")])
    assert script.pair.sql(kept) == "N\t90"  # and an empty comment
    script.apply([user("t-a")])
    assert script.pair.sql(kept) == "N\tNULL\tNULL"
    assert login_of(script, "t-a") == before


def test_databases_are_made_changed_and_dropped_only_when_told(script: Script) -> None:
    names = ["t acc", "t`acc", "t-%_\\acc", " tacc", "täcc"]
    query = "select default_character_set_name, default_collation_name from information_schema.schemata"
    script.apply([database(name) for name in names], [], [])
    script.pair.sql("create table `t acc`.kept (a int)")
    assert script.pair.sql(f"{query} where schema_name = 't`acc'") == "utf8mb4\tutf8mb4_0900_ai_ci"
    others = [database("t`acc", charset="latin1"), database("t acc", collation="utf8mb4_bin")]
    assert script.differences(others, [], []) == [
        ("t`acc", "charset", "latin1", "utf8mb4"),
        ("t`acc", "collation", "latin1_swedish_ci", "utf8mb4_0900_ai_ci"),
        ("t acc", "collation", "utf8mb4_bin", "utf8mb4_0900_ai_ci"),
    ]
    script.apply(others, [], [])
    assert script.differences(others, [], []) == []
    # Those that are not in the document any more are still there.
    assert script.differences([database(name) for name in names[2:]], [], []) == []
    said = script.refused(
        [
            database("sys", drop=True),
            database("t acc", charset="latin1", collation="utf8mb4_bin"),
            database("tacc", charset="klingon"),
            database("t acc", drop=True),
        ],
        [],
        [],
    )
    assert "database 'sys': it is the server's own" in said
    assert "has no collation utf8mb4_bin for charset latin1" in said and "has no charset klingon" in said
    assert script.pair.sql("show databases like 't acc'") == ""
    script.apply([database(name, drop=True) for name in names], [], [])
    assert script.pair.sql("show databases like '%acc'") == ""


def test_each_failure_is_told_with_its_object_and_the_rest_is_done(script: Script) -> None:
    said = script.refused(
        [database("t_acc")],
        [],
        [
            user("t-a", grants=[grant("SELECT", database="t_acc", table="none"), grant("INSERT", database="t_acc")]),
            user("t-b", grants=[grant("ALL", database="performance_schema"), grant("TELEPORT", "FILE")]),
            user("t-c", host="10.0.0.😀"),
            user("t-d", password="x" * 257),
            user("t-e"),
        ],
    )
    lines = said.splitlines()
    assert [line.split(" (")[0] for line in lines] == ["user t-c", "user t-d", "user t-a", "user t-b"]
    assert "characters that MySQL does not take there" in lines[0] and "longer than 256 bytes" in lines[1]
    assert "ERROR 1146: Table 't_acc.none' doesn't exist" in lines[2]
    assert "TELEPORT on *.*: MySQL" in lines[3] and "ERROR 1044" in lines[3]
    assert script.grants(account("t-a")) == {r"GRANT INSERT ON `t\\_acc`.* TO X"}
    assert script.grants(account("t-b")) == {"GRANT FILE ON *.* TO X"}
    assert account("t-e") in script.listed()


def test_200_users_in_one_run_that_was_cut_off_before(script: Script) -> None:
    databases, roles = [database("t_acc")], [role("t-r", grant("SELECT", database="t_acc"))]
    users = [
        user(
            f"t-{number}",
            grants=[grant("INSERT", database="t_acc"), grant("PROCESS")],
            roles=["t-r"],
            default_roles=["t-r"],
        )
        for number in range(200)
    ]
    found = "select id from information_schema.processlist where user = 'root' and info like 'GRANT INSERT%' limit 1"
    killer = f"""until id=$(sudo mysql -BN -e "{found}") && test -n "$id"; do :; done; sudo mysql -e "kill $id" """
    script.databases.add("t_acc")
    document = {
        kind: script.own[kind] + more for kind, more in (("databases", databases), ("roles", roles), ("users", users))
    }
    command = f"({killer}) >/dev/null 2>&1 </dev/null & sudo python3 {SCRIPT} apply; code=$?; wait; exit $code"
    done = script.pair.ssh("server", command, stdin=json.dumps(document))
    assert done.returncode == 1
    assert "the connection to MySQL was lost at user t-" in done.stderr and "run it again" in done.stderr

    start = time.monotonic()
    assert len(script.apply(databases, roles, users)) == 200 + len(script.own["users"])
    made, start = time.monotonic() - start, time.monotonic()
    before = script.changing()
    script.apply(databases, roles, users)
    nothing = time.monotonic() - start
    assert script.changing() == before
    assert script.differences(databases, roles, users) == []
    print(f"200 users made in {made:.1f} s, found right in {nothing:.1f} s")
    assert made < 60 and nothing < 30
