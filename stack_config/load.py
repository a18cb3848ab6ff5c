"""The whole config, read once: a table of contents. Faults are collected, and all of them are reported together."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any, cast

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from components.ahead import Ahead
from components.backups.backups import BackupsArgs
from components.backups.snapshots import SnapshotsArgs
from components.checks import MOST_TAGS, instance_profile, tag_key, tag_value
from components.data_volume import DataVolumeArgs
from components.firewall import ReachArgs
from components.mysql.server import DataArgs, ServerArgs
from components.mysql.servers import There
from components.network import ExistingNetwork, NetworkArgs
from components.placement import SshAccess
from scripts.host.accounts.host_parts import is_name
from scripts.host.accounts.spec import AccountsSpec
from scripts.host.group.spec import MemberSpec
from stack_config import (
    addresses,
    backups,
    clients,
    data_volume,
    existing,
    members,
    network,
    reach,
    server,
    servers,
    ssh,
    users,
)
from stack_config.aws import SECOND, Aws, Lookups
from stack_config.reader import NAMESPACE, ConfigFaults, Reader
from stack_config.release import check_release, read_move


@dataclass(frozen=True)
class StackConfig:
    """Everything the program is told. Config and components share their shapes."""

    network: NetworkArgs | ExistingNetwork
    reach: ReachArgs
    ssh: SshAccess
    servers: tuple[ServerArgs, ...]
    """What each of them is made from, in the order in which they are changed one after another."""
    members: tuple[MemberSpec, ...]
    """Their names and addresses, in the same order. The address of a single server is empty where EC2 chooses it."""
    there: There
    """Which of them have a host or data already."""
    backups: BackupsArgs
    protected: bool
    """Whether the stack is protected: its data, whatever becomes of the server's host."""
    data_volumes: tuple[DataVolumeArgs, ...]
    """What each server's is made from, in the same order; empty where the data are on the server's root volume."""
    snapshot_before: str | None
    """What a snapshot of the data volume is named after that is made before another image's MySQL has it."""
    snapshots: SnapshotsArgs | None
    """None for no snapshots of the data volume."""
    clients: tuple[clients.ClientGroup, ...]
    accounts: AccountsSpec
    passwords: Mapping[str, pulumi.Output[str]]
    """Given passwords by user key, secrets; of the other users the program makes them."""
    primary_user: str | None
    """Key of the user that the connection string is for; None where there are no users."""
    distribution: str | None
    """Which Ubuntu and which MySQL the server has, if that is known."""
    ubuntu_release: str
    """Of hosts that are made without an image of their own."""
    instance_profile: str | None
    """Name of the IAM instance profile of every host, as Session Manager needs one."""
    tags: Mapping[str, str]
    jump_host: str | None
    """The public client host that private hosts are reached through; None where none is needed."""

    @property
    def data(self) -> DataArgs:
        """What else is said of the first server's data."""
        return {
            "replay": "restore" in self.backups,
            "before": self.snapshot_before,
            "distribution": self.distribution,
        }

    @property
    def server(self) -> ServerArgs:
        """What the first server is made from."""
        return self.servers[0]

    @property
    def data_volume(self) -> DataVolumeArgs | None:
        """What the first server's data volume is made from; None where the data are on its root volume."""
        return self.data_volumes[0] if self.data_volumes else None


def load(ahead: Ahead) -> StackConfig:
    """Return the config of the stack that is being run; AWS is asked by `ahead`.

    Raises:
        ConfigFaults: at least one key is missing, unknown or has a value that will not do.
    """
    values: Mapping[str, Any] = {**get_config_env(), **CONFIG.get()}
    prefix = f"{NAMESPACE}:"
    own = {key.removeprefix(prefix): str(value) for key, value in values.items() if key.startswith(prefix)}
    secret = {key for key in own if pulumi.runtime.is_config_secret(prefix + key)}
    return parse(own, secret, Aws(), ssh.agent_keys, ahead)


