"""Where users log in from: the default, and accounts that nobody on the stack's client hosts could log in as."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network

from components.checks import BROADEST
from scripts.host.accounts.spec import UserSpec
from stack_config.reader import Reader, part
from stack_config.users import PRIMARY, USERS

LOCAL = "localhost"
"""To MySQL: by the socket, on the server itself."""


def default_host(vpc: Sequence[IPv4Network]) -> str:
    """Return the host part of a user that has none of its own: the narrowest range with all of the VPC's in it.

    Empty if the VPC is not known, or if such a range would be broader than any that is somebody's own.
    """
    if not vpc:
        return ""
    cover = vpc[0]
    while not all(network.subnet_of(cover) for network in vpc):
        cover = cover.supernet()
    return str(cover) if cover.prefixlen >= BROADEST else ""


def check_admission(
    reader: Reader, users: Mapping[str, UserSpec], primary: str | None, subnets: Sequence[IPv4Network]
) -> None:
    """Refuse a primary user that no client host is admitted as, and warn of others.

    Args:
        reader: takes the faults and warnings.
        users: by key.
        primary: the key of the primary one.
        subnets: those of all client hosts; none if they are not known.
    """
    for key, user in users.items():
        path = f"{part(USERS, key)}.host"
        if user.locked or not subnets or not user.host or not reader.is_readable(path):
            continue
        if any(may_admit(user.host, subnet) for subnet in subnets):
            continue
        ranges = " and ".join(sorted({str(subnet) for subnet in subnets}))
        wrong = f"is {user.host!r}, which no client host is in (they are in {ranges})"
        if key == primary:
            reader.add_fault(path, wrong, f"Write a range that they are in, or set {PRIMARY} to another user")
        else:
            reader.add_warning(path, wrong, "No login of this user can be checked")


def may_admit(host: str, subnet: IPv4Network) -> bool:
    """Return whether a host part matches a host of a subnet; of a name it is not known, so it might."""
    if host == LOCAL or ":" in host:
        return False
    if is_name(host):
        return True
    if "/" in host:
        return IPv4Network(host).overlaps(subnet)
    octets = re.match(r"(?:\d{1,3}\.)*(?:\d{1,3}$)?", host)
    known = [octet for octet in (octets[0] if octets else "").split(".") if octet]
    if any(int(octet) > 255 for octet in known):
        return False
    first = IPv4Address(".".join([*known, *["0"] * (4 - len(known))]))
    return IPv4Network((first, 8 * len(known))).overlaps(subnet)


def check_names(reader: Reader, users: Mapping[str, UserSpec]) -> None:
    """Refuse host parts that are names; for a server that does not look names up (skip_name_resolve)."""
    for key, user in users.items():
        path = f"{part(USERS, key)}.host"
        if is_name(user.host) and reader.is_readable(path):
            wrong = f"is {user.host!r}, a name, and mysqlSettings.skip_name_resolve keeps mysqld from looking names up"
            reader.add_fault(path, wrong, "Write an address or a range, or set skip_name_resolve to false")


def is_name(host: str) -> bool:
    """Return whether a host part is a name, or a pattern of one, that mysqld has to look up."""
    return host != LOCAL and ":" not in host and bool(re.search("[a-z]", host))
