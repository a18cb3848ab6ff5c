"""What each server has that the others do not: its address, its image, and whether its host is protected."""

from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Any, cast

from components.mysql.server import ServerArgs
from scripts.host.group.spec import MemberSpec
from stack_config.aws import Lookups
from stack_config.existing import check_replacement
from stack_config.network import NetworkRead
from stack_config.reader import Reader
from stack_config.release import image_of


def read_own(
    reader: Reader,
    lookups: Lookups,
    common: ServerArgs,
    placement: NetworkRead,
    servers: Sequence[str],
    addresses: Sequence[IPv4Address | None],
    has_volume: bool,
) -> list[dict[str, Any]]:
    """Return what is each server's own, in order, after a look at what would replace it.

    Args:
        reader: of the config.
        lookups: of what there is.
        common: what all servers have, and the image of the first one.
        placement: where they are.
        servers: their names.
        addresses: their fixed addresses; None for one that EC2 chooses.
        has_volume: whether their data outlive their hosts.
    """
    everyones = []
    for place, (name, address) in enumerate(zip(servers, addresses, strict=True)):
        image = image_of(reader, lookups, common, name) if place else common.get("ami")
        own = {"ami": image, "private_ip": str(address) if address else None}
        own = {field: value for field, value in own.items() if value}
        may_go = check_replacement(
            reader, lookups, with_own(common, own), placement, servers, place, has_volume=has_volume
        )
        protected = bool(common.get("termination_protection")) and not may_go
        everyones.append({**own, "termination_protection": protected})
    return everyones


def with_own(common: ServerArgs, own: dict[str, Any]) -> ServerArgs:
    """Return what a server is made from."""
    return cast("ServerArgs", {**{field: value for field, value in common.items() if field != "ami"}, **own})


def member_specs(servers: Sequence[str], addresses: Sequence[IPv4Address | None]) -> tuple[MemberSpec, ...]:
    """Return the servers as the members of a group know each other; one that EC2 chooses an address for has none."""
    pairs = zip(servers, addresses, strict=True)
    return tuple(MemberSpec(name, str(address) if address else "") for name, address in pairs)
