"""The stack's config: read once, every fault reported together, handed on as frozen dataclasses."""

from __future__ import annotations

import base64
import binascii
import difflib
import ipaddress
import json
import re
import struct
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any, TypeVar

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

NAMESPACE = "mysql-pair"
SECRET_KEYS = frozenset({"sshPrivateKey", "userPassword"})
KEYS = SECRET_KEYS | {
    "vpcCidr",
    "operatorCidrs",
    "serverInstanceType",
    "clientInstanceType",
    "serverAmi",
    "clientAmi",
    "sshPublicKey",
    "databaseName",
    "userName",
}
SYSTEM_SCHEMAS = frozenset({"mysql", "sys", "information_schema", "performance_schema"})
RESERVED_USERS = frozenset({"root", "mysql.sys", "mysql.session", "mysql.infoschema", "debian-sys-maint"})
LONGEST_PASSWORD = 128
"""Bytes of UTF-8. MySQL's own limit is 256; an option file's line and a URL stay readable well below it."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class NetworkConfig:
    """Where the hosts live, and who may ssh to them."""

    vpc_cidr: ipaddress.IPv4Network
    operator_cidrs: tuple[str, ...]


@dataclass(frozen=True)
class SshConfig:
    """The key pair of both hosts; without a private key the agent at SSH_AUTH_SOCK is asked."""

    public_key: str
    private_key: pulumi.Output[str] | None


@dataclass(frozen=True)
class HostConfig:
    """One kind of host. `ami` is None for the current Ubuntu LTS."""

    instance_type: str
    ami: str | None


@dataclass(frozen=True)
class UserConfig:
    """The MySQL user that the connection string is for."""

    name: str
    database: str
    password: pulumi.Output[str]


@dataclass(frozen=True)
class StackConfig:
    """Everything the program is told."""

    network: NetworkConfig
    ssh: SshConfig
    server: HostConfig
    client: HostConfig
    user: UserConfig


@dataclass(frozen=True)
class Fault:
    """What is wrong with one key and how to mend it. Neither text may hold a secret's value."""

    key: str
    wrong: str
    mend: str

    def __str__(self) -> str:
        """Return the one line that is shown for this fault."""
        return f"{NAMESPACE}:{self.key}: {self.wrong}. {self.mend}"


class ConfigFaults(pulumi.RunError):
    """Every fault of the config; a RunError, so the engine prints the text without a traceback."""

    def __init__(self, faults: list[Fault]) -> None:
        """Keep the faults and make one text of them."""
        self.faults = faults
        lines = "\n".join(f"  - {fault}" for fault in faults)
        super().__init__(f"the config has {len(faults)} fault(s); nothing was changed:\n{lines}")


class _BadValueError(Exception):
    """A value that does not do: (what is wrong, how to mend it)."""


def load() -> StackConfig:
    """Return the config of the stack that is being run.

    Raises:
        ConfigFaults: at least one key is missing, unknown or has a value that will not do.
    """
    values: Mapping[str, Any] = {**get_config_env(), **CONFIG.get()}
    prefix = f"{NAMESPACE}:"
    own = {key.removeprefix(prefix): str(value) for key, value in values.items() if key.startswith(prefix)}
    secret = {key for key in own if pulumi.runtime.is_config_secret(prefix + key)}
    return parse(own, secret)


