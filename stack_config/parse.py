"""The whole config, read once: a table of contents. Every fault is noted, and all of them are reported together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from ipaddress import IPv4Network
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from stack_config import accounts, agent, hosts, mysql, network, ssh
from stack_config.clients import check_jump, host_names, read_clients
from stack_config.cloud import Aws, Cloud
from stack_config.faults import NAMESPACE, ConfigFaults
from stack_config.lookups import Lookups
from stack_config.model import ClientGroup, NetworkConfig, ServerConfig, SshConfig, SshEndpoint, StackConfig
from stack_config.reader import Reader, flag
from stack_config.tags import read_tags

MOVED = {
    "clientInstanceType": "Set instanceType of a group in clients",
    "clientAmi": "Set ami of a group in clients",
    "databaseName": "Name it in databases, like {app: {}}, and in the users' grants",
    "userName": "Set name of a user in users",
    "userPassword": "Set it with `pulumi config set --secret --path userPasswords.KEY`, KEY being the user's in users",
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
    lookups = Lookups(reader, cloud)
    clients = read_clients(reader, lookups)
    server_public = reader.read_optional("serverPublic", flag, False)
    place = network.read_vpc(reader, lookups, server_public, clients)
    endpoints = ssh.read_endpoints(reader, clients)
    check_jump(reader, server_public, clients, endpoints.keys())
    ssh_config = _read_ssh(reader, clients, endpoints, agent_keys)
    dialled = reader.well_read("sshEndpoints") and not host_names(clients) <= endpoints.keys()
    network_config = _read_network(reader, place, dialled)
    server, memory_mib = _read_server(reader, lookups, place.server_subnet, server_public)
    mysql_config = mysql.read(reader, memory_mib)
    account_config = accounts.read(reader, place.cidr)
    profile = reader.read_optional("instanceProfile", hosts.instance_profile, "")
    tags = read_tags(reader)
    reader.refuse_strangers(MOVED)
    if reader.faults or not (network_config and ssh_config and server):
        raise ConfigFaults(reader.faults)
    return StackConfig(network_config, ssh_config, server, mysql_config, clients, account_config, profile or None, tags)


def _read_ssh(
    reader: Reader,
    clients: Sequence[ClientGroup],
    endpoints: Mapping[str, SshEndpoint],
    agent_keys: Callable[[], Set[str] | None],
) -> SshConfig | None:
    public = reader.read("sshPublicKey", ssh.public_key)
    private = reader.read_secret("sshPrivateKey", lambda raw: ssh.private_key(raw, public), required=False)
    host_keys = ssh.read_host_keys(reader, clients)
    if public and not reader.is_set("sshPrivateKey"):
        ssh.check_agent(reader, public, agent_keys())
    secret = pulumi.Output.secret(private) if private else None
    return SshConfig(public, secret, endpoints, host_keys) if public else None


def _read_network(reader: Reader, place: network.VpcRead, dialled: bool) -> NetworkConfig | None:
    """Return who reaches the hosts; `dialled` tells whether one of them is reached at its own address."""
    operators = network.read_operators(reader, required=dialled, vpc=place.cidr)
    bastions = network.read_groups(reader, "operatorSecurityGroupIds")
    admitted = network.read_groups(reader, "admittedSecurityGroupIds")
    egress = network.read_egress(reader)
    return NetworkConfig(place.vpc, operators, bastions, admitted, egress) if place.vpc else None


def _read_server(
    reader: Reader, lookups: Lookups, subnet: IPv4Network | None, public: bool
) -> tuple[ServerConfig | None, int | None]:
    """Return the server's config, and the MiB of memory it has; None where they cannot be told."""
    kind = reader.read("serverInstanceType", hosts.instance_type)
    image = reader.read_optional("serverAmi", hosts.ami, "") or None
    facts = hosts.look_up(reader, lookups, ("serverInstanceType", "serverAmi"), kind, image)
    address = hosts.server_address(reader, subnet)
    protected = reader.read_optional("terminationProtection", flag, True)
    volume = reader.read_optional("serverVolumeSize", hosts.volume_gib, hosts.VOLUME_GIB)
    packages = hosts.read_packages(reader, "serverPackages")
    memory_mib = facts.memory_mib if facts else None
    if kind is None or address is None:
        return None, memory_mib
    return ServerConfig(kind, image, address, public, protected, volume, packages), memory_mib
