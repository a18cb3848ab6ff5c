"""Config of the network: the VPC and its subnets, who may ssh, who else may reach MySQL, which ways lead out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from ipaddress import IPv4Network, ip_network
from typing import NamedTuple

from stack_config.faults import BadValueError
from stack_config.lookups import Lookups
from stack_config.model import ClientGroup, Egress, ExistingVpc, OwnVpc
from stack_config.reader import Reader, flag, matching, whole

VPC_CIDR = IPv4Network("10.20.0.0/16")
ZONES = 2
CUT = 4
"""Bits: by default the VPC is cut into sixteenths. The first is the server's, the next three are the zones' public
subnets, the tenth to the twelfth their private ones."""
FIRST_PUBLIC, FIRST_PRIVATE = 1, 9
RESERVED = 5
"""Addresses of a subnet that EC2 keeps: the first four and the last (VPC User Guide, "Subnet CIDR blocks")."""
BROADEST = 8
"""The shortest prefix of a range that may ssh: a shorter one is no group of people."""
PACKAGES = (Egress("0.0.0.0/0", "tcp", 80, 80), Egress("0.0.0.0/0", "tcp", 443, 443))
"""The ways out that every host has: EC2 refuses a rule that is there already."""
OF_OWN_VPC = ("vpcCidr", "zones", "natGateway", "serverSubnetCidr", "publicSubnetCidrs", "privateSubnetCidrs")

vpc_id = matching(r"vpc-[0-9a-f]{8,17}", "is not a VPC's id", "Write one like vpc-0123456789abcdef0")
subnet_id = matching(r"subnet-[0-9a-f]{8,17}", "is not a subnet's id", "Write one like subnet-0123456789abcdef0")
group_id = matching(r"sg-[0-9a-f]{8,17}", "is not a security group's id", "Write one like sg-0123456789abcdef0")


def cidr(raw: object) -> IPv4Network:
    """Return an IPv4 range."""
    try:
        return IPv4Network(raw if isinstance(raw, str) else "")
    except ValueError as error:
        raise BadValueError(f"{raw!r} is not an IPv4 range", "Write one like 10.20.0.0/16, host bits zero") from error


def vpc_cidr(raw: object) -> IPv4Network:
    """Return a VPC's range."""
    network = cidr(raw)
    if not 16 <= network.prefixlen <= 24:
        raise BadValueError(f"{raw!r} has the wrong size", "Choose a range from /16 to /24, like 10.20.0.0/16")
    return network


def subnet_cidr(raw: object) -> IPv4Network:
    """Return a subnet's range."""
    network = cidr(raw)
    if not 16 <= network.prefixlen <= 28:
        raise BadValueError(f"{raw!r} has the wrong size", "EC2 takes subnets from /16 to /28")
    return network


def operator_cidr(raw: object) -> str:
    """Return a range that may ssh."""
    example = 'Write ranges like ["203.0.113.7/32"], host bits zero'
    try:
        network = ip_network(raw if isinstance(raw, str) else "")
    except ValueError as error:
        raise BadValueError(f"{raw!r} is not an address range", example) from error
    if network.prefixlen == 0:
        raise BadValueError(f"{raw!r} is the whole internet", "Name the addresses you connect from")
    if network.version != 4:
        raise BadValueError(f"{raw!r} is IPv6, the hosts have IPv4 addresses only", example)
    if network.prefixlen < BROADEST:
        raise BadValueError(f"{raw!r} is broader than /{BROADEST}", "Name the addresses you connect from")
    return str(network)


def read_operators(reader: Reader, required: bool, vpc: IPv4Network | None) -> tuple[str, ...]:
    """Return the ranges that may ssh; `vpc` is the VPC's range, if it is known."""
    found = reader.read_list("operatorCidrs", operator_cidr, 'Write a list of ranges, like ["203.0.113.7/32"]')
    if required and not found and reader.well_read("operatorCidrs"):
        reader.note(
            "operatorCidrs",
            "is missing, so nobody could reach a host",
            'Set it, like ["203.0.113.7/32"], or sshEndpoints',
        )
    for one, other in itertools.combinations(found, 2):
        if IPv4Network(one).overlaps(IPv4Network(other)):
            reader.note("operatorCidrs", f"{one} and {other} overlap", "Leave the narrower one out")
    for one in found:
        if vpc and IPv4Network(one).overlaps(vpc):
            reader.note(
                "operatorCidrs",
                f"{one} overlaps the VPC's {vpc}, so its hosts could ssh to each other",
                "For operators in the VPC, set operatorSecurityGroupIds",
            )
    return found


