"""Config of the server: its instance, and mysqld on it."""

from collections.abc import Sequence
from typing import Any, cast

from components.mysql import disk, memory
from components.mysql import settings as mysql_settings
from components.mysql.contradictions import contradictions
from components.mysql.group_settings import group_faults
from components.mysql.server import ServerArgs
from scripts.host.constants import GROUP_PORT, MYSQLX_PORT, READ_PORT_STEP, ROLE_PORT
from stack_config.aws import Lookups
from stack_config.data_volume import DataRead, read_data
from stack_config.reader import Fault, Reader
from stack_config.servers import SERVERS
from stack_config.specs import read_args

PROXY = "clientProxy"
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
    PROXY: "client_proxy",
    "lowerCaseTableNames": "lower_case_table_names",
}
"""The field of ServerArgs that each key is; its type and check are the field's, its default is Pulumi.yaml's."""


def read_keys(reader: Reader) -> dict[str, Any]:
    """Return what single keys say of the server."""
    return read_args(reader, ServerArgs, KEYS)


def read_server(
    reader: Reader, lookups: Lookups, args: dict[str, Any], servers: Sequence[str]
) -> tuple[ServerArgs, DataRead]:
    """Return what each server is made from, but for its image and address; and what its data are on.

    `args` are what `read_keys` returned.
    """
    in_group = len(servers) > 1
    data = read_data(reader, lookups, args["volume_gib"], in_group)
    type_keys = ("serverInstanceType", "serverAmi")
    facts = lookups.boots(type_keys, args["instance_type"], args.get("ami"), servers, loses_data=data.args is None)
    _check_proxy(reader, args, in_group)
    _check_port(reader, args["mysql_port"], args["x_protocol"], in_group, args.get("client_proxy", False))
    memory_mib = facts.memory_mib if facts else None
    args["settings"] = reader.read_table("mysqlSettings", mysql_settings.setting, mysql_settings.EXAMPLE)
    if memory_mib and memory.is_too_small(memory_mib):
        wrong = f"{args['instance_type']} has {memory_mib} MiB, too little for mysqld and a hundred connections"
        reader.add_fault("serverInstanceType", wrong, "Choose one with 1024 MiB or more, like t3.micro")
        memory_mib = None
    if memory_mib and in_group and memory_mib < memory.LEAST_OF_GROUP_MIB:
        wrong = (
            f"{args['instance_type']} has {memory_mib} MiB, too little for a member of a group: Group Replication "
            "keeps messages and what certification needs in memory besides"
        )
        hint = f"Choose one with {memory.LEAST_OF_GROUP_MIB} MiB or more, like t3.small, or set {SERVERS} to 1"
        reader.add_fault("serverInstanceType", wrong, hint)
        memory_mib = None
    derived = memory.derived(memory_mib, in_group) if memory_mib else {}
    args["derived_settings"] = disk.fitted(derived, data.gib or args["volume_gib"], data.iops, args["settings"])
    of_group = group_faults(args["settings"]) if in_group else ()
    together = contradictions({**args["derived_settings"], **args["settings"]}, memory_mib, in_group)
    for fault in [*together, *of_group]:
        keys = [f"mysqlSettings.{name}" for name in fault.names]
        if reader.is_readable(*keys):
            reader.add_fault(keys[0], fault.wrong, fault.hint)
    if memory_mib:
        for warning in memory.warnings(args["derived_settings"], args["settings"], memory_mib, in_group):
            reader.warnings.append(Fault(f"mysqlSettings.{warning.names[0]}", warning.wrong, warning.hint))
    return cast("ServerArgs", args), data


def _check_proxy(reader: Reader, args: dict[str, Any], in_group: bool) -> None:
    """Have the proxy on the client hosts of several servers."""
    if not in_group:
        return
    if args.get("client_proxy") is False:
        wrong = "is false, and there are several servers: only a proxy leads to the one that takes writes"
        reader.add_fault(PROXY, wrong, f"Leave it out, or set {SERVERS} to 1")
    args["client_proxy"] = True


def _check_port(reader: Reader, port: int, x_protocol: bool, in_group: bool, by_proxy: bool) -> None:
    """Refuse a port of MySQL's that something else on the server has, or on client hosts with a proxy."""
    taken = {GROUP_PORT: "Group Replication's", ROLE_PORT: "the one that says each server's role"} if in_group else {}
    if x_protocol and port == MYSQLX_PORT:
        hint = "Choose another, or set xProtocol to false"
        reader.add_fault("mysqlPort", f"{MYSQLX_PORT} is the X protocol's", hint)
    elif port in taken:
        reader.add_fault("mysqlPort", f"{port} is {taken[port]} where there are several servers", "Choose another")
    elif by_proxy and port + READ_PORT_STEP > 65535:
        reader.add_fault("mysqlPort", f"is {port}, and the port for reading is the next one", "Choose a lower one")
