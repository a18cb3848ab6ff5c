"""What the program is told. Config and components share their shapes: what config says is handed on as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.firewall import ReachArgs
from components.host.host import InstanceArgs
from components.mysql.server import ServerArgs
from components.network import ExistingNetwork, NetworkArgs
from components.placement import SshAccess
from scripts.host.accounts.spec import AccountsSpec


@dataclass(frozen=True)
class ClientGroup:
    """Client hosts of one kind, named <name>-1, <name>-2, ..."""

    name: str
    count: int
    zone: int
    """Counted from 1; of a VPC of the program's own."""
    subnet_id: str | None
    """Of an existing VPC; None in one of the program's own."""
    instance: InstanceArgs

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of its hosts."""
        return tuple(f"{self.name}-{number}" for number in range(1, self.count + 1))


@dataclass(frozen=True)
class StackConfig:
    """Everything the program is told."""

    network: NetworkArgs | ExistingNetwork
    reach: ReachArgs
    ssh: SshAccess
    server: ServerArgs
    clients: tuple[ClientGroup, ...]
    accounts: AccountsSpec
    passwords: Mapping[str, pulumi.Output[str]]
    """Given passwords by user key, secrets; of the other users the program makes them."""
    primary_user: str | None
    """Key of the user that the connection string is for; None where there are no users."""
    instance_profile: str | None
    """Name of the IAM instance profile of every host, as Session Manager needs one."""
    tags: Mapping[str, str]
    jump_host: str | None
    """The public client host that private hosts are reached through; None where none is needed."""
