"""MySQL's rules for host parts: which there are, whom each admits, and which one is taken where several do.

Source: MySQL manual, "Specifying Account Names", "Access Control, Stage 1: Connection Verification" (its order for
addresses is that of MySQL 8.0.23); tried on 9.7.4.
"""

import fnmatch
import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, NetmaskValueError, ip_address
from typing import Any

from scripts.host.accounts.names import ANYWHERE
from scripts.host.common.checks import InvalidValueError

HOST_LENGTH = 255
"""Characters."""
HOST_EXAMPLE = "Write %, a name like %.example.org, an address, or a range like 10.0.0.0/16 with its host bits zero"
HOST_LABEL = "[a-z0-9%_]([a-z0-9%_-]{0,61}[a-z0-9%_])?"
"""Part of a host's name, with % and _ as wildcards anywhere."""
LOCAL = "localhost"
"""To MySQL: by the socket, on the server itself."""
LITERAL, CIDR, NETMASK, TEXT = range(4)
"""Kinds of host parts: the more specific first."""
MOST = 128
"""Characters before the first wildcard, in MySQL's own count; more make no difference."""


def host_part(raw: Any) -> str:
    """Return a host part as MySQL keeps it."""
    if not isinstance(raw, str):
        raise InvalidValueError(f"{raw!r} is not text", f"{HOST_EXAMPLE}, in quotation marks")
    if not raw:
        raise InvalidValueError("is empty, which MySQL reads as %", "Write '%' if that is meant")
    if len(raw) > HOST_LENGTH:
        raise InvalidValueError(f"has {len(raw)} characters", f"MySQL allows {HOST_LENGTH}")
    if raw != raw.lower():
        raise InvalidValueError(f"{raw!r} has upper-case letters, which MySQL does not keep", f"Write {raw.lower()!r}")
    if "/" in raw:
        return _range(raw)
    if re.fullmatch(r"[0-9.]+|[^%_]*:[^%_]*", raw):
        return _address(raw)
    # With wildcards it may be one of IPv6, too.
    if not re.fullmatch(r"[0-9a-f:.%_]+" if ":" in raw else rf"{HOST_LABEL}(\.{HOST_LABEL})*", raw):
        raise InvalidValueError(f"{raw!r} is no host part", HOST_EXAMPLE)
    return raw


def _range(raw: str) -> str:
    """Return a range of IPv4 addresses; MySQL has none of IPv6."""
    address, _, width = raw.partition("/")
    try:
        IPv4Address(address)
        if not re.fullmatch(r"\d{1,3}|[0-9.]{7,15}", width):
            raise NetmaskValueError(width)
        network = IPv4Network(raw, strict=False)
    except ValueError as error:
        raise InvalidValueError(f"{raw!r} is no range of IPv4 addresses", HOST_EXAMPLE) from error
    if width not in (str(network.prefixlen), str(network.netmask)):
        raise InvalidValueError(f"{raw!r} has a mask that is none", f"Write {network}")
    if network.prefixlen == 0:
        raise InvalidValueError(f"{raw!r} matches nobody, to MySQL", f"Write {ANYWHERE!r} for every address")
    if address != str(network.network_address):
        raise InvalidValueError(f"{raw!r} has host bits set, so it would match nobody", f"Write {network}")
    return raw


def _address(raw: str) -> str:
    """Return an address; MySQL compares one of IPv6 as text with the client's shortest form."""
    try:
        address = ip_address(raw)
    except ValueError as error:
        raise InvalidValueError(f"{raw!r} is no IPv{6 if ':' in raw else 4} address", HOST_EXAMPLE) from error
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        hint = f"Write {address.ipv4_mapped}"
        raise InvalidValueError(f"{raw!r} is an IPv4 address, which MySQL compares as one", hint)
    if str(address) != raw:
        raise InvalidValueError(f"{raw!r} is not the form that MySQL compares with", f"Write {address}")
    return raw


def is_name(host: str) -> bool:
    """Return whether a host part is a name, or a pattern of one, that mysqld has to look up."""
    return host != LOCAL and ":" not in host and bool(re.search("[a-z]", host))


def rank(host: str) -> tuple[int, int]:
    """Return what sorts host parts as MySQL tries them; of two that are equal it takes any."""
    if re.fullmatch(r"[0-9.]+(/[0-9.]+)?", host):
        _, slash, width = host.partition("/")
        kind = LITERAL if not slash else NETMASK if "." in width else CIDR
        return kind, -IPv4Network(host).prefixlen
    wildcard = re.search("[%_]", host)
    if host == ANYWHERE or wildcard is None:
        return TEXT, MOST if wildcard else 0
    return TEXT, MOST - min(wildcard.start() + 2, MOST - 1)


def network_of(host: str) -> IPv4Network | None:
    """Return the narrowest network that has every IPv4 address that a host part admits; None if it admits none."""
    if host == LOCAL or ":" in host or is_name(host):
        return None
    if "/" in host:
        return IPv4Network(host)
    octets = re.match(r"(?:\d{1,3}\.)*(?:\d{1,3}$)?", host)
    known = [octet for octet in (octets[0] if octets else "").split(".") if octet]
    if any(int(octet) > 255 for octet in known):
        return None
    return IPv4Network((".".join([*known, *["0"] * (4 - len(known))]), 8 * len(known)))


def admits(host: str, address: IPv4Address) -> bool | None:
    """Return whether a host part admits a client with this address; None if that is for the server to look up."""
    if is_name(host):
        return None
    network = network_of(host)
    if network is None or address not in network:
        return False
    pattern = host.replace("%", "*").replace("_", "?")
    return "/" in host or fnmatch.fnmatchcase(str(address), pattern)


def why_not(host: str, others: Iterable[str], address: str) -> str | None:
    """Return why MySQL does not take a login from an address for the account with this host part; None if it does.

    The others are the host parts of all other accounts of that name.
    """
    client = IPv4Address(address)
    if is_name(host):
        return f"only the server can tell whether {address} has the name {host}"
    if not admits(host, client):
        return f"its host part {host} does not admit {address}"
    for other in sorted(others, key=rank):
        if rank(other) > rank(host):
            break
        if (admitted := admits(other, client)) is not False:
            sure = admitted and rank(other) < rank(host)
            return f"MySQL {'takes' if sure else 'may take'} it for the account with host part {other}"
    return None


def may_be_taken(host: str, others: Iterable[str], subnet: IPv4Network) -> bool:
    """Return whether MySQL may take a login from some host of a subnet for the account with this host part."""
    if is_name(host):
        return True
    network = network_of(host)
    if network is None or not network.overlaps(subnet):
        return False
    common = network if network.prefixlen > subnet.prefixlen else subnet
    return not any(
        common.subnet_of(hiding)
        for other in others
        # What has wildcards in the middle does not admit every address of its network.
        if rank(other) < rank(host) and re.fullmatch(r"[0-9.]+(/[0-9.]+)?|([0-9]+\.)*%(\.%)*", other)
        if (hiding := network_of(other))
    )
