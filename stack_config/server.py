"""Config of the server: its instance, and mysqld on it."""

from ipaddress import IPv4Address
from typing import Any, cast

from components import checks
from components.mysql import disk, memory
from components.mysql import settings as mysql_settings
from components.mysql.contradictions import contradictions
from components.mysql.server import ServerArgs
from components.network import ExistingNetwork
from scripts.host.constants import MYSQLX_PORT
from stack_config.aws import Lookups
from stack_config.clients import SERVER
from stack_config.data_volume import DataRead, read_data
from stack_config.network import NetworkRead
from stack_config.reader import Fault, Reader
from stack_config.specs import read_args

SERVER_PLACE = 10
"""The server's address in a subnet of its own unless config has another: the eleventh."""


KEYS = {
    "serverInstanceType": "instance_type",
    "serverPublic": "public",
    "serverAmi": "ami",
    "terminationProtection": "termination_protection",
    "serverVolumeSize": "volume_gib",
    "serverPackages": "packages",
    "mysqlPort": "mysql_port",
    "xProtocol": "x_protocol",
    "requireSecureTransport": "require_secure_transport",
    "serverCertificateNames": "certificate_names",
    "lowerCaseTableNames": "lower_case_table_names",
}
"""The field of ServerArgs that each key is; its type and check are the field's, its default is Pulumi.yaml's."""


def read_keys(reader: Reader) -> dict[str, Any]:
    """Return what single keys say of the server."""
    return read_args(reader, ServerArgs, KEYS)


def read_server(reader: Reader, lookups: Lookups, args: dict[str, Any]) -> tuple[ServerArgs, DataRead]:
    """Return what the server is made from, but for its address; and what its data are on.

    `args` are what `read_keys` returned.
    """
    data = read_data(reader, lookups, args["volume_gib"])
    type_keys = ("serverInstanceType", "serverAmi")
    facts = lookups.boots(type_keys, args["instance_type"], args.get("ami"), [SERVER], loses_data=data.args is None)
    if args["x_protocol"] and args["mysql_port"] == MYSQLX_PORT:
        hint = "Choose another, or set xProtocol to false"
        reader.add_fault("mysqlPort", f"{MYSQLX_PORT} is the X protocol's", hint)
    memory_mib = facts.memory_mib if facts else None
    args["settings"] = reader.read_table("mysqlSettings", mysql_settings.setting, mysql_settings.EXAMPLE)
    if memory_mib and memory.is_too_small(memory_mib):
        wrong = f"{args['instance_type']} has {memory_mib} MiB, too little for mysqld and a hundred connections"
        reader.add_fault("serverInstanceType", wrong, "Choose one with 1024 MiB or more, like t3.micro")
        memory_mib = None
    derived = memory.derived(memory_mib) if memory_mib else {}
    args["derived_settings"] = disk.fitted(derived, data.gib or args["volume_gib"], data.iops, args["settings"])
    for fault in contradictions({**args["derived_settings"], **args["settings"]}, memory_mib):
        keys = [f"mysqlSettings.{name}" for name in fault.names]
        if reader.is_readable(*keys):
            reader.add_fault(keys[0], fault.wrong, fault.hint)
    if memory_mib:
        for warning in memory.warnings(args["derived_settings"], args["settings"], memory_mib):
            reader.warnings.append(Fault(f"mysqlSettings.{warning.names[0]}", warning.wrong, warning.hint))
    return cast("ServerArgs", args), data


def read_address(reader: Reader, lookups: Lookups, placement: NetworkRead) -> IPv4Address | None:
    """Return the server's fixed address; None if EC2 chooses one, or the subnet is not known.

    In an existing subnet others may have any address: none is fixed there unless config has one, and a server that is
    there keeps its own.
    """
    given, subnet = reader.read("serverPrivateIp", checks.ipv4_address), placement.server_subnet
    if subnet is None:
        return None
    if given is None and isinstance(placement.network, ExistingNetwork):
        current = lookups.ask("terminationProtection", lookups.cloud.host, SERVER)
        stays = current is not None and current.subnet_id == placement.network.server_subnet_id
        return IPv4Address(current.private_ip) if current and stays else None
    address = given or subnet[SERVER_PLACE]
    if address not in subnet:
        reader.add_fault("serverPrivateIp", f"{address} is not in the server's subnet {subnet}", "Choose one of it")
    elif int(address) - int(subnet[0]) < 4 or address == subnet[-1]:
        wrong = f"{address} is one that EC2 keeps of {subnet}"
        reader.add_fault("serverPrivateIp", wrong, f"Choose from {subnet[4]} to {subnet[-2]}")
    return address
