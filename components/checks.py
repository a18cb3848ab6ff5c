"""Checks of single values that AWS and the hosts are given: config and the components refuse the same ones.

Each check takes a raw value and returns it as it is kept, or raises InvalidValueError with a hint.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network, ip_network
from typing import Any

from scripts.host.common.checks import InvalidValueError, matching, one_line, whole
from scripts.host.constants import MYSQL_PORT, SSH_PORT

BROADEST = 8
"""The shortest prefix of a range that may ssh: a shorter one is no group of people."""
OWN_TAGS = frozenset({"Name", "Project", "Stack"})
MOST_TAGS = 40
"""AWS takes 50; some are the program's and the account's own."""
TAG_KEY_LENGTH, TAG_VALUE_LENGTH = 128, 256
_TAG_CHARACTERS = re.compile(r"[\w .:/=+\-@]*")


def aws_id(prefix: str, wrong: str) -> Callable[[Any], str]:
    """Return a check for the id of something in AWS."""
    return matching(rf"{prefix}-[0-9a-f]{{8,17}}", wrong, f"Write one like {prefix}-0123456789abcdef0")


image_id = aws_id("ami", "is not an image id")
vpc_id = aws_id("vpc", "is not a VPC's id")
subnet_id = aws_id("subnet", "is not a subnet's id")
prefix_list_id = aws_id("pl", "is not a prefix list's id")
peer_group_id = matching(
    r"(\d{12}/)?sg-[0-9a-f]{8,17}",
    "is not a security group's id",
    "Write one like sg-0123456789abcdef0; another account's with its number before it, like 123456789012/sg-...",
)
volume_id = aws_id("vol", "is not a volume's id")
snapshot_id = aws_id("snap", "is not a snapshot's id")
security_group_id = aws_id("sg", "is not a security group's id")
instance_type = matching(r"[a-z][a-z0-9-]*\.[a-z0-9-]+", "is not an instance type", "Write one like t3.small")
zone = matching(r"[a-z]{2,}(-[a-z0-9]+)+", "is not the name of an availability zone", "Write one like eu-central-1a")
ubuntu_release = matching(
    r"22\.04|24\.04|26\.04", "is no Ubuntu release that the program knows", "Write 22.04, 24.04 or 26.04"
)
package = matching(
    r"[a-z0-9][a-z0-9+.-]+", "is not a package's name (Debian Policy, 5.6.1)", "Write one like percona-toolkit"
)
volume_gib = whole(8, 16384, " GiB")
data_volume_gib = whole(1, 65536, " GiB")
volume_iops = whole(3000, 80000)
volume_throughput = whole(125, 2000, " MiB/s")
"""Of gp3 (EBS User Guide, "General Purpose SSD volumes")."""
kms_key_arn = matching(
    r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+",
    "is not the ARN of a KMS key",
    "Write one like arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
)
instance_profile = matching(
    r"[\w+=,.@-]{1,128}", "is not the name of an instance profile", "Write its name, not its ARN"
)
bucket_prefix = matching(
    r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*", "is not a prefix in a bucket", "Write the output backup_prefix of its stack"
)
snapshot_count = whole(0, 1000, "; 0 for no snapshots")
retention_days = whole(0, 3650, " days; 0 for none")
protocol = matching("tcp|udp", "is neither tcp nor udp", "Write tcp or udp")
port = whole(1, 65535)
host = matching(
    r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", "is no host's name or IPv4 address", "Write one like 127.0.0.1"
)
host_key = matching("ssh-ed25519 [^ \n]+( .*)?", "is not a public ed25519 key", "Write its type and base64")
public_key = one_line(8192)


lower_case_table_names = whole(0, 1)
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_dns_name = matching(
    rf"(\*\.)?({_LABEL}\.)*(?!\d+$){_LABEL}",
    "is not a DNS name in lower case",
    "Write one like db.example.org, or *.example.org for all names beside it",
)


def dns_name(raw: Any) -> str:
    """Return a name that a certificate is for (RFC 1123, 2.1; RFC 6125, 6.4.3)."""
    if isinstance(raw, str) and len(raw) > 253:
        raise InvalidValueError(f"has {len(raw)} characters", "A DNS name has at most 253")
    return _dns_name(raw)


def ipv4_address(raw: Any) -> IPv4Address:
    """Return an IPv4 address."""
    try:
        return IPv4Address(raw)
    except ValueError as error:
        raise InvalidValueError(f"{raw!r} is not an IPv4 address", "Write one like 10.20.0.10") from error


def ipv4_range(raw: object) -> IPv4Network:
    """Return an IPv4 range."""
    try:
        return IPv4Network(raw if isinstance(raw, str) else "")
    except ValueError as error:
        raise InvalidValueError(
            f"{raw!r} is not an IPv4 range", "Write one like 10.20.0.0/16, host bits zero"
        ) from error


def egress_range(raw: object) -> str:
    """Return a range that a way leads to."""
    return str(ipv4_range(raw))


def sized_range(least: int, most: int, hint: str) -> Callable[[object], IPv4Network]:
    """Return a check for an IPv4 range with a prefix from the least to the most bits."""

    def check(raw: object) -> IPv4Network:
        network = ipv4_range(raw)
        if not least <= network.prefixlen <= most:
            raise InvalidValueError(f"{raw!r} has the wrong size", hint)
        return network

    return check


vpc_range = sized_range(16, 24, "Choose a range from /16 to /24, like 10.20.0.0/16")
subnet_range = sized_range(16, 28, "EC2 takes subnets from /16 to /28")


def operator_range(raw: object) -> str:
    """Return a range that may ssh."""
    example = 'Write ranges like ["203.0.113.7/32"], host bits zero'
    try:
        network = ip_network(raw if isinstance(raw, str) else "")
    except ValueError as error:
        raise InvalidValueError(f"{raw!r} is not an address range", example) from error
    if network.prefixlen == 0:
        raise InvalidValueError(f"{raw!r} is the whole internet", "Name the addresses you connect from")
    if network.version != 4:
        raise InvalidValueError(f"{raw!r} is IPv6, the hosts have IPv4 addresses only", example)
    if network.prefixlen < BROADEST:
        raise InvalidValueError(f"{raw!r} is broader than /{BROADEST}", "Name the addresses you connect from")
    return str(network)


def mysql_port(raw: Any) -> int:
    """Return MySQL's port."""
    number = port(raw)
    hint = f"Choose another, like {MYSQL_PORT}"
    if number == SSH_PORT:
        raise InvalidValueError(f"{number} is taken by ssh", hint)
    if number < 1024:
        raise InvalidValueError(f"{number} is below 1024, and mysqld does not run as root", hint)
    return number


