"""Config of what all hosts have, and of the server's address."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

from stack_config.cloud import TypeFacts
from stack_config.faults import BadValueError
from stack_config.lookups import Lookups
from stack_config.reader import Reader, matching, whole

SERVER_PLACE = 10
"""The server's address in its subnet unless config has another: the eleventh."""
VOLUME_GIB = 16

instance_type = matching(r"[a-z][a-z0-9-]*\.[a-z0-9-]+", "is not an instance type", "Write one like t3.small")
ami = matching(r"ami-[0-9a-f]{8,17}", "is not an image id", "Write one like ami-0123456789abcdef0")
package = matching(
    r"[a-z0-9][a-z0-9+.-]+", "is not a package's name (Debian Policy, 5.6.1)", "Write one like percona-toolkit"
)
volume_gib = whole(8, 16384, " GiB")
instance_profile = matching(
    r"[\w+=,.@-]{1,128}", "is not the name of an instance profile", "Write its name, not its ARN"
)


def look_up(
    reader: Reader, lookups: Lookups, keys: tuple[str, str], kind: str | None, image: str | None
) -> TypeFacts | None:
    """Return the facts of an instance type, and note an image that it cannot boot.

    Args:
        reader: takes the faults.
        lookups: asks AWS, for the image even where it does not know the type.
        keys: of the type and of the image.
        kind: the instance type; None if it could not be read.
        image: the image's id, if there is one.
    """
    facts = lookups.instance_type(keys[0], kind) if kind else None
    found = lookups.image_architecture(keys[1], image) if image else None
    if facts and found and found != facts.architecture:
        reader.note(keys[1], f"{image} is an image for {found}, {kind} is {facts.architecture}", "Choose one that fits")
    return facts


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
