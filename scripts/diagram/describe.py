"""A picture in words, for those who do not see it: every host, rule and user, none folded away."""

from __future__ import annotations

from collections.abc import Iterable

from policy.rules.security_groups import Rule
from scripts.diagram.model import Host, Picture, Subnet, User


def title(picture: Picture) -> str:
    """Return what it is."""
    return f"A MySQL server and its clients: stack {picture.stack}"


def description(picture: Picture) -> str:
    """Return all that it shows, one sentence a line."""
    mysql = picture.mysql
    return "\n".join(
        [
            f"VPC {picture.vpc_cidr or picture.vpc_id}{f' in {picture.region}' if picture.region else ''}.",
            *map(_subnet, picture.subnets),
            *(f"NAT gateway {nat.public_ip} in {_name(picture, nat.subnet_id)}." for nat in picture.nats),
            *(["An internet gateway."] if picture.internet_gateway else []),
            *(_host(picture, host) for host in picture.hosts),
            *(
                f"Group {group(picture, rule.group)} lets {peer(picture, rule)} in, to {picture.label(rule)}."
                for rule in picture.ways_in
            ),
            *(
                f"Group {group(picture, rule.group)} may go out to {peer(picture, rule)}, to {picture.label(rule)}."
                for rule in picture.ways_out
            ),
            "Everyone else is refused.",
            f"MySQL {mysql.version} on port {mysql.port}{', TLS required' if mysql.tls_required else ''}.",
            f"Databases: {_listed(mysql.databases)}.",
            *map(_user, mysql.users),
        ]
    )


def group(picture: Picture, group_id: str) -> str:
    """Return a security group's name, or the id of another's."""
    return picture.groups.get(group_id, group_id)


def peer(picture: Picture, rule: Rule) -> str:
    """Return who or what a rule is for."""
    return f"group {group(picture, rule.peer)}" if rule.by_group else rule.peer


def reach(picture: Picture, rule: Rule) -> str:
    """Return what a way in lets whom reach."""
    return f"{peer(picture, rule)} to {picture.label(rule)} of {group(picture, rule.group)}"


def ways_out(picture: Picture, group_ids: Iterable[str]) -> list[str]:
    """Return to which addresses these groups may go, and to which ports there."""
    return [f"{', '.join(reached)} to {peer}" for peer, reached in picture.ranges_reached(group_ids).items()]


def _subnet(subnet: Subnet) -> str:
    return f"Subnet {subnet.name}: {subnet.words}, zone {subnet.zone}."


def _name(picture: Picture, subnet_id: str) -> str:
    return next((subnet.name for subnet in picture.subnets if subnet.id == subnet_id), subnet_id)


def _host(picture: Picture, host: Host) -> str:
    address = f"{host.private_ip}, public {host.public_ip}" if host.public_ip else f"{host.private_ip}, no public one"
    groups = _listed([group(picture, group_id) for group_id in host.group_ids])
    jump = ", the jump host" if host.jump else ""
    return (
        f"Host {host.name}{jump}: {host.instance_type}, address {address}, in {_name(picture, host.subnet_id)}, "
        f"security groups {groups}."
    )


def _user(user: User) -> str:
    return f"User {user.key} from {user.host}: {'; '.join([user.access, *user.marks])}."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
