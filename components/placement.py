"""Where hosts live and how they are reached: subnet, security groups, jump host, a tunnel's end, host key."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

import pulumi

from components import checks
from components.firewall import Firewall
from components.host.host import UBUNTU_LTS, PlacementArgs, ubuntu_ami
from components.mysql.client import MySqlClient
from components.network import ExistingNetwork, Network
from scripts.host.common.checks import checked
from scripts.host.constants import SSH_PORT


@dataclass(frozen=True)
class SshEndpoint:
    """Where a host's sshd is reached instead of at its own address: the near end of a tunnel, for instance."""

    host: str = checked(checks.host)
    port: int = checked(checks.port)


@dataclass(frozen=True)
class SshAccess:
    """How hosts are logged in to; without a private key the agent at SSH_AUTH_SOCK is asked."""

    public_key: str
    private_key: pulumi.Input[str] | None = None
    endpoints: Mapping[str, SshEndpoint] = field(default_factory=dict)
    """By host name: server, client-1."""
    host_keys: Mapping[str, str] = field(default_factory=dict)
    """Public ed25519 keys that are known already, by host name; of the other hosts the first one seen is kept."""


@dataclass(frozen=True)
class Placement:
    """The surroundings of a stack's hosts.

    A private host is reached through the jump host, which is a client that is made before it: `clients` below are
    those made so far, by name.
    """

    network: Network | ExistingNetwork
    firewall: Firewall
    key_name: pulumi.Input[str]
    """The EC2 key pair of the login user, of the first boot."""
    ssh: SshAccess
    jump_host: str | None = None
    """The name of the client that private hosts are reached through."""
    instance_profile: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    ubuntu_release: str = UBUNTU_LTS
    """Of hosts that are made without an image of their own."""

    def server(
        self,
        name: str,
        clients: Mapping[str, MySqlClient],
        instance_profile: pulumi.Input[str] | None = None,
        number: int = 1,
    ) -> PlacementArgs:
        """Return the placement of a MySQL server, which may have another instance profile than the other hosts.

        Of several servers, `number` says which one it is, from 1.
        """
        args = self._args(name, self.network.member_subnet_id(number), [self.firewall.server_group_id], clients)
        return {**args, "instance_profile": instance_profile or self.instance_profile}

    def client(
        self,
        name: str,
        clients: Mapping[str, MySqlClient],
        public: bool = True,
        zone: int = 1,
        subnet_id: pulumi.Input[str] | None = None,
    ) -> PlacementArgs:
        """Return the placement of a MySQL client: in its subnet, or in the public or private one of a zone, from 1."""
        groups = [self.firewall.client_group_id]
        if name == self.jump_host:
            groups.append(self.firewall.jump_group_id)
        return self._args(name, subnet_id or self.network.client_subnet_id(public, zone), groups, clients)

    @cached_property
    def _ubuntu_image(self) -> Callable[[str], pulumi.Input[str]]:
        return cache(lambda instance_type: ubuntu_ami(instance_type, self.ubuntu_release))

    def _args(
        self,
        name: str,
        subnet_id: pulumi.Input[str],
        groups: Sequence[pulumi.Input[str]],
        clients: Mapping[str, MySqlClient],
    ) -> PlacementArgs:
        jump, endpoint = clients.get(self.jump_host or ""), self.ssh.endpoints.get(name)
        return {
            "subnet_id": subnet_id,
            "security_group_ids": groups,
            "key_name": self.key_name,
            "instance_profile": self.instance_profile,
            "public_key": self.ssh.public_key,
            "private_key": self.ssh.private_key,
            "jump": jump.host if jump else None,
            "host_key": self.ssh.host_keys.get(name),
            "ssh_host": endpoint.host if endpoint else None,
            "ssh_port": endpoint.port if endpoint else SSH_PORT,
            "network_ready": [*self.network.ready, *self.firewall.ready],
            "tags": self.tags,
            "ubuntu_image": self._ubuntu_image,
        }
