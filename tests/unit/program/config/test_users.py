"""Config of roles and users."""

from __future__ import annotations

import dataclasses
import re

import pytest

from scripts.host.accounts.spec import UNBOUNDED, DatabaseSpec, GrantSpec, RequireSpec, RoleSpec, UserSpec
from scripts.host.common import codec
from stack_config.specs import camel
from tests.unit.program.configs import (
    DECLARED,
    GOOD,
    READING,
    assert_told,
    messages,
    parsed,
    texts,
    user,
)

# the keys that are wrong, the one that is told, what is said of it
FAULTS: list[tuple[dict[str, object], str, str]] = [
    ({"roles": ["reading"]}, "roles", "not a table"),
    ({"roles": {"reading": {"host": "%"}}}, "roles.reading.host", "not a field of it"),
    ({"roles": {"Reading": {}}}, "roles.Reading", "not a key"),
    ({"roles": {"reading": {"name": "mysql.sys"}}}, "roles.reading.name", "belongs to MySQL itself"),
    ({"roles": {"reading": {"grants": [{"privileges": ["SUPER"]}]}}}, "roles.reading.grants[0].privileges[0]", "SUPER"),
    ({"users": "app"}, "users", "neither YAML's nor JSON's"),
    ({"users": {"app": ["x"]}}, "users.app", "not a table"),
    (user(grant=[]), "users.app.grant", "Did you mean grants?"),
    (user(password="hunter2"), "users.app.password", "no place for a secret"),
    (user(key="App"), "users.App", "not a key"),
    (user(key="app-"), "users.app-", "not a key"),
    (user(key="a.b"), 'users["a.b"]', "not a key"),
    (user(key="a" * 32), f"users.{'a' * 32}", "not a key"),
    (user(key="root"), "users.root.name", "belongs to MySQL itself"),
    (user(name="root"), "users.app.name", "belongs to MySQL itself"),
    (user(name="MySQL.Session"), "users.app.name", "belongs to MySQL itself"),
    (user(name=""), "users.app.name", "empty name"),
    (user(name=7), "users.app.name", "not text"),
    (user(name="a" * 33), "users.app.name", "MySQL allows 32"),
    (user(name="a\tb"), "users.app.name", "control characters"),
    (user(name="\ud800"), "users.app.name", "control characters"),
    (user(name="a𝄞"), "users.app.name", "beyond U+FFFF"),
    (user(name=" a"), "users.app.name", "begins with a space"),
    (user(name="a "), "users.app.name", "ends with a space"),
    (user(plugin="caching_sha2"), "users.app.plugin", "Did you mean caching_sha2_password?"),
    (user(plugin=["x"]), "users.app.plugin", "no plugin"),
    (user(clients=[]), "users.app.clients", "is empty, which would be every client group"),
    (user(locked="no"), "users.app.locked", "neither true nor false"),
    (user(adopt=1), "users.app.adopt", "neither true nor false"),
    (user(passwordLifetimeDays=65536), "users.app.passwordLifetimeDays", "from 0 to 65535 days"),
    (user(passwordLifetimeDays=-1), "users.app.passwordLifetimeDays", "from 0 to 65535 days"),
    (user(comment="a\nb"), "users.app.comment", "control characters"),
    (user(comment="x" * 513), "users.app.comment", "513 characters"),
    (user(comment=7), "users.app.comment", "not text"),
    (user(passwordHistory=-1), "users.app.passwordHistory", "from 0 to 65535"),
    (user(passwordReuseIntervalDays="x"), "users.app.passwordReuseIntervalDays", "not a whole number"),
    (user(passwordRequireCurrent="no"), "users.app.passwordRequireCurrent", "neither true nor false"),
    (user(failedLoginAttempts=32768), "users.app.failedLoginAttempts", "out of range"),
    (user(passwordLockTimeDays="never"), "users.app.passwordLockTimeDays", "or unbounded"),
    (user(failedLoginAttempts=3), "users.app.failedLoginAttempts", "and passwordLockTimeDays only work together"),
    (user(maxUserConnections=2**32), "users.app.maxUserConnections", "out of range"),
    (user(require="TLS"), "users.app.require", "Write NONE, SSL, X509, or a table"),
    (user(require="SPECIFIED"), "users.app.require", "no requirement"),
    (user(require={}), "users.app.require", "no requirement"),
    (user(require={"subjct": "/CN=x"}), "users.app.require.subjct", "Did you mean subject?"),
    (user(require={"cipher": "a b"}), "users.app.require.cipher", "not a cipher"),
    (user(roles=["reeding"]) | {"roles": READING}, "users.app.roles[0]", "Did you mean reading?"),
    (user(roles=[["x"]]), "users.app.roles[0]", "not in roles"),
    (user(roles=["reading"] * 2) | {"roles": READING}, "users.app.roles", "there twice"),
    (user(roles=[], defaultRoles=["reading"]) | {"roles": READING}, "users.app.defaultRoles", "not among"),
    (user(roles=["reading"], defaultRoles=["reading"] * 2) | {"roles": READING}, "users.app.defaultRoles", "twice"),
    (user(database="ap"), "users.app.database", "Did you mean app?"),
    (user(database="sys"), "users.app.database", "not in databases"),
    (user(database="a") | {"databases": {"app": {}, "a": {"drop": True}}}, "users.app.database", "is dropped"),
    (user(database="a") | {"databases": {"app": {}, "a": {}}}, "users.app.database", "nothing is granted"),
    ({"users": {"app": {"name": "b"}, "b": {}}}, "users.b", "'b'@'10.20.0.0/16', which users.app is too"),
    (user(name="r", host="%") | {"roles": {"r": {}}}, "users.app", "'r'@'%', which roles.r is too"),
    ({"roles": {"r": {}, "s": {"name": "r"}}}, "roles.s", "which roles.r is too"),
    ({"primaryUser": "ap"}, "primaryUser", "Did you mean app?"),
    ({"users": {}, "primaryUser": "app"}, "primaryUser", "not in users"),
    ({"users": {"b": {}, "a": {}}, "userPasswords": ""}, "primaryUser", "Set it to one of a, b"),
    (user(locked=True), "primaryUser", "app is locked"),
    (user(locked=True) | {"primaryUser": ""}, "users.app.locked", "app is locked"),
]


