"""Reads a picture's model from a stack's outputs and its state, in which secrets are masked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from policy.rules.resource import Resource
from policy.rules.security_groups import GROUPS, SELF, Direction, Rule, collapsed, rules_in, world
from scripts.diagram import access
from scripts.diagram.model import Host, MySql, Nat, Picture, Subnet, User
from scripts.redaction import masked
from scripts.stack import OperatorError, Stack
from scripts.table import printable

NEEDED = ("server_instance_id", "mysql_version", "mysql_port")

Resources = Sequence[Resource]
"""Those of a state, by name."""


def picture(stack: Stack) -> Picture:
    """Return the stack's picture.

    Raises:
        OperatorError: the stack cannot be read, is not up, or is only half made.
    """
    outputs = stack.outputs()
    # What is about to be deleted is left out. A state's own order is that in which resources were made.
    kept = [_resource(entry) for entry in stack.masked_resources() if not entry.get("delete")]
    state = sorted(kept, key=lambda resource: natural(resource.name))
    missing = [name for name in NEEDED if outputs.get(name) is None]
    hosts = _hosts(state, outputs)
    first = str(outputs.get("server_instance_id"))
    if missing or first not in hosts:
        what = f"output {missing[0]}" if missing else "the server's instance"
        raise OperatorError(f"stack {stack.name!r} is only half made: {what} is missing; {stack.up_hint()}")
    names = {server.name for server in _of(state, "MySqlServer")}
    ids = [first, *(id for id, host in hosts.items() if host.name in names and id != first)]
    servers = [replace(hosts.pop(id), data_volume=_data_volume(state, outputs, id)) for id in ids]
    places = {name: place for place, name in enumerate(outputs.get("client_names") or [])}
    return Picture(
        stack=stack.name,
        region=_first(state, "Instance", "region"),
        vpc_id=_first(state, "SecurityGroup", "vpcId"),
        vpc_cidr=_first(state, "Vpc", "cidrBlock") or None,
        internet_gateway=bool(_of(state, "InternetGateway")),
        subnets=_subnets(state),
        nats=tuple(Nat(_text(nat, "subnetId"), _text(nat, "publicIp")) for nat in _of(state, "NatGateway")),
        groups={group.id: _label(group) for group in _of(state, "SecurityGroup")},
        ways_in=_rules(state, Direction.IN),
        ways_out=_rules(state, Direction.OUT),
        servers=tuple(sorted(servers, key=lambda host: natural(host.name))),
        clients=tuple(
            sorted(hosts.values(), key=lambda host: (places.get(host.name, len(places)), natural(host.name)))
        ),
        mysql=_mysql(state, outputs),
    )


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key by which client-10 comes after client-9."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"([0-9]+)", name)]


def text(value: Any) -> str:
    """Return a value of the state as text that can be drawn."""
    return printable("" if value is None else str(value))


def _resource(entry: Mapping[str, Any]) -> Resource:
    inputs, outputs = (masked(entry.get(key) or {}) for key in ("inputs", "outputs"))
    # The outputs of a group list the rules that are resources of their own too.
    inline = {str(direction): inputs.get(direction) for direction in Direction} if entry["type"] in GROUPS else {}
    return Resource(
        type=str(entry["type"]),
        urn=str(entry["urn"]),
        props={**inputs, **outputs, **inline},
        parent=str(entry.get("parent")),
        id=str(entry.get("id") or ""),
    )


def _of(state: Resources, kind: str) -> list[Resource]:
    return [resource for resource in state if resource.kind == kind]


def _label(resource: Resource) -> str:
    """Return a resource's name, without that of the component that it is a part of."""
    return printable(resource.name.removeprefix(f"{resource.owner}-"))


def _text(resource: Resource, key: str) -> str:
    return text(resource.get(key))


def _first(state: Resources, kind: str, key: str) -> str:
    return next((value for resource in _of(state, kind) if (value := _text(resource, key))), "")


def _hosts(state: Resources, outputs: Mapping[str, Any]) -> dict[str, Host]:
    """Return the hosts by instance id."""
    public = {_text(address, "instanceId"): _text(address, "publicIp") for address in _of(state, "EipAssociation")}
    return {
        instance.id: Host(
            name=printable(instance.owner),
            instance_type=_text(instance, "instanceType"),
            private_ip=_text(instance, "privateIp"),
            public_ip=public.get(instance.id) or _text(instance, "publicIp") or None,
            subnet_id=_text(instance, "subnetId"),
            group_ids=tuple(map(text, instance.get("vpcSecurityGroupIds") or ())),
            jump=instance.owner == outputs.get("jump_host"),
        )
        for instance in _of(state, "Instance")
    }


