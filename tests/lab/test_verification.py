"""After each change the users are tried from the client hosts: a login that fails is told by its layer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.host.accounts.host_parts import rank
from scripts.host.constants import AGENT_DIR
from scripts.state import CHECK_LOGINS, Command
from tests.lab.behind_its_back import remove_rule
from tests.lab.pair import Pair

CHECK = f"python3 {AGENT_DIR}/current check-logins"


@pytest.fixture(scope="module")
def spec(pair: Pair) -> dict[str, Any]:
    """What the stack's own check reads."""
    done = pair.pulumi("stack", "export", "--show-secrets")
    for resource in json.loads(done.stdout)["deployment"]["resources"]:
        command = Command.of(resource)
        if command and (command.host, command.verb) == ("client-1", CHECK_LOGINS):
            spec: dict[str, Any] = json.loads(command.stdin)
            return spec
    raise AssertionError("the stack tries no logins")


def check(pair: Pair, spec: dict[str, Any]) -> tuple[int, str, str]:
    done = pair.ssh("client-1", CHECK, stdin=json.dumps(spec))
    return done.returncode, done.stdout, done.stderr


def test_what_the_stack_checks_is_right(pair: Pair, spec: dict[str, Any]) -> None:
    assert check(pair, spec) == (0, '{"tried": ["app"]}\n', "")


# what is changed, which layer is told
LAYERS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"host": "no.such.name.invalid"}, {}, "failed at name"),
    ({"port": 3307}, {}, "failed at network: no answer"),
    ({"host": "127.0.0.2"}, {}, "failed at service: the host answers"),
    ({"host": "127.0.0.1"}, {}, "failed at proxy: nothing listens on port 3306 of this host"),
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


ORDER = ["10.%", "%", "{address}", "10.0.0.0/8", "{address}/32", "{address}/255.255.255.255", "10.0.0.0/255.0.0.0"]


def test_mysql_takes_a_login_for_the_account_that_the_program_says(pair: Pair) -> None:
    """Of accounts of one name, the most specific is left out, one after another."""
    outputs = pair.outputs()
    address = outputs["client_private_ips"][0]
    hosts = sorted((host.format(address=address) for host in ORDER), key=rank)
    pair.sql("; ".join(f"create user 'ranked'@'{host}' identified by 'Ranked-1'" for host in hosts))
    taken = []
    try:
        for host in hosts:
            login = f"MYSQL_PWD=Ranked-1 mysql --host={outputs['mysql_host']} --user=ranked --skip-column-names"
            taken.append(pair.ssh("client-1", f"{login} --batch --execute='select current_user()'").stdout.strip())
            pair.sql(f"drop user 'ranked'@'{host}'")
    finally:
        pair.sql("; ".join(f"drop user if exists 'ranked'@'{host}'" for host in hosts))
    assert taken == [f"ranked@{host}" for host in hosts]


def test_a_login_that_no_host_can_try_is_told_and_an_up_that_ends_with_nobody_reaching_mysql_fails(pair: Pair) -> None:
    app = {"grants": [{"database": "app", "privileges": ["ALL"]}]}
    users = {"app": app, "wide": {**app, "name": "app", "host": "%"}}
    with pair.configured(users=users):
        said = pair.up()
        assert "no client host tries the login of user wide (client-1: MySQL takes it for the account with" in said
        remove_rule(pair, "MySQL from the clients")
        pair.configure({"users": {**users, "app": {**app, "comment": "changed"}}})
        assert "failed at network: no answer" in pair.failing_up()
        done = pair.pulumi("up", "--refresh", "--yes", "--skip-preview", "--non-interactive")
        assert done.returncode == 0, done.stdout + done.stderr
    assert pair.connects("client-1", pair.outputs()["mysql_host"], 3306)
