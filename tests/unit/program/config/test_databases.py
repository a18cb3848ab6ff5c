"""Config of the databases."""

from __future__ import annotations

import pytest

from tests.unit.program.configs import (
    assert_told,
    parsed,
    user,
)

# the keys that are wrong, the one that is told, what is said of it
FAULTS: list[tuple[dict[str, object], str, str]] = [
    ({"databases": "app"}, "databases", "neither YAML's nor JSON's"),
    ({"databases": ["app"]}, "databases", "not a table"),
    ({"databases": {"app": "x"}}, "databases.app", "not a table"),
    ({"databases": {"app": {"charzet": "x"}}}, "databases.app.charzet", "Did you mean charset?"),
    ({"databases": {"app": {"charset": "utf8mb5"}}}, "databases.app.charset", "Did you mean utf8mb4?"),
    ({"databases": {"app": {"charset": "utf8"}}}, "databases.app.charset", "old name of utf8mb3"),
    ({"databases": {"app": {"charset": 8}}}, "databases.app.charset", "no character set"),
    ({"databases": {"app": {"collation": "utf8mb4 bin"}}}, "databases.app.collation", "not the name of a collation"),
    ({"databases": {"app": {"collation": "latin1_bin"}}}, "databases.app.collation", "no collation of utf8mb4"),
    ({"databases": {"app": {"drop": "yes"}}}, "databases.app.drop", "neither true nor false"),
    ({"databases": {"app": {}, "mysql": {}}}, "databases.mysql", "a schema of MySQL's own"),
    ({"databases": {"app": {}, "SYS": {}}}, "databases.SYS", "a schema of MySQL's own"),
    ({"databases": {"app": {}, "a" * 65: {}}}, f"databases.{'a' * 65}", "MySQL allows 64"),
    ({"databases": {"app": {}, "a ": {}}}, 'databases["a "]', "ends with a space"),
    ({"databases": {"app": {}, "a\nb": {}}}, 'databases["a\\nb"]', "control characters"),
    ({"databases": {"app": {}, "a\0": {}}}, 'databases["a\\u0000"]', "control characters"),
    ({"databases": {"app": {}, "a\u202eb": {}}}, 'databases["a\\u202eb"]', "control characters"),
    ({"databases": {"app": {}, "𝄞": {}}}, "databases.𝄞", "beyond U+FFFF"),
    ({"databases": {"app": {}, "": {}}}, "databases.", "empty name"),
]


@pytest.mark.parametrize(("changes", "key", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(changes: dict[str, object], key: str, said: str) -> None:
    assert_told(changes, key, said)


# the databases that grants name, the one that the connection string has
CONNECTED: list[tuple[list[str], str | None]] = [
    ([], None),
    (["app"], "app"),
    (["app", "sys"], "app"),
    (["app", "shop"], None),
]


@pytest.mark.parametrize(("named", "database"), CONNECTED)
def test_the_connection_string_has_the_only_database_that_is_granted(named: list[str], database: str | None) -> None:
    grants = [{"database": name, "privileges": ["SELECT"]} for name in named]
    config = parsed(**user(grants=grants), databases={"app": {}, "shop": {}})
    assert config.accounts.users[0].database == database
