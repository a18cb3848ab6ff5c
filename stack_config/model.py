"""What the program is told, as frozen dataclasses in the domain's own words. Made by stack_config.load() alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

import pulumi

Setting = bool | int | float | str
"""A mysqld setting: ON/OFF as bool, sizes in bytes, everything else as it is."""


@dataclass(frozen=True)
class OwnVpc:
    """A VPC that the program makes. Subnets are listed zone by zone."""

    cidr: IPv4Network
    zones: int
    """How many availability zones, two or three."""
    server_subnet: IPv4Network
    """The server's, in the first zone; nobody else gets an address there."""
    public_subnets: tuple[IPv4Network, ...]
    private_subnets: tuple[IPv4Network, ...]
    nat_gateway: bool
    """Whether hosts without a public address have a way out."""


@dataclass(frozen=True)
class ExistingVpc:
    """A VPC that is there already, with routes of its owner's."""

    vpc_id: str
    cidr: IPv4Network
    server_subnet_id: str


@dataclass(frozen=True)
class Egress:
    """A way out beyond what the hosts need."""

    cidr: str
    protocol: str
    """tcp or udp."""
    from_port: int
    to_port: int


@dataclass(frozen=True)
class NetworkConfig:
    """Where the hosts live, who may ssh to them, and who else may reach MySQL."""

    vpc: OwnVpc | ExistingVpc
    operator_cidrs: tuple[str, ...]
    operator_security_group_ids: tuple[str, ...]
    """Groups that may ssh to every host: a bastion's, an Instance Connect Endpoint's."""
    admitted_security_group_ids: tuple[str, ...]
    extra_egress: tuple[Egress, ...]


@dataclass(frozen=True)
class SshEndpoint:
    """Where a host's sshd is reached instead of at its own address: the near end of a tunnel, for instance."""

    host: str
    port: int


@dataclass(frozen=True)
class SshConfig:
    """How hosts are logged in to; without a private key the agent at SSH_AUTH_SOCK is asked."""

    public_key: str
    private_key: pulumi.Output[str] | None
    endpoints: Mapping[str, SshEndpoint]
    """By host name: server, client-1."""
    host_keys: Mapping[str, str]
    """Public ed25519 keys that the operator knows already, by host name; of the others the first one seen is kept."""


@dataclass(frozen=True)
class MySqlConfig:
    """How mysqld is set up."""

    port: int
    x_protocol: bool
    require_secure_transport: bool
    derived: Mapping[str, Setting]
    """What follows from the instance type's memory."""
    settings: Mapping[str, Setting]
    """What the operator set; wins over what is derived."""


@dataclass(frozen=True)
class ServerConfig:
    """The server's host. `ami` is None for the current Ubuntu LTS of the architecture."""

    instance_type: str
    ami: str | None
    private_ip: IPv4Address
    public: bool
    termination_protection: bool
    volume_gib: int
    packages: tuple[str, ...]
    """Of the distribution, besides those the server needs."""


@dataclass(frozen=True)
class ClientGroup:
    """Client hosts of one kind, named <name>-1, <name>-2, ..."""

    name: str
    count: int
    instance_type: str
    ami: str | None
    public: bool
    zone: int
    """Counted from 1; of a VPC of the program's own."""
    subnet_id: str | None
    """Of an existing VPC; None in one of the program's own."""
    packages: tuple[str, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of its hosts."""
        return tuple(f"{self.name}-{number}" for number in range(1, self.count + 1))


@dataclass(frozen=True)
class Grant:
    """Privileges at one level: on the whole server, on a database, or on a table of one."""

    privileges: tuple[str, ...]
    """In upper case and sorted; ("ALL",) for all that there are at the level."""
    database: str | None
    """None for the whole server."""
    table: str | None
    """None for all tables of the database."""
    grant_option: bool


@dataclass(frozen=True)
class DatabaseConfig:
    """A database. MySQL cannot rename one, so its name is what it is known by."""

    name: str
    charset: str
    collation: str | None
    """None for the charset's own."""
    drop: bool
    """Whether it is dropped, with everything in it."""


@dataclass(frozen=True)
class RoleConfig:
    """A role: grants under a name, for users to have. Its host part is '%'."""

    key: str
    name: str
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class UserConfig:
    """A MySQL user. The key is what the stack calls it for good; name and host part may change."""

    key: str
    name: str
    host: str
    """The host part of the account: from where it may log in."""
    plugin: str
    grants: tuple[Grant, ...]
    roles: tuple[str, ...]
    """Keys of its roles."""
    default_roles: tuple[str, ...]
    """Keys of those that a login begins with."""
    locked: bool
    password_lifetime_days: int | None
    """None for the server's default, 0 for never."""
    comment: str | None
    database: str | None
    """The database of its connection string."""
    adopt: bool
    """Whether an account of its name that the stack did not make is taken over."""
    generation: int
    """Counts passwords: a higher one is a new password."""
    finished_generation: int
    """The generation whose predecessor is not accepted any more."""
    password: pulumi.Output[str] | None
    """None for one that the program makes."""


@dataclass(frozen=True)
class AccountsConfig:
    """Who may do what: the databases, and the roles and users with grants on them, each in the order of config."""

    databases: tuple[DatabaseConfig, ...]
    roles: tuple[RoleConfig, ...]
    users: tuple[UserConfig, ...]
    primary_user: str | None
    """Key of the user that the connection string is for; None where there are no users."""


@dataclass(frozen=True)
class StackConfig:
    """Everything the program is told."""

    network: NetworkConfig
    ssh: SshConfig
    server: ServerConfig
    mysql: MySqlConfig
    clients: tuple[ClientGroup, ...]
    accounts: AccountsConfig
    instance_profile: str | None
    """Name of the IAM instance profile of every host, as Session Manager needs one."""
    tags: Mapping[str, str]

    @property
    def jump_host(self) -> str | None:
        """The public client host that private hosts are reached through; None where none is needed."""
        private = [] if self.server.public else ["server"]
        private += [host for group in self.clients if not group.public for host in group.hosts]
        if all(host in self.ssh.endpoints for host in private):
            return None
        return next(group.hosts[0] for group in self.clients if group.public)
