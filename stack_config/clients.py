"""Config of the clients: a table of groups of hosts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set
from typing import Any

from stack_config import hosts
from stack_config.faults import BadValueError
from stack_config.lookups import Lookups
from stack_config.model import ClientGroup
from stack_config.network import subnet_id
from stack_config.reader import Reader, as_list, flag, matching, whole

MOST_HOSTS = 100
LONGEST_NAME = 30
CLIENT_TYPE = "t3.micro"
EXAMPLE = 'Write a list like [{"name": "client", "count": 2, "instanceType": "t3.micro"}]'

host_prefix = matching(
    r"[a-z][a-z0-9]*(-[a-z0-9]+)*",
    "is not a name for hosts",
    "Use lower-case letters, digits and single hyphens, a letter first, like app",
)


def group_name(raw: Any) -> str:
    """Return the name of a group: the beginning of host names, and a part of tags and resources' names."""
    name = host_prefix(raw)
    if len(name) > LONGEST_NAME:
        raise BadValueError(f"has {len(name)} characters", f"Use at most {LONGEST_NAME}")
    if name == "server":
        raise BadValueError("is the server's name", "Choose another, like app")
    if re.search(r"-\d+$", name):
        raise BadValueError(f"{name} ends like a host's number", "Choose a name that ends otherwise, like app")
    return name


FIELDS: dict[str, Callable[[Any], Any]] = {
    "name": group_name,
    "count": whole(1, MOST_HOSTS),
    "instanceType": hosts.instance_type,
    "ami": hosts.ami,
    "public": flag,
    "zone": whole(1, 3),
    "subnetId": subnet_id,
    "packages": lambda raw: as_list(raw, 'Write a list like ["jq"]'),
}


def read_clients(reader: Reader, lookups: Lookups) -> tuple[ClientGroup, ...]:
    """Return the client groups, each at its place in the list.

    A field that could not be read has its default; what is concluded from it has to ask the reader first.
    """
    listed = reader.raw_list("clients", EXAMPLE) if reader.is_set("clients") else [{"name": "client"}]
    if not listed and reader.well_read("clients"):
        reader.note("clients", "is empty, so nobody would reach the server", EXAMPLE)
    groups = tuple(_group(reader, lookups, f"clients[{index}]", raw) for index, raw in enumerate(listed))
    _check_names(reader, groups)
    return groups


def _group(reader: Reader, lookups: Lookups, key: str, raw: object) -> ClientGroup:
    fields = reader.fields(key, raw, FIELDS, ["name"], EXAMPLE)
    kind = fields.get("instanceType", CLIENT_TYPE)
    known = kind if reader.well_read(f"{key}.instanceType") else None
    hosts.look_up(reader, lookups, (f"{key}.instanceType", f"{key}.ami"), known, fields.get("ami"))
    return ClientGroup(
        name=fields.get("name", ""),
        count=fields.get("count", 1),
        instance_type=kind,
        ami=fields.get("ami"),
        public=fields.get("public", True),
        zone=fields.get("zone", 1),
        subnet_id=fields.get("subnetId"),
        packages=reader.entries(f"{key}.packages", fields.get("packages", ()), hosts.package),
    )


def _check_names(reader: Reader, groups: Sequence[ClientGroup]) -> None:
    first: dict[str, int] = {}
    for index, group in enumerate(groups):
        if group.name and first.setdefault(group.name, index) != index:
            other = f"clients[{first[group.name]}]"
            reader.note(
                f"clients[{index}].name", f"{group.name} is the name of {other} too", "Give each group its own name"
            )


def host_names(groups: Sequence[ClientGroup]) -> Set[str]:
    """Return the names of the hosts that there are, whatever becomes of faults."""
    return {"server", *(host for group in groups if group.name for host in group.hosts)}


def check_host(reader: Reader, key: str, host: str, groups: Sequence[ClientGroup]) -> None:
    """Note a host's name in a value that is none, unless it might be of a group that has a fault."""
    known = host_names(groups)
    faulty = [one for index, one in enumerate(groups) if not reader.well_read(f"clients[{index}]")]
    might_be = not groups or any(not one.name or re.fullmatch(rf"{one.name}-\d+", host) for one in faulty)
    if host not in known and not might_be:
        reader.note(key, "is no host of this stack", f"Its hosts are {', '.join(sorted(known))}")


def check_jump(reader: Reader, server_public: bool, groups: Sequence[ClientGroup], endpoints: Set[str]) -> None:
    """Note private hosts that nothing leads to."""
    if not groups or not reader.well_read("clients", "serverPublic", "sshEndpoints"):
        return
    private = [] if server_public else ["server"]
    private += [host for group in groups if not group.public for host in group.hosts]
    alone = [host for host in private if host not in endpoints]
    if alone and not any(group.public for group in groups):
        reader.note(
            "clients",
            f"no group is public, so there is no jump host to {', '.join(alone)}",
            "Make a group public, or name a tunnel's end for each in sshEndpoints",
        )
