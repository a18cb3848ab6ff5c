"""Config of the clients: a table of groups of hosts, the names of all hosts, and the jump host among them."""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any, cast

from components import checks
from components.args import of_kind
from components.host.host import InstanceArgs
from scripts.host.common.checks import InvalidValueError, checked, flag, matching, repeated, whole
from stack_config.aws import Lookups
from stack_config.reader import Reader, as_list
from stack_config.specs import read_spec

NAME_LENGTH = 30
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


@dataclass(frozen=True)
class ClientGroup:
    """Client hosts of one kind, named <name>-1, <name>-2, ...; config has each field under its name in camelCase."""

    name: str = checked(group_name)
    count: int = checked(whole(1, 100), default=1)
    instance_type: str = checked(checks.instance_type, default="t3.micro")
    ami: str | None = checked(checks.image_id, default=None)
    public: bool = checked(flag, default=True)
    zone: int = checked(whole(1, 3), default=1)
    """Counted from 1; of a VPC of the program's own."""
    subnet_id: str | None = checked(checks.subnet_id, default=None)
    """Of an existing VPC; None in one of the program's own."""
    packages: tuple[str, ...] = checked(checks.package, default=())

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of its hosts."""
        return tuple(f"{self.name}-{number}" for number in range(1, self.count + 1))

    @property
    def instance(self) -> InstanceArgs:
        """What each of its hosts is made from."""
        return cast("InstanceArgs", of_kind(InstanceArgs, vars(self)))


def read_clients(reader: Reader) -> tuple[ClientGroup, ...]:
    """Return the client groups, each at its place in the list.

    A field that could not be read has its default; what is concluded from it has to ask the reader first.
    """
    listed = reader.read("clients", lambda raw: as_list(raw, EXAMPLE)) or ()
    if not listed and reader.is_readable("clients"):
        reader.add_fault("clients", "is empty, so nobody would reach the server", EXAMPLE)
    groups = tuple(read_spec(reader, f"clients[{at}]", raw, ClientGroup, EXAMPLE) for at, raw in enumerate(listed))
    named = [(f"clients[{at}]", group.name) for at, group in enumerate(groups) if group.name]
    for key, name, other in repeated(named):
        reader.add_fault(f"{key}.name", f"{name} is the name of {other} too", "Give each group its own name")
    return groups


def check_types(lookups: Lookups, groups: Sequence[ClientGroup]) -> None:
    """Refuse instance types that AWS does not know, or that do not boot the group's image."""
    for at, group in enumerate(groups):
        keys = (f"clients[{at}].instanceType", f"clients[{at}].ami")
        lookups.boots(keys, group.instance_type, group.ami, group.hosts)


def host_names(groups: Sequence[ClientGroup], servers: Sequence[str]) -> Set[str]:
    """Return the names of the hosts that there are, whatever becomes of faults."""
    return {*servers, *(host for group in groups if group.name for host in group.hosts)}


def check_host(reader: Reader, key: str, host: str, groups: Sequence[ClientGroup], servers: Sequence[str]) -> None:
    """Refuse a host's name in a value that is none, unless it might be of a group that has a fault."""
    known = host_names(groups, servers)
    faulty = [group for index, group in enumerate(groups) if not reader.is_readable(f"clients[{index}]")]
    might_be = not groups or any(not group.name or re.fullmatch(rf"{group.name}-\d+", host) for group in faulty)
    might_be = might_be or (not reader.is_readable("servers") and bool(re.fullmatch(rf"{SERVER}-\d+", host)))
    if host not in known and not might_be:
        reader.add_fault(key, "is no host of this stack", f"Its hosts are {', '.join(sorted(known))}")


def jump_host(
    reader: Reader, private_servers: Sequence[str], groups: Sequence[ClientGroup], endpoints: Set[str]
) -> str | None:
    """Return the first host of the first public group, through which private hosts are reached; None if none are.

    It is a fault if there are some and no public group; `endpoints` are the hosts that are reached by something else.
    """
    private = [*private_servers]
    private += [host for group in groups if not group.public for host in group.hosts]
    behind = [host for host in private if host not in endpoints]
    public = [group.hosts[0] for group in groups if group.public]
    if behind and not public and groups and reader.is_readable("clients", "serverPublic", "sshEndpoints"):
        reader.add_fault(
            "clients",
            f"no group is public, so there is no jump host to {', '.join(behind)}",
            "Make a group public, or name a tunnel's end for each in sshEndpoints",
        )
    return public[0] if behind and public else None