def parse(
    values: Mapping[str, str],
    secret: Set[str],
    cloud: Aws,
    agent: Callable[[], Set[str] | None] = lambda: None,
    ahead: Ahead | None = None,
) -> StackConfig:
    """Return the typed config of raw values by key, without the namespace; `secret` are those stored encrypted.

    `agent` returns the public keys that the ssh agent holds, as base64; None if that does not matter.

    Raises:
        ConfigFaults: with every fault there is.
    """
    if ahead is None:
        with Ahead() as own:
            return parse(values, secret, cloud, agent, own)
    reader = Reader(values, secret)
    lookups = Lookups(reader, cloud, ahead)
    groups = clients.read_clients(reader)
    names = servers.read_servers(reader)
    of_server = server.read_keys(reader)
    lookups.begin_usual(
        names,
        [of_server["instance_type"], *(group.instance_type for group in groups)],
        [of_server.get("ami"), *(group.ami for group in groups)],
        [group.subnet_id for group in groups],
    )
    clients.check_types(lookups, groups)
    server_args, data = server.read_server(reader, lookups, of_server, names)
    placement = network.read_network(reader, lookups, server_args, groups, names)
    fixed = addresses.read_addresses(reader, lookups, placement, names)
    snapshot_before = read_move(reader, lookups, server_args, data.args)
    volumes = data_volume.place_data(reader, lookups, data, placement, names)
    protected = bool(server_args.get("termination_protection"))
    each = members.read_own(reader, lookups, server_args, placement, names, fixed, has_volume=data.args is not None)
    private = () if server_args["public"] else names
    endpoints = ssh.read_endpoints(reader, groups, names)
    jump_host = clients.jump_host(reader, private, groups, endpoints.keys())
    access = ssh.read_ssh(reader, groups, names, endpoints, agent)
    reach_args = reach.read_reach(reader, server_args, groups, names, jump_host, endpoints.keys(), placement.ranges)
    if len(names) == 1 and lookups.ask(None, lookups.cloud.is_there, SECOND):
        reach_args["shrinks"] = True
    looks_names_up = server_args["settings"].get("skip_name_resolve") is not True
    accounts, passwords, primary_user = users.read_accounts(reader, placement, groups, looks_names_up)
    if not any(is_name(user.host) for user in accounts.users):
        # Every new connection would wait for a look-up of an address that nothing needs the name of.
        server_args["derived_settings"] = {**server_args.get("derived_settings", {}), "skip_name_resolve": True}
    profile = reader.read("instanceProfile", instance_profile)
    backups_args = backups.read_backups(reader, lookups, server_args, profile, protected)
    snapshots = backups.read_snapshots(reader, data.args)
    if placement.network and not isinstance(placement.network, ExistingNetwork):
        placement.network["s3_endpoint"] = backups_args["retention_days"] > 0
    release, distribution = check_release(reader, lookups, server_args, accounts.users)
    if server_args.get("lower_case_table_names"):
        users.refuse_capitals(reader, accounts)
    tags = _read_tags(reader)
    reader.refuse_unknown()
    if reader.faults or not (placement.network and access):
        raise ConfigFaults(reader.faults)
    for warning in reader.warnings:
        pulumi.warn(str(warning))
    of_volumes = {"protect": protected, "tags": tags}
    return StackConfig(
        network=placement.network,
        reach=reach_args,
        ssh=access,
        servers=tuple(members.with_own(server_args, of_one) for of_one in each),
        members=members.member_specs(names, fixed),
        there=existing.there(lookups, names, volumes),
        backups=backups_args,
        protected=protected,
        data_volumes=tuple(cast("DataVolumeArgs", {**volume, **of_volumes}) for volume in volumes),
        snapshot_before=snapshot_before,
        snapshots=snapshots,
        clients=groups,
        accounts=accounts,
        passwords={key: pulumi.Output.secret(password) for key, password in passwords.items()},
        primary_user=primary_user,
        distribution=distribution,
        ubuntu_release=release,
        instance_profile=profile,
        tags=tags,
        jump_host=jump_host,
    )


def _read_tags(reader: Reader) -> dict[str, str]:
    def convert(key: str, value: Any) -> str:
        tag_key(key)
        return tag_value(value)

    tags = reader.read_table("tags", convert, 'Write a table like {"Team": "data"}')
    if len(tags) > MOST_TAGS:
        reader.add_fault("tags", f"has {len(tags)} entries", f"Use at most {MOST_TAGS}")
    return tags
