"""Config of the clients: a table of groups of hosts, the names of all hosts, and the jump host among them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from components import checks
from scripts.host.common.checks import InvalidValueError, flag, matching, whole
from stack_config.aws import Lookups
from stack_config.model import ClientGroup
from stack_config.reader import Reader, as_list

MOST_HOSTS = 100
NAME_LENGTH = 30
CLIENT_TYPE = "t3.micro"
SERVER = "server"
"""The server's name among hosts."""
EXAMPLE = 'Write a list like [{"name": "client", "count": 2, "instanceType": "t3.micro"}]'

_host_prefix = matching(
    r"[a-z][a-z0-9]*(-[a-z0-9]+)*",
    "is not a name for hosts",
    "Use lower-case letters, digits and single hyphens, a letter first, like app",
)


def group_name(raw: Any) -> str:
    """Return the name of a group: the beginning of host names, and a part of tags and resources' names."""
    name = _host_prefix(raw)
    if len(name) > NAME_LENGTH:
        raise InvalidValueError(f"has {len(name)} characters", f"Use at most {NAME_LENGTH}")
    if name == SERVER:
        raise InvalidValueError("is the server's name", "Choose another, like app")
    if re.search(r"-\d+$", name):
        raise InvalidValueError(f"{name} ends like a host's number", "Choose a name that ends otherwise, like app")
    return name


FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "name": group_name,
    "count": whole(1, MOST_HOSTS),
    "instanceType": checks.instance_type,
    "ami": checks.image_id,
    "public": flag,
    "zone": whole(1, 3),
    "subnetId": checks.subnet_id,
    "packages": lambda raw: as_list(raw, 'Write a list like ["jq"]'),
}


def read_clients(reader: Reader, lookups: Lookups) -> tuple[ClientGroup, ...]:
    """Return the client groups, each at its place in the list.

    A field that could not be read has its default; what is concluded from it has to ask the reader first.
    """
    listed = reader.raw_list("clients", EXAMPLE) if reader.is_set("clients") else [{"name": "client"}]
    if not listed and reader.is_readable("clients"):
        reader.add_fault("clients", "is empty, so nobody would reach the server", EXAMPLE)
    groups = tuple(_group(reader, lookups, f"clients[{index}]", raw) for index, raw in enumerate(listed))
    _check_names(reader, groups)
    return groups


def _group(reader: Reader, lookups: Lookups, key: str, raw: object) -> ClientGroup:
    fields = reader.fields(key, raw, FIELDS, ["name"], EXAMPLE)
    instance_type = fields.get("instanceType", CLIENT_TYPE)
    known_type = instance_type if reader.is_readable(f"{key}.instanceType") else None
    lookups.boots((f"{key}.instanceType", f"{key}.ami"), known_type, fields.get("ami"))
    return ClientGroup(
        name=fields.get("name", ""),
        count=fields.get("count", 1),
        zone=fields.get("zone", 1),
        subnet_id=fields.get("subnetId"),
        instance={
            "instance_type": instance_type,
            "public": fields.get("public", True),
            "ami": fields.get("ami"),
            "packages": reader.entries(f"{key}.packages", fields.get("packages", ()), checks.package),
        },
    )


def _check_names(reader: Reader, groups: Sequence[ClientGroup]) -> None:
    first: dict[str, int] = {}
    for index, group in enumerate(groups):
        if group.name and first.setdefault(group.name, index) != index:
            wrong = f"{group.name} is the name of clients[{first[group.name]}] too"
            reader.add_fault(f"clients[{index}].name", wrong, "Give each group its own name")


def host_names(groups: Sequence[ClientGroup]) -> Set[str]:
    """Return the names of the hosts that there are, whatever becomes of faults."""
    return {SERVER, *(host for group in groups if group.name for host in group.hosts)}


def check_host(reader: Reader, key: str, host: str, groups: Sequence[ClientGroup]) -> None:
    """Refuse a host's name in a value that is none, unless it might be of a group that has a fault."""
    known = host_names(groups)
    faulty = [group for index, group in enumerate(groups) if not reader.is_readable(f"clients[{index}]")]
    might_be = not groups or any(not group.name or re.fullmatch(rf"{group.name}-\d+", host) for group in faulty)
    if host not in known and not might_be:
        reader.add_fault(key, "is no host of this stack", f"Its hosts are {', '.join(sorted(known))}")


def jump_host(reader: Reader, server_public: bool, groups: Sequence[ClientGroup], endpoints: Set[str]) -> str | None:
    """Return the first host of the first public group, through which private hosts are reached; None if none are.

    Args:
        reader: takes the fault where there are private hosts and no way to them.
        server_public: whether the server is reached at an address of its own.
        groups: all of them.
        endpoints: the hosts that are reached through something else, a tunnel for instance.
    """
    private = [] if server_public else [SERVER]
    private += [host for group in groups if not group.instance["public"] for host in group.hosts]
    behind = [host for host in private if host not in endpoints]
    public = [group.hosts[0] for group in groups if group.instance["public"]]
    if not behind or public:
        return public[0] if behind else None
    if groups and reader.is_readable("clients", "serverPublic", "sshEndpoints"):
        reader.add_fault(
            "clients",
            f"no group is public, so there is no jump host to {', '.join(behind)}",
            "Make a group public, or name a tunnel's end for each in sshEndpoints",
        )
    return None