def read_groups(reader: Reader, key: str) -> tuple[str, ...]:
    """Return ids of security groups."""
    found = reader.read_list(key, group_id, 'Write a list of ids, like ["sg-0123456789abcdef0"]')
    for name in sorted({name for name in found if found.count(name) > 1}):
        reader.note(key, f"{name} is there twice", "Leave it out once")
    return tuple(dict.fromkeys(found))


def read_egress(reader: Reader) -> tuple[Egress, ...]:
    """Return the ways out beyond what the hosts need."""
    example = 'Write a list like [{"cidr": "10.0.0.0/8", "protocol": "tcp", "ports": "5432"}]'
    found = list(PACKAGES)
    for index, raw in enumerate(reader.raw_list("extraEgress", example)):
        key = f"extraEgress[{index}]"
        known = {
            "cidr": cidr,
            "protocol": matching("tcp|udp", "is neither tcp nor udp", "Write tcp or udp"),
            "ports": _ports,
        }
        fields = reader.fields(key, raw, known, known, example)
        if fields.keys() == known.keys():
            way = Egress(str(fields["cidr"]), fields["protocol"], *fields["ports"])
            if way in found:
                reader.note(key, "is open already", "Leave it out")
            found.append(way)
    return tuple(found[len(PACKAGES) :])


def _ports(raw: object) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", str(raw))
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last <= 65535:
        raise BadValueError(f"{raw!r} is no port and no range of ports", 'Write "443" or "8000-8010"')
    return first, last


class VpcRead(NamedTuple):
    """What is known of the VPC; None where a fault keeps it from being known."""

    vpc: OwnVpc | ExistingVpc | None
    cidr: IPv4Network | None
    server_subnet: IPv4Network | None


def read_vpc(reader: Reader, lookups: Lookups, server_public: bool, clients: Sequence[ClientGroup]) -> VpcRead:
    """Return the VPC that the program makes, or the one that is there."""
    if reader.is_set("vpcId") or reader.is_set("serverSubnetId"):
        return _read_existing(reader, lookups, clients)
    return _read_own(reader, server_public, clients)


def _read_own(reader: Reader, server_public: bool, clients: Sequence[ClientGroup]) -> VpcRead:
    given = reader.read_optional("vpcCidr", vpc_cidr, VPC_CIDR)
    network = given if reader.well_read("vpcCidr") else None
    parts = list(network.subnets(prefixlen_diff=CUT)) if network else []
    zones = reader.read_optional("zones", whole(2, 3), ZONES)
    server = _read_server_subnet(reader, parts[:1])
    public = _read_subnets(reader, "publicSubnetCidrs", zones, parts[FIRST_PUBLIC : FIRST_PUBLIC + zones])
    private = _read_subnets(reader, "privateSubnetCidrs", zones, parts[FIRST_PRIVATE : FIRST_PRIVATE + zones])
    without_address = (reader.well_read("serverPublic") and not server_public) or not all(one.public for one in clients)
    nat = _read_nat(reader, without_address)
    _check_subnets(reader, network, server, public, private)
    _check_places(reader, zones, clients)
    _check_room(reader, "public", public, clients, taken=1 if nat else 0)
    _check_room(reader, "private", private, clients)
    if not network or not server:
        return VpcRead(None, network, None)
    return VpcRead(OwnVpc(network, zones, server[0], public, private, nat), network, server[0])


def _read_server_subnet(reader: Reader, default: Sequence[IPv4Network]) -> tuple[IPv4Network, ...]:
    """Return the one range of the server's subnet, or none if it is not known."""
    if not reader.is_set("serverSubnetCidr"):
        return tuple(default)
    found = reader.read("serverSubnetCidr", subnet_cidr)
    return (found,) if found else ()


def _read_subnets(reader: Reader, key: str, zones: int, default: Sequence[IPv4Network]) -> tuple[IPv4Network, ...]:
    example = 'Write a range a zone, like ["10.20.16.0/20", "10.20.32.0/20"]'
    if not reader.is_set(key):
        return tuple(default)
    found = reader.read_list(key, subnet_cidr, example)
    if len(found) != zones and reader.well_read(key, "zones"):
        reader.note(key, f"has {len(found)} ranges for {zones} zones", example)
    return found