def ports(raw: Any) -> str:
    """Return a port, or a range of ports with a hyphen."""
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", str(raw))
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last <= 65535:
        raise InvalidValueError(f"{raw!r} is no port and no range of ports", 'Write "443" or "8000-8010"')
    return f"{first}-{last}" if first < last else str(first)


def tag_key(raw: Any) -> str:
    """Return a tag's key (Amazon EC2 User Guide, "Tag restrictions")."""
    if not isinstance(raw, str) or not raw.strip():
        raise InvalidValueError("is a tag without a key", "Give it one")
    if raw in OWN_TAGS:
        raise InvalidValueError("is a tag of the program's own", "Choose another key")
    if raw.lower().startswith("aws:"):
        raise InvalidValueError("begins with aws:, which is AWS's own", "Choose another key")
    return _tag_text(raw, TAG_KEY_LENGTH)


def tag_value(raw: Any) -> str:
    """Return a tag's value; a number is text too."""
    if not isinstance(raw, str | int) or isinstance(raw, bool):
        raise InvalidValueError("is not text", "Write text in quotation marks")
    return _tag_text(str(raw), TAG_VALUE_LENGTH)


def tags(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a table of tags."""
    for key, value in raw.items():
        try:
            tag_key(key)
            tag_value(value)
        except InvalidValueError as error:
            raise InvalidValueError(f"{key!r} {error.wrong}", error.hint) from error
    return raw


def _tag_text(text: str, longest: int) -> str:
    if len(text) > longest:
        raise InvalidValueError(
            "is too long", f"AWS takes {TAG_KEY_LENGTH} characters of a key, {TAG_VALUE_LENGTH} of a value"
        )
    if not _TAG_CHARACTERS.fullmatch(text):
        raise InvalidValueError("has characters that AWS refuses", "Use letters, digits, spaces and _.:/=+-@")
    return text


def snapshot_cron(raw: Any) -> str:
    """Return a cron expression of AWS's, for hours of every day or of some days of the week.

    Source: Amazon EBS User Guide, "Create Amazon Data Lifecycle Manager custom policy for EBS snapshots"; UTC.
    """
    text = raw if isinstance(raw, str) else ""
    if not re.fullmatch(r"cron\(\d{1,2} [\d,*/-]+ [\d?*LW/-]+ [\dA-Z*,-]+ [\dA-Z?*L#,-]+ \*\)", text):
        raise InvalidValueError(f"{raw!r} is no cron expression of AWS's", "Write one like cron(30 3 * * ? *), in UTC")
    return text
