"""Config of the servers' private addresses, which they keep."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network

from components import checks
from components.network import ExistingNetwork
from scripts.host.common.checks import repeated
from stack_config.aws import Lookups
from stack_config.clients import SERVER
from stack_config.network import NetworkRead
from stack_config.reader import Reader
from stack_config.servers import SERVERS, key_of, read_each

FIRST_PLACE = 10
"""A server's address in a subnet of its own unless config has another: the eleventh, of the next one there the next."""
ADDRESS, ADDRESSES = "serverPrivateIp", "serverPrivateIps"
EXAMPLE = 'Write an address a server, like ["10.20.0.10", "10.20.64.10", "10.20.80.10"]'


def read_addresses(
    reader: Reader, lookups: Lookups, placement: NetworkRead, servers: Sequence[str]
) -> tuple[IPv4Address | None, ...]:
    """Return each server's fixed address; None if EC2 chooses one, or the subnet is not known.

    In an existing subnet others may have any address: none is fixed there unless config has one, and a server that is
    there keeps its own. The members of a group know each other by their addresses: there config has to have them.
    """
    given = read_each(reader, ADDRESS, ADDRESSES, servers, checks.ipv4_address, EXAMPLE)
    is_existing = isinstance(placement.network, ExistingNetwork)
    if len(servers) > 1 and is_existing and not reader.is_set(ADDRESSES):
        wrong = "is missing, and in a VPC that is there others may have any address"
        reader.add_unreadable(ADDRESSES, wrong, EXAMPLE)
    if len(servers) > 1 and not reader.is_readable(ADDRESSES):
        return (None,) * len(servers)
    addresses = [address or _default(reader, lookups, placement, place) for place, address in enumerate(given)]
    for place, (address, subnet) in enumerate(zip(given, placement.server_subnets, strict=True)):
        if address and subnet:
            server = "the server" if len(servers) == 1 else servers[place]
            _check(reader, key_of(ADDRESS, ADDRESSES, servers, place), address, subnet, server)
    keyed = [(f"{ADDRESSES}[{place}]", address) for place, address in enumerate(given) if address]
    for key, address, other in repeated(keyed):
        reader.add_fault(key, f"{address} is that of {other} too", "Give each server its own")
    known = zip(addresses, placement.server_subnets, strict=True)
    return tuple(address if subnet else None for address, subnet in known)


def _default(reader: Reader, lookups: Lookups, placement: NetworkRead, place: int) -> IPv4Address | None:
    subnets = placement.server_subnets
    subnet = subnets[place]
    if subnet is None or not reader.is_readable(SERVERS):
        return None
    if isinstance(placement.network, ExistingNetwork):
        current = lookups.ask("terminationProtection", lookups.cloud.host, SERVER)
        stays = current is not None and current.subnet_id == placement.network.server_subnet_id
        return IPv4Address(current.private_ip) if current and stays else None
    return subnet[FIRST_PLACE + subnets[:place].count(subnet)]


def _check(reader: Reader, key: str, address: IPv4Address, subnet: IPv4Network, server: str) -> None:
    if address not in subnet:
        reader.add_fault(key, f"{address} is not in {server}'s subnet {subnet}", "Choose one of it")
    elif int(address) - int(subnet[0]) < 4 or address == subnet[-1]:
        wrong = f"{address} is one that EC2 keeps of {subnet}"
        reader.add_fault(key, wrong, f"Choose from {subnet[4]} to {subnet[-2]}")
