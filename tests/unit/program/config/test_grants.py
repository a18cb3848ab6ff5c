"""Config of grants: what may be granted where, and what nobody is granted."""

from __future__ import annotations

import pytest

from tests.unit.program.configs import (
    ALL_ON_APP,
    GOOD,
    PRIVILEGES,
    TARGET,
    assert_told,
    grant,
    messages,
    parsed,
    texts,
    user,
)

PATTERN = {"database": "a%", "pattern": True}
DEV: dict[str, object] = {"pattern": True, "privileges": ["INSERT", "SELECT"]}

# the keys that are wrong, the one that is told, what is said of it
FAULTS: list[tuple[dict[str, object], str, str]] = [
    (user(grants="ALL"), "users.app.grants", "neither YAML's nor JSON's"),
    (user(grants=["ALL"]), "users.app.grants[0]", "not a table"),
    (user(grants=[{"database": "app"}]), PRIVILEGES, "is missing"),
    (grant("SELECT", tabel="t", database="app"), "users.app.grants[0].tabel", "Did you mean table?"),
    (grant("SELECT", database="app", grantOption="x"), "users.app.grants[0].grantOption", "neither true nor false"),
    (grant("SELECT", database="ap"), TARGET, "Did you mean app?"),
    (grant("SELECT", database="a") | {"databases": {"app": {}, "a": {"drop": True}}}, TARGET, "is dropped"),
    (grant("SELECT", database="*"), TARGET, "Leave it out for the whole server"),
    (grant("SELECT", database="information_schema"), TARGET, "everyone sees"),
    (grant("SELECT", database="_" * 33) | {"databases": {"app": {}, "_" * 33: {}}}, TARGET, "has 66 characters"),
    (grant("SELECT", table="t"), "users.app.grants[0].table", "without database"),
    (grant("SELECT", database="app", table="*"), "users.app.grants[0].table", "all tables of the database"),
    (grant("SELECT", database="app", table="t" * 65), "users.app.grants[0].table", "MySQL allows 64"),
    (grant(database="app"), PRIVILEGES, "is empty"),
    (
        grant("SELECT", database="app", table="t", columns=[]),
        "users.app.grants[0].columns",
        "is empty, which would be the whole table",
    ),
    (grant("SELCT", database="app"), f"{PRIVILEGES}[0]", "Did you mean SELECT?"),
    (
        grant("SELECT (id)", database="app", table="t"),
        f"{PRIVILEGES}[0]",
        'Name them in the grant: {"columns": ["id"]}',
    ),
    (grant("GRANT OPTION", database="app"), f"{PRIVILEGES}[0]", "Set grantOption: true"),
    (grant("usage"), f"{PRIVILEGES}[0]", "a word for none"),
    (grant("PROXY"), f"{PRIVILEGES}[0]", "not managed"),
    (user(grants=[{"database": "app", "privileges": [7]}]), f"{PRIVILEGES}[0]", "not a privilege"),
    (grant("ALL", "SELECT", database="app"), PRIVILEGES, "others beside ALL"),
    (user(grants=[ALL_ON_APP, {**ALL_ON_APP, "privileges": ["SELECT"]}]), "users.app.grants[1]", "users.app.grants[0]"),
    (grant("SUPER"), f"{PRIVILEGES}[0]", "CONNECTION_ADMIN or SYSTEM_VARIABLES_ADMIN"),
    (grant("SYSTEM_USER"), f"{PRIVILEGES}[0]", "CREATE USER and ROLE_ADMIN"),
    *[
        (grant(name), PRIVILEGES, f'like {{"database": "app", "privileges": ["{name}"]}}')
        for name in ("ALL", "ALTER", "CREATE", "DELETE", "DROP", "INDEX", "INSERT", "UPDATE")
    ],
    (grant("ALL", database="mysql"), PRIVILEGES, "Grant SELECT there"),
    (grant("UPDATE", database="mysql", table="user"), PRIVILEGES, "Grant SELECT there"),
    (grant("TRIGGER", database="mysql"), PRIVILEGES, "Grant SELECT there"),
    (grant("UPDATE", database="performance_schema"), PRIVILEGES, "Grant SELECT there"),
    (grant("INSERT", database="sys"), PRIVILEGES, "Grant EXECUTE and SELECT there"),
    (grant("SELECT", database="app", columns=["id"]), "users.app.grants[0].columns", "without table"),
    (grant("SELECT", database="app", table="t", columns=["a "]), "users.app.grants[0].columns[0]", "ends with a space"),
    (grant("SELECT", database="app", table="t", columns="id"), "users.app.grants[0].columns", '["id", "name"]'),
    (grant("UPDATE", database="mysql", table="user", columns=["user"]), PRIVILEGES, "Grant SELECT there"),
    (grant("EXECUTE", function="f"), "users.app.grants[0].function", "without database"),
    (grant("EXECUTE", database="app", function="f", table="t"), "users.app.grants[0].function", "beside table"),
    (grant("EXECUTE", database="app", function="f", procedure="p"), "users.app.grants[0].procedure", "beside function"),
    (grant("EXECUTE", database="mysql", procedure="p"), PRIVILEGES, "Grant SELECT there"),
    (grant("ALL", database="app", pattern=True), "users.app.grants[0].pattern", "has no wildcard"),
    (grant("ALL", database="a\\_b", pattern=True), "users.app.grants[0].pattern", "has no wildcard"),
    (grant("PROCESS", pattern=True), "users.app.grants[0].pattern", "has no wildcard"),
    (grant("ALL", database="dev%", pattern=True, table="t"), "users.app.grants[0].table", "for whole databases"),
    *[
        (grant("SELECT", database=pattern, pattern=True), TARGET, "a schema of MySQL's own")
        for pattern in ("%", "m%", "mysq_", "%\\_schema", "S__")
    ],
    (
        user(grants=[{**ALL_ON_APP, "privileges": ["SELECT"]}, {**PATTERN, "privileges": ["INSERT"]}]),
        "users.app.grants",
        "a%.* (pattern) grants INSERT, and app.* hides that from MySQL. Put the privileges into the grant on app.* too",
    ),
    (
        user(grants=[{**DEV, "database": "dev%"}, {**DEV, "database": "dev\\_a%", "privileges": ["SELECT"]}]),
        "users.app.grants",
        "dev%.* (pattern) grants INSERT, and dev\\_a%.* (pattern) hides that from MySQL",
    ),
]


