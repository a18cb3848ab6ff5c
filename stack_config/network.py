"""Config of the VPC and its subnets: one of the program's own, or one that is there already."""

import itertools
from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import NamedTuple

from components import checks
from components.mysql.server import ServerArgs
from components.network import ExistingNetwork, NetworkArgs
from scripts.host.common.checks import flag, whole
from stack_config.aws import Lookups
from stack_config.capacity import ZONES_KEY, check_addresses, check_offered, check_vcpus, read_zones
from stack_config.clients import ClientGroup
from stack_config.reader import Reader, as_list
from stack_config.servers import SERVERS, key_of, read_each, warn_of_majority

VPC_CIDR = IPv4Network("10.20.0.0/16")
FEWEST_ZONES, MOST_ZONES = 2, 3
CUT = 4
"""Bits: by default the VPC is cut into sixteenths. The first is the server's, the next three are the zones' public
subnets, the two after them those of the other servers, the tenth to the twelfth the zones' private ones."""
FIRST_PUBLIC, FIRST_MEMBER, FIRST_PRIVATE = 1, 4, 9
RESERVED = 5
"""Addresses of a subnet that EC2 keeps: the first four and the last (VPC User Guide, "Subnet CIDR blocks")."""
SERVER, MEMBERS, PUBLIC, PRIVATE = "serverSubnetCidr", "memberSubnetCidrs", "publicSubnetCidrs", "privateSubnetCidrs"
OF_OWN_VPC = ("vpcCidr", "zones", ZONES_KEY, "natGateway", SERVER, MEMBERS, PUBLIC, PRIVATE)
SUBNET, SUBNETS = "serverSubnetId", "serverSubnetIds"
SUBNETS_EXAMPLE = 'Write a subnet a server, like ["subnet-0123456789abcdef0", ...]'


class NetworkRead(NamedTuple):
    """What is known of the network; None or empty where a fault keeps it from being known."""

    network: NetworkArgs | ExistingNetwork | None
    ranges: Sequence[IPv4Network]
    """The VPC's, the primary one first."""
    server_subnets: Sequence[IPv4Network | None]
    """Each server's, in order."""
    client_subnets: Sequence[IPv4Network]
    """Those of all client hosts; none if one of them is not known."""


def read_network(
    reader: Reader, lookups: Lookups, server: ServerArgs, clients: Sequence[ClientGroup], servers: Sequence[str]
) -> NetworkRead:
    """Return the network that the program makes, or the one that is there; `servers` are the servers' names."""
    check_vcpus(reader, lookups, server, clients, servers)
    if any(map(reader.is_set, ("vpcId", SUBNET, SUBNETS))):
        return _read_existing(reader, lookups, server, clients, servers)
    return _read_own(reader, lookups, server, clients, servers)


