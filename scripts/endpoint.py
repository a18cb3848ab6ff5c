"""Where a stack's hosts are reached by ssh, and how each proves that it is the one: from outputs and config."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.host.constants import SSH_PORT
from scripts.stack import OperatorError, Stack

SERVER = "server"
"""What operators call the host that the outputs `server_…` are of."""


@dataclass(frozen=True)
class Endpoint:
    """One host's sshd. `jump` is the host that it is reached through."""

    name: str
    address: str
    host_key: str
    port: int = SSH_PORT
    jump: Endpoint | None = None


@dataclass(frozen=True)
class Access:
    """What it takes to log in to a stack's hosts, read once."""

    stack: str
    outputs: Mapping[str, Any]
    overrides: Mapping[str, Any]
    """Config's sshEndpoints."""
    private_key: str | None
    """None: the operator's own agent has it."""

    @classmethod
    def of(cls, stack: Stack) -> Access:
        """Read it.

        Raises:
            OperatorError: the stack is not up, or its config cannot be read.
        """
        overrides = stack.config("sshEndpoints")
        return cls(
            stack.name, stack.outputs(), json.loads(overrides) if overrides else {}, stack.config("sshPrivateKey")
        )

    def endpoint(self, host: str) -> Endpoint:
        """Return the endpoint of `server`, or of a client by its name.

        Raises:
            OperatorError: the stack has no such host, or its last `up` did not get that far.
        """
        return endpoint(self.outputs, self.overrides, host, self.stack)

    def host_keys(self) -> dict[str, str]:
        """Return every host's pinned key."""
        return {name: key for name, (_, _, key) in _hosts(self.outputs).items()}

    def client(self, host: str | None) -> str:
        """Return a client host by its name, or the first one.

        Raises:
            OperatorError: there is none, or none of that name.
        """
        names: list[str] = self.outputs.get("client_names", [])
        if not names:
            raise OperatorError(f"stack {self.stack!r} has no client host to go through")
        if host is not None and host not in names:
            raise OperatorError(f"stack {self.stack!r} has no client host {host!r}; it has {', '.join(names)}")
        return host or names[0]


def endpoint(outputs: Mapping[str, Any], overrides: Mapping[str, Any], host: str, stack: str) -> Endpoint:
    """Return the endpoint of a host.

    Args:
        outputs: the stack's.
        overrides: its config's sshEndpoints.
        host: the host's name.
        stack: the stack's name, for messages.

    Raises:
        OperatorError: see Access.endpoint.
    """
    hosts = _hosts(outputs)
    if not hosts:
        raise OperatorError(f"stack {stack!r} has no hosts yet: its last `up` did not get that far")
    if host not in hosts:
        raise OperatorError(f"stack {stack!r} has no host {host!r}; it has {', '.join(hosts)}")
    public_ip, private_ip, host_key = hosts[host]
    if host in overrides:
        return Endpoint(host, overrides[host]["host"], host_key, int(overrides[host]["port"]))
    if public_ip:
        return Endpoint(host, public_ip, host_key)
    jump = outputs.get("jump_host")
    if jump not in hosts or jump == host:
        raise OperatorError(f"host {host!r} is private and stack {stack!r} has no jump host: set sshEndpoints for it")
    return Endpoint(host, private_ip, host_key, jump=endpoint(outputs, overrides, jump, stack))


def _hosts(outputs: Mapping[str, Any]) -> dict[str, tuple[str | None, str, str]]:
    """Return public address, private address and host key of every host that the outputs know, by name."""
    hosts = {}
    if "server_private_ip" in outputs and "server_host_key" in outputs:
        hosts[SERVER] = (
            outputs.get("server_public_ip"), outputs["server_private_ip"], outputs["server_host_key"]
        )  # fmt: skip
    columns = ("client_names", "client_public_ips", "client_private_ips", "client_host_keys")
    for name, *rest in zip(*(outputs.get(column, []) for column in columns), strict=False):
        hosts[name] = tuple(rest)
    return hosts
