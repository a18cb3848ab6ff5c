"""Config of passwords and other secrets: no message repeats one."""

from __future__ import annotations

import json
import re

import pytest

import stack_config
from tests.unit.program.configs import (
    DECLARED,
    GOOD,
    PASSWORD,
    SECRET,
    FakeCloud,
    assert_told,
    messages,
    private_key,
)

# the keys that are wrong, the one that is told, what is said of it
FAULTS: list[tuple[dict[str, object], str, str]] = [
    ({"userPasswords": "app"}, "userPasswords", "not a table"),
    ({"userPasswords": ["x"]}, "userPasswords", "not a table"),
    ({"userPasswords": {"ap": "x"}}, "userPasswords.ap", "Did you mean app?"),
    ({"userPasswords": {"app": ""}}, "userPasswords.app", "is empty"),
    ({"userPasswords": {"app": 7}}, "userPasswords.app", "not text"),
    ({"userPasswords": {"app": "line\n"}}, "userPasswords.app", "control characters"),
    ({"userPasswords": {"app": "\udc00"}}, "userPasswords.app", "control characters"),
    ({"userPasswords": {"app": "é" * 65}}, "userPasswords.app", "longer than 128 bytes"),
    ({"passwordGenerations": [2]}, "passwordGenerations", "not a table"),
    ({"passwordGenerations": {"app": 0}}, "passwordGenerations.app", "out of range"),
    ({"passwordGenerations": {"app": "two"}}, "passwordGenerations.app", "not a whole number"),
    ({"passwordGenerations": {"ap": 2}}, "passwordGenerations.ap", "Did you mean app?"),
    ({"finishedGenerations": {"other": 0}}, "finishedGenerations.other", "no user"),
    ({"finishedGenerations": {"app": -1}}, "finishedGenerations.app", "out of range"),
    ({"finishedGenerations": {"app": 2}}, "finishedGenerations.app", "is of generation 1"),
    (
        {"finishedGenerations": {"app": 4}, "passwordGenerations": {"app": 3}},
        "finishedGenerations.app",
        "raise passwordGenerations.app",
    ),
]


@pytest.mark.parametrize(("changes", "key", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(changes: dict[str, object], key: str, said: str) -> None:
    assert_told(changes, key, said)


def test_a_secret_in_plain_text_is_a_fault_and_is_not_repeated() -> None:
    faults = messages(GOOD, secret={"sshPrivateKey"})
    assert faults and "stored unencrypted" in faults[0]
    assert PASSWORD not in "".join(faults)


# the raw value of userPasswords, all of which holds a secret: in the place of a table, of a password, and beside one
LEAKS = [
    "secret value",
    '["secret value"]',
    '"secret value"',
    '{"app": "secret value',
    '{"app": ["secret value"]}',
    '{"app": {"secret value": 1}}',
    '{"app": "secret value\\n"}',
    '{"nobody": "secret value"}',
    json.dumps({"app": "secret value" * 11}),
    '{"app": 7777777}',
    json.dumps({"app": private_key() + "secret value"}),
]


@pytest.mark.parametrize("value", LEAKS, ids=range(len(LEAKS)))
@pytest.mark.parametrize("secret", [SECRET, SECRET - {"userPasswords"}])
def test_no_message_repeats_a_password(value: str, secret: set[str]) -> None:
    faults = messages(GOOD | {"userPasswords": value}, secret)
    assert all(line.startswith("mysql-pair:userPasswords") for line in faults), faults
    assert not re.search("secret value|7777777", "".join(faults))


def test_a_table_of_passwords_without_entries_need_not_be_a_secret() -> None:
    assert stack_config.parse(GOOD | {"userPasswords": "{}"}, SECRET - {"userPasswords"}, FakeCloud())


@pytest.mark.parametrize("key", sorted(SECRET))
def test_no_message_repeats_a_secret(key: str) -> None:
    value = "very\tsecret value"
    assert "secret value" not in "".join(messages(GOOD | {key: value}, secret=set()))


@pytest.mark.parametrize("key", sorted(DECLARED.keys() - SECRET))
def test_a_private_key_under_another_key_is_not_repeated(key: str) -> None:
    faults = "".join(messages(GOOD | {key: private_key()}))
    assert f"mysql-pair:{key}: is a private key" in faults
    assert private_key()[50:80] not in faults


@pytest.mark.parametrize("key", sorted(DECLARED.keys() - SECRET))
def test_what_is_stored_encrypted_is_not_shown(key: str) -> None:
    faults = "".join(messages(GOOD | {key: "hidden-value"}, SECRET | {key}))
    assert f"mysql-pair:{key}: is stored encrypted" in faults
    assert "hidden-value" not in faults
