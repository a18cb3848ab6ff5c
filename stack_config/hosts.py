"""Config of the hosts: the server's, and the table of client groups."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from stack_config.cloud import Cloud, TypeFacts
from stack_config.faults import BadValueError
from stack_config.model import ClientGroup
from stack_config.network import looked_up, subnet_id
from stack_config.reader import Reader, as_list, flag, matching, whole

SERVER_PLACE = 10
"""The server's address in its subnet unless config has another: the eleventh."""
MOST_HOSTS = 100
VOLUME_GIB = 16
CLIENT_TYPE = "t3.micro"
EXAMPLE = 'Write a list like [{"name": "client", "count": 2, "instanceType": "t3.micro"}]'

instance_type = matching(r"[a-z][a-z0-9-]*\.[a-z0-9-]+", "is not an instance type", "Write one like t3.small")
ami = matching(r"ami-[0-9a-f]{8,17}", "is not an image id", "Write one like ami-0123456789abcdef0")
package = matching(
    r"[a-z0-9][a-z0-9+.-]+", "is not a package's name (Debian Policy, 5.6.1)", "Write one like percona-toolkit"
)
volume_gib = whole(8, 16384, " GiB")
instance_profile = matching(
    r"[\w+=,.@-]{1,128}", "is not the name of an instance profile", "Write its name, not its ARN"
)
group_name = matching(
    r"[a-z][a-z0-9]*(-[a-z0-9]+)*",
    "is not a name for hosts",
    "Use lower-case letters, digits and single hyphens, a letter first, like app",
)


def short_group_name(raw: Any) -> str:
    """Return the name of a group: the beginning of host names, and a part of tags and resources' names."""
    name = group_name(raw)
    if len(name) > 30:
        raise BadValueError(f"has {len(name)} characters", "Use at most 30")
    return name


@dataclass
class Types:
    """Instance types and images, each looked up once."""

    reader: Reader
    cloud: Cloud

    def __post_init__(self) -> None:
        """Begin with nothing known."""
        self._types: dict[str, TypeFacts | None] = {}

    def facts(self, key: str, name: str) -> TypeFacts | None:
        """Return the facts of an instance type, None if AWS has none, which is noted."""
        if name not in self._types:
            self._types[name] = looked_up(self.reader, key, self.cloud.instance_type, name)
        return self._types[name]

    def check_image(self, key: str, image: str | None, name: str) -> None:
        """Note an image of another architecture than the instance type."""
        facts = self._types.get(name)
        if image and facts:
            found = looked_up(self.reader, key, self.cloud.image_architecture, image)
            if found and found != facts.architecture:
                self.reader.note(
                    key, f"{image} is an image for {found}, {name} is {facts.architecture}", "Choose one that fits"
                )


def server_address(reader: Reader, subnet: IPv4Network | None) -> IPv4Address | None:
    """Return the server's fixed address; None if it cannot be told."""
    set_here = reader.read("serverPrivateIp", _address) if reader.is_set("serverPrivateIp") else None
    if subnet is None:
        return None
    found = set_here or subnet[SERVER_PLACE]
    if found not in subnet:
        reader.note("serverPrivateIp", f"{found} is not in the server's subnet {subnet}", "Choose one of it")
    elif int(found) - int(subnet[0]) < 4 or found == subnet[-1]:
        reader.note(
            "serverPrivateIp", f"{found} is one that EC2 keeps of {subnet}", f"Choose from {subnet[4]} to {subnet[-2]}"
        )
    return found


def _address(raw: Any) -> IPv4Address:
    try:
        return IPv4Address(raw)
    except ValueError as error:
        raise BadValueError(f"{raw!r} is not an IPv4 address", "Write one like 10.20.0.10") from error


def read_packages(reader: Reader, key: str) -> tuple[str, ...]:
    """Return names of packages."""
    return reader.read_list(key, package, 'Write a list like ["percona-toolkit"]')


def read_clients(reader: Reader, types: Types) -> tuple[ClientGroup, ...]:
    """Return the client groups that are free of faults."""
    listed = reader.raw_list("clients", EXAMPLE) if reader.is_set("clients") else [{"name": "client"}]
    if not listed:
        reader.note("clients", "is empty, so nobody would reach the server", EXAMPLE)
    groups = [group for index, raw in enumerate(listed) if (group := _group(reader, types, index, raw))]
    _check_names(reader, groups)
    return tuple(groups)


def _packages(raw: Any) -> tuple[str, ...]:
    return tuple(package(entry) for entry in as_list(raw, 'Write a list like ["jq"]'))


FIELDS: dict[str, Callable[[Any], Any]] = {
    "name": short_group_name,
    "count": whole(1, MOST_HOSTS),
    "instanceType": instance_type,
    "ami": ami,
    "public": flag,
    "zone": whole(1, 3),
    "subnetId": subnet_id,
    "packages": _packages,
}


def _group(reader: Reader, types: Types, index: int, raw: Any) -> ClientGroup | None:
    key = f"clients[{index}]"
    faults = len(reader.faults)
    fields = reader.fields(key, raw, FIELDS, EXAMPLE)
    if isinstance(raw, dict) and "name" not in raw:
        reader.note(f"{key}.name", "is missing", EXAMPLE)
    kind = fields.get("instanceType", CLIENT_TYPE)
    types.facts(f"{key}.instanceType", kind)
    types.check_image(f"{key}.ami", fields.get("ami"), kind)
    if len(reader.faults) > faults:
        return None
    return ClientGroup(
        name=fields["name"],
        count=fields.get("count", 1),
        instance_type=kind,
        ami=fields.get("ami"),
        public=fields.get("public", True),
        zone=fields.get("zone", 1),
        subnet_id=fields.get("subnetId"),
        packages=fields.get("packages", ()),
    )


def _check_names(reader: Reader, groups: Sequence[ClientGroup]) -> None:
    for name in sorted({group.name for group in groups if [one.name for one in groups].count(group.name) > 1}):
        reader.note("clients", f"two groups have the name {name}", "Give each its own, or one a larger count")
    for group in groups:
        if group.name == "server":
            reader.note("clients", "a group has the server's name", "Choose another, like app")
        if re.search(r"-\d+$", group.name):
            reader.note("clients", f"{group.name} ends like a host's number", "Choose a name that ends in a letter")


def check_jump(reader: Reader, server_public: bool, clients: Sequence[ClientGroup], endpoints: Sequence[str]) -> None:
    """Note a private host that nothing leads to."""
    private = [] if server_public else ["server"]
    private += [host for group in clients if not group.public for host in group.hosts]
    alone = [host for host in private if host not in endpoints]
    if alone and clients and not any(group.public for group in clients):
        reader.note(
            "clients",
            f"no group is public, so there is no jump host to {', '.join(alone)}",
            "Make a group public, or name a tunnel's end for each in sshEndpoints",
        )
