"""MySQL's rules for host parts: from where an account may log in (MySQL manual, "Specifying Account Names")."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, NetmaskValueError
from typing import Any

from scripts.host.accounts.names import HOST_LENGTH
from scripts.host.common.checks import InvalidValueError

ANYWHERE = "%"
EXAMPLE = "Write %, a name like %.example.org, an address, or a range like 10.0.0.0/16 with its host bits zero"


def host_part(raw: Any) -> str:
    """Return a host part as MySQL keeps it."""
    if not isinstance(raw, str):
        raise InvalidValueError(f"{raw!r} is not text", f"{EXAMPLE}, in quotation marks")
    if not raw:
        raise InvalidValueError("is empty, which MySQL reads as %", "Write '%' if that is meant")
    if len(raw) > HOST_LENGTH:
        raise InvalidValueError(f"has {len(raw)} characters", f"MySQL allows {HOST_LENGTH}")
    if raw != raw.lower():
        raise InvalidValueError(f"{raw!r} has upper-case letters, which MySQL does not keep", f"Write {raw.lower()!r}")
    if "/" in raw:
        return _range(raw)
    if ":" in raw:
        return _ipv6(raw)
    if re.fullmatch(r"[0-9.]+", raw):
        return _ipv4(raw)
    return _name(raw)


def _range(raw: str) -> str:
    """Return a range of IPv4 addresses; MySQL has none of IPv6."""
    address, _, width = raw.partition("/")
    try:
        IPv4Address(address)
        if not re.fullmatch(r"\d{1,3}|[0-9.]{7,15}", width):
            raise NetmaskValueError(width)
        network = IPv4Network(raw, strict=False)
    except ValueError as error:
        raise InvalidValueError(f"{raw!r} is no range of IPv4 addresses", EXAMPLE) from error
    if width not in (str(network.prefixlen), str(network.netmask)):
        raise InvalidValueError(f"{raw!r} has a mask that is none", f"Write {network}")
    if network.prefixlen == 0:
        raise InvalidValueError(f"{raw!r} matches nobody, to MySQL", f"Write {ANYWHERE!r} for every address")
    if address != str(network.network_address):
        raise InvalidValueError(f"{raw!r} has host bits set, so it would match nobody", f"Write {network}")
    return raw


def _ipv6(raw: str) -> str:
    """Return an IPv6 address, with wildcards perhaps; MySQL compares it as text with the client's shortest form."""
    if re.search("[%_]", raw):
        if re.fullmatch(r"[0-9a-f:.%_]+", raw):
            return raw
        raise InvalidValueError(f"{raw!r} is no host part", EXAMPLE)
    try:
        address = IPv6Address(raw)
    except AddressValueError as error:
        raise InvalidValueError(f"{raw!r} is no IPv6 address", EXAMPLE) from error
    if address.ipv4_mapped:
        raise InvalidValueError(
            f"{raw!r} is an IPv4 address, which MySQL compares as one", f"Write {address.ipv4_mapped}"
        )
    if str(address) != raw:
        raise InvalidValueError(f"{raw!r} is not the form that MySQL compares with", f"Write {address}")
    return raw


def _ipv4(raw: str) -> str:
    try:
        return str(IPv4Address(raw))
    except AddressValueError as error:
        raise InvalidValueError(f"{raw!r} is no IPv4 address", EXAMPLE) from error


def _name(raw: str) -> str:
    """Return a host's name: labels of letters, digits and hyphens, with % and _ as wildcards anywhere."""
    labels = raw.split(".")
    if all(re.fullmatch(r"[a-z0-9%_-]{1,63}", label) and label[0] != "-" != label[-1] for label in labels):
        return raw
    raise InvalidValueError(f"{raw!r} is no host part", EXAMPLE)