def parse(values: Mapping[str, str], secret: Set[str]) -> StackConfig:
    """Return the typed config.

    Args:
        values: raw values by key, without the namespace.
        secret: the keys whose values are stored encrypted.

    Raises:
        ConfigFaults: with every fault there is, in the order of the keys' use.
    """
    faults: list[Fault] = _strangers(values) + _unencrypted(values, secret)

    def read(key: str, convert: Callable[[str], _T]) -> _T | None:
        raw = values.get(key, "")
        if not raw.strip():
            option = "--secret " if key in SECRET_KEYS else ""
            faults.append(Fault(key, "is missing", f"Set it with `pulumi config set {option}{key} ...`"))
            return None
        try:
            return convert(raw)
        except _BadValueError as bad:
            faults.append(Fault(key, *bad.args))
            return None

    def read_optional(key: str, convert: Callable[[str], _T]) -> _T | None:
        return read(key, convert) if key in values else None

    vpc_cidr = read("vpcCidr", _vpc_cidr)
    operator_cidrs = read("operatorCidrs", _operator_cidrs)
    server_type = read("serverInstanceType", _instance_type)
    client_type = read("clientInstanceType", _instance_type)
    server_ami = read_optional("serverAmi", _ami)
    client_ami = read_optional("clientAmi", _ami)
    public_key = read("sshPublicKey", _public_key)
    private_key = read_optional("sshPrivateKey", lambda raw: _private_key(raw, public_key))
    database = read("databaseName", _database)
    user = read("userName", _user)
    password = read("userPassword", _password)
    if faults:
        raise ConfigFaults(faults)
    assert vpc_cidr and operator_cidrs and server_type and client_type  # noqa: S101  narrows for mypy only
    assert public_key and database and user and password  # noqa: S101  narrows for mypy only
    return StackConfig(
        NetworkConfig(vpc_cidr, operator_cidrs),
        SshConfig(public_key, pulumi.Output.secret(private_key) if private_key else None),
        HostConfig(server_type, server_ami),
        HostConfig(client_type, client_ami),
        UserConfig(user, database, pulumi.Output.secret(password)),
    )


def _strangers(values: Mapping[str, str]) -> list[Fault]:
    """Return a fault for each key that means nothing here: most are misspelt."""
    faults = []
    for key in sorted(values.keys() - KEYS):
        near = difflib.get_close_matches(key, KEYS, n=1)
        mend = f"Did you mean {near[0]}?" if near else f"Remove it with `pulumi config rm {key}`"
        faults.append(Fault(key, "is not a key of this program", mend))
    return faults


def _unencrypted(values: Mapping[str, str], secret: Set[str]) -> list[Fault]:
    """Return a fault for each secret that is stored in plain text."""
    return [
        Fault(key, "is stored unencrypted", f"Set it anew with `pulumi config set --secret {key} ...`")
        for key in sorted(SECRET_KEYS & values.keys() - secret)
    ]


def _vpc_cidr(raw: str) -> ipaddress.IPv4Network:
    try:
        network = ipaddress.IPv4Network(raw)
    except ValueError as error:
        raise _BadValueError(f"{raw!r} is not an IPv4 range", "Write one like 10.20.0.0/16, host bits zero") from error
    if not 16 <= network.prefixlen <= 24:
        raise _BadValueError(f"{raw!r} has the wrong size", "Choose a range from /16 to /24, like 10.20.0.0/16")
    return network


def _operator_cidrs(raw: str) -> tuple[str, ...]:
    example = 'Write a JSON list of ranges, like ["203.0.113.7/32"]'
    try:
        entries = json.loads(raw)
    except ValueError as error:
        raise _BadValueError("is not JSON", example) from error
    if not isinstance(entries, list) or not entries:
        raise _BadValueError("is not a list with at least one range", example)
    return tuple(dict.fromkeys(_operator_cidr(entry, example) for entry in entries))


def _operator_cidr(entry: object, example: str) -> str:
    try:
        network = ipaddress.ip_network(entry if isinstance(entry, str) else "")
    except ValueError as error:
        raise _BadValueError(f"{entry!r} is not an address range", f"{example}, host bits zero") from error
    if network.prefixlen == 0:
        raise _BadValueError(f"{entry!r} is the whole internet", "Name the addresses you connect from")
    if network.version != 4:
        raise _BadValueError(f"{entry!r} is IPv6, the hosts have IPv4 addresses only", example)
    return str(network)


def _matching(pattern: str, wrong: str, mend: str) -> Callable[[str], str]:
    """Return a converter that takes only what matches the whole pattern."""

    def convert(raw: str) -> str:
        if not re.fullmatch(pattern, raw):
            raise _BadValueError(f"{raw!r} {wrong}", mend)
        return raw

    return convert


