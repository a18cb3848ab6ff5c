"""EC2's own rules as pure functions: CIDRs, addresses, ports, names, keys, user data, instance types.

Codes and words are those of the Amazon EC2 API Reference ("Error codes for the Amazon EC2 API") and of the
quotas in the Amazon VPC and EC2 user guides, as far as a user of a small stack meets them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network

from lab.settings import LabError

ACCOUNT_ID = "000000000000"
"""The account that every ARN of a lab names; AWS gives no account this number."""

USER_DATA_LIMIT = 16 * 1024
"""Bytes of user data, before base64 (EC2 user guide, "Run commands at launch")."""

DESCRIPTION_LIMIT = 255
"""Characters of the description of a security group or of a rule."""

_DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]*")
_PORT_PROTOCOLS = ("tcp", "udp")
_PROTOCOL_NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "all": "-1"}


class AwsError(LabError):
    """A refusal in AWS's form: a code, and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        """Refuse with the code a script can tell apart and the sentence a person reads."""
        super().__init__(f"{code}: {message}")
        self.code = code


# Networks


def cidr(text: str) -> IPv4Network:
    """Return the network that `text` names.

    Raises:
        AwsError: InvalidParameterValue, not an IPv4 CIDR block, or one whose host bits are set.
    """
    try:
        network = IPv4Network(text, strict=False)
    except ValueError:
        raise AwsError(
            "InvalidParameterValue",
            f"Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
        ) from None
    if str(network) != text:
        raise AwsError(
            "InvalidParameterValue",
            f"{text!r} is not a valid IPv4 CIDR block; did you mean {str(network)!r}?",
        )
    return network


def vpc_cidr(text: str) -> IPv4Network:
    """Return a VPC's network.

    Raises:
        AwsError: InvalidVpc.Range unless the netmask is between /16 and /28.
    """
    network = cidr(text)
    if not 16 <= network.prefixlen <= 28:
        raise AwsError("InvalidVpc.Range", f"The CIDR '{text}' is invalid.")
    return network


def subnet_cidr(text: str, vpc: str | None = None, others: Collection[str] = ()) -> IPv4Network:
    """Return a subnet's network.

    Args:
        text: the subnet's CIDR block.
        vpc: the VPC's CIDR block, if it is known already.
        others: CIDR blocks of the VPC's other subnets.

    Raises:
        AwsError: InvalidSubnet.Range (netmask, or outside the VPC) or InvalidSubnet.Conflict (overlap).
    """
    network = cidr(text)
    if not 16 <= network.prefixlen <= 28 or (vpc and not network.subnet_of(IPv4Network(vpc))):
        raise AwsError("InvalidSubnet.Range", f"The CIDR '{text}' is invalid.")
    if any(network.overlaps(IPv4Network(other)) for other in others):
        raise AwsError("InvalidSubnet.Conflict", f"The CIDR '{text}' conflicts with another subnet")
    return network


def usable(network: IPv4Network, address: IPv4Address) -> bool:
    """Tell whether a host may have `address`: AWS keeps the first four of a subnet and the last."""
    first = int(network.network_address)
    return first + 4 <= int(address) < first + network.num_addresses - 1


def check_private_ip(network: IPv4Network, address: str, taken: Collection[str]) -> None:
    """Refuse an address that an instance in a subnet cannot ask for.

    Args:
        network: the subnet's network.
        address: the address asked for.
        taken: addresses that instances in the subnet hold.

    Raises:
        AwsError: InvalidParameterValue (not of the subnet, or reserved) or InvalidIPAddress.InUse.
    """
    try:
        requested = IPv4Address(address)
    except ValueError:
        raise AwsError("InvalidParameterValue", f"Invalid IPv4 address: {address}") from None
    if requested not in network:
        raise AwsError("InvalidParameterValue", f"Address {address} does not fall within the subnet's address range")
    if not usable(network, requested):
        raise AwsError("InvalidParameterValue", f"Address {address} is in subnet's reserved address range")
    if address in taken:
        raise AwsError("InvalidIPAddress.InUse", f"Address {address} is in use.")


def free_private_ip(network: IPv4Network, taken: Collection[str]) -> str:
    """Return the lowest free address of a subnet.

    Raises:
        AwsError: InsufficientFreeAddressesInSubnet.
    """
    for address in network:
        if usable(network, address) and str(address) not in taken:
            return str(address)
    raise AwsError(
        "InsufficientFreeAddressesInSubnet",
        f"There are not enough free addresses in subnet {network} to satisfy the requested number of instances.",
    )


PUBLIC_OFFSETS = range(10, 251)
"""Of the lab's pool, which addresses are given."""


def free_public_ip(pool: IPv4Network, taken: Collection[str], previous: str = "") -> str:
    """Return a free address out of .10 to .250 of the lab's pool.

    Args:
        pool: the lab's pool.
        taken: addresses that instances and Elastic IPs hold.
        previous: an address not to be given again at once, as AWS's change over a stop and a start.

    Raises:
        AwsError: AddressLimitExceeded.
    """
    base = pool.network_address
    candidates = [str(base + offset) for offset in PUBLIC_OFFSETS]
    if previous in candidates:  # search on behind it, so that it is the last to come round again
        turn = candidates.index(previous) + 1
        candidates = candidates[turn:] + candidates[: turn - 1]
    for address in candidates:
        if address not in taken:
            return address
    raise AwsError("AddressLimitExceeded", "The maximum number of addresses has been reached.")