@pytest.mark.parametrize(("changes", "key", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(changes: dict[str, object], key: str, said: str) -> None:
    assert_told(changes, key, said)


# a privilege, and the levels that MySQL 9.7 takes it at: tried on a server
LEVELS = [
    ("SELECT", "global database table columns"),
    ("SHOW VIEW", "global database table"),
    ("CREATE VIEW", "global database table"),
    ("REFERENCES", "global database table columns"),
    ("TRIGGER", "global database table"),
    ("ALL", "database table routine"),
    ("INSERT", "database table columns"),
    ("INDEX", "database table"),
    ("CREATE TEMPORARY TABLES", "global database"),
    ("LOCK TABLES", "global database"),
    ("EVENT", "global database"),
    ("EXECUTE", "global database routine"),
    ("CREATE ROUTINE", "global database"),
    ("ALTER ROUTINE", "global database routine"),
    ("PROCESS", "global"),
    ("RELOAD", "global"),
    ("FILE", "global"),
    ("CREATE USER", "global"),
    ("CREATE TABLESPACE", "global"),
    ("REPLICATION CLIENT", "global"),
    ("SHOW DATABASES", "global"),
    ("ROLE_ADMIN", "global"),
    ("BACKUP_ADMIN", "global"),
    ("SET_USER_ID", "global"),
    ("FLUSH_PRIVILEGES", "global"),
]
TARGETS: dict[str, dict[str, object]] = {
    "global": {},
    "database": {"database": "app"},
    "table": {"database": "app", "table": "orders"},
    "columns": {"database": "app", "table": "orders", "columns": ["id"]},
    "routine": {"database": "app", "procedure": "archive"},
}


@pytest.mark.parametrize(("name", "levels"), LEVELS)
def test_a_privilege_is_granted_where_mysql_has_it(name: str, levels: str) -> None:
    for level, target in TARGETS.items():
        if level in levels.split():
            assert parsed(**grant(name, **target)).accounts.users[0].grants[0].privileges == (name,)
        else:
            faults = messages(GOOD | texts(grant(name, **target)))
            assert [line.split(": ")[0] for line in faults] == [f"mysql-pair:{PRIVILEGES}"]


# what of the server's own schemas may be granted
READABLE = [("mysql", "SELECT"), ("performance_schema", "SELECT"), ("sys", "SELECT"), ("sys", "EXECUTE")]


@pytest.mark.parametrize(("schema", "name"), READABLE)
def test_the_servers_own_schemas_may_be_read(schema: str, name: str) -> None:
    account = parsed(**grant(name, database=schema)).accounts.users[0]
    assert (account.grants[0].database, account.database) == (schema, None)


def test_grants_on_a_pattern_on_columns_and_on_routines_stand_beside_those_on_databases_and_tables() -> None:
    orders = {"database": "app", "table": "orders", "privileges": ["SELECT"]}
    grants = [
        {"database": "dev_%", "pattern": True, "privileges": ["ALL"]},
        orders,
        {**orders, "columns": ["id", "name"], "privileges": ["UPDATE"]},
        {**orders, "columns": ["note"], "privileges": ["UPDATE"]},
        {"database": "app", "function": "Rate", "privileges": ["EXECUTE"]},
        {"database": "app", "procedure": "rate", "privileges": ["EXECUTE"]},
    ]
    account = parsed(**user(grants=grants, database="app")).accounts.users[0]
    assert [grant.target for grant in account.grants] == [
        "dev_%.* (pattern)",
        "app.orders",
        "app.orders (id, name)",
        "app.orders (note)",
        "function app.rate",
        "procedure app.rate",
    ]
    (fault,) = messages(GOOD | texts(user(grants=grants[:1], database="app")))
    assert "nothing is granted to the user there" in fault
    (fault,) = messages(GOOD | texts(user(grants=[*grants, grants[4]])))
    assert fault.startswith("mysql-pair:users.app.grants[6]: is on the same as users.app.grants[4]")
