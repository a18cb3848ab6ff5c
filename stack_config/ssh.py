"""Config of ssh: the operators' key pair or agent, where hosts are reached, and which keys they are known by."""

import functools
import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

import pulumi

from components.placement import SshAccess, SshEndpoint
from scripts.host.common.checks import InvalidValueError, repeated
from stack_config.clients import ClientGroup, check_host
from stack_config.reader import Reader, part
from stack_config.specs import read_spec

PUBLIC_KEYS = {
    "ssh-ed25519": ("AAAAC3NzaC1lZDI1NTE5AAAAI", "[A-Za-z0-9+/]{43}"),
    "ssh-rsa": ("AAAAB3NzaC1yc2EAAAA", "[A-Za-z0-9+/]+={0,2}"),
}
"""How each kind of key begins in base64, and what follows."""
PRIVATE_KEY = r"\s*-----BEGIN ([A-Z ]*)PRIVATE KEY-----\s+([!-~\s]+)-----END \1PRIVATE KEY-----\s*"
UNENCRYPTED = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU"
"""How a private key in OpenSSH's own format begins in base64 if it has no passphrase."""
ENDPOINT_EXAMPLE = 'Write a table like {"server": {"host": "127.0.0.1", "port": 2201}}'
SECONDS = 10
NEEDED = ("PATH", "HOME", "SSH_AUTH_SOCK")


def read_ssh(
    reader: Reader,
    clients: Sequence[ClientGroup],
    servers: Sequence[str],
    endpoints: Mapping[str, SshEndpoint],
    agent: Callable[[], Set[str] | None],
) -> SshAccess | None:
    """Return how hosts are logged in to; None if the public key could not be read."""
    public = reader.read_required("sshPublicKey", public_key)
    private = reader.read("sshPrivateKey", lambda raw: private_key(raw, public), "sshPrivateKey ...")
    host_keys = _read_host_keys(reader, clients, servers)
    if not public:
        return None
    held = None if reader.is_set("sshPrivateKey") else agent()
    # With an agent that cannot log in every first contact would be dialled for minutes.
    if held is not None and public.split()[1] not in held:
        reader.add_fault(
            "sshPublicKey",
            "is of a key that the ssh agent at SSH_AUTH_SOCK does not hold, and there is no sshPrivateKey",
            "Run `ssh-add FILE` (`ssh-add -L` lists what it holds), or set sshPrivateKey",
        )
    return SshAccess(public, pulumi.Output.secret(private) if private else None, endpoints, host_keys)


def read_endpoints(reader: Reader, clients: Sequence[ClientGroup], servers: Sequence[str]) -> dict[str, SshEndpoint]:
    """Return where hosts are reached instead of at their own addresses."""

    def convert(name: str, raw: Any) -> SshEndpoint | None:
        key = part("sshEndpoints", name)
        check_host(reader, key, name, clients, servers)
        endpoint = read_spec(reader, key, raw, SshEndpoint, ENDPOINT_EXAMPLE)
        return endpoint if reader.is_readable(key) else None

    endpoints = reader.read_table("sshEndpoints", convert, ENDPOINT_EXAMPLE)
    for name, _, other in repeated(endpoints.items()):
        reader.add_fault(part("sshEndpoints", name), f"is that of {other} too", "Give each host its own")
    return endpoints


def _read_host_keys(reader: Reader, clients: Sequence[ClientGroup], servers: Sequence[str]) -> dict[str, str]:
    """Return the public keys that hosts are known by already."""

    def convert(name: str, raw: Any) -> str:
        check_host(reader, part("sshHostKeys", name), name, clients, servers)
        words = public_key(raw).split()
        if words[0] != "ssh-ed25519":
            raise InvalidValueError("is not an ed25519 key", "Give that one: sshd offers it, and ssh-rsa no more")
        return " ".join(words[:2])

    return reader.read_table("sshHostKeys", convert, 'Write a table like {"server": "ssh-ed25519 AAAA..."}')


def public_key(raw: Any) -> str:
    """Return the key on one line; source: sshd(8), AUTHORIZED_KEYS FILE FORMAT."""
    hint = "Give the one line of the .pub file, like `ssh-ed25519 AAAA... you@example.org`"
    words = raw.split() if isinstance(raw, str) else []
    if "PRIVATE KEY" in str(raw):
        raise InvalidValueError("is a private key", hint)
    if len(words) < 2 or words[0] not in PUBLIC_KEYS:
        raise InvalidValueError("is not an ed25519 or RSA public key (EC2 takes no others)", hint)
    begins, follows = PUBLIC_KEYS[words[0]]
    if any(words[1].startswith(other) for other, _ in PUBLIC_KEYS.values() if other != begins):
        raise InvalidValueError("names another algorithm than it holds", hint)
    fits = re.fullmatch(re.escape(begins) + follows, words[1])
    if not fits or _ssh_keygen(("-l",), " ".join(words[:2])) == "":
        raise InvalidValueError("is cut off or damaged", hint)
    return " ".join(words)


def private_key(raw: Any, public: str | None) -> str:
    """Return the key with its last newline, which config files lose; the public key has to be its other half."""
    hint = "Set it with `pulumi config set --secret sshPrivateKey < FILE`, FILE without a passphrase"
    match = re.fullmatch(PRIVATE_KEY, raw, re.S)
    if not match:
        raise InvalidValueError("is not a private key file", hint)
    is_openssh = match[1] == "OPENSSH " and match[2].startswith(UNENCRYPTED[:20])
    if "ENCRYPTED" in raw or (is_openssh and not match[2].startswith(UNENCRYPTED)):
        raise InvalidValueError("has a passphrase", hint)
    key = str(raw).strip() + "\n"
    derived = _ssh_keygen(("-y", "-P", ""), key)
    if derived == "":
        raise InvalidValueError("is cut off or damaged", hint)
    if public and derived and derived.split()[:2] != public.split()[:2]:
        raise InvalidValueError("does not belong to sshPublicKey", "Set both from one key pair")
    return key


@functools.lru_cache(maxsize=64)
def _ssh_keygen(options: tuple[str, ...], key: str) -> str | None:
    """Return what ssh-keygen says of a key on its standard input: nothing if it refuses it, None if it cannot tell."""
    done = _run(["ssh-keygen", *options, "-f", "/dev/stdin"], key)
    # macOS lets others read a pipe, and ssh-keygen then says that the key's permissions are too open.
    return None if done is None or re.search("ermission|No such file", done.stderr) else done.stdout


def agent_keys() -> set[str] | None:
    """Return the keys that the ssh agent at SSH_AUTH_SOCK holds, as base64; none if there is no agent.

    None where it does not matter or cannot be told: a preview dials nobody, and not every machine has ssh-add.
    """
    if pulumi.runtime.is_dry_run():
        return None
    listed = _run(["ssh-add", "-L"], "")
    if listed is None:
        return None
    return {line.split()[1] for line in listed.stdout.splitlines() if len(line.split()) > 1}


def _run(command: Sequence[str], standard_input: str) -> subprocess.CompletedProcess[str] | None:
    """Run a program; None if it is not there or does not end."""
    try:
        return subprocess.run(
            command,
            # Not the program's own environment: Pulumi's language hosts put the config there, decrypted.
            env={name: os.environ[name] for name in NEEDED if name in os.environ},
            input=standard_input,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
