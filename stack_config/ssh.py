"""Config of ssh: the operators' key pair, where hosts are reached, and which keys they are known by."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Sequence, Set
from typing import Any

from stack_config.clients import check_host
from stack_config.faults import BadValueError
from stack_config.model import ClientGroup, SshEndpoint
from stack_config.reader import Reader, matching, whole

PARTS = {"ssh-ed25519": 2, "ssh-rsa": 3}
"""Strings in a public key: its algorithm, then its numbers (RFC 8709, 4; RFC 4253, 6.6)."""
HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
"""A host name or an IPv4 address."""


def read_endpoints(reader: Reader, clients: Sequence[ClientGroup]) -> dict[str, SshEndpoint]:
    """Return where hosts are reached instead of at their own addresses."""
    example = 'Write a table like {"server": {"host": "127.0.0.1", "port": 2201}}'
    known = {"host": matching(HOST, "is no host's name or address", example), "port": whole(1, 65535)}

    def convert(name: str, raw: Any) -> SshEndpoint | None:
        check_host(reader, f"sshEndpoints.{name}", name, clients)
        fields = reader.fields(f"sshEndpoints.{name}", raw, known, known, example)
        return SshEndpoint(fields["host"], fields["port"]) if fields.keys() == known.keys() else None

    endpoints = {name: found for name, found in reader.read_table("sshEndpoints", convert, example).items() if found}
    first: dict[SshEndpoint, str] = {}
    for name, endpoint in endpoints.items():
        if first.setdefault(endpoint, name) != name:
            reader.note(f"sshEndpoints.{name}", f"is that of {first[endpoint]} too", "Give each host its own")
    return endpoints


def read_host_keys(reader: Reader, clients: Sequence[ClientGroup]) -> dict[str, str]:
    """Return the public keys that hosts are known by already."""

    def convert(name: str, raw: Any) -> str:
        check_host(reader, f"sshHostKeys.{name}", name, clients)
        found = public_key(raw)
        if not found.startswith("ssh-ed25519 "):
            raise BadValueError("is not an ed25519 key", "Give that one: sshd offers it, and ssh-rsa no more")
        return " ".join(found.split()[:2])

    return reader.read_table("sshHostKeys", convert, 'Write a table like {"server": "ssh-ed25519 AAAA..."}')


def check_agent(reader: Reader, public: str, held: Set[str] | None) -> None:
    """Note an agent that cannot log in: every first contact would be dialled for minutes."""
    if held is not None and public.split()[1] not in held:
        reader.note(
            "sshPublicKey",
            "is of a key that the ssh agent at SSH_AUTH_SOCK does not hold, and there is no sshPrivateKey",
            "Run `ssh-add FILE` (`ssh-add -L` lists what it holds), or set sshPrivateKey",
        )


def public_key(raw: Any) -> str:
    """Return the key on one line; source: RFC 4253, 6.6, and sshd(8), AUTHORIZED_KEYS FILE FORMAT."""
    mend = "Give the one line of the .pub file, like `ssh-ed25519 AAAA... you@example.org`"
    if not isinstance(raw, str):
        raise BadValueError("is not a public key", mend)
    words = raw.split()
    if "PRIVATE KEY" in raw:
        raise BadValueError("is a private key", mend)
    if len(words) < 2 or words[0] not in ("ssh-ed25519", "ssh-rsa"):
        raise BadValueError("is not an ed25519 or RSA public key (EC2 takes no others)", mend)
    try:
        parts = _strings(base64.b64decode(words[1], validate=True))
    except (binascii.Error, struct.error) as error:
        raise BadValueError("is cut off or damaged", mend) from error
    if not parts or parts[0] != words[0].encode():
        raise BadValueError("names another algorithm than it holds", mend)
    if len(parts) != PARTS[words[0]]:
        raise BadValueError("is cut off or damaged", mend)
    return " ".join(words)


def private_key(raw: Any, public: str | None) -> str:
    """Return the key with its last newline, which config files lose; source: OpenSSH, PROTOCOL.key."""
    mend = "Set it with `pulumi config set --secret sshPrivateKey < FILE`, FILE without a passphrase"
    match = re.fullmatch(r"\s*-----BEGIN ([A-Z ]*)PRIVATE KEY-----(.+)-----END \1PRIVATE KEY-----\s*", raw, re.S)
    if not match:
        raise BadValueError("is not a private key file", mend)
    if "ENCRYPTED" in raw:
        raise BadValueError("has a passphrase", mend)
    if match[1] == "OPENSSH ":
        _check_openssh(match[2], public, mend)
    return str(raw).strip() + "\n"


def _check_openssh(body: str, public: str | None, mend: str) -> None:
    """Refuse a key file with a passphrase, and one that is not the other half of the public key."""
    magic = b"openssh-key-v1\0"
    try:
        blob = base64.b64decode("".join(body.split()), validate=True).removeprefix(magic)
        cipher, _kdf, options = _strings(blob, 3)
        (held,) = _strings(blob[12 + len(cipher) + len(_kdf) + len(options) + 4 :], 1)
    except (binascii.Error, struct.error, ValueError) as error:
        raise BadValueError("is cut off or damaged", mend) from error
    if cipher != b"none":
        raise BadValueError("has a passphrase", mend)
    if public and base64.b64decode(public.split()[1]) != held:
        raise BadValueError("does not belong to sshPublicKey", "Set both from one key pair")


def _strings(blob: bytes, limit: int | None = None) -> list[bytes]:
    """Return the length-prefixed strings of an ssh blob, at most `limit` (source: RFC 4251, 5)."""
    found: list[bytes] = []
    at = 0
    while at < len(blob) and (limit is None or len(found) < limit):
        (length,) = struct.unpack_from(">I", blob, at)
        if at + 4 + length > len(blob):
            raise struct.error("cut off")
        found.append(blob[at + 4 : at + 4 + length])
        at += 4 + length
    return found
