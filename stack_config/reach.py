"""Config of who may ssh, who else may reach MySQL, and which ways lead out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from ipaddress import IPv4Network

from components import checks
from components.firewall import PACKAGE_PORTS, EgressArgs, ReachArgs
from components.mysql.server import ServerArgs
from scripts.host.common.checks import InvalidValueError, checked
from scripts.host.constants import MYSQLX_PORT
from stack_config.clients import ClientGroup, host_names
from stack_config.reader import Reader
from stack_config.specs import read_spec

PACKAGES: tuple[EgressArgs, ...] = tuple(
    {"cidr": "0.0.0.0/0", "protocol": "tcp", "from_port": port, "to_port": port} for port in PACKAGE_PORTS
)
"""The ways out that every host has: EC2 refuses a rule that is there already."""
EGRESS_EXAMPLE = 'Write a list like [{"cidr": "10.0.0.0/8", "protocol": "tcp", "ports": "5432"}]'


def read_reach(
    reader: Reader,
    server: ServerArgs,
    clients: Sequence[ClientGroup],
    jump_host: str | None,
    endpoints: Set[str],
    vpc: Sequence[IPv4Network],
) -> ReachArgs:
    """Return who may reach what; hosts with an endpoint are not dialled at their own address, `vpc` has its ranges."""
    is_dialled = reader.is_readable("sshEndpoints") and not host_names(clients) <= endpoints
    return {
        "operator_cidrs": _read_operators(reader, is_dialled, vpc),
        "operator_group_ids": _read_groups(reader, "operatorSecurityGroupIds"),
        "server_public": server["public"],
        "jump_to_server": jump_host is not None and not server["public"],
        "jump_to_clients": jump_host is not None and not all(group.public for group in clients),
        "mysql_ports": [server["mysql_port"], MYSQLX_PORT] if server["x_protocol"] else [server["mysql_port"]],
        "admitted_group_ids": _read_groups(reader, "admittedSecurityGroupIds"),
        "extra_egress": _read_egress(reader),
    }


def _read_operators(reader: Reader, is_required: bool, vpc: Sequence[IPv4Network]) -> tuple[str, ...]:
    example = 'Write a list of ranges, like ["203.0.113.7/32"]'
    operators = reader.read_list("operatorCidrs", checks.operator_range, example)
    if is_required and not operators and reader.is_readable("operatorCidrs"):
        hint = 'Set it, like ["203.0.113.7/32"], or sshEndpoints'
        reader.add_fault("operatorCidrs", "is missing, so nobody could reach a host", hint)
    for cidr, other in itertools.combinations(operators, 2):
        if IPv4Network(cidr).overlaps(IPv4Network(other)):
            reader.add_fault("operatorCidrs", f"{cidr} and {other} overlap", "Leave the narrower one out")
    for cidr, network in itertools.product(operators, vpc):
        if IPv4Network(cidr).overlaps(network):
            wrong = f"{cidr} overlaps the VPC's {network}, so its hosts could ssh to each other"
            reader.add_fault("operatorCidrs", wrong, "For operators in the VPC, set operatorSecurityGroupIds")
    return operators


def _read_groups(reader: Reader, key: str) -> tuple[str, ...]:
    example = 'Write a list of ids, like ["sg-0123456789abcdef0"]'
    return reader.refuse_repeated(key, reader.read_list(key, checks.security_group_id, example))


def _ports(raw: object) -> range:
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", str(raw))
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last <= 65535:
        raise InvalidValueError(f"{raw!r} is no port and no range of ports", 'Write "443" or "8000-8010"')
    return range(first, last + 1)


@dataclass(frozen=True)
class Egress:
    """A way out, as config has it."""

    cidr: str = checked(lambda raw: str(checks.ipv4_range(raw)))
    protocol: str = checked(checks.protocol)
    ports: range = checked(_ports)


def _read_egress(reader: Reader) -> tuple[EgressArgs, ...]:
    """Return the ways out beyond what the hosts need."""
    ways = list(PACKAGES)
    for index, raw in enumerate(reader.raw_list("extraEgress", EGRESS_EXAMPLE)):
        key = f"extraEgress[{index}]"
        egress = read_spec(reader, key, raw, Egress, EGRESS_EXAMPLE)
        if not reader.is_readable(key):
            continue
        way: EgressArgs = {
            "cidr": egress.cidr,
            "protocol": egress.protocol,
            "from_port": egress.ports[0],
            "to_port": egress.ports[-1],
        }
        if way in ways:
            reader.add_fault(key, "is open already", "Leave it out")
        ways.append(way)
    return tuple(ways[len(PACKAGES) :])
