"""Config of who may ssh, who else may reach MySQL, and which ways lead out."""

import itertools
from collections.abc import Sequence, Set
from ipaddress import IPv4Network
from typing import cast

from components.firewall import PACKAGE_PORTS, EgressArgs, ReachArgs
from components.mysql.server import ServerArgs
from scripts.host.common.checks import repeated
from scripts.host.constants import MYSQLX_PORT
from stack_config.clients import ClientGroup, host_names
from stack_config.reader import Reader
from stack_config.servers import SERVERS
from stack_config.specs import read_args

KEYS = {
    "operatorCidrs": "operator_cidrs",
    "operatorSecurityGroupIds": "operator_group_ids",
    "operatorPrefixListIds": "operator_prefix_list_ids",
    "admittedSecurityGroupIds": "admitted_group_ids",
    "admittedCidrs": "admitted_cidrs",
    "admittedPrefixListIds": "admitted_prefix_list_ids",
    "extraEgress": "extra_egress",
    "loadBalancer": "load_balanced",
}
"""The field of ReachArgs that each key is."""


def read_reach(
    reader: Reader,
    server: ServerArgs,
    clients: Sequence[ClientGroup],
    servers: Sequence[str],
    jump_host: str | None,
    endpoints: Set[str],
    vpc: Sequence[IPv4Network],
) -> ReachArgs:
    """Return who may reach what; hosts with an endpoint are not dialled at their own address, `vpc` has its ranges."""
    args = read_args(reader, ReachArgs, KEYS)
    is_dialled = reader.is_readable("sshEndpoints") and not host_names(clients, servers) <= endpoints
    is_required = is_dialled and not args["operator_prefix_list_ids"]
    _check_operators(reader, args["operator_cidrs"], is_required, vpc)
    for key in [key for key in KEYS if key not in ("operatorCidrs", "extraEgress", "loadBalancer")]:
        args[KEYS[key]] = reader.refuse_repeated(key, args[KEYS[key]])
    _check_egress(reader, args["extra_egress"])
    if len(servers) > 1:
        args["in_group"] = True
    elif args["load_balanced"] and reader.is_readable(SERVERS):
        wrong = "is for several servers, and there is one, which every host reaches by its own address"
        reader.add_fault("loadBalancer", wrong, f"Remove it, or set {SERVERS} to 3")
    return cast(
        "ReachArgs",
        {
            **args,
            "server_public": server["public"],
            "jump_to_server": jump_host is not None and not server["public"],
            "jump_to_clients": jump_host is not None and not all(group.public for group in clients),
            "mysql_ports": [server["mysql_port"], MYSQLX_PORT] if server["x_protocol"] else [server["mysql_port"]],
        },
    )


def _check_operators(reader: Reader, operators: Sequence[str], is_required: bool, vpc: Sequence[IPv4Network]) -> None:
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


def _check_egress(reader: Reader, ways: Sequence[EgressArgs]) -> None:
    """Refuse a way out twice, and those that every host has: EC2 refuses a rule that is there already."""
    named = [("", ("0.0.0.0/0", "tcp", str(port))) for port in PACKAGE_PORTS]
    for index, way in enumerate(ways):
        if reader.is_readable(key := f"extraEgress[{index}]"):
            named.append((key, (way["cidr"], way["protocol"], way["ports"])))
    for key, _, _ in repeated(named):
        reader.add_fault(key, "is open already", "Leave it out")
