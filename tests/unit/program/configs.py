"""A config without faults, and the key pairs in it, made for tests alone."""

from __future__ import annotations

import base64
import json
import struct
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pulumi
import yaml  # type: ignore[import-untyped]

from stack_config.cloud import CloudError, SubnetFacts, TypeFacts

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

    def image_architecture(self, ami: str) -> str:
        return str(self._answer({"ami-0123456789abcdef0": "x86_64", "ami-0a0a0a0a0a0a0a0a0": "arm64"}, ami))

    def vpc_cidr(self, vpc_id: str) -> IPv4Network:
        return IPv4Network(self._answer({"vpc-0a1b2c3d": "10.30.0.0/16"}, vpc_id))

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


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def public_blob(seed: int = 1) -> bytes:
    """Return an ed25519 public key as ssh writes it."""
    return _string(b"ssh-ed25519") + _string(bytes([seed]) * 32)


def rsa_key() -> str:
    """Return the line of an RSA key's .pub file; its numbers are rubbish."""
    blob = _string(b"ssh-rsa") + _string(b"\x01\x00\x01") + _string(b"\x00" + b"\xff" * 256)
    return f"ssh-rsa {base64.b64encode(blob).decode()} operator@example.org"


def public_key(seed: int = 1) -> str:
    """Return the line of a .pub file."""
    return f"ssh-ed25519 {base64.b64encode(public_blob(seed)).decode()} operator@example.org"


def private_key(seed: int = 1, cipher: bytes = b"none") -> str:
    """Return a private key file in OpenSSH's format; its secret part is rubbish that no one reads."""
    kdf = b"none" if cipher == b"none" else b"bcrypt"
    head = b"openssh-key-v1\0" + _string(cipher) + _string(kdf) + _string(b"" if kdf == b"none" else b"salt")
    body = base64.b64encode(head + struct.pack(">I", 1) + _string(public_blob(seed)) + _string(b"rubbish" * 9))
    lines = "\n".join(body.decode()[at : at + 70] for at in range(0, len(body), 70))
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{lines}\n-----END OPENSSH PRIVATE KEY-----\n"


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
