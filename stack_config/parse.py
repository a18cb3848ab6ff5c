"""The whole config, read once: a table of contents. Every fault is noted, and all of them are reported together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from ipaddress import IPv4Network
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from stack_config import agent, database, hosts, mysql, network, ssh
from stack_config.cloud import Aws, Cloud
from stack_config.faults import NAMESPACE, ConfigFaults
from stack_config.model import (
    ClientGroup,
    ExistingVpc,
    NetworkConfig,
    OwnVpc,
    ServerConfig,
    SshConfig,
    StackConfig,
    UserConfig,
)
from stack_config.reader import Reader, flag
from stack_config.tags import read_tags

MOVED = {
    "clientInstanceType": "Set instanceType of a group in clients",
    "clientAmi": "Set ami of a group in clients",
}
"""Keys of earlier commits, and where they went."""


def load() -> StackConfig:
    """Return the config of the stack that is being run.

    Raises:
        ConfigFaults: at least one key is missing, unknown or has a value that will not do.
    """
    values: Mapping[str, Any] = {**get_config_env(), **CONFIG.get()}
    prefix = f"{NAMESPACE}:"
    own = {key.removeprefix(prefix): str(value) for key, value in values.items() if key.startswith(prefix)}
    secret = {key for key in own if pulumi.runtime.is_config_secret(prefix + key)}
    return parse(own, secret, Aws(), agent.public_keys)


def parse(
    values: Mapping[str, str],
    secret: Set[str],
    cloud: Cloud,
    agent_keys: Callable[[], Set[str] | None] = lambda: None,
) -> StackConfig:
    """Return the typed config.

    Args:
        values: raw values by key, without the namespace.
        secret: the keys whose values are stored encrypted.
        cloud: answers what only AWS knows.
        agent_keys: the public keys that the ssh agent holds, as base64; None if that does not matter.

    Raises:
        ConfigFaults: with every fault there is.
    """
    reader = Reader(values, secret)
    types = hosts.Types(reader, cloud)
    clients = hosts.read_clients(reader, types)
    server_public = reader.read_optional("serverPublic", flag, False)
    vpc, server_subnet = _read_vpc(reader, cloud, server_public, clients)
    ssh_config = _read_ssh(reader, clients, server_public)
    if ssh_config and not reader.is_set("sshPrivateKey"):
        ssh.check_agent(reader, ssh_config.public_key, agent_keys())
    network_config = _read_network(reader, vpc, ssh_config, clients)
    server = _read_server(reader, types, server_subnet, server_public)
    facts = types.facts("serverInstanceType", server.instance_type) if server else None
    mysql_config = mysql.read(reader, facts.memory_mib if facts else None)
    user = _read_user(reader)
    profile = reader.read_optional("instanceProfile", hosts.instance_profile, "")
    tags = read_tags(reader)
    reader.refuse_strangers(MOVED)
    if reader.faults or not (network_config and ssh_config and server and user):
        raise ConfigFaults(reader.faults)
    return StackConfig(network_config, ssh_config, server, mysql_config, clients, user, profile or None, tags)


def _read_vpc(
    reader: Reader, cloud: Cloud, server_public: bool, clients: tuple[ClientGroup, ...]
) -> tuple[OwnVpc | ExistingVpc | None, IPv4Network | None]:
    """Return the VPC, and the range of the server's subnet."""
    if reader.is_set("vpcId") or reader.is_set("serverSubnetId"):
        return network.read_existing(reader, cloud, clients)
    return network.read_own(reader, server_public, clients)


def _read_ssh(reader: Reader, clients: tuple[ClientGroup, ...], server_public: bool) -> SshConfig | None:
    names = {"server", *(host for group in clients for host in group.hosts)}
    public = reader.read("sshPublicKey", ssh.public_key)
    private = reader.read_secret("sshPrivateKey", lambda raw: ssh.private_key(raw, public), required=False)
    endpoints, host_keys = ssh.read_endpoints(reader, names), ssh.read_host_keys(reader, names)
    hosts.check_jump(reader, server_public, clients, list(endpoints))
    secret = pulumi.Output.secret(private) if private else None
    return SshConfig(public, secret, endpoints, host_keys) if public else None


def _read_network(
    reader: Reader, vpc: OwnVpc | ExistingVpc | None, ssh_config: SshConfig | None, clients: tuple[ClientGroup, ...]
) -> NetworkConfig | None:
    names = {"server", *(host for group in clients for host in group.hosts)}
    tunnelled = ssh_config is not None and names <= ssh_config.endpoints.keys()
    operators = network.read_operators(reader, required=not tunnelled)
    bastions = network.read_groups(reader, "operatorSecurityGroupIds")
    admitted = network.read_groups(reader, "admittedSecurityGroupIds")
    egress = network.read_egress(reader)
    return NetworkConfig(vpc, operators, bastions, admitted, egress) if vpc else None


def _read_server(reader: Reader, types: hosts.Types, subnet: IPv4Network | None, public: bool) -> ServerConfig | None:
    kind = reader.read("serverInstanceType", hosts.instance_type)
    image = reader.read_optional("serverAmi", hosts.ami, "") or None
    if kind:
        types.facts("serverInstanceType", kind)
        types.check_image("serverAmi", image, kind)
    address = hosts.server_address(reader, subnet)
    protected = reader.read_optional("terminationProtection", flag, True)
    volume = reader.read_optional("serverVolumeSize", hosts.volume_gib, hosts.VOLUME_GIB)
    packages = hosts.read_packages(reader, "serverPackages")
    if kind is None or address is None:
        return None
    return ServerConfig(kind, image, address, public, protected, volume, packages)


def _read_user(reader: Reader) -> UserConfig | None:
    name = reader.read("databaseName", database.database_name)
    user = reader.read("userName", database.user_name)
    password = reader.read_secret("userPassword", database.password)
    return UserConfig(user, name, pulumi.Output.secret(password)) if name and user and password else None
