"""The stack's config, and what it chooses among the outputs of mysql-pair; every fault of it is told at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from scripts.host.constants import LOGIN_USER
from stack_outputs.reader import StackOutputs


@dataclass(frozen=True)
class Settings:
    """Config as it was written; None is what is not set."""

    stack: str
    user: str | None
    client: str | None
    port: str
    ssh_user: str

    @classmethod
    def read(cls) -> Settings:
        """Read it.

        Raises:
            pulumi.RunError: there is no stack to read from.
        """
        config = pulumi.Config()
        stack = config.get("stack")
        if not stack:
            raise pulumi.RunError("Set the stack of mysql-pair: pulumi config set stack organization/mysql-pair/dev")
        user, client = config.get("user") or None, config.get("client") or None
        return cls(stack, user, client, config.get("port") or "8080", config.get("sshUser") or LOGIN_USER)


@dataclass(frozen=True)
class Client:
    """A client host, as the outputs describe it."""

    name: str
    instance_id: str
    private_ip: str
    public_ip: str | None
    host_key: str


@dataclass(frozen=True)
class Choice:
    """What the application is deployed with. `jump` is the host that a private client is reached through."""

    user: str
    client: Client
    jump: Client | None
    port: int


def chosen(settings: Settings, pair: StackOutputs) -> pulumi.Output[Choice]:
    """Return what config chooses among the outputs. Its faults, if any, are one pulumi.RunError."""
    columns = (
        pair.client_names,
        pair.client_instance_ids,
        pair.client_private_ips,
        pair.client_public_ips,
        pair.client_host_keys,
    )
    parts = pulumi.Output.all(pair.user_names, pair.primary_user, pair.jump_host, *columns)
    return parts.apply(lambda found: choose(settings, *found))


def choose(settings: Settings, users: Sequence[str], primary: str | None, jump: str | None, *columns: Any) -> Choice:
    """Return what config chooses.

    Args:
        settings: the config.
        users: keys of the users that the stack has.
        primary: that of the primary one.
        jump: the name of the jump host.
        columns: the outputs with a row a client, in the order of Client's fields.

    Raises:
        pulumi.RunError: with everything that is wrong.
    """
    clients = {row[0]: Client(*row) for row in zip(*columns, strict=True)}
    user, name = settings.user or primary, settings.client or next(iter(clients), None)
    client, way = clients.get(name or ""), clients.get(jump or "")
    private = client is not None and client.public_ip is None
    faults = [
        *([] if _is_port(settings.port) else [f"port is {settings.port!r}, not a whole number from 1 to 65535."]),
        *([] if user in users else [_unknown(settings.stack, "user", user, users)]),
        *([] if client else [_unknown(settings.stack, "client", name, clients)]),
        *([f"The client {name} is private, and the stack has no jump host."] if private and not way else []),
    ]
    if faults or not client or not user:
        raise pulumi.RunError("\n  ".join(["The config cannot be deployed:", *faults]))
    return Choice(user, client, way if private else None, int(settings.port))


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text) <= 65535


def _unknown(stack: str, kind: str, name: str | None, there: Any) -> str:
    return f"The stack {stack} has no {kind}{f' {name}' if name else ''}. It has {', '.join(sorted(there)) or 'none'}."
