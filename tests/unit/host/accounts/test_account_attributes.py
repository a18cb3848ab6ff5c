"""accounts/attributes.py: what is set by hand is seen, told and put right; what a server does not have is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from scripts.host.accounts import attributes, current
from scripts.host.accounts.names import Account
from scripts.host.accounts.spec import UNBOUNDED, RequireSpec
from tests.unit.host.accounts.builders import (
    HOST,
    SHA2,
    changes,
    digest,
    has,
    has_role,
    refusals,
    role,
    sql,
    state,
    told,
    user,
)

A = f"'app'@'{HOST}'"
KEEP = f"IDENTIFIED WITH '{SHA2}' AS 0x{digest('of app').hex()}"
X509, SSL = RequireSpec("X509"), RequireSpec("SSL")
SPECIFIED = RequireSpec("SPECIFIED", subject="/CN=o'neil", issuer="/CN=ca", cipher="TLS_AES_256_GCM_SHA384")
SPECIFIED_CLAUSE = r"REQUIRE SUBJECT '/CN=o\'neil' AND ISSUER '/CN=ca' AND CIPHER 'TLS_AES_256_GCM_SHA384'"
SPECIFIED_WORDS = "SUBJECT /CN=o'neil and ISSUER /CN=ca and CIPHER TLS_AES_256_GCM_SHA384"
RULE, NONE = "the server's rule", "no limit"

# The field, the value that was set by hand and its words, the clause that takes it back to the default, whose words.
BY_HAND: list[tuple[str, Any, str, str, str]] = [
    ("password_expired", True, "yes", KEEP, "no"),
    ("require", SSL, "SSL", "REQUIRE NONE", "none"),
    ("require", X509, "X509", "REQUIRE NONE", "none"),
    ("require", SPECIFIED, SPECIFIED_WORDS, "REQUIRE NONE", "none"),
    ("require", RequireSpec("SPECIFIED"), "SPECIFIED", "REQUIRE NONE", "none"),
    ("max_queries_per_hour", 5, "5", "WITH MAX_QUERIES_PER_HOUR 0", NONE),
    ("max_updates_per_hour", 5, "5", "WITH MAX_UPDATES_PER_HOUR 0", NONE),
    ("max_connections_per_hour", 5, "5", "WITH MAX_CONNECTIONS_PER_HOUR 0", NONE),
    ("max_user_connections", 5, "5", "WITH MAX_USER_CONNECTIONS 0", NONE),
    ("password_lifetime_days", 9, "9 days", "PASSWORD EXPIRE DEFAULT", RULE),
    ("password_lifetime_days", 0, "never expires", "PASSWORD EXPIRE DEFAULT", RULE),
    ("password_history", 0, "0 passwords", "PASSWORD HISTORY DEFAULT", RULE),
    ("password_reuse_interval_days", 7, "7 days", "PASSWORD REUSE INTERVAL DEFAULT", RULE),
    ("password_require_current", True, "yes", "PASSWORD REQUIRE CURRENT DEFAULT", RULE),
    ("password_require_current", False, "no", "PASSWORD REQUIRE CURRENT DEFAULT", RULE),
    ("failed_login_attempts", 3, "3 attempts", "FAILED_LOGIN_ATTEMPTS 0", "any number"),
    ("password_lock_time_days", 2, "2 days", "PASSWORD_LOCK_TIME 0", "none"),
    ("password_lock_time_days", UNBOUNDED, "until it is unlocked", "PASSWORD_LOCK_TIME 0", "none"),
    ("locked", True, "yes", "ACCOUNT UNLOCK", "no"),
    ("comment", "mine", "mine", r"""ATTRIBUTE '{\"comment\": null}'""", "none"),
    ("comment", 5, "5", r"""ATTRIBUTE '{\"comment\": null}'""", "none"),
]


@pytest.mark.parametrize(("field", "value", "words", "clause", "default"), BY_HAND)
def test_an_attribute_that_was_set_by_hand_is_drift_and_is_put_right(
    field: str, value: Any, words: str, clause: str, default: str
) -> None:
    (change,) = changes(user(), server=state(has(**{field: value})))
    name = field.removesuffix("_days").replace("_", " ")
    assert told([change]) == [(name, default, words)]
    assert change.statements == (f"ALTER USER {A} {clause}",)


# The field, what the spec says, and the clause that sets it.
SET: list[tuple[str, Any, str]] = [
    ("require", SSL, "REQUIRE SSL"),
    ("require", X509, "REQUIRE X509"),
    ("require", SPECIFIED, SPECIFIED_CLAUSE),
    ("max_queries_per_hour", 5, "WITH MAX_QUERIES_PER_HOUR 5"),
    ("max_updates_per_hour", 5, "WITH MAX_UPDATES_PER_HOUR 5"),
    ("max_connections_per_hour", 5, "WITH MAX_CONNECTIONS_PER_HOUR 5"),
    ("max_user_connections", 5, "WITH MAX_USER_CONNECTIONS 5"),
    ("password_lifetime_days", 0, "PASSWORD EXPIRE NEVER"),
    ("password_lifetime_days", 9, "PASSWORD EXPIRE INTERVAL 9 DAY"),
    ("password_history", 3, "PASSWORD HISTORY 3"),
    ("password_reuse_interval_days", 7, "PASSWORD REUSE INTERVAL 7 DAY"),
    ("password_require_current", True, "PASSWORD REQUIRE CURRENT"),
    ("password_require_current", False, "PASSWORD REQUIRE CURRENT OPTIONAL"),
    ("locked", True, "ACCOUNT LOCK"),
    ("comment", "", r"""ATTRIBUTE '{\"comment\": \"\"}'"""),
]


@pytest.mark.parametrize(("field", "value", "clause"), SET)
def test_an_attribute_changes_without_the_password(field: str, value: Any, clause: str) -> None:
    assert sql(changes(user(**{field: value}), server=state(has()))) == [f"ALTER USER {A} {clause}"]


EVERY: dict[str, Any] = {
    "require": SPECIFIED,
    "max_queries_per_hour": 1,
    "max_updates_per_hour": 2,
    "max_connections_per_hour": 3,
    "max_user_connections": 4,
    "password_lifetime_days": 5,
    "password_history": 6,
    "password_reuse_interval_days": 7,
    "password_require_current": True,
    "failed_login_attempts": 8,
    "password_lock_time_days": UNBOUNDED,
    "locked": True,
    "comment": "all of them",
}
EVERY_CLAUSE = (
    f"{SPECIFIED_CLAUSE} WITH MAX_QUERIES_PER_HOUR 1 MAX_UPDATES_PER_HOUR 2 MAX_CONNECTIONS_PER_HOUR 3"
    " MAX_USER_CONNECTIONS 4 PASSWORD EXPIRE INTERVAL 5 DAY PASSWORD HISTORY 6 PASSWORD REUSE INTERVAL 7 DAY"
    " PASSWORD REQUIRE CURRENT FAILED_LOGIN_ATTEMPTS 8 PASSWORD_LOCK_TIME UNBOUNDED ACCOUNT LOCK"
)
ROTATED = r"""ATTRIBUTE '{\"mysql_pair\": {\"user\": \"app\", \"generation\": 2}, \"comment\": \"all of them\"}'"""


def test_every_attribute_goes_into_the_one_statement_that_rotates_the_password() -> None:
    assert {*EVERY, "password_expired"} == attributes.DEFAULTS.keys()
    desired = user(generation=2, password="new", **EVERY)
    assert sql(changes(desired, server=state(has(password_expired=True)))) == [
        f"ALTER USER {A} IDENTIFIED BY 'new' RETAIN CURRENT PASSWORD {EVERY_CLAUSE} {ROTATED}"
    ]
    (made,) = sql(changes(user(**EVERY), server=state()))
    assert made.startswith(f"CREATE USER {A} IDENTIFIED WITH '{SHA2}' BY 'of app' {EVERY_CLAUSE} ATTRIBUTE ")
    assert changes(user(**EVERY), server=state(has(**EVERY))) == []


def test_a_renamed_account_keeps_its_attributes_and_has_them_put_right_under_the_new_name() -> None:
    desired = user(name="new", max_user_connections=4)
    assert sql(changes(desired, server=state(has(max_user_connections=4)))) == [f"RENAME USER {A} TO 'new'@'{HOST}'"]
    assert sql(changes(desired, server=state(has(require=X509, max_user_connections=4))))[1:] == [
        f"ALTER USER 'new'@'{HOST}' REQUIRE NONE"
    ]


def test_an_adopted_accounts_attributes_are_told() -> None:
    theirs = has(None, name="app", password="of app", require=X509, max_user_connections=5, comment="theirs")
    assert told(changes(user(adopt=True), server=state(theirs))) == [
        ("require", "none", "X509"),
        ("max user connections", "no limit", "5"),
        ("comment", "none", "theirs"),
        ("ownership", "user app", "not made by this stack (adopt: true)"),
    ]


def test_an_expired_password_of_a_rotation_comes_back_with_the_old_one() -> None:
    """Set by its digest: neither is the old one thrown away, nor does the history of passwords forbid it."""
    expired = has(generation=2, old_password=True, password_expired=True)
    assert sql(changes(user(generation=2), server=state(expired))) == [f"ALTER USER {A} {KEEP}"]
    finished = user(generation=2, finished_generation=2)
    assert sql(changes(finished, server=state(expired))) == [
        f"ALTER USER {A} {KEEP}",
        f"ALTER USER {A} DISCARD OLD PASSWORD",
    ]
    wrong = replace(expired, authentication=digest("another"))
    assert sql(changes(user(generation=2), server=state(wrong))) == [f"ALTER USER {A} IDENTIFIED BY 'of app'"]


def test_a_role_is_locked_and_expired_and_what_else_was_set_by_hand_is_put_right() -> None:
    assert changes(role("r"), server=state(has_role("r"))) == []
    assert changes(role("r"), server=state(has_role("r", password_expired=False))) == []
    (change,) = changes(role("r"), server=state(has_role("r", locked=False, require=X509)))
    assert told([change]) == [("require", "none", "X509"), ("locked", "yes", "no")]
    assert change.statements == ("ALTER USER 'r'@'%' REQUIRE NONE ACCOUNT LOCK",)


def test_what_the_servers_version_does_not_have_is_refused_for_that_user_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attributes, "METADATA_SINCE", (8, 0))
    locking = user(failed_login_attempts=3, password_lock_time_days=1)
    done = changes(locking, user("other"), server=state(version="8.0.18-0ubuntu1"))
    assert refusals(done) == [
        f"user app ({A}): failed login attempts needs MySQL 8.0.19, password lock time needs MySQL 8.0.19;"
        " the server has 8.0.18-0ubuntu1"
    ]
    assert [statement.split(" IDENTIFIED")[0] for statement in sql(done)] == [f"CREATE USER 'other'@'{HOST}'"]


def test_a_server_that_keeps_no_ownership_is_refused() -> None:
    done = changes(user(), role("r"), server=state(version="8.0.20"))
    assert [words.split("): ")[1] for words in refusals(done)] == [
        "the accounts' ownership needs MySQL 8.0.21; the server has 8.0.20"
    ] * 2


class Session:
    """A server with one account, whose columns are asked for by name."""

    def __init__(self, version: str, **columns: Any) -> None:
        self.asked = ""
        self._version, self._columns = version, columns

    def rows(self, statement: str, _args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the account's columns, N where a test says nothing of one."""
        if "VERSION()" in statement:
            return [(self._version, 0, "utf8mb4_0900_ai_ci")]
        if not statement.endswith("FROM mysql.user"):
            return []
        self.asked = statement
        columns = statement.removeprefix("SELECT ").removesuffix(" FROM mysql.user").split(", ")
        return [tuple(self._columns.get(column, "N") for column in columns)]

    def do(self, _statement: str, _args: Sequence[Any] = ()) -> list[tuple[int, str]]:
        """Do nothing: reading must not."""
        raise AssertionError


