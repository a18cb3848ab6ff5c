"""Where a stack's hosts are reached by ssh, and how each proves that it is the one: from outputs and config."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from scripts.host.constants import SSH_PORT
from scripts.stack import OperatorError, Stack

SERVER = "server"
"""What operators call the host that the outputs `server_…` are of."""


class Host(NamedTuple):
    """What the outputs say of a host."""

    public_ip: str | None
    private_ip: str
    host_key: str


@dataclass(frozen=True)
class Endpoint:
    """One host's sshd. `jump` is the host that it is reached through."""

    name: str
    address: str
    host_key: str
    port: int = SSH_PORT
    jump: "Endpoint | None" = None


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
    def of(cls, stack: Stack) -> Self:
        """Read it."""
        return cls(stack.name, stack.outputs(), stack.config_table("sshEndpoints"), stack.config("sshPrivateKey"))

    def hosts(self) -> dict[str, Host]:
        """Return every host that the outputs know, by name: the server first, then the clients in config's order."""
        outputs, hosts = self.outputs, {}
        if "server_private_ip" in outputs and "server_host_key" in outputs:
            public_ip = outputs.get("server_public_ip")
            hosts[SERVER] = Host(public_ip, outputs["server_private_ip"], outputs["server_host_key"])
        columns = ("client_names", "client_public_ips", "client_private_ips", "client_host_keys")
        for name, *values in zip(*(outputs.get(column, []) for column in columns), strict=False):
            hosts[name] = Host(*values)
        return hosts

    def endpoint(self, name: str) -> Endpoint:
        """Return the endpoint of `server`, or of a client by its name."""
        hosts = self.hosts()
        if not hosts:
            raise OperatorError(f"stack {self.stack!r} has no hosts yet: its last `up` did not get that far")
        if name not in hosts:
            raise OperatorError(f"stack {self.stack!r} has no host {name!r}; it has {', '.join(hosts)}")
        host = hosts[name]
        if override := self.overrides.get(name):
            return Endpoint(name, override["host"], host.host_key, int(override["port"]))
        if host.public_ip:
            return Endpoint(name, host.public_ip, host.host_key)
        jump = self.outputs.get("jump_host")
        if jump not in hosts or jump == name:
            raise OperatorError(
                f"host {name!r} is private and stack {self.stack!r} has no jump host: set sshEndpoints for it"
            )
        return Endpoint(name, host.private_ip, host.host_key, jump=self.endpoint(jump))

    def client(self, name: str | None) -> str:
        """Return the name of a client host if the stack has it; of the first one without a name."""
        names: list[str] = self.outputs.get("client_names", [])
        if not names:
            raise OperatorError(f"stack {self.stack!r} has no client host to go through")
        if name is not None and name not in names:
            raise OperatorError(f"stack {self.stack!r} has no client host {name!r}; it has {', '.join(names)}")
        return name or names[0]
