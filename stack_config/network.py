"""Config of the network: the VPC and its subnets, who may ssh, who else may reach MySQL, which ways lead out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, ip_network
from typing import TypeVar

from stack_config.cloud import Cloud, CloudError, SubnetFacts
from stack_config.faults import BadValueError
from stack_config.model import ClientGroup, Egress, ExistingVpc, OwnVpc
from stack_config.reader import Reader, flag, matching, whole

_About = TypeVar("_About")
_Facts = TypeVar("_Facts")

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


def read_operators(reader: Reader, required: bool) -> tuple[str, ...]:
    """Return the ranges that may ssh."""
    found = reader.read_list("operatorCidrs", operator_cidr, 'Write a list of ranges, like ["203.0.113.7/32"]')
    if required and not found and not [fault for fault in reader.faults if fault.key.startswith("operatorCidrs")]:
        reader.note(
            "operatorCidrs",
            "is missing, so nobody could reach a host",
            'Set it, like ["203.0.113.7/32"], or sshEndpoints',
        )
    for one, other in itertools.combinations(dict.fromkeys(found), 2):
        if IPv4Network(one).overlaps(IPv4Network(other)):
            reader.note("operatorCidrs", f"{one} and {other} overlap", "Leave the narrower one out")
    return tuple(dict.fromkeys(found))


def read_groups(reader: Reader, key: str) -> tuple[str, ...]:
    """Return ids of security groups."""
    found = reader.read_list(key, group_id, 'Write a list of ids, like ["sg-0123456789abcdef0"]')
    for name in sorted({name for name in found if found.count(name) > 1}):
        reader.note(key, f"{name} is there twice", "Leave it out once")
    return tuple(dict.fromkeys(found))


def read_egress(reader: Reader) -> tuple[Egress, ...]:
    """Return the ways out beyond what the hosts need."""
    example = 'Write a list like [{"cidr": "10.0.0.0/8", "protocol": "tcp", "ports": "5432"}]'
    found = []
    for index, raw in enumerate(reader.raw_list("extraEgress", example)):
        key = f"extraEgress[{index}]"
        known = {
            "cidr": cidr,
            "protocol": matching("tcp|udp", "is neither tcp nor udp", "Write tcp or udp"),
            "ports": _ports,
        }
        fields = reader.fields(key, raw, known, example)
        if isinstance(raw, dict) and (missing := known.keys() - raw.keys()):
            reader.note(key, f"{', '.join(sorted(missing))} is missing", example)
        if fields.keys() == known.keys():
            found.append(Egress(str(fields["cidr"]), fields["protocol"], *fields["ports"]))
    return tuple(found)


def _ports(raw: object) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", str(raw))
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last <= 65535:
        raise BadValueError(f"{raw!r} is no port and no range of ports", 'Write "443" or "8000-8010"')
    return first, last


def read_own(
    reader: Reader, server_public: bool, clients: Sequence[ClientGroup]
) -> tuple[OwnVpc | None, IPv4Network | None]:
    """Return the VPC that the program makes, and the range of the server's subnet; None where they cannot be told."""
    faults = len(reader.faults)
    network = reader.read_optional("vpcCidr", vpc_cidr, VPC_CIDR)
    parts = list(network.subnets(prefixlen_diff=CUT))
    server = reader.read_optional("serverSubnetCidr", subnet_cidr, parts[0])
    known = server if len(reader.faults) == faults else None
    zones = reader.read_optional("zones", whole(2, 3), ZONES)
    public = _read_subnets(reader, "publicSubnetCidrs", zones, parts[FIRST_PUBLIC : FIRST_PUBLIC + zones])
    private = _read_subnets(reader, "privateSubnetCidrs", zones, parts[FIRST_PRIVATE : FIRST_PRIVATE + zones])
    nat = _read_nat(reader, not server_public or any(not group.public for group in clients))
    if len(reader.faults) > faults:
        return None, known
    vpc = OwnVpc(network, zones, server, public, private, nat)
    _check_subnets(reader, vpc)
    for group in clients:
        if group.subnet_id:
            reader.note(
                "clients",
                f"{group.name} has a subnetId, which belongs to a VPC that is there",
                "Set vpcId too, or zone in its place",
            )
        if group.zone > zones:
            reader.note(
                "clients", f"{group.name} is in zone {group.zone} of {zones}", f"Choose a zone from 1 to {zones}"
            )
    _check_room(reader, vpc, clients)
    return vpc, known


