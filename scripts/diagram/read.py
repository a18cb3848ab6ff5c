"""Reads a picture's model from a stack's outputs and its state, in which secrets are masked."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scripts.diagram import access
from scripts.diagram.model import ANYWHERE, Host, MySql, Nat, Picture, Rule, Subnet, User
from scripts.stack import OperatorError, Stack
from scripts.state import SIGNATURE
from scripts.table import printable

SSH_PORT, X_PORT = 22, 33060
SECRET = "(secret)"  # noqa: S105  what is shown in place of one
PEERS = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
NEEDED = ("server_instance_id", "mysql_version", "mysql_port")

Properties = Mapping[str, Any]


def picture(stack: Stack) -> Picture:
    """Return the stack's picture.

    Raises:
        OperatorError: the stack cannot be read, is not up, or is only half made.
    """
    outputs, state = stack.outputs(), State(stack.masked_resources())
    missing = [name for name in NEEDED if outputs.get(name) is None]
    hosts = _hosts(state, outputs)
    server = hosts.pop(str(outputs.get("server_instance_id")), None)
    if missing or server is None:
        what = f"output {missing[0]}" if missing else "the server's instance"
        raise OperatorError(f"stack {stack.name!r} is only half made: {what} is missing; {stack.up_hint()}")
    clients = _in_order(hosts.values(), outputs.get("client_names") or [])
    groups = {id: short(name) for id, name, _ in sorted(state.of("SecurityGroup"), key=lambda one: one[1])}
    vpc = next((it for _, _, it in state.of("Vpc")), {})
    port = int(outputs["mysql_port"])
    return Picture(
        stack=stack.name,
        region=next((text(it.get("region")) for _, _, it in state.of("Instance") if it.get("region")), ""),
        vpc_id=text(next((it.get("vpcId") for _, _, it in state.of("SecurityGroup")), "")),
        vpc_cidr=text(vpc["cidrBlock"]) if vpc else None,
        internet_gateway=bool(state.of("InternetGateway")),
        subnets=_subnets(state),
        nats=tuple(
            Nat(text(it.get("subnetId")), text(it.get("publicIp"))) for _, _, it in sorted_by_name(state, "NatGateway")
        ),
        groups=groups,
        ways_in=_rules(state, "SecurityGroupIngressRule", port),
        ways_out=_rules(state, "SecurityGroupEgressRule", port),
        server=server,
        clients=tuple(clients),
        mysql=_mysql(state, outputs, port),
    )


class State:
    """The resources of a state, by the last part of their type."""

    def __init__(self, resources: Iterable[Mapping[str, Any]]) -> None:
        """Take those that are there for good: what is about to be deleted is left out."""
        self._found: dict[str, list[tuple[str, str, Properties]]] = {}
        for it in resources:
            if not it.get("delete"):
                known = {**(it.get("inputs") or {}), **(it.get("outputs") or {})}
                entry = (str(it.get("id") or ""), str(it["urn"]).split("::")[-1], known)
                self._found.setdefault(str(it["type"]).split(":")[-1], []).append(entry)

    def of(self, kind: str) -> list[tuple[str, str, Properties]]:
        """Return id, name and properties of each resource of a kind."""
        return self._found.get(kind, [])


def sorted_by_name(state: State, kind: str) -> list[tuple[str, str, Properties]]:
    """Return a kind's resources in the order of their names: a state's own order is that in which they were made."""
    return sorted(state.of(kind), key=lambda one: natural(one[1]))


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key by which client-10 comes after client-9."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"([0-9]+)", name)]


def short(name: str) -> str:
    """Return a resource's name without the component's that it is part of."""
    return printable(re.sub(r"^(firewall|network)-", "", name))


def text(value: Any) -> str:
    """Return a value of the state as text that can be drawn; a secret as a word that says so."""
    if isinstance(value, Mapping) and SIGNATURE in value:
        return SECRET
    return printable("" if value is None else str(value))


def _hosts(state: State, outputs: Mapping[str, Any]) -> dict[str, Host]:
    """Return the hosts by instance id."""
    public = {it.get("instanceId"): text(it.get("publicIp")) for _, _, it in state.of("EipAssociation")}
    found = {}
    for id, resource, it in state.of("Instance"):
        name = text(resource.removesuffix("-instance"))
        found[id] = Host(
            name=name,
            instance_type=text(it.get("instanceType")),
            private_ip=text(it.get("privateIp")),
            public_ip=public.get(id) or text(it.get("publicIp")) or None,
            subnet_id=text(it.get("subnetId")),
            group_ids=tuple(map(text, it.get("vpcSecurityGroupIds") or ())),
            jump=name == outputs.get("jump_host"),
        )
    return found


def _in_order(hosts: Iterable[Host], names: Sequence[str]) -> list[Host]:
    places = {name: place for place, name in enumerate(names)}
    return sorted(hosts, key=lambda host: (places.get(host.name, len(places)), natural(host.name)))


def _subnets(state: State) -> tuple[Subnet, ...]:
    """Return the stack's subnets, and those that were there and have a host."""
    routes = [it for _, _, it in state.of("Route") if it.get("destinationCidrBlock") in ANYWHERE]
    to_internet = {it.get("routeTableId") for it in routes if it.get("gatewayId")}
    to_nat = {it.get("routeTableId") for it in routes if it.get("natGatewayId")}
    tables = {it.get("subnetId"): it.get("routeTableId") for _, _, it in state.of("RouteTableAssociation")}
    found = {
        id: Subnet(
            id=id,
            name=short(name),
            zone=text(it.get("availabilityZone")),
            cidr=text(it.get("cidrBlock")),
            public=tables.get(id) in to_internet,
            nat_routed=tables.get(id) in to_nat,
        )
        for id, name, it in state.of("Subnet")
    }
    for _, _, it in state.of("Instance"):
        id = text(it.get("subnetId"))
        found.setdefault(id, Subnet(id, id, text(it.get("availabilityZone"))))
    return tuple(sorted(found.values(), key=lambda one: (not one.public, natural(one.name))))