_instance_type = _matching(r"[a-z][a-z0-9-]*\.[a-z0-9-]+", "is not an instance type", "Write one like t3.small")
_ami = _matching(r"ami-[0-9a-f]{8,17}", "is not an image id", "Write one like ami-0123456789abcdef0")


def _mysql_name(raw: str, longest: int, reserved: Set[str]) -> str:
    """Return the name; source: MySQL manual, "Schema Object Names" and "Identifier Length Limits"."""
    if len(raw) > longest:
        raise _BadValueError(f"has {len(raw)} characters", f"MySQL allows {longest}")
    if raw != raw.strip() or not raw.isprintable() or any(ord(char) > 0xFFFF for char in raw):
        raise _BadValueError(
            f"{raw!r} has characters MySQL refuses", "Use letters, digits and _, without spaces around them"
        )
    if raw.lower() in reserved:
        raise _BadValueError(f"{raw!r} belongs to MySQL itself", "Choose another name, like app")
    return raw


def _database(raw: str) -> str:
    if re.search(r"[/\\.]", raw):
        raise _BadValueError(f"{raw!r} has a slash, backslash or dot", "Use letters, digits and _")
    return _mysql_name(raw, 64, SYSTEM_SCHEMAS)


def _user(raw: str) -> str:
    return _mysql_name(raw, 32, RESERVED_USERS)


def _password(raw: str) -> str:
    mend = "Set another with `pulumi config set --secret userPassword`"
    if not raw.isprintable():
        raise _BadValueError("has control characters, a line end for instance", mend)
    if len(raw.encode()) > LONGEST_PASSWORD:
        raise _BadValueError(f"is longer than {LONGEST_PASSWORD} bytes", mend)
    return raw


def _public_key(raw: str) -> str:
    """Return the key on one line; source: RFC 4253, 6.6, and sshd(8), AUTHORIZED_KEYS FILE FORMAT."""
    mend = "Give the one line of the .pub file, like `ssh-ed25519 AAAA... you@example.org`"
    words = raw.split()
    if "PRIVATE KEY" in raw:
        raise _BadValueError("is a private key", mend)
    if len(words) < 2 or words[0] not in ("ssh-ed25519", "ssh-rsa"):
        raise _BadValueError("is not an ed25519 or RSA public key (EC2 takes no others)", mend)
    try:
        inner = _strings(base64.b64decode(words[1], validate=True))[0]
    except (binascii.Error, struct.error, IndexError) as error:
        raise _BadValueError("is cut off or damaged", mend) from error
    if inner != words[0].encode():
        raise _BadValueError("names another algorithm than it holds", mend)
    return " ".join(words)


def _private_key(raw: str, public_key: str | None) -> str:
    """Return the key with its last newline, which config files lose; source: OpenSSH, PROTOCOL.key."""
    mend = "Set it with `pulumi config set --secret sshPrivateKey < FILE`, FILE without a passphrase"
    match = re.fullmatch(r"\s*-----BEGIN ([A-Z ]*)PRIVATE KEY-----(.+)-----END \1PRIVATE KEY-----\s*", raw, re.S)
    if not match:
        raise _BadValueError("is not a private key file", mend)
    if "ENCRYPTED" in raw:
        raise _BadValueError("has a passphrase", mend)
    if match[1] == "OPENSSH ":
        _check_openssh(match[2], public_key, mend)
    return raw.strip() + "\n"


def _check_openssh(body: str, public_key: str | None, mend: str) -> None:
    """Refuse a key file with a passphrase, and one that is not the other half of the public key."""
    magic = b"openssh-key-v1\0"
    try:
        blob = base64.b64decode("".join(body.split()), validate=True).removeprefix(magic)
        cipher, _kdf, options = _strings(blob, 3)
        (public,) = _strings(blob[12 + len(cipher) + len(_kdf) + len(options) + 4 :], 1)
    except (binascii.Error, struct.error, ValueError) as error:
        raise _BadValueError("is cut off or damaged", mend) from error
    if cipher != b"none":
        raise _BadValueError("has a passphrase", mend)
    if public_key and base64.b64decode(public_key.split()[1]) != public:
        raise _BadValueError("does not belong to sshPublicKey", "Set both from one key pair")


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