def _subnets(state: Resources) -> tuple[Subnet, ...]:
    """Return the stack's subnets, and those that were there and have a host."""
    routes = [route for route in _of(state, "Route") if world([_text(route, "destinationCidrBlock")])]
    to_internet = {_text(route, "routeTableId") for route in routes if _text(route, "gatewayId")}
    to_nat = {_text(route, "routeTableId") for route in routes if _text(route, "natGatewayId")}
    tables = {_text(table, "subnetId"): _text(table, "routeTableId") for table in _of(state, "RouteTableAssociation")}
    subnets = {
        subnet.id: Subnet(
            id=subnet.id,
            name=_label(subnet),
            zone=_text(subnet, "availabilityZone"),
            cidr=_text(subnet, "cidrBlock"),
            public=tables.get(subnet.id) in to_internet,
            nat_routed=tables.get(subnet.id) in to_nat,
        )
        for subnet in _of(state, "Subnet")
    }
    for instance in _of(state, "Instance"):
        id = _text(instance, "subnetId")
        subnets.setdefault(id, Subnet(id, id, _text(instance, "availabilityZone")))
    return tuple(sorted(subnets.values(), key=lambda subnet: (not subnet.public, natural(subnet.name))))


def _rules(state: Resources, direction: Direction) -> tuple[Rule, ...]:
    rules = {rule for rule in rules_in(state, direction, _by_id, _list_ids) if rule.peer}
    return tuple(sorted(rules, key=lambda rule: (rule.by_group, _address_order(rule), natural(rule.label))))


def _list_ids(resource: Resource) -> list[str]:
    return [_text(resource, "prefixListId") or resource.id]


def _by_id(resource: Resource, rule: Rule) -> Rule:
    """Return a rule with what can be drawn for ids; of an inline one, the group is the resource."""
    group = text(rule.group) or resource.id
    return replace(rule, group=group, peer=group if rule.named_by == SELF else text(rule.peer))


def _address_order(rule: Rule) -> tuple[int, int, str]:
    for network in collapsed([rule.peer]):
        return (network.version, int(network.network_address), f"{network.prefixlen:03} {rule.group}")
    return (9, 0, f"{rule.peer} {rule.group}")


def _mysql(state: Resources, outputs: Mapping[str, Any]) -> MySql:
    settings = next((server.get("settings") for server in _of(state, "MySqlServer")), None)
    users = [_user(user) for user in _of(state, "MySqlUser")]
    primary = outputs.get("primary_user")
    bucket, days = outputs.get("backup_bucket"), _first(state, "Backups", "retentionDays")
    return MySql(
        version=text(outputs["mysql_version"]),
        port=int(outputs["mysql_port"]),
        tls_required=isinstance(settings, Mapping) and settings.get("require_secure_transport") is True,
        databases=tuple(map(text, outputs.get("database_names") or ())),
        backups=text(f"{bucket}, {float(days or 0):.0f} days") if bucket else "",
        users=tuple(sorted(users, key=lambda user: (user.key != primary, natural(user.key)))),
    )


def _data_volume(state: Resources, outputs: Mapping[str, Any], instance_id: str) -> str:
    """Return the id of a server's data volume, with its size if it is the stack's own."""
    attached = {_text(it, "instanceId"): _text(it, "volumeId") for it in _of(state, "VolumeAttachment")}
    first = text(outputs.get("data_volume_id")) if instance_id == outputs.get("server_instance_id") else ""
    volume_id = first or attached.get(instance_id, "")
    size = next((_text(volume, "size") for volume in _of(state, "Volume") if volume.id == volume_id), "")
    return f"{volume_id}, {size} GiB" if size else volume_id


def _user(user: Resource) -> User:
    marks = {"locked": user.get("locked") is True, "rotation under way": _is_rotating(user)}
    return User(
        key=_text(user, "key"),
        host=_text(user, "host"),
        access=access.words(user.get("grants") or {}, user.get("roles") or []),
        marks=tuple(mark for mark, present in marks.items() if present),
    )


def _is_rotating(user: Resource) -> bool:
    generation, finished = (user.get(key) for key in ("generation", "finished_generation"))
    if not isinstance(generation, int | float) or not isinstance(finished, int | float):
        return False
    return generation > max(1, finished)
