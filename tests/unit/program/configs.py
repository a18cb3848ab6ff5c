"""A config without faults, and the key pairs in it, made for tests alone."""

from __future__ import annotations

import functools
import json
import subprocess
import tempfile
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pulumi
import yaml  # type: ignore[import-untyped]

from stack_config.aws import CloudError, SubnetFacts, TypeFacts

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "s3cret-pass/word"


class FakeCloud:
    """Knows a few things, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def _answer(self, answers: dict[str, Any], name: str) -> Any:
        self.asked.append(name)
        if name not in answers:
            raise CloudError(f"InvalidParameterValue: {name}")
        return answers[name]

    def instance_type(self, name: str) -> TypeFacts:
        known = {"t3.small": (2048, "x86_64"), "t3.micro": (1024, "x86_64"), "t4g.small": (2048, "arm64")}
        return TypeFacts(*self._answer(known, name))

    def image_architecture(self, image: str) -> str:
        return str(self._answer({"ami-0123456789abcdef0": "x86_64", "ami-0a0a0a0a0a0a0a0a0": "arm64"}, image))

    def vpc_ranges(self, vpc_id: str) -> tuple[IPv4Network, ...]:
        known = {
            "vpc-0a1b2c3d": ["10.30.0.0/16"],
            "vpc-02020202": ["10.30.0.0/16", "10.31.0.0/24"],
            "vpc-0c0c0c0c": ["10.30.0.0/16", "100.64.0.0/16"],
        }
        return tuple(IPv4Network(cidr) for cidr in self._answer(known, vpc_id))

    def subnet(self, subnet_id: str) -> SubnetFacts:
        known = {
            "subnet-0a1b2c3d": ("vpc-0a1b2c3d", IPv4Network("10.30.1.0/24")),
            "subnet-0a1b2c3e": ("vpc-0a1b2c3d", IPv4Network("10.30.2.0/24")),
            "subnet-0f0f0f0f": ("vpc-0f0f0f0f", IPv4Network("10.40.1.0/24")),
        }
        return SubnetFacts(*self._answer(known, subnet_id))


def as_text(value: object) -> str:
    """Return a value as the engine hands it to the program."""
    return value if isinstance(value, str) else json.dumps(value)


@functools.cache
def _key_pair(algorithm: str, _seed: int, passphrase: str) -> tuple[str, str]:
    """Return a private key file and the line of its .pub file, made by ssh-keygen."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "key"
        words = ["-t", algorithm, "-N", passphrase, "-C", "operator@example.org", "-a", "1", "-f", str(file)]
        subprocess.run(["ssh-keygen", "-q", *words], check=True)
        return file.read_text(), file.with_suffix(".pub").read_text().strip()


def public_key(seed: int = 1) -> str:
    """Return the line of an ed25519 key's .pub file."""
    return _key_pair("ed25519", seed, "")[1]


def private_key(seed: int = 1, passphrase: str = "") -> str:
    """Return a private key file in OpenSSH's format."""
    return _key_pair("ed25519", seed, passphrase)[0]


def rsa_key() -> str:
    """Return the line of an RSA key's .pub file."""
    return _key_pair("rsa", 1, "")[1]


DECLARED = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
DEFAULTS = {key: as_text(entry["default"]) for key, entry in DECLARED.items()}
"""As the engine hands them to the program: lists and tables as JSON."""

GOOD = DEFAULTS | {
    "operatorCidrs": '["203.0.113.7/32", "198.51.100.0/24"]',
    "sshPublicKey": public_key(),
    "sshPrivateKey": private_key(),
    "userPasswords": json.dumps({"app": PASSWORD}),
}
SECRET = {"sshPrivateKey", "userPasswords"}


def set_config(**changes: str) -> None:
    """Give the program the good config, with these changes."""
    values = {f"mysql-pair:{key}": value for key, value in (GOOD | changes).items()}
    pulumi.runtime.set_all_config(values, [f"mysql-pair:{key}" for key in SECRET])
