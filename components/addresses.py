"""Which addresses the hosts get: arithmetic on the VPC's range, so an endpoint is known before its host."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

SUBNET_BITS = 4
"""The subnet is the first sixteenth of the VPC; the other fifteen stay free for more."""

SERVER_HOST = 10
"""The server's place in its subnet, clients follow. AWS reserves the first four addresses and the last one
(VPC User Guide, "Subnet CIDR blocks")."""


def host_subnet(vpc: IPv4Network) -> IPv4Network:
    """Return the subnet the hosts live in, for a VPC from /16 to /24."""
    return next(vpc.subnets(prefixlen_diff=SUBNET_BITS))


def server_address(subnet: IPv4Network) -> IPv4Address:
    """Return the server's private address, the same for every server this subnet will ever have."""
    return subnet[SERVER_HOST]


def client_address(subnet: IPv4Network, number: int) -> IPv4Address:
    """Return the private address of the client of that number, counted from 1.

    Fixed for clients too: an address chosen by AWS could be the one the server is about to ask for.

    Raises:
        ValueError: the subnet has no room for that many clients.
    """
    offset = SERVER_HOST + number
    if number < 1 or offset > subnet.num_addresses - 2:
        raise ValueError(f"{subnet} has no address for client {number}")
    return subnet[offset]