def _read_own(
    reader: Reader, lookups: Lookups, server: ServerArgs, clients: Sequence[ClientGroup], servers: Sequence[str]
) -> NetworkRead:
    vpc = reader.read("vpcCidr", checks.vpc_range) if reader.is_set("vpcCidr") else VPC_CIDR
    usual = min(MOST_ZONES, max(FEWEST_ZONES, len(servers)))
    zones = reader.read("zones", whole(FEWEST_ZONES, MOST_ZONES)) or usual
    own_zones = min(zones, len(servers))
    has_private = (reader.is_readable("serverPublic") and not server["public"]) or not all(
        group.public for group in clients
    )
    nat_gateway = reader.read("natGateway", flag)
    if nat_gateway is None:
        nat_gateway = has_private
    if has_private and not nat_gateway:
        wrong = "is false, so private hosts have no way to their packages"
        reader.add_fault("natGateway", wrong, "Set it to true, or make every host public")
    parts = list(vpc.subnets(prefixlen_diff=CUT)) if vpc else []
    server_range = [reader.read(SERVER, checks.subnet_range)] if reader.is_set(SERVER) else parts[:1]
    subnets = {
        SERVER: [subnet for subnet in server_range if subnet],
        MEMBERS: _read_members(reader, own_zones - 1, parts[FIRST_MEMBER:]),
        PUBLIC: _read_zones(reader, PUBLIC, zones, parts[FIRST_PUBLIC:]),
        PRIVATE: _read_zones(reader, PRIVATE, zones, parts[FIRST_PRIVATE:]),
    }
    _check_subnets(reader, vpc, [(key, subnet) for key, own in subnets.items() for subnet in own])
    for index, group in enumerate(clients):
        key = f"clients[{index}]"
        if group.subnet_id:
            hint = "Set vpcId too, or zone in its place"
            reader.add_fault(f"{key}.subnetId", "belongs to a VPC that is there", hint)
        if group.zone > zones and reader.is_readable("zones"):
            wrong = f"is {group.zone}, and there are {zones} zones"
            reader.add_fault(f"{key}.zone", wrong, f"Choose one from 1 to {zones}")
    _check_room(reader, PUBLIC, subnets[PUBLIC], clients, taken=1 if nat_gateway else 0)
    _check_room(reader, PRIVATE, subnets[PRIVATE], clients)
    zone_names = read_zones(reader, lookups, zones, server, clients, own_zones)
    if zone_names:
        spread = [zone_names[place % own_zones] for place in range(len(servers))]
        warn_of_majority(reader, "zones", servers, spread)
    check_addresses(reader, lookups, servers if server["public"] else (), clients, nat_gateway)
    if not vpc or not subnets[SERVER]:
        return NetworkRead(None, [vpc] if vpc else [], [None] * len(servers), [])
    args: NetworkArgs = {
        "vpc_cidr": str(vpc),
        "zones": zone_names,
        "server_subnet_cidr": str(subnets[SERVER][0]),
        "public_subnet_cidrs": [str(subnet) for subnet in subnets[PUBLIC]],
        "private_subnet_cidrs": [str(subnet) for subnet in subnets[PRIVATE]],
        "server_public": server["public"],
        "nat_gateway": nat_gateway,
    }
    if subnets[MEMBERS]:
        args["member_subnet_cidrs"] = [str(subnet) for subnet in subnets[MEMBERS]]
    kinds = [(subnets[PUBLIC if group.public else PRIVATE], group.zone) for group in clients]
    is_known = reader.is_readable("clients") and all(zone <= len(own) for own, zone in kinds)
    client_subnets = [own[zone - 1] for own, zone in kinds] if is_known else []
    own = [subnets[SERVER][0], *subnets[MEMBERS]]
    is_known = reader.is_readable(SERVERS, MEMBERS, "zones") and len(own) == own_zones
    server_subnets = [own[place % own_zones] if is_known or not place else None for place in range(len(servers))]
    return NetworkRead(args, [vpc], server_subnets, client_subnets)


def _read_members(reader: Reader, count: int, default: Sequence[IPv4Network]) -> Sequence[IPv4Network]:
    """Return the subnets of the servers that are not in the first zone, one a zone; `count` is how many there are."""
    if not reader.is_set(MEMBERS):
        return default[:count]
    example = 'Write a range a zone but the first, like ["10.20.64.0/20", "10.20.80.0/20"]'
    ranges = reader.read(MEMBERS, lambda raw: as_list(raw, example)) or ()
    subnets = reader.entries(MEMBERS, ranges, checks.subnet_range)
    if reader.is_readable(MEMBERS, SERVERS, "zones"):
        if count == 0:
            reader.add_fault(MEMBERS, "is of several servers, and there is one", f"Remove it, or set {SERVERS}")
        elif len(subnets) != count:
            reader.add_unreadable(MEMBERS, f"has {len(subnets)} ranges for {count} zones", example)
    return subnets


def _read_zones(reader: Reader, key: str, zones: int, default: Sequence[IPv4Network]) -> Sequence[IPv4Network]:
    """Return the subnets of one kind, one a zone."""
    example = 'Write a range a zone, like ["10.20.16.0/20", "10.20.32.0/20"]'
    if not reader.is_set(key):
        return default[:zones]
    ranges = reader.read(key, lambda raw: as_list(raw, example)) or ()
    subnets = reader.entries(key, ranges, checks.subnet_range)
    if len(subnets) != zones and reader.is_readable(key, "zones"):
        reader.add_fault(key, f"has {len(subnets)} ranges for {zones} zones", example)
    return subnets


def _check_subnets(reader: Reader, vpc: IPv4Network | None, subnets: Sequence[tuple[str, IPv4Network]]) -> None:
    """Refuse subnets, each with its key, that are not within the VPC or overlap."""
    for key, subnet in subnets:
        if vpc and not subnet.subnet_of(vpc):
            reader.add_fault(key, f"{subnet} is not within the VPC's {vpc}", "Choose a part of the VPC's range")
    for (_, subnet), (key, other) in itertools.combinations(subnets, 2):
        if subnet.overlaps(other):
            reader.add_fault(key, f"{other} overlaps {subnet}", "Give each subnet a range of its own")


