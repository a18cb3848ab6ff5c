"""Where a stack's hosts are reached by ssh, and how each proves that it is the one: from the state and config."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.host.constants import SSH_PORT
from scripts.stack import OperatorError
from scripts.state import SERVER, State


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
    """What it takes to log in to a stack's hosts."""

    state: State
    overrides: Mapping[str, Any]
    """Config's sshEndpoints."""

    def endpoint(self, name: str) -> Endpoint:
        """Return the endpoint of `server`, or of a client by its name."""
        hosts, stack = self.state.hosts, self.state.stack.name
        if not hosts:
            raise OperatorError(f"stack {stack!r} has no hosts yet: {self.state.stack.up_hint()}")
        if name not in hosts:
            raise OperatorError(f"stack {stack!r} has no host {name!r}; it has {', '.join(hosts)}")
        connection, host_key = hosts[name]
        if override := self.overrides.get(name):
            return Endpoint(name, override["host"], host_key, int(override["port"]))
        jump = None
        if proxy := connection.get("proxy"):
            jump = next((other for other, host in hosts.items() if host.host_key in proxy["hostKey"]), None)
            if jump is None:
                raise OperatorError(
                    f"host {name!r} is private and its jump host is gone from stack {stack!r}: set sshEndpoints for it"
                )
        port = int(connection.get("port") or SSH_PORT)
        return Endpoint(name, connection["host"], host_key, port, self.endpoint(jump) if jump else None)

    def client(self, name: str | None) -> str:
        """Return the name of a client host if the stack has it; of the first one without a name."""
        names = [host for host in self.state.hosts if host != SERVER]
        if not names:
            raise OperatorError(f"stack {self.state.stack.name!r} has no client host to go through")
        if name is not None and name not in names:
            stack = self.state.stack.name
            raise OperatorError(f"stack {stack!r} has no client host {name!r}; it has {', '.join(names)}")
        return name or names[0]
