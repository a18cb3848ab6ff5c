"""The whole config, read once: a table of contents. Faults are collected, and all of them are reported together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from ipaddress import IPv4Network
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from components.checks import instance_profile
from components.firewall import ReachArgs
from components.mysql.server import ServerArgs
from scripts.host.accounts.spec import AccountsSpec
from stack_config import clients, databases, host_parts, network, passwords, reach, server, ssh, users
from stack_config.aws import Aws, Cloud, Lookups
from stack_config.faults import NAMESPACE, ConfigFaults
from stack_config.model import ClientGroup, StackConfig
from stack_config.reader import Reader
from stack_config.tags import read_tags


def load() -> StackConfig:
    """Return the config of the stack that is being run.

    Raises:
        ConfigFaults: at least one key is missing, unknown or has a value that will not do.
    """
    values: Mapping[str, Any] = {**get_config_env(), **CONFIG.get()}
    prefix = f"{NAMESPACE}:"
    own = {key.removeprefix(prefix): str(value) for key, value in values.items() if key.startswith(prefix)}
    secret = {key for key in own if pulumi.runtime.is_config_secret(prefix + key)}
    return parse(own, secret, Aws(), ssh.agent_keys)


def parse(
    values: Mapping[str, str],
    secret: Set[str],
    cloud: Cloud,
    agent: Callable[[], Set[str] | None] = lambda: None,
) -> StackConfig:
    """Return the typed config.

    Args:
        values: raw values by key, without the namespace.
        secret: the keys whose values are stored encrypted.
        cloud: answers what only AWS knows.
        agent: returns the public keys that the ssh agent holds, as base64; None if that does not matter.

    Raises:
        ConfigFaults: with every fault there is.
    """
    reader = Reader(values, secret)
    lookups = Lookups(reader, cloud)
    groups = clients.read_clients(reader, lookups)
    server_args = server.read_server(reader, lookups)
    placement = network.read_network(reader, lookups, server_args["public"], groups)
    address = server.read_address(reader, placement.server_subnet)
    endpoints = ssh.read_endpoints(reader, groups)
    jump_host = clients.jump_host(reader, server_args["public"], groups, endpoints.keys())
    ssh_config = ssh.read_ssh(reader, groups, endpoints, agent)
    is_dialled = reader.is_readable("sshEndpoints") and not clients.host_names(groups) <= endpoints.keys()
    reach_args = _read_reach(reader, server_args, groups, jump_host, is_dialled, placement.ranges)
    accounts, secrets, primary = _read_accounts(reader, placement, server_args)
    profile = reader.read_optional("instanceProfile", instance_profile, None)
    tags = read_tags(reader)
    reader.refuse_unknown()
    if reader.faults or not (placement.network and address and ssh_config):
        raise ConfigFaults(reader.faults)
    for warning in reader.warnings:
        pulumi.warn(str(warning))
    return StackConfig(
        network=placement.network,
        reach=reach_args,
        ssh=ssh_config,
        server={**server_args, "private_ip": str(address)},
        clients=groups,
        accounts=accounts,
        passwords=secrets,
        primary_user=primary,
        instance_profile=profile,
        tags=tags,
        jump_host=jump_host,
    )


def _read_reach(
    reader: Reader,
    server_args: ServerArgs,
    groups: Sequence[ClientGroup],
    jump_host: str | None,
    is_dialled: bool,
    vpc: Sequence[IPv4Network],
) -> ReachArgs:
    """Return who may reach what; `is_dialled` says whether a host is reached at its own address."""
    return {
        "operator_cidrs": reach.read_operators(reader, is_dialled, vpc),
        "operator_group_ids": reach.read_groups(reader, "operatorSecurityGroupIds"),
        "server_public": server_args["public"],
        "jump_to_server": jump_host is not None and not server_args["public"],
        "jump_to_clients": jump_host is not None and not all(group.instance["public"] for group in groups),
        "mysql_ports": server.mysql_ports(server_args),
        "admitted_group_ids": reach.read_groups(reader, "admittedSecurityGroupIds"),
        "extra_egress": reach.read_egress(reader),
    }


def _read_accounts(
    reader: Reader, placement: network.NetworkRead, server_args: ServerArgs
) -> tuple[AccountsSpec, dict[str, pulumi.Output[str]], str | None]:
    """Return who may do what, the given passwords by user key, and the key of the primary user."""
    known = databases.read_databases(reader)
    roles = users.read_roles(reader, known)
    raw = users.raw_users(reader)
    counted = passwords.read_passwords(reader, None if raw is None else raw.keys())
    surroundings = users.Surroundings(
        known, roles, host_parts.default_host(placement.ranges), counted, placement.ranges
    )
    all_users = {key: users.read_user(reader, key, fields, surroundings) for key, fields in (raw or {}).items()}
    users.check_accounts(reader, roles or {}, all_users)
    primary = users.read_primary(reader, None if raw is None else all_users)
    host_parts.check_admission(reader, all_users, primary, placement.client_subnets)
    if server_args["settings"].get("skip_name_resolve") is True:
        host_parts.check_names(reader, all_users)
    accounts = AccountsSpec(tuple((known or {}).values()), tuple((roles or {}).values()), tuple(all_users.values()))
    return accounts, {key: pulumi.Output.secret(secret) for key, secret in counted.secrets.items()}, primary