@pytest.mark.parametrize(("changes", "key", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(changes: dict[str, object], key: str, said: str) -> None:
    assert_told(changes, key, said)


def test_accounts_arrive_as_the_hosts_spec() -> None:
    config = parsed(
        databases={
            "app": {},
            "a/b\\c.d 'e'": {"charset": "LATIN1", "collation": "latin1_bin"},
            "old": {"drop": "true"},
        },
        roles={**READING, "writing": {"name": "w r"}},
        users={
            "app": {"roles": ["writing", "reading"], "database": "app"},
            "report": {
                "name": 'o\'neil@"x"',
                "host": "%",
                "plugin": "sha256_password",
                "grants": [
                    {"database": "app", "privileges": ["update", "Create  View", "SELECT"], "grantOption": "true"},
                    {"database": "app", "table": "orders", "privileges": ["all privileges"]},
                    {"database": "performance_schema", "privileges": ["SELECT"]},
                    {"privileges": ["PROCESS"]},
                ],
                "roles": ["reading", "writing"],
                "defaultRoles": ["writing"],
                "locked": "true",
                "passwordLifetimeDays": "0",
                "passwordHistory": 5,
                "passwordReuseIntervalDays": "365",
                "passwordRequireCurrent": True,
                "failedLoginAttempts": 3,
                "passwordLockTimeDays": "unbounded",
                "require": "SSL",
                "maxQueriesPerHour": 1,
                "maxUpdatesPerHour": 2,
                "maxConnectionsPerHour": 3,
                "maxUserConnections": 4,
                "comment": "Jürgen's 📊",
                "adopt": True,
            },
        },
        passwordGenerations={"report": "3"},
        finishedGenerations={"report": 3},
    )
    accounts = config.accounts
    assert accounts.databases == (
        DatabaseSpec("app"),
        DatabaseSpec("a/b\\c.d 'e'", "latin1", "latin1_bin"),
        DatabaseSpec("old", drop=True),
    )
    assert accounts.roles == (
        RoleSpec("reading", "reading", (GrantSpec(("SELECT",), "app"),)),
        RoleSpec("writing", "w r"),
    )
    app = UserSpec("app", "app", "10.20.0.0/16", roles=("writing", "reading"), default_roles=("writing", "reading"))
    report = UserSpec(
        key="report",
        name='o\'neil@"x"',
        host="%",
        grants=(
            GrantSpec(("CREATE VIEW", "SELECT", "UPDATE"), "app", grant_option=True),
            GrantSpec(("ALL",), "app", "orders"),
            GrantSpec(("SELECT",), "performance_schema"),
            GrantSpec(("PROCESS",)),
        ),
        roles=("reading", "writing"),
        default_roles=("writing",),
        database="app",
        plugin="sha256_password",
        generation=3,
        finished_generation=3,
        locked=True,
        password_lifetime_days=0,
        password_history=5,
        password_reuse_interval_days=365,
        password_require_current=True,
        failed_login_attempts=3,
        password_lock_time_days=UNBOUNDED,
        require=RequireSpec("SSL"),
        max_queries_per_hour=1,
        max_updates_per_hour=2,
        max_connections_per_hour=3,
        max_user_connections=4,
        comment="Jürgen's 📊",
        adopt=True,
    )
    assert accounts.users == (dataclasses.replace(app, database="app"), report)
    assert config.primary_user == "app"
    assert config.passwords.keys() == {"app"}
    assert list(codec.faults_of(accounts)) == []


# as written, what the account requires
REQUIREMENTS: list[tuple[object, RequireSpec]] = [
    ("NONE", RequireSpec()),
    ("ssl", RequireSpec("SSL")),
    ("X509", RequireSpec("X509")),
    ({"subject": "/CN=app"}, RequireSpec("SPECIFIED", subject="/CN=app")),
    (
        {"subject": "/CN=app", "issuer": "/CN=authority", "cipher": "TLS_AES_256_GCM_SHA384"},
        RequireSpec("SPECIFIED", "/CN=app", "/CN=authority", "TLS_AES_256_GCM_SHA384"),
    ),
]


@pytest.mark.parametrize(("written", "required"), REQUIREMENTS)
def test_what_tls_a_login_needs_is_a_word_or_a_table(written: object, required: RequireSpec) -> None:
    assert parsed(**user(require=written)).accounts.users[0].require == required


def test_every_attribute_of_a_users_spec_is_a_field_of_config_and_described() -> None:
    elsewhere = {"key", "password", "generation", "finished_generation"}
    fields = {camel(field.name) for field in dataclasses.fields(UserSpec) if field.name not in elsewhere}
    described = re.findall(r"\w+", DECLARED["users"]["description"])
    assert fields <= {*described}
    for name in fields:
        faults = messages(GOOD | texts(user("app", **{name: {"nobody": "nothing"}})))
        assert not [line for line in faults if "not a field" in line and f"users.app.{name}:" in line]


# users, the primary one
PRIMARY: list[tuple[dict[str, object], str | None]] = [
    ({}, None),
    ({"report": {}}, "report"),
    ({"report": {}, "app": {}}, "app"),
]


@pytest.mark.parametrize(("users", "primary"), PRIMARY)
def test_the_connection_string_is_for_the_only_user_or_for_app(users: dict[str, object], primary: str | None) -> None:
    assert parsed(users=users, userPasswords="").primary_user == primary
