"""Config of the server: its instance, and mysqld on it.

A key that is handed on as it is has one row in KEYS, beside the field of the component that takes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any, cast

from components import checks
from components.mysql import settings as mysql_settings
from components.mysql.server import ServerArgs
from scripts.host.common.checks import Check, flag
from scripts.host.constants import MYSQL_PORT, MYSQLX_PORT
from stack_config.aws import Lookups
from stack_config.reader import Reader

SERVER_PLACE = 10
"""The server's address in its subnet unless config has another: the eleventh."""


KEYS: Mapping[str, tuple[str, Check, Any]] = {
    "serverPublic": ("public", flag, False),
    "serverAmi": ("ami", checks.image_id, None),
    "terminationProtection": ("termination_protection", flag, True),
    "serverVolumeSize": ("volume_gib", checks.volume_gib, 16),
    "mysqlPort": ("mysql_port", checks.mysql_port, MYSQL_PORT),
    "xProtocol": ("x_protocol", flag, False),
    "requireSecureTransport": ("require_secure_transport", flag, True),
}
"""By key: the field of ServerArgs, the check of the value, and the default."""


def read_server(reader: Reader, lookups: Lookups) -> ServerArgs:
    """Return what the server is made from, but for its address.

    A key that could not be read has its default; what is concluded from it has to ask the reader first.
    """
    args = {field: reader.read_optional(key, check, default) for key, (field, check, default) in KEYS.items()}
    instance_type = reader.read_required("serverInstanceType", checks.instance_type)
    facts = lookups.boots(("serverInstanceType", "serverAmi"), instance_type, args["ami"])
    args["instance_type"] = instance_type or ""
    args["packages"] = reader.read_list("serverPackages", checks.package, 'Write a list like ["percona-toolkit"]')
    if args["x_protocol"] and args["mysql_port"] == MYSQLX_PORT:
        hint = "Choose another, or set xProtocol to false"
        reader.add_fault("mysqlPort", f"{MYSQLX_PORT} is the X protocol's", hint)
    memory_mib = facts.memory_mib if facts else None
    args["derived_settings"] = mysql_settings.derived(memory_mib) if memory_mib else {}
    args["settings"] = reader.read_table("mysqlSettings", mysql_settings.setting, mysql_settings.EXAMPLE)
    for fault in mysql_settings.contradictions({**args["derived_settings"], **args["settings"]}, memory_mib):
        keys = [f"mysqlSettings.{name}" for name in fault.names]
        if reader.is_readable(*keys):
            reader.add_fault(keys[0], fault.wrong, fault.hint)
    return cast("ServerArgs", args)


def read_address(reader: Reader, subnet: IPv4Network | None) -> IPv4Address | None:
    """Return the server's fixed address; None if it cannot be told."""
    given = reader.read("serverPrivateIp", checks.ipv4_address)
    if subnet is None:
        return None
    address = given or subnet[SERVER_PLACE]
    if address not in subnet:
        reader.add_fault("serverPrivateIp", f"{address} is not in the server's subnet {subnet}", "Choose one of it")
    elif int(address) - int(subnet[0]) < 4 or address == subnet[-1]:
        wrong = f"{address} is one that EC2 keeps of {subnet}"
        reader.add_fault("serverPrivateIp", wrong, f"Choose from {subnet[4]} to {subnet[-2]}")
    return address