def _read_subnets(reader: Reader, key: str, zones: int, default: Sequence[IPv4Network]) -> tuple[IPv4Network, ...]:
    example = 'Write a range a zone, like ["10.20.16.0/20", "10.20.32.0/20"]'
    if not reader.is_set(key):
        return tuple(default)
    found = reader.read_list(key, subnet_cidr, example)
    if len(found) != zones and not [fault for fault in reader.faults if fault.key.startswith(key)]:
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


def _check_subnets(reader: Reader, vpc: OwnVpc) -> None:
    named = [("serverSubnetCidr", vpc.server_subnet)]
    named += [("publicSubnetCidrs", subnet) for subnet in vpc.public_subnets]
    named += [("privateSubnetCidrs", subnet) for subnet in vpc.private_subnets]
    for key, subnet in named:
        if not subnet.subnet_of(vpc.cidr):
            reader.note(key, f"{subnet} is not within the VPC's {vpc.cidr}", "Choose a part of the VPC's range")
    for (_, one), (key, other) in itertools.combinations(named, 2):
        if one.overlaps(other):
            reader.note(key, f"{other} overlaps {one}", "Give each subnet a range of its own")


def _check_room(reader: Reader, vpc: OwnVpc, clients: Sequence[ClientGroup]) -> None:
    for kind, subnets in (("public", vpc.public_subnets), ("private", vpc.private_subnets)):
        for zone, subnet in enumerate(subnets, start=1):
            hosts = sum(group.count for group in clients if group.zone == zone and group.public == (kind == "public"))
            hosts += 1 if kind == "public" and zone == 1 and vpc.nat_gateway else 0
            room = subnet.num_addresses - RESERVED
            if hosts > room:
                reader.note(
                    f"{kind}SubnetCidrs", f"{subnet} has {room} addresses for {hosts} hosts", "Choose a larger range"
                )


def read_existing(
    reader: Reader, cloud: Cloud, clients: Sequence[ClientGroup]
) -> tuple[ExistingVpc | None, IPv4Network | None]:
    """Return the VPC that is there, and the range of the server's subnet; None where they cannot be told."""
    for key in OF_OWN_VPC:
        if reader.is_set(key):
            reader.note(key, "belongs to a VPC of the program's own", f"Remove it, or vpcId: `pulumi config rm {key}`")
    vpc, server = reader.read("vpcId", vpc_id), reader.read("serverSubnetId", subnet_id)
    network = looked_up(reader, "vpcId", cloud.vpc_cidr, vpc) if vpc else None
    facts = _subnet_of(reader, cloud, "serverSubnetId", server, vpc) if server else None
    for index, group in enumerate(clients):
        key = f"clients[{index}].subnetId"
        if not group.subnet_id:
            reader.note(key, "is missing", "In a VPC that is there, each group needs the id of its subnet")
        elif group.subnet_id != server:
            _subnet_of(reader, cloud, key, group.subnet_id, vpc)
    if not (vpc and network and server):
        return None, facts.cidr if facts else None
    return ExistingVpc(vpc, network, server), facts.cidr if facts else None


def _subnet_of(reader: Reader, cloud: Cloud, key: str, subnet: str, vpc: str | None) -> SubnetFacts | None:
    facts = looked_up(reader, key, cloud.subnet, subnet)
    if facts and vpc and facts.vpc_id != vpc:
        reader.note(key, f"{subnet} is a subnet of {facts.vpc_id}", f"Choose one of {vpc}")
    return facts


def looked_up(reader: Reader, key: str, question: Callable[[_About], _Facts], about: _About) -> _Facts | None:
    """Return what AWS says of something; None if it does not know it, which is noted."""
    try:
        return question(about)
    except CloudError as error:
        reader.note(key, f"AWS does not know {about}: {error}", "Check the name, the region and the credentials")
        return None
