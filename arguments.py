"""From the stack's config to what its components are made from: names on both sides, and no decision of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pulumi
import pulumi_aws as aws

from components.firewall import Firewall, FirewallArgs
from components.host import HostArgs
from components.mysql_client import MySqlClient
from components.mysql_database import MySqlDatabaseArgs
from components.mysql_grants import GrantArgs
from components.mysql_options import X_PORT
from components.mysql_role import MySqlRole, MySqlRoleArgs
from components.mysql_server import MySqlServerArgs
from components.mysql_user import MySqlUserArgs
from components.network import Network, NetworkArgs
from components.remote_command import SSH_PORT
from stack_config import (
    ClientGroup,
    DatabaseConfig,
    ExistingVpc,
    Grant,
    OwnVpc,
    RoleConfig,
    ServerConfig,
    StackConfig,
    UserConfig,
)


@dataclass(frozen=True)
class Place:
    """Where the hosts live: in a network of the program's own, or in one that was there."""

    vpc_id: pulumi.Input[str]
    server_subnet_id: pulumi.Input[str]
    client_subnet_ids: Mapping[str, pulumi.Input[str]]
    """By group name."""
    ready: Sequence[pulumi.Resource]


def place(config: StackConfig, name: str) -> Place:
    """Return the place, its network registered under that name if it is the program's own."""
    vpc = config.network.vpc
    if isinstance(vpc, ExistingVpc):
        given = {group.name: group.subnet_id or "" for group in config.clients}
        return Place(vpc.vpc_id, vpc.server_subnet_id, given, [])
    network = Network(name, network_args(config, vpc))

    def subnet(group: ClientGroup) -> pulumi.Output[str]:
        ids = network.public_subnet_ids if group.public else network.private_subnet_ids
        return ids.apply(lambda found: found[group.zone - 1])

    subnets = {group.name: subnet(group) for group in config.clients}
    return Place(network.vpc_id, network.server_subnet_id, subnets, [network])


def network_args(config: StackConfig, vpc: OwnVpc) -> NetworkArgs:
    """Return what the network is made from."""
    return {
        "vpc_cidr": str(vpc.cidr),
        "server_subnet_cidr": str(vpc.server_subnet),
        "public_subnet_cidrs": [str(cidr) for cidr in vpc.public_subnets],
        "private_subnet_cidrs": [str(cidr) for cidr in vpc.private_subnets],
        "server_public": config.server.public,
        "nat_gateway": vpc.nat_gateway,
        "tags": config.tags,
    }


def firewall_args(config: StackConfig, where: Place) -> FirewallArgs:
    """Return what the firewall is made from."""
    jump = config.jump_host is not None
    return {
        "vpc_id": where.vpc_id,
        "operator_cidrs": config.network.operator_cidrs,
        "operator_group_ids": config.network.operator_security_group_ids,
        "server_public": config.server.public,
        "jump_to_server": jump and not config.server.public,
        "jump_to_clients": jump and not all(group.public for group in config.clients),
        "mysql_ports": [config.mysql.port, X_PORT] if config.mysql.x_protocol else [config.mysql.port],
        "admitted_group_ids": config.network.admitted_security_group_ids,
        "extra_egress": [
            {"cidr": way.cidr, "protocol": way.protocol, "from_port": way.from_port, "to_port": way.to_port}
            for way in config.network.extra_egress
        ],
        "tags": config.tags,
    }


class ClientHost(NamedTuple):
    """One client host, and the group it is of."""

    name: str
    group: ClientGroup


@dataclass(frozen=True)
class Site:
    """What all hosts of the stack have around them."""

    config: StackConfig
    place: Place
    firewall: Firewall
    key_pair: aws.ec2.KeyPair

    @property
    def client_hosts(self) -> list[ClientHost]:
        """Every client host, the jump host before all others."""
        listed = [ClientHost(name, group) for group in self.config.clients for name in group.hosts]
        return sorted(listed, key=lambda host: host.name != self.config.jump_host)

    def in_order(self, clients: Mapping[str, MySqlClient]) -> list[MySqlClient]:
        """Return the clients in the order of the config."""
        return [clients[name] for group in self.config.clients for name in group.hosts]

    def client_args(self, host: ClientHost, clients: Mapping[str, MySqlClient]) -> HostArgs:
        """Return what a client is made from; `clients` are those that there are already."""
        groups = [self.firewall.client_group_id]
        if host.name == self.config.jump_host:
            groups.append(self.firewall.jump_group_id)
        return self._host_args(host.name, host.group, self.place.client_subnet_ids[host.group.name], groups, clients)

    def server_args(self, clients: Mapping[str, MySqlClient]) -> MySqlServerArgs:
        """Return what the server is made from."""
        server, mysql = self.config.server, self.config.mysql
        return {
            **self._host_args("server", server, self.place.server_subnet_id, [self.firewall.server_group_id], clients),
            "private_ip": str(server.private_ip),
            "volume_gib": server.volume_gib,
            "termination_protection": server.termination_protection,
            "mysql_port": mysql.port,
            "x_protocol": mysql.x_protocol,
            "require_secure_transport": mysql.require_secure_transport,
            "derived_settings": mysql.derived,
            "settings": mysql.settings,
        }

    def _host_args(
        self,
        name: str,
        kind: ServerConfig | ClientGroup,
        subnet_id: pulumi.Input[str],
        groups: Sequence[pulumi.Input[str]],
        clients: Mapping[str, MySqlClient],
    ) -> HostArgs:
        ssh, jump = self.config.ssh, clients.get(self.config.jump_host or "")
        endpoint = ssh.endpoints.get(name)
        return {
            "instance_type": kind.instance_type,
            "ami": kind.ami,
            "packages": kind.packages,
            "public": kind.public,
            "subnet_id": subnet_id,
            "security_group_ids": groups,
            "key_name": self.key_pair.key_name,
            "instance_profile": self.config.instance_profile,
            "public_key": ssh.public_key,
            "private_key": ssh.private_key,
            "jump": jump.host if jump else None,
            "host_key": ssh.host_keys.get(name),
            "ssh_host": endpoint.host if endpoint else None,
            "ssh_port": endpoint.port if endpoint else SSH_PORT,
            "network_ready": [*self.place.ready, self.firewall],
            "tags": self.config.tags,
        }


def database_args(database: DatabaseConfig) -> MySqlDatabaseArgs:
    """Return what a database is made from."""
    return {
        "name": database.name,
        "charset": database.charset,
        "collation": database.collation,
        "drop": database.drop,
    }


def role_args(role: RoleConfig) -> MySqlRoleArgs:
    """Return what a role is made from."""
    return {"key": role.key, "name": role.name, "grants": _grants(role.grants)}


def user_args(user: UserConfig, roles: Mapping[str, MySqlRole]) -> MySqlUserArgs:
    """Return what a user is made from; the roles are by key."""
    return {
        "key": user.key,
        "name": user.name,
        "host": user.host,
        "grants": _grants(user.grants),
        "database": user.database,
        "password": user.password,
        "generation": user.generation,
        "finished_generation": user.finished_generation,
        "plugin": user.plugin,
        "roles": [roles[key] for key in user.roles],
        "default_roles": [roles[key] for key in user.default_roles],
        "locked": user.locked,
        "password_lifetime_days": user.password_lifetime_days,
        "comment": user.comment,
        "adopt": user.adopt,
    }


def _grants(grants: Sequence[Grant]) -> list[GrantArgs]:
    return [
        {
            "privileges": grant.privileges,
            "database": grant.database,
            "table": grant.table,
            "grant_option": grant.grant_option,
        }
        for grant in grants
    ]
