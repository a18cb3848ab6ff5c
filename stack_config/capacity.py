"""What AWS offers where, and how much of it: availability zones that have the instance types, and Elastic IPs."""

import itertools
import re
from collections.abc import Mapping, Sequence

from components import checks
from components.mysql.server import ServerArgs
from stack_config.aws import VCPU_QUOTA, Lookups
from stack_config.clients import ClientGroup
from stack_config.reader import Reader, as_list

ZONES_KEY = "availabilityZones"
ZONES_EXAMPLE = 'Write a name a zone, like ["eu-central-1a", "eu-central-1c"]'


def read_zones(
    reader: Reader,
    lookups: Lookups,
    count: int,
    server: ServerArgs,
    clients: Sequence[ClientGroup],
    server_zones: int = 1,
) -> Sequence[str]:
    """Return the names of the zones of a VPC of the program's own: those in config, or the first that offer the types.

    Servers are in the first `server_zones` of them. A subnet that is there keeps its zone, whatever is chosen. Empty
    where a fault keeps them from being known.
    """
    names = reader.read(ZONES_KEY, lambda raw: as_list(raw, ZONES_EXAMPLE)) or ()
    given = reader.entries(ZONES_KEY, names, checks.zone)
    available = lookups.zones("zones")
    if not available or not reader.is_readable(ZONES_KEY, "zones"):
        return ()
    region = ", ".join(available)
    if len(available) < count:
        reader.add_fault("zones", f"is {count}, and the region has {region}", f"Choose at most {len(available)}")
        return ()
    if given and len({*given}) != count:
        reader.add_fault(ZONES_KEY, f"has {len({*given})} zones for {count}", ZONES_EXAMPLE)
        return ()
    if missing := sorted({*given} - {*available}):
        reader.add_fault(ZONES_KEY, f"{', '.join(missing)} is no zone of the region", f"Choose of {region}")
        return ()
    types = _types_by_zone(reader, lookups, count, server, clients, server_zones)
    candidates = [given] if given else itertools.permutations(available, count)
    zones = next((zones for zones in candidates if _offer(zones, types)), None)
    if zones is None:
        asked = "; ".join(f"{', '.join(sorted(needed))} in zone {number}" for number, needed in types.items() if needed)
        wrong = f"AWS does not offer what is asked for, {asked}, in {', '.join(given or available)}"
        reader.add_fault(
            ZONES_KEY if given else "zones", wrong, "Choose other instance types, or zones for the clients"
        )
    return zones or ()


Offers = Mapping[int, Mapping[str, Sequence[str]]]
"""By a zone's number, from 1: the instance types that it needs, each with the names of the zones that offer it."""


def _types_by_zone(
    reader: Reader,
    lookups: Lookups,
    count: int,
    server: ServerArgs,
    clients: Sequence[ClientGroup],
    server_zones: int,
) -> Offers:
    """Return what each zone is to offer; a type that AWS does not know has its own fault."""
    asked = [("serverInstanceType", number, server["instance_type"]) for number in range(1, server_zones + 1)]
    asked += [(f"clients[{at}].instanceType", group.zone, group.instance_type) for at, group in enumerate(clients)]
    needed: dict[int, dict[str, Sequence[str]]] = {number: {} for number in range(1, count + 1)}
    for key, number, name in asked:
        offered = lookups.zones_offering(key, name) if name and reader.is_readable(key) else None
        if offered is not None and number in needed:
            needed[number][name] = offered
    return needed


def _offer(zones: Sequence[str], types: Offers) -> bool:
    return all(zone in offered for zone, number in zip(zones, types, strict=True) for offered in types[number].values())


def check_offered(reader: Reader, lookups: Lookups, key: str, instance_type: str, subnet_id: str) -> None:
    """Refuse an instance type that AWS does not offer in the zone of an existing subnet."""
    facts = lookups.ask(key, lookups.cloud.subnet, subnet_id)
    offered = lookups.zones_offering(key, instance_type) if instance_type and reader.is_readable(key) else None
    if facts and offered is not None and facts.zone not in offered:
        wrong = f"{instance_type} is not offered in {facts.zone}, where {subnet_id} is"
        reader.add_fault(key, wrong, f"Choose another, or a subnet in {', '.join(offered)}")


def check_addresses(
    reader: Reader, lookups: Lookups, public: Sequence[str], clients: Sequence[ClientGroup], nat_gateway: bool
) -> None:
    """Refuse more Elastic IPs than the account may have: `up` would fail half-way, with hosts made.

    `public` are the servers that have one. Where AWS does not tell the quota it is taken for the default, and what is
    more is only a warning.
    Source: Service Quotas, "EC2-VPC Elastic IPs"; EC2 API, AddressLimitExceeded.
    """
    if not reader.is_readable("clients", "serverPublic", "natGateway"):
        return
    holders = [*public]
    holders += [host for group in clients if group.public for host in group.hosts]
    holders += ["the NAT gateway"] if nat_gateway else []
    facts = lookups.addresses()
    room = facts.quota - facts.others
    if len(holders) <= room:
        return
    quota = f"{facts.quota} a region" if facts.is_told else f"{facts.quota} a region unless AWS has raised it"
    wrong = f"{len(holders)} Elastic IPs are needed ({', '.join(holders)}), and there is room for {max(room, 0)}"
    others = f", {facts.others} of which others hold" if facts.others else ""
    hint = (
        "Set public to false in client groups, which are reached through the jump host then, or ask AWS for more: "
        "Service Quotas, EC2-VPC Elastic IPs"
    )
    add = reader.add_fault if facts.is_told else reader.add_warning
    add("clients", f"{wrong}: the quota is {quota}{others}", hint)


def check_vcpus(
    reader: Reader, lookups: Lookups, server: ServerArgs, clients: Sequence[ClientGroup], servers: Sequence[str]
) -> None:
    """Refuse more vCPUs than the account may run, if it ran nothing else: EC2's VcpuLimitExceeded comes half-way.

    Source: EC2 User Guide, "Amazon EC2 instance type quotas"; a new account has few.
    """
    hosts = [("serverInstanceType", server["instance_type"], len(servers))]
    hosts += [(f"clients[{at}].instanceType", group.instance_type, group.count) for at, group in enumerate(clients)]
    standard = [host for host in hosts if STANDARD.match(host[1]) and reader.is_readable(host[0], "clients")]
    known = [(lookups.ask(key, lookups.cloud.instance_type, name), count) for key, name, count in standard]
    needed = sum(facts.vcpus * count for facts, count in known if facts)
    quota = lookups.quota(VCPU_QUOTA)
    if quota is not None and needed > quota:
        hint = "Choose fewer or smaller ones, or ask AWS for more: Service Quotas, Running On-Demand Standard instances"
        reader.add_fault("clients", f"the hosts have {needed} vCPUs, and the account may run {quota}", hint)


STANDARD = re.compile(r"[acdhimrtz]\d")
"""Instance types of the families that this quota is for."""
