"""A config without faults, and the key pairs in it, made for tests alone."""

from __future__ import annotations

import base64
import struct

import pulumi

PASSWORD = "s3cret-pass/word"


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def public_blob(seed: int = 1) -> bytes:
    """Return an ed25519 public key as ssh writes it."""
    return _string(b"ssh-ed25519") + _string(bytes([seed]) * 32)


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


GOOD = {
    "vpcCidr": "10.20.0.0/16",
    "operatorCidrs": '["203.0.113.7/32", "198.51.100.0/24"]',
    "serverInstanceType": "t3.small",
    "clientInstanceType": "t3.micro",
    "sshPublicKey": public_key(),
    "sshPrivateKey": private_key(),
    "databaseName": "app",
    "userName": "app",
    "userPassword": PASSWORD,
}
SECRET = {"sshPrivateKey", "userPassword"}


def set_config(**changes: str) -> None:
    """Give the program the good config, with these changes."""
    values = {f"mysql-pair:{key}": value for key, value in (GOOD | changes).items()}
    pulumi.runtime.set_all_config(values, [f"mysql-pair:{key}" for key in SECRET])
