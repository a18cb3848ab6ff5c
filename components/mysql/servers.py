"""The MySQL servers of a stack: one that is alone, or the members of a group, which are changed one after another."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.backups.backups import Backups
from components.component import Component
from components.data_volume import DataVolume, DataVolumeArgs, a_data_volume
from components.mysql.client import MySqlClient
from components.mysql.endpoint import Endpoint
from components.mysql.group import ServerGroup, ServerGroupArgs
from components.mysql.load_balancer import MySqlLoadBalancer
from components.mysql.proxy import ProxySpec
from components.mysql.server import DataArgs, MySqlServer, ServerArgs
from components.placement import Placement
from scripts.host.constants import MYSQL_PORT
from scripts.host.group.spec import MemberSpec


@dataclass(frozen=True)
class There:
    """What there is of the servers already, by their names."""

    hosts: frozenset[str]
    """Those that have a host."""
    data: frozenset[str]
    """Those of several that have a data volume."""


@dataclass(frozen=True)
class Servers:
    """All of them, the first one first."""

    each: Sequence[MySqlServer]
    volumes: Sequence[DataVolume]
    """Their data volumes, in the same order; empty where the data are on the root volumes."""
    restored: Sequence[pulumi.Resource]
    """What restores the first one's data, if something does."""
    proxy: ProxySpec | None
    """What client hosts reach them by; None where they reach the one server by its address."""
    load_balancer: MySqlLoadBalancer | None
    """What hosts without a proxy reach them by, if config asks for it."""
    components: Sequence[Component]
    """Everything that was made for them."""

    @property
    def first(self) -> MySqlServer:
        """The one that was there first, which all that a stack of one server has is about."""
        return self.each[0]

    @property
    def volume(self) -> DataVolume | None:
        """Its data volume."""
        return self.volumes[0] if self.volumes else None

    @property
    def endpoint(self) -> Endpoint:
        """Where clients find MySQL."""
        return Endpoint.of_proxy(self.proxy) if self.proxy else Endpoint.of_server(self.first)


def the_servers(
    members: Sequence[MemberSpec],
    args: Sequence[ServerArgs],
    volume_args: Sequence[DataVolumeArgs],
    data: DataArgs,
    placement: Placement,
    clients: Mapping[str, MySqlClient],
    backups: Backups,
    there: There,
) -> Servers:
    """Register the servers, and the restore of the first one's data if one is asked for.

    Args:
        members: their names, and the fixed addresses of several.
        args: what each is made from, in the same order.
        volume_args: what each one's data volume is made from; empty for none.
        data: what else is said of the first one's data.
        placement: where they live.
        clients: the hosts that private ones are reached through.
        backups: whose role they have, and what the first one's data are restored from.
        there: which of them there are.
    """
    port = args[0].get("mysql_port", MYSQL_PORT)
    changes = digest(args, volume_args, data)
    balancer = _load_balancer(members, port, placement)
    group = _group(members, port, placement, clients, changes, balancer, there) if len(members) > 1 else None
    each: list[MySqlServer] = []
    restored: list[pulumi.Resource] = []
    volumes: list[DataVolume] = []
    for number, (member, of_one) in enumerate(zip(members, args, strict=True), 1):
        zone = placement.network.server_zone_of(number)
        volume = a_data_volume(f"{member.name}-data", volume_args[number - 1] if volume_args else None, zone)
        volumes += [volume] if volume else []
        place = placement.server(member.name, clients, backups.instance_profile, number)
        is_new = member.name not in there.hosts
        # A restore is into the first one; the others take its data from the group.
        told: DataArgs = data if number == 1 else {"distribution": data.get("distribution")}
        own: DataArgs = {**told, "data_volume": volume, "attach_at_once": is_new}
        server = MySqlServer(member.name, {**of_one, **place, **own, "group": group})
        restored += backups.restore(server) if number == 1 else []
        if group:
            group.join(server, restored)
        each.append(server)
    proxy = ProxySpec(members, port) if args[0].get("client_proxy", group is not None) else None
    made = [*volumes, *([balancer] if balancer else []), *([group] if group else []), *each]
    return Servers(each, volumes, restored, proxy, balancer, made)


def _load_balancer(members: Sequence[MemberSpec], port: int, placement: Placement) -> MySqlLoadBalancer | None:
    """Register the load balancer before the members, if the firewall has a group for one."""
    if placement.firewall.balancer_group_id is None:
        return None
    return MySqlLoadBalancer(
        "load-balancer",
        {
            "members": members,
            "mysql_port": port,
            "vpc_id": placement.network.vpc_id,
            "subnet_ids": placement.network.balancer_subnet_ids,
            "security_group_id": placement.firewall.balancer_group_id,
            "tags": placement.tags,
        },
    )


def _group(
    members: Sequence[MemberSpec],
    port: int,
    placement: Placement,
    clients: Mapping[str, MySqlClient],
    changes: str,
    balancer: MySqlLoadBalancer | None,
    there: There,
) -> ServerGroup:
    """Register the group, which the jump host asks for its primary, or else the first client host."""
    args: ServerGroupArgs = {
        "members": members,
        "mysql_port": port,
        "asked_by": next(iter(clients.values())).agent,
        "ready": placement.firewall.ready,
        "digest": changes,
        "there": there.hosts | there.data,
    }
    if balancer:
        args["balancer_host"] = balancer.host
    return ServerGroup("group", args)


def digest(args: Sequence[ServerArgs], volume_args: Sequence[DataVolumeArgs], data: DataArgs) -> str:
    """Return what is another one whenever something of the members is, and the same in the next `up`.

    What is found in AWS does not count: a volume's zone is known once its subnet is there, and one that is made has an
    image that it does not have to be given again. Another image for all of them is in what a snapshot is made before.
    """
    of_servers = [_without("ami", of_one) for of_one in args]
    of_volumes = [_without("zone", of_one) for of_one in volume_args]
    everything = repr((of_servers, of_volumes, data.get("before")))
    return hashlib.sha256(everything.encode()).hexdigest()[:12]


def _without(found: str, args: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted((key, value) for key, value in args.items() if key != found)
