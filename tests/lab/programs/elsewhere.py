"""A network, and a server and a client of another team's own in it, made of this program's components."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.data_volume import DataVolume
from components.firewall import Firewall
from components.host.host import InstanceArgs
from components.mysql.client import MySqlClient
from components.mysql.server import DataArgs, MySqlServer, ServerArgs
from components.network import Network
from components.placement import Placement, SshAccess
from lab.machine import slots
from lab.settings import Lab
from scripts.host.constants import MYSQL_PORT
from tests import PROJECT_ROOT

lab = Lab.named(pulumi.Config().require("lab"), PROJECT_ROOT)
slot = slots.claim(lab)
key = lab.operator_key
public_key = key.with_suffix(".pub").read_text().strip()
prefix = slot.vpc_cidr.rsplit(".", 2)[0]
zones = aws.get_availability_zones(state="available").names[:2]
network = Network(
    "net",
    {
        "vpc_cidr": slot.vpc_cidr,
        "zones": zones,
        "server_subnet_cidr": f"{prefix}.0.0/24",
        "public_subnet_cidrs": [f"{prefix}.1.0/24", f"{prefix}.2.0/24"],
        "private_subnet_cidrs": [f"{prefix}.3.0/24", f"{prefix}.4.0/24"],
        "server_public": False,
        "nat_gateway": True,
    },
)
firewall = Firewall(
    "fire",
    {
        "vpc_id": network.vpc_id,
        "operator_cidrs": [f"{slot.machine_address}/32"],
        "jump_to_server": True,
        "extra_egress": [{"cidr": slot.vpc_cidr, "protocol": "tcp", "ports": str(MYSQL_PORT)}],
    },
)
pair = aws.ec2.KeyPair("key", public_key=public_key)
placement = Placement(
    network,
    firewall,
    pair.key_name,
    SshAccess(public_key, pulumi.Output.secret(key.read_text())),
    jump_host="reader",
)
reader: InstanceArgs = {"instance_type": "t3.micro", "public": True}
store: ServerArgs = {
    "instance_type": "t3.micro",
    "public": False,
    "settings": {"max_connections": 44},
    "certificate_names": ["store.example.org"],
    "lower_case_table_names": 1,
}
client = MySqlClient("reader", {**reader, **placement.client("reader", {})})
volume = DataVolume("store-data", {"zone": zones[0], "size_gib": 8, "keep": False})
data: DataArgs = {"data_volume": volume}
server = MySqlServer("store", {**store, **placement.server("store", {"reader": client}), **data, "group": None})
client.trust(server)
pulumi.export("vpc_id", network.vpc_id)
pulumi.export("public_subnet_ids", network.public_subnet_ids)
pulumi.export("client_group_id", firewall.client_group_id)
pulumi.export("mysql_host", server.mysql_host)
pulumi.export("mysql_version", server.mysql_version)
pulumi.export("ca_certificate", server.ca_certificate)
