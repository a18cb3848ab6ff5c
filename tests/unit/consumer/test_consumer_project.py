"""The example's Pulumi program: which host and user config chooses, how it is reached, and what is sent there."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import Any

import pulumi
import pytest

import deployment
from settings import Choice, Client, Settings, choose
from tests.consumer_project import EXAMPLE
from tests.unit.host.stand_ins import Bench
from tests.unit.outputs.outputs import GOOD

SETTINGS = Settings("organization/mysql-pair/dev", None, None, "8080", "ubuntu")
COLUMNS = ("names", "instance_ids", "private_ips", "public_ips", "host_keys")
FIRST = Client("client-1", "i-0b", "10.20.16.4", "198.51.100.7", "ssh-ed25519 BBBB")
SECOND = Client("client-2", "i-0c", "10.20.16.5", None, "ssh-ed25519 CCCC")
URL = "mysql+pymysql://app:s3cret@10.20.0.10/app"


def choice(outputs: dict[str, Any] | None = None, **config: str) -> Choice:
    found = GOOD | (outputs or {})
    columns = [found[f"client_{column}"] for column in COLUMNS]
    return choose(replace(SETTINGS, **config), found["user_names"], found["primary_user"], found["jump_host"], *columns)


# config, what it chooses
CHOICES: list[tuple[dict[str, str], Choice]] = [
    ({}, Choice("app", FIRST, None, 8080)),
    ({"user": "odd", "client": "client-2", "port": "9000"}, Choice("odd", SECOND, FIRST, 9000)),
]


@pytest.mark.parametrize(("config", "expected"), CHOICES)
def test_config_chooses_among_the_outputs(config: dict[str, str], expected: Choice) -> None:
    assert choice(None, **config) == expected


NOBODY: dict[str, Any] = {"user_names": [], "primary_user": None, **{f"client_{column}": [] for column in COLUMNS}}
# outputs, config, what is told
FAULTS: list[tuple[dict[str, Any], dict[str, str], list[str]]] = [
    (
        {},
        {"user": "nobody", "client": "client-9", "port": "http"},
        [
            "port is 'http', not a whole number from 1 to 65535.",
            "The stack organization/mysql-pair/dev has no user nobody. It has app, odd.",
            "The stack organization/mysql-pair/dev has no client client-9. It has client-1, client-2.",
        ],
    ),
    ({}, {"port": "0"}, ["port is '0', not a whole number from 1 to 65535."]),
    ({}, {"port": "65536"}, ["port is '65536', not a whole number from 1 to 65535."]),
    ({"jump_host": None}, {"client": "client-2"}, ["The client client-2 is private, and the stack has no jump host."]),
    (
        NOBODY,
        {},
        [
            "The stack organization/mysql-pair/dev has no user. It has none.",
            "The stack organization/mysql-pair/dev has no client. It has none.",
        ],
    ),
]


@pytest.mark.parametrize(("outputs", "config", "faults"), FAULTS)
def test_faults_are_told_all_at_once(outputs: dict[str, Any], config: dict[str, str], faults: list[str]) -> None:
    with pytest.raises(pulumi.RunError) as told:
        choice(outputs, **config)
    assert str(told.value).splitlines() == ["The config cannot be deployed:", *(f"  {fault}" for fault in faults)]


def test_a_public_client_is_reached_by_itself_and_a_private_one_through_the_jump_host() -> None:
    near = deployment.connection(choice(), "ubuntu")
    assert (near.host, near.host_key, near.proxy) == (FIRST.public_ip, FIRST.host_key, None)
    far = deployment.connection(choice(client="client-2"), "ubuntu")
    assert (far.host, far.host_key) == (SECOND.private_ip, SECOND.host_key)
    proxy: Any = far.proxy
    assert (proxy.host, proxy.host_key) == (FIRST.public_ip, FIRST.host_key)
    for one in (near, far, proxy):
        assert one.dial_error_limit in (0, 3), "a wrong host key is not retried for ever"
        assert (one.user, one.private_key, one.agent_socket_path) == ("ubuntu", None, None)


def test_another_instance_at_the_same_address_is_sent_everything_anew() -> None:
    one = choice()
    other = replace(one, client=replace(one.client, instance_id="i-0f"))
    assert deployment.standard_input(one, URL) != deployment.standard_input(other, URL)


def test_the_units_have_the_port_and_every_file_of_the_example_is_sent() -> None:
    files = deployment.files(9000)
    assert "ListenStream=127.0.0.1:9000\n" in files["/etc/systemd/system/notes.socket"]
    sent = {path.rsplit("/", 1)[-1] for path in files}
    assert sent == {path.name for folder in ("app", "units") for path in (EXAMPLE / folder).iterdir() if path.is_file()}
    assert not any("${" in text for path, text in files.items() if path.endswith((".socket", ".service")))


def test_the_command_hands_the_program_the_document_and_ends_it(bench: Bench) -> None:
    """Run as a login shell would, with stand-ins for sudo and python3."""
    bench.stand_in("sudo", 'shift; exec "$@"')
    bench.stand_in("python3", 'cmp -s "$2" "$PROGRAM" || exit 9; ls "$2" >"$BENCH/file"; cat >"$BENCH/document"')
    done = subprocess.run(
        ["bash", "-c", deployment.command("apply")],
        input=deployment.standard_input(choice(), URL),
        env={
            "PATH": f"{bench.folder}:/usr/bin:/bin",
            "BENCH": str(bench.folder),
            "PROGRAM": str(EXAMPLE / "host" / "deploy.py"),
        },
        text=True,
        check=False,
    )
    assert done.returncode == 0
    document = json.loads((bench.folder / "document").read_text())
    assert (document["url"], document["port"], document["instance"]) == (URL, 8080, "i-0b")
    program = (bench.folder / "file").read_text().strip()
    assert subprocess.run(["test", "-e", program], check=False).returncode == 1, "the program's file is gone"
    assert "s3cret" not in " ".join(bench.calls()) and deployment.command("remove").endswith(" remove")
    assert " timeout --kill-after=10 " in deployment.command("apply").replace("\n", " ")