def _check_room(
    reader: Reader, key: str, subnets: Sequence[IPv4Network], clients: Sequence[ClientGroup], taken: int = 0
) -> None:
    """Refuse subnets that are too small; `taken` is how many addresses of the first one are somebody else's."""
    for zone, subnet in enumerate(subnets, start=1):
        counts = [
            group.count
            for index, group in enumerate(clients)
            if (group.zone, group.public) == (zone, key == PUBLIC)
            and reader.is_readable(key, f"clients[{index}].zone", f"clients[{index}].public")
        ]
        needed, room = sum(counts) + (taken if zone == 1 else 0), subnet.num_addresses - RESERVED
        if counts and needed > room:
            reader.add_fault(key, f"{subnet} has {room} addresses for {needed} hosts", "Choose a larger range")


def _read_existing(
    reader: Reader, lookups: Lookups, server: ServerArgs, clients: Sequence[ClientGroup], servers: Sequence[str]
) -> NetworkRead:
    for key in OF_OWN_VPC:
        if reader.is_set(key):
            hint = f"Remove it, or vpcId: `pulumi config rm {key}`"
            reader.add_fault(key, "belongs to a VPC of the program's own", hint)
    vpc = reader.read_required("vpcId", checks.vpc_id)
    needed = SUBNET if len(servers) == 1 else SUBNETS
    if reader.is_readable(SERVERS) and not reader.is_set(needed):
        reader.add_unreadable(needed, "is missing", f"Set it with `pulumi config set {needed} ...`")
    subnet_ids = read_each(reader, SUBNET, SUBNETS, servers, checks.subnet_id, SUBNETS_EXAMPLE)
    ranges = lookups.ask("vpcId", lookups.cloud.vpc_ranges, vpc) if vpc else None

    def range_of(key: str, subnet: str, is_public: bool) -> IPv4Network | None:
        """Return a subnet's range; None if it is not known, or is of another VPC, which is a fault."""
        facts = lookups.ask(key, lookups.cloud.subnet, subnet)
        if facts and ranges and facts.vpc_id != vpc:
            reader.add_fault(key, f"{subnet} is a subnet of {facts.vpc_id}", f"Choose one of {vpc}")
            return None
        if facts and facts.gives_public_addresses and not is_public:
            wrong = f"{subnet} gives every host a public address, and this one is to be private"
            reader.add_warning(key, wrong, "Choose a subnet that gives none; security groups alone keep others away")
        return facts.cidr if facts else None

    server_subnets: list[IPv4Network | None] = []
    for place, subnet_id in enumerate(subnet_ids):
        key = key_of(SUBNET, SUBNETS, servers, place)
        server_subnets.append(range_of(key, subnet_id, server["public"]) if subnet_id else None)
    for subnet_id in dict.fromkeys(subnet_ids):
        if subnet_id and server_subnets[subnet_ids.index(subnet_id)]:
            check_offered(reader, lookups, "serverInstanceType", server["instance_type"], subnet_id)
    known_ids = [subnet_id for subnet_id in subnet_ids if subnet_id]
    facts = [lookups.ask(None, lookups.cloud.subnet, subnet_id) for subnet_id in known_ids]
    warn_of_majority(reader, SUBNETS, servers, [subnet.zone for subnet in facts if subnet])
    client_subnets = []
    for index, group in enumerate(clients):
        key = f"clients[{index}].subnetId"
        if group.subnet_id:
            client_subnets.append(range_of(key, group.subnet_id, group.public))
            if client_subnets[-1]:
                type_key = f"clients[{index}].instanceType"
                check_offered(reader, lookups, type_key, group.instance_type, group.subnet_id)
        elif reader.is_readable(key):
            reader.add_fault(key, "is missing", "In a VPC that is there, each group needs the id of its subnet")
        if group.zone != 1:
            reader.add_fault(f"clients[{index}].zone", "belongs to a VPC of the program's own", "Leave it out")
    known = [subnet for subnet in client_subnets if subnet]
    check_addresses(reader, lookups, servers if server["public"] else (), clients, nat_gateway=False)
    is_known = vpc and ranges and len(known_ids) == len(servers)
    # The first server's subnet in each zone.
    by_zone = {subnet.zone: subnet_id for subnet_id, subnet in zip(known_ids[::-1], facts[::-1], strict=True) if subnet}
    network = None
    if vpc and is_known:
        more = tuple(known_ids[1:])
        of_balancer = tuple(sorted(by_zone.values(), key=known_ids.index)) if more else ()
        network = ExistingNetwork(vpc, known_ids[0], more_subnet_ids=more, balancer_subnet_ids=of_balancer)
    return NetworkRead(network, ranges or (), server_subnets, known if len(known) == len(clients) else [])
