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
    (grant("SELCT", database="app"), f"{PRIVILEGES}[0]", "Did you mean SELECT?"),
    (grant("SELECT (id)", database="app", table="t"), f"{PRIVILEGES}[0]", "on columns"),
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
]


@pytest.mark.parametrize(("changes", "key", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(changes: dict[str, object], key: str, said: str) -> None:
    assert_told(changes, key, said)


# a privilege, and the levels that MySQL 9.7 takes it at: tried on a server
LEVELS = [
    ("SELECT", "global database table"),
    ("SHOW VIEW", "global database table"),
    ("CREATE VIEW", "global database table"),
    ("REFERENCES", "global database table"),
    ("TRIGGER", "global database table"),
    ("ALL", "database table"),
    ("INSERT", "database table"),
    ("INDEX", "database table"),
    ("CREATE TEMPORARY TABLES", "global database"),
    ("LOCK TABLES", "global database"),
    ("EVENT", "global database"),
    ("EXECUTE", "global database"),
    ("CREATE ROUTINE", "global database"),
    ("ALTER ROUTINE", "global database"),
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