def _read_nat(reader: Reader, needed: bool) -> bool:
    wanted = reader.read_optional("natGateway", flag, needed)
    if needed and not wanted:
        reader.note(
            "natGateway",
            "is false, so private hosts have no way to their packages",
            "Set it to true, or make every host public",
        )
    return wanted


def _check_subnets(
    reader: Reader,
    network: IPv4Network | None,
    server: Sequence[IPv4Network],
    public: Sequence[IPv4Network],
    private: Sequence[IPv4Network],
) -> None:
    named = [("serverSubnetCidr", subnet) for subnet in server]
    named += [("publicSubnetCidrs", subnet) for subnet in public]
    named += [("privateSubnetCidrs", subnet) for subnet in private]
    for key, subnet in named:
        if network and not subnet.subnet_of(network):
            reader.note(key, f"{subnet} is not within the VPC's {network}", "Choose a part of the VPC's range")
    for (_, one), (key, other) in itertools.combinations(named, 2):
        if one.overlaps(other):
            reader.note(key, f"{other} overlaps {one}", "Give each subnet a range of its own")


def _check_places(reader: Reader, zones: int, clients: Sequence[ClientGroup]) -> None:
    for index, group in enumerate(clients):
        key = f"clients[{index}]"
        if group.subnet_id:
            reader.note(f"{key}.subnetId", "belongs to a VPC that is there", "Set vpcId too, or zone in its place")
        if group.zone > zones and reader.well_read("zones"):
            reader.note(f"{key}.zone", f"is {group.zone}, and there are {zones} zones", f"Choose one from 1 to {zones}")


def _check_room(
    reader: Reader, kind: str, subnets: Sequence[IPv4Network], clients: Sequence[ClientGroup], taken: int = 0
) -> None:
    """Note subnets that are too small; `taken` is how many addresses of the first one are somebody else's."""
    key = f"{kind}SubnetCidrs"
    for zone, subnet in enumerate(subnets, start=1):
        there = [
            group.count
            for index, group in enumerate(clients)
            if (group.zone, group.public) == (zone, kind == "public")
            and reader.well_read(key, f"clients[{index}].zone", f"clients[{index}].public")
        ]
        needed, room = sum(there) + (taken if zone == 1 else 0), subnet.num_addresses - RESERVED
        if there and needed > room:
            reader.note(key, f"{subnet} has {room} addresses for {needed} hosts", "Choose a larger range")


def _read_existing(reader: Reader, lookups: Lookups, clients: Sequence[ClientGroup]) -> VpcRead:
    for key in OF_OWN_VPC:
        if reader.is_set(key):
            reader.note(key, "belongs to a VPC of the program's own", f"Remove it, or vpcId: `pulumi config rm {key}`")
    vpc, server = reader.read("vpcId", vpc_id), reader.read("serverSubnetId", subnet_id)
    network = lookups.vpc_cidr("vpcId", vpc) if vpc else None
    known = vpc if network else None
    subnet = _subnet_of(reader, lookups, "serverSubnetId", server, known) if server else None
    for index, group in enumerate(clients):
        key = f"clients[{index}].subnetId"
        if group.subnet_id:
            _subnet_of(reader, lookups, key, group.subnet_id, known)
        elif reader.well_read(key):
            reader.note(key, "is missing", "In a VPC that is there, each group needs the id of its subnet")
        if group.zone != 1:
            reader.note(f"clients[{index}].zone", "belongs to a VPC of the program's own", "Leave it out")
    return VpcRead(ExistingVpc(vpc, network, server) if vpc and network and server else None, network, subnet)


def _subnet_of(reader: Reader, lookups: Lookups, key: str, subnet: str, vpc: str | None) -> IPv4Network | None:
    """Return a subnet's range; None if it is not known, or is not the VPC's, which is noted."""
    facts = lookups.subnet(key, subnet)
    if facts and vpc and facts.vpc_id != vpc:
        reader.note(key, f"{subnet} is a subnet of {facts.vpc_id}", f"Choose one of {vpc}")
        return None
    return facts.cidr if facts else None
