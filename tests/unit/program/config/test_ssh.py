"""Config of ssh: keys, endpoints, host keys, and the agent."""

from __future__ import annotations

from pathlib import Path

import pytest

import stack_config
from stack_config import ssh
from tests.unit.program.configs import (
    GOOD,
    SECRET,
    FakeCloud,
    assert_told,
    parsed,
    private_key,
    public_key,
    rsa_key,
    rsa_private_key,
)


def without_a_line(key: str) -> str:
    """Return a private key file that was cut in the middle."""
    lines = key.splitlines()
    return "\n".join(lines[:2] + lines[3:])


# the keys that are wrong, the one that is told, what is said of it
FAULTS: list[tuple[dict[str, object], str, str]] = [
    ({"sshPublicKey": ""}, "sshPublicKey", "is missing"),
    ({"sshPublicKey": "ssh-ed25519"}, "sshPublicKey", "not an ed25519 or RSA public key"),
    ({"sshPublicKey": "ssh-ed25519 AAAA"}, "sshPublicKey", "cut off or damaged"),
    ({"sshPublicKey": "ssh-rsa AAAAB3NzaC1yc2EAAAABAw=="}, "sshPublicKey", "cut off or damaged"),
    ({"sshPublicKey": public_key()[:60]}, "sshPublicKey", "cut off or damaged"),
    ({"sshPublicKey": public_key().replace("ssh-ed25519 ", "ssh-rsa ")}, "sshPublicKey", "another algorithm"),
    ({"sshPublicKey": private_key()}, "sshPublicKey", "is a private key"),
    ({"sshPrivateKey": "no key"}, "sshPrivateKey", "not a private key file"),
    ({"sshPrivateKey": private_key(passphrase="s3cret")}, "sshPrivateKey", "has a passphrase"),
    ({"sshPrivateKey": rsa_private_key(passphrase="s3cret")}, "sshPrivateKey", "has a passphrase"),
    ({"sshPrivateKey": without_a_line(private_key())}, "sshPrivateKey", "cut off or damaged"),
    ({"sshPrivateKey": without_a_line(rsa_private_key())}, "sshPrivateKey", "cut off or damaged"),
    ({"sshPrivateKey": rsa_private_key()}, "sshPrivateKey", "does not belong to sshPublicKey"),
    ({"sshPrivateKey": private_key(seed=2)}, "sshPrivateKey", "does not belong to sshPublicKey"),
    ({"sshEndpoints": {"nobody": {"host": "127.0.0.1", "port": 2201}}}, "sshEndpoints.nobody", "no host of this stack"),
    ({"sshEndpoints": {"server": {"host": "127.0.0.1"}}}, "sshEndpoints.server.port", "is missing"),
    (
        {"sshEndpoints": {host: {"host": "127.0.0.1", "port": 2201} for host in ("server", "client-1")}},
        "sshEndpoints.client-1",
        "that of server too",
    ),
    ({"sshEndpoints": {"server": {"host": "a b", "port": 2201}}}, "sshEndpoints.server.host", "no host's name"),
    ({"sshEndpoints": {"server": {"host": "127.0.0.1", "port": 0}}}, "sshEndpoints.server.port", "out of range"),
    ({"sshHostKeys": {"server": rsa_key()}}, "sshHostKeys.server", "not an ed25519 key"),
    ({"sshHostKeys": {"server": private_key()}}, "sshHostKeys.server", "is a private key"),
    ({"sshHostKeys": {"client-2": public_key()}}, "sshHostKeys.client-2", "no host of this stack"),
    ({"instanceProfile": "arn:aws:iam::1:instance-profile/x"}, "instanceProfile", "not the name"),
]


@pytest.mark.parametrize(("changes", "key", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(changes: dict[str, object], key: str, said: str) -> None:
    assert_told(changes, key, said)


def test_without_a_private_key_the_agent_is_asked() -> None:
    assert parsed(sshPrivateKey="").ssh.private_key is None


# what the agent holds, whether that is a fault
AGENTS: list[tuple[set[str] | None, bool]] = [
    (None, False),
    (set(), True),
    ({public_key(seed=2).split()[1]}, True),
    ({public_key().split()[1]}, False),
]


@pytest.mark.parametrize(("held", "faulty"), AGENTS)
def test_an_agent_without_the_key_is_told_before_anything_is_made(held: set[str] | None, faulty: bool) -> None:
    values = GOOD | {"sshPrivateKey": ""}
    if not faulty:
        stack_config.parse(values, SECRET, FakeCloud(), lambda: held)
        return
    with pytest.raises(stack_config.ConfigFaults, match="ssh-add"):
        stack_config.parse(values, SECRET, FakeCloud(), lambda: held)


def test_with_a_private_key_in_config_no_agent_is_asked() -> None:
    stack_config.parse(GOOD, SECRET, FakeCloud(), lambda: set())


def test_an_rsa_key_pair_in_the_older_format_is_one() -> None:
    config = parsed(sshPublicKey=rsa_key(), sshPrivateKey=rsa_private_key()).ssh
    assert config.public_key == rsa_key()


def test_without_ssh_keygen_the_form_of_a_key_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ssh._ssh_keygen.cache_clear()
    assert parsed(sshPrivateKey=private_key(seed=2)).ssh.public_key == public_key()
    ssh._ssh_keygen.cache_clear()


def fake(folder: Path, program: str, said: str) -> None:
    """Put a program on PATH that writes its arguments, environment and standard input into the folder."""
    file = folder / program
    file.write_text(f'#!/bin/sh\necho "$@" >{folder}/arguments\n/usr/bin/env >{folder}/environment\n{said}\n')
    file.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, in a program whose environment has the config."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SSH_AUTH_SOCK", "/the/agent")
    monkeypatch.setenv("PULUMI_CONFIG", "every secret")
    return tmp_path


def test_the_agent_is_asked_without_the_programs_environment(programs: Path) -> None:
    fake(programs, "ssh-add", "echo ssh-ed25519 AAAAkey comment")
    assert ssh.agent_keys() == {"AAAAkey"}
    environment = (programs / "environment").read_text()
    assert "SSH_AUTH_SOCK=/the/agent\n" in environment
    assert "PULUMI_CONFIG" not in environment


def test_an_agent_that_is_not_there_holds_no_key(programs: Path) -> None:
    fake(programs, "ssh-add", "echo 'Error connecting to agent: No such file or directory' >&2; exit 2")
    assert ssh.agent_keys() == set()


def test_a_private_key_is_on_ssh_keygens_standard_input_alone(programs: Path) -> None:
    fake(programs, "ssh-keygen", f"/bin/cat >{programs}/input; echo {public_key()}")
    ssh._ssh_keygen.cache_clear()
    ssh.private_key(private_key(), public_key())
    ssh._ssh_keygen.cache_clear()
    assert (programs / "input").read_text() == private_key()
    body = private_key().splitlines()[1]
    assert body not in (programs / "arguments").read_text()
    assert body not in (programs / "environment").read_text()
    assert "PULUMI_CONFIG" not in (programs / "environment").read_text()


@pytest.mark.parametrize("said", ["Permissions 0660 for '/dev/stdin' are too open.", "/dev/stdin: No such file"])
def test_where_ssh_keygen_cannot_read_its_input_the_form_of_a_key_is_enough(programs: Path, said: str) -> None:
    fake(programs, "ssh-keygen", f'echo "{said}" >&2; exit 255')
    ssh._ssh_keygen.cache_clear()
    assert parsed().ssh.public_key == public_key()
    ssh._ssh_keygen.cache_clear()