S3_OFFSET = 3
"""Of the lab's pool, S3's own address."""
ENDPOINT_OFFSETS = range(4, 10)
"""Of the lab's pool, the addresses by which S3 knows VPC endpoints."""


# Security groups


def check_group_name(name: str) -> None:
    """Refuse a security group's name that AWS refuses.

    Raises:
        AwsError: InvalidParameterValue.
    """
    if name.startswith("sg-"):
        raise AwsError("InvalidParameterValue", "invalid value for name (cannot begin with sg-)")
    if not name or len(name) > 255:
        raise AwsError("InvalidParameterValue", "a security group's name has 1 to 255 characters")
    _check_characters("GroupName", name)


def check_description(parameter: str, text: str) -> None:
    """Refuse a description that AWS refuses.

    Raises:
        AwsError: InvalidParameterValue: longer than 255 characters, or others than letters, digits, spaces
            and ._-:/()#,@[]+=&;{}!$*
    """
    if len(text) > DESCRIPTION_LIMIT:
        raise AwsError(
            "InvalidParameterValue",
            f"Value ({text}) for parameter {parameter} is invalid. "
            f"Description must be at most {DESCRIPTION_LIMIT} characters long, this one has {len(text)}",
        )
    _check_characters(parameter, text)


def _check_characters(parameter: str, text: str) -> None:
    if not _DESCRIPTION.fullmatch(text):
        raise AwsError(
            "InvalidParameterValue",
            f"Value ({text}) for parameter {parameter} is invalid. Character sets "
            "beyond ASCII are not supported. Use a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*",
        )


def protocol(text: str) -> str:
    """Return a rule's protocol as the records have it: "tcp", "udp", "icmp" or "-1".

    Raises:
        AwsError: InvalidParameterValue.
    """
    name = _PROTOCOL_NUMBERS.get(text.lower(), text.lower())
    if name not in (*_PORT_PROTOCOLS, "icmp", "-1"):
        raise AwsError(
            "InvalidParameterValue",
            f"Invalid value '{text}' for IP protocol. Unknown protocol; use tcp, udp, icmp or -1 (all).",
        )
    return name


def check_ports(ip_protocol: str, from_port: int | None, to_port: int | None) -> None:
    """Refuse a range of ports that does not fit the protocol.

    Raises:
        AwsError: InvalidParameterValue or InvalidParameterCombination.
    """
    if ip_protocol == "-1":
        if (from_port, to_port) not in ((None, None), (-1, -1)):
            raise AwsError(
                "InvalidParameterCombination",
                "a rule for all protocols (-1) covers all ports: leave out "
                "fromPort and toPort, since AWS would drop them and show a difference at every run",
            )
        return
    if from_port is None or to_port is None:
        raise AwsError(
            "InvalidParameterValue",
            f"Invalid value 'Must specify both from and to ports with {ip_protocol}.'",
        )
    if ip_protocol == "icmp":
        if not (-1 <= from_port <= 255 and -1 <= to_port <= 255):
            raise AwsError("InvalidParameterValue", f"ICMP code ({from_port}/{to_port}) out of range")
        return
    for port in (from_port, to_port):
        if not 0 <= port <= 65535:
            raise AwsError("InvalidParameterValue", f"Invalid port: {port}. Use 0 to 65535.")
    if from_port > to_port:
        raise AwsError("InvalidParameterValue", f"Invalid TCP/UDP port range ({from_port}, {to_port})")


# Keys and user data


def key_fingerprint(public_key: str) -> str:
    """Return the fingerprint EC2 gives an imported key: base64 SHA-256 of an ed25519 key, MD5 of an RSA one.

    Raises:
        AwsError: InvalidKey.Format.
    """
    fields = public_key.split()
    if len(fields) < 2 or fields[0] not in ("ssh-ed25519", "ssh-rsa"):
        raise AwsError("InvalidKey.Format", "Key is not in valid OpenSSH public key format (ssh-ed25519 or ssh-rsa)")
    try:
        blob = base64.b64decode(fields[1], validate=True)
    except (binascii.Error, ValueError):
        blob = b""
    length = len(fields[0])
    if blob[: 4 + length] != length.to_bytes(4, "big") + fields[0].encode() or len(blob) < 40:
        raise AwsError("InvalidKey.Format", "Key is not in valid OpenSSH public key format")
    if fields[0] == "ssh-ed25519":
        return base64.b64encode(hashlib.sha256(blob).digest()).decode()
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, 32, 2))


def check_user_data(data: bytes) -> None:
    """Refuse user data of more than 16 KB before base64.

    Raises:
        AwsError: InvalidParameterValue.
    """
    if len(data) > USER_DATA_LIMIT:
        raise AwsError(
            "InvalidParameterValue",
            f"User data is limited to {USER_DATA_LIMIT} bytes (this is {len(data)} bytes, before base64)",
        )
