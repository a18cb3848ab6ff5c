"""After each change the users are tried from the client hosts: a login that fails is told by its layer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.host.constants import AGENT_DIR
from tests.lab.pair import Pair
from tests.lab.test_drift import remove_rule

CHECK = f"python3 {AGENT_DIR}/current check-logins"


@pytest.fixture(scope="module")
def spec(pair: Pair) -> dict[str, Any]:
    """What the stack's own check reads."""
    done = pair.pulumi("stack", "export", "--show-secrets")
    for resource in json.loads(done.stdout)["deployment"]["resources"]:
        triggers: list[Any] = resource.get("inputs", {}).get("triggers", [])
        command = triggers[0] if triggers else None
        if isinstance(command, dict) and (command.get("host"), command.get("verb")) == ("client-1", "check-logins"):
            text = resource["inputs"]["stdin"]
            told: dict[str, Any] = json.loads(text if isinstance(text, str) else json.loads(text["plaintext"]))
            return told
    raise AssertionError("the stack tries no logins")


def check(pair: Pair, spec: dict[str, Any]) -> tuple[int, str, str]:
    done = pair.ssh("client-1", CHECK, stdin=json.dumps(spec))
    return done.returncode, done.stdout, done.stderr


def test_what_the_stack_checks_is_right(pair: Pair, spec: dict[str, Any]) -> None:
    assert check(pair, spec) == (0, '{"tried": ["app"], "not_tried": {}}\n', "")


# what is changed, which layer is told
LAYERS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"host": "no.such.name.invalid"}, {}, "failed at name"),
    ({"port": 3307}, {}, "failed at network: no answer"),
    ({"host": "127.0.0.1"}, {}, "failed at service: the host answers"),
    ({"host": "other.server"}, {}, "failed at TLS: the server's certificate is for another name than other.server"),
    ({}, {"password": "another one"}, "failed at login: user, host part or password"),
    ({}, {"name": "nobody"}, "failed at login: user, host part or password"),
    ({}, {"databases": ["app", "elsewhere"]}, "failed at privileges: logged in, but elsewhere"),
]


@pytest.mark.parametrize(("place", "change", "words"), LAYERS)
def test_a_failure_names_its_layer_and_the_user_and_never_the_password(
    pair: Pair, spec: dict[str, Any], place: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    known = f"grep -q other.server /etc/hosts || echo '{spec['host']} other.server' | sudo tee -a /etc/hosts"
    assert pair.ssh("client-1", known).returncode == 0
    logins = [{**login, "host": "%", **change} for login in spec["logins"]]
    code, _, errors = check(pair, {**spec, **place, "logins": logins})
    assert code == 1
    assert words in errors and "user app" in errors
    assert not any(login["password"] in errors for login in logins)


# what makes a login one that cannot succeed from here, what is said of it
NOT_TRIED = [
    ({"host": "192.0.2.0/24"}, "the account's host part 192.0.2.0/24 does not admit this host"),
    ({"needs_certificate": True}, "the account asks for a client certificate"),
]


@pytest.mark.parametrize(("change", "why"), NOT_TRIED)
def test_a_login_that_cannot_succeed_from_here_is_not_tried_and_that_is_said(
    pair: Pair, spec: dict[str, Any], change: dict[str, Any], why: str
) -> None:
    logins = [{**login, **change, "password": "another one"} for login in spec["logins"]]
    code, answer, _ = check(pair, {**spec, "logins": logins})
    assert (code, json.loads(answer)["tried"]) == (0, [])
    assert json.loads(answer)["not_tried"]["app"].startswith(why)


def test_an_up_that_ends_with_nobody_reaching_mysql_fails_and_says_why(pair: Pair) -> None:
    remove_rule(pair, "MySQL from the clients")
    changed = {"app": {"grants": [{"database": "app", "privileges": ["ALL"]}], "comment": "changed"}}
    with pair.configured(users=changed):
        assert "failed at network: no answer" in pair.failing_up()
        done = pair.pulumi("up", "--refresh", "--yes", "--skip-preview", "--non-interactive")
        assert done.returncode == 0, done.stdout + done.stderr
    assert pair.connects("client-1", pair.outputs()["mysql_host"], 3306)