def _rules(state: State, kind: str, mysql_port: int) -> tuple[Rule, ...]:
    found = set()
    for _, _, it in state.of(kind):
        peer = next((key for key in PEERS if it.get(key)), None)
        if peer:
            found.add(
                Rule(
                    group_id=text(it.get("securityGroupId")),
                    peer=text(it[peer]),
                    by_group=peer == "referencedSecurityGroupId",
                    ports=_ports(it),
                    service=_service(it, mysql_port),
                )
            )
    return tuple(sorted(found, key=lambda rule: (rule.by_group, _address_order(rule), natural(rule.ports))))


def _address_order(rule: Rule) -> tuple[int, int, str]:
    try:
        network = ipaddress.ip_network(rule.peer)
    except ValueError:
        return (9, 0, f"{rule.peer} {rule.group_id}")
    return (network.version, int(network.network_address), f"{network.prefixlen:03} {rule.group_id}")


def _ports(it: Properties) -> str:
    protocol = text(it.get("ipProtocol"))
    if protocol == "-1":
        return "every port"
    first, last = (int(it.get(key) or 0) for key in ("fromPort", "toPort"))
    ports = str(first) if first == last else f"{first}-{last}"
    return ports if protocol == "tcp" else f"{protocol} {ports}"


def _service(it: Properties, mysql_port: int) -> str:
    names = {mysql_port: "MySQL", SSH_PORT: "ssh", X_PORT: "mysqlx"}
    single = it.get("ipProtocol") == "tcp" and it.get("fromPort") == it.get("toPort")
    return names.get(int(it.get("fromPort") or 0), "") if single else ""


def _mysql(state: State, outputs: Mapping[str, Any], port: int) -> MySql:
    settings = next((it.get("settings") for _, _, it in state.of("MySqlServer")), None)
    return MySql(
        version=text(outputs["mysql_version"]),
        port=port,
        tls_required=isinstance(settings, Mapping) and settings.get("require_secure_transport") is True,
        databases=tuple(map(text, outputs.get("database_names") or ())),
        users=tuple(
            sorted(
                (_user(name, it) for _, name, it in state.of("MySqlUser")),
                key=lambda user: (user.key != outputs.get("primary_user"), natural(user.key)),
            )
        ),
    )


def _user(name: str, it: Properties) -> User:
    grants, roles = it.get("grants") or {}, it.get("roles") or []
    known = not isinstance(roles, Mapping) and SECRET not in map(text, [grants, *grants.values()])
    marks = []
    if it.get("locked") is True:
        marks.append("locked")
    generation, finished = (it.get(key) for key in ("generation", "finished_generation"))
    if isinstance(generation, (int, float)) and isinstance(finished, (int, float)) and generation > max(1, finished):
        marks.append("rotation under way")
    return User(
        key=text(it.get("key") or name.removeprefix("user-")),
        host=text(it.get("host")),
        access=access.words({text(target): text(held) for target, held in grants.items()}, list(map(text, roles)))
        if known
        else SECRET,
        marks=tuple(marks),
    )
