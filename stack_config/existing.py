"""Which servers there are, and what would replace one of them, known before anything is touched."""

from collections.abc import Sequence

from components.data_volume import DataVolumeArgs
from components.mysql.server import ServerArgs
from components.mysql.servers import There
from components.network import ExistingNetwork
from stack_config.addresses import ADDRESS, ADDRESSES
from stack_config.aws import HostFacts, Lookups
from stack_config.network import MEMBERS, SERVER, SUBNET, SUBNETS, NetworkRead
from stack_config.reader import Reader
from stack_config.release import SERVER_RELEASE
from stack_config.servers import key_of


def there(lookups: Lookups, servers: Sequence[str], volumes: Sequence[DataVolumeArgs]) -> There:
    """Return which of the servers have a host, and which of several a data volume.

    One alone waits for no other, so AWS is not asked for its volume.
    """
    hosts = frozenset(name for name in servers if lookups.may_have(lookups.cloud.host, name))
    new = [] if len(servers) == 1 else [each for each in zip(servers, volumes, strict=True) if each[0] not in hosts]
    data = frozenset(
        name
        for name, volume in new
        if volume.get("volume_id") or lookups.may_have(lookups.cloud.own_volume, f"{name}-data")
    )
    return There(hosts, data)


def check_replacement(
    reader: Reader,
    lookups: Lookups,
    args: ServerArgs,
    placement: NetworkRead,
    servers: Sequence[str],
    place: int,
    has_volume: bool,
) -> bool:
    """Refuse what replaces a server that there is, while that would lose its data, or its image is there no more.

    A server that began on a data volume is replaced at any time: a protected stack protects the volume. One that was
    made before, and has moved its data there, is protected until it has been replaced once.
    The engine refuses to replace a protected instance too, but in an `up` without a preview only when it comes to it.

    `args` are those of the server at this place among the servers, counted from 0.

    Returns:
        Whether the server's host may go, as its data stay.
    """
    current = lookups.ask("terminationProtection", lookups.cloud.host, servers[place])
    server = "the server" if len(servers) == 1 else servers[place]
    may_go = has_volume and (current is None or current.began_on_volume)
    key = current and _replaced_by(reader, lookups, args, current, placement, servers, place)
    if not key or not current or not reader.is_readable(key):
        return may_go
    is_protected = bool(args.get("termination_protection") or current.is_protected) and not may_go
    lift = "set terminationProtection to false and nothing else, run `up`, then make this change"
    if has_volume and not may_go and not current.data_volume:
        wrong = f"replaces {server} before its data are on the data volume"
        reader.add_fault(
            key, wrong, "Run `up` without this change first; or set dataVolumeSize to 0, and lose the data"
        )
    elif is_protected and has_volume:
        wrong = f"replaces {server}, which had its data on its root volume once, and terminationProtection forbids that"
        reader.add_fault(key, wrong, f"If `drift` finds nothing, the data are on the data volume: {lift}")
    elif key == SERVER_RELEASE and not has_volume:
        wrong = f"replaces {server}, and its data are on its root volume"
        reader.add_fault(key, wrong, "Set dataVolumeSize, and run `up` without this change first")
    elif is_protected:
        wrong = f"replaces {server} and its data, which terminationProtection forbids"
        reader.add_fault(key, wrong, f"If that is meant, {lift}")
    elif not args.get("ami"):
        # It is made again from the image that it has: asked here, where it matters.
        lookups.ask("serverAmi", lookups.cloud.image, current.image)
    return may_go


def _replaced_by(
    reader: Reader,
    lookups: Lookups,
    args: ServerArgs,
    current: HostFacts,
    placement: NetworkRead,
    servers: Sequence[str],
    place: int,
) -> str | None:
    """Return the key of config that replaces a server that there is; None if nothing does."""
    if args.get("ami") not in (None, current.image):
        return SERVER_RELEASE if reader.is_set(SERVER_RELEASE) else "serverAmi"
    if isinstance(placement.network, ExistingNetwork):
        if (placement.network.server_subnet_id, *placement.network.more_subnet_ids)[place] != current.subnet_id:
            return key_of(SUBNET, SUBNETS, servers, place)
    elif expected := placement.server_subnets[place]:
        key = MEMBERS if place and expected != placement.server_subnets[0] else SERVER
        subnet = lookups.ask(key, lookups.cloud.subnet, current.subnet_id)
        if subnet and subnet.cidr != expected:
            return key
    moves = args.get("private_ip") not in (None, current.private_ip)
    return key_of(ADDRESS, ADDRESSES, servers, place) if moves else None