def columns(**others: Any) -> dict[str, Any]:
    """Return mysql.user's row of an account with every attribute at its default."""
    locking = "user_attributes->'$.Password_locking."
    return {
        "user": "app",
        "host": HOST,
        "plugin": SHA2,
        "CAST(authentication_string AS BINARY)": b"",
        "password_last_changed": None,
        "CAST(user_attributes AS CHAR)": None,
        "ssl_type": "",
        **dict.fromkeys([f"CAST({name} AS BINARY)" for name in ("x509_subject", "x509_issuer", "ssl_cipher")], b""),
        **dict.fromkeys(["max_questions", "max_updates", "max_connections", "max_user_connections"], 0),
        **dict.fromkeys(["password_lifetime", "password_reuse_history", "password_reuse_time"]),
        "password_require_current": None,
        f"{locking}failed_login_attempts'": None,
        f"{locking}password_lock_time_days'": None,
        "user_attributes->'$.metadata.comment'": None,
        **others,
    }


def test_attributes_are_read_from_the_columns_of_mysql_user() -> None:
    account = Account("app", HOST)
    assert current.read(Session("9.7.4", **columns())).accounts[account].attributes == attributes.DEFAULTS
    server = current.read(
        Session(
            "9.7.4",
            **columns(
                ssl_type="SPECIFIED",
                **{
                    "CAST(x509_subject AS BINARY)": b"/CN=o'neil",
                    "CAST(x509_issuer AS BINARY)": b"/CN=ca",
                    "CAST(ssl_cipher AS BINARY)": b"TLS_AES_256_GCM_SHA384",
                    "user_attributes->'$.Password_locking.failed_login_attempts'": "8",
                    "user_attributes->'$.Password_locking.password_lock_time_days'": "-1",
                    "user_attributes->'$.metadata.comment'": json.dumps("all of them"),
                },
                max_questions=1,
                max_updates=2,
                max_connections=3,
                max_user_connections=4,
                password_lifetime=5,
                password_reuse_history=6,
                password_reuse_time=7,
                password_require_current="Y",
                account_locked="Y",
            ),
        )
    )
    assert server.accounts[account].attributes == {**EVERY, "password_expired": False}


def test_of_a_server_is_asked_what_its_version_has() -> None:
    session = Session("8.0.18", **columns())
    assert "failed_login_attempts" not in current.read(session).accounts[Account("app", HOST)].attributes
    assert "Password_locking" not in session.asked and "password_reuse_time" in session.asked
