"""A wrong config is told all at once, with the key and how to mend it, and without any secret."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

import stack_config
from tests.unit.program.configs import GOOD, PASSWORD, SECRET, private_key, public_key

ROOT = Path(stack_config.__file__).parent

# key, value, what the message says
FAULTS = [
    ("vpcCidr", "10.20.0.0/33", "not an IPv4 range"),
    ("vpcCidr", "10.20.0.1/16", "not an IPv4 range"),
    ("vpcCidr", "10.0.0.0/8", "wrong size"),
    ("vpcCidr", "10.20.0.0/25", "wrong size"),
    ("operatorCidrs", "203.0.113.7/32", "not JSON"),
    ("operatorCidrs", '"203.0.113.7/32"', "not a list"),
    ("operatorCidrs", "[]", "at least one range"),
    ("operatorCidrs", "[7]", "not an address range"),
    ("operatorCidrs", '["203.0.113.7/24"]', "host bits zero"),
    ("operatorCidrs", '["0.0.0.0/0"]', "the whole internet"),
    ("operatorCidrs", '["203.0.113.7/32", "::/0"]', "the whole internet"),
    ("operatorCidrs", '["2001:db8::/64"]', "IPv4 addresses only"),
    ("serverInstanceType", "small", "not an instance type"),
    ("clientInstanceType", "", "is missing"),
    ("serverAmi", "ubuntu", "not an image id"),
    ("sshPublicKey", "ssh-ed25519", "not an ed25519 or RSA public key"),
    ("sshPublicKey", "ssh-ed25519 AAAA", "cut off or damaged"),
    ("sshPublicKey", public_key()[:60], "cut off or damaged"),
    ("sshPublicKey", public_key().replace("ssh-ed25519 ", "ssh-rsa "), "another algorithm"),
    ("sshPublicKey", private_key(), "is a private key"),
    ("sshPrivateKey", "no key", "not a private key file"),
    ("sshPrivateKey", private_key(cipher=b"aes256-ctr"), "has a passphrase"),
    ("sshPrivateKey", private_key(seed=2), "does not belong to sshPublicKey"),
    ("databaseName", "mysql", "belongs to MySQL itself"),
    ("databaseName", "a" * 65, "MySQL allows 64"),
    ("databaseName", "a/b", "slash"),
    ("databaseName", "a ", "MySQL refuses"),
    ("userName", "root", "belongs to MySQL itself"),
    ("userName", "a" * 33, "MySQL allows 32"),
    ("userName", "a\nb", "MySQL refuses"),
    ("userPassword", "line\n", "control characters"),
    ("userPassword", "x" * 129, "longer than 128 bytes"),
    ("userPasword", "x", "Did you mean userPassword?"),
]


def messages(values: dict[str, str], secret: set[str] = SECRET) -> list[str]:
    """Return the faults of a config as they are shown."""
    with pytest.raises(stack_config.ConfigFaults) as caught:
        stack_config.parse(values, secret)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(("key", "value", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(key: str, value: str, said: str) -> None:
    found = messages(GOOD | {key: value})
    assert [line for line in found if line.startswith(f"mysql-pair:{key}: ") and said in line], found


def test_all_faults_are_told_together() -> None:
    wrong = GOOD | {"vpcCidr": "nonsense", "operatorCidrs": "[]", "userName": "root"}
    del wrong["userPassword"]
    assert len(messages(wrong)) == 4


def test_a_secret_in_plain_text_is_a_fault_and_is_not_repeated() -> None:
    found = messages(GOOD, secret={"sshPrivateKey"})
    assert found and "stored unencrypted" in found[0]
    assert PASSWORD not in "".join(found)


@pytest.mark.parametrize("key", sorted(SECRET))
def test_no_message_repeats_a_secret(key: str) -> None:
    value = "very\tsecret value"
    assert "secret value" not in "".join(messages(GOOD | {key: value}, secret=set()))


def test_a_good_config_arrives_typed() -> None:
    config = stack_config.parse(GOOD, SECRET)
    assert config.network.operator_cidrs == ("203.0.113.7/32", "198.51.100.0/24")
    assert (config.user.name, config.user.database, config.server.ami) == ("app", "app", None)


def test_without_a_private_key_the_agent_is_asked() -> None:
    values = {key: value for key, value in GOOD.items() if key != "sshPrivateKey"}
    assert stack_config.parse(values, SECRET).ssh.private_key is None


def test_every_declared_key_is_known_and_its_default_good() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    defaults = {key: entry["default"] for key, entry in declared.items()}
    stack_config.parse(GOOD | defaults, SECRET)


@pytest.mark.parametrize("name", ["Pulumi.lab.yaml", "Pulumi.dev.yaml"])
def test_a_committed_stack_file_has_only_known_keys_and_a_region(name: str) -> None:
    config = yaml.safe_load((ROOT / name).read_text())["config"]
    own = {key.removeprefix("mysql-pair:") for key in config if key.startswith("mysql-pair:")}
    assert own <= stack_config.KEYS - stack_config.SECRET_KEYS
    assert config["aws:region"]
