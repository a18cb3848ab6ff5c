"""A network, and a server and a client of another team's own in it, made of this program's components."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.firewall import Firewall
from components.mysql_client import MySqlClient
from components.mysql_server import MySqlServer
from components.network import Network
from lab.machine import slots
from lab.settings import Lab
from tests import PROJECT_ROOT

lab = Lab.named(pulumi.Config().require("lab"), PROJECT_ROOT)
slot = slots.claim(lab)
key = lab.operator_key
prefix = slot.vpc_cidr.rsplit(".", 2)[0]
network = Network(
    "net",
    {
        "vpc_cidr": slot.vpc_cidr,
        "server_subnet_cidr": f"{prefix}.0.0/24",
        "public_subnet_cidrs": [f"{prefix}.1.0/24", f"{prefix}.2.0/24"],
        "private_subnet_cidrs": [f"{prefix}.3.0/24", f"{prefix}.4.0/24"],
        "server_public": False,
        "nat_gateway": True,
    },
)
operators = [f"{slot.machine_address}/32"]
firewall = Firewall(
    "fire",
    {
        "vpc_id": network.vpc_id,
        "operator_cidrs": operators,
        "jump_to_server": True,
        "extra_egress": [{"cidr": slot.vpc_cidr, "protocol": "tcp", "from_port": 3306, "to_port": 3306}],
    },
)
pair = aws.ec2.KeyPair("key", public_key=key.with_suffix(".pub").read_text())
first_subnet = network.public_subnet_ids.apply(lambda found: found[0])
private_key = pulumi.Output.secret(key.read_text())
client = MySqlClient(
    "reader",
    {
        "instance_type": "t3.micro",
        "subnet_id": first_subnet,
        "security_group_ids": [firewall.client_group_id, firewall.jump_group_id],
        "key_name": pair.key_name,
        "public": True,
        "private_key": private_key,
        "network_ready": [network, firewall],
    },
)
server = MySqlServer(
    "store",
    {
        "instance_type": "t3.micro",
        "subnet_id": network.server_subnet_id,
        "security_group_ids": [firewall.server_group_id],
        "key_name": pair.key_name,
        "public": False,
        "jump": client.host,
        "private_key": private_key,
        "network_ready": [network, firewall],
        "settings": {"max_connections": 44},
    },
)
client.trust(server)
pulumi.export("vpc_id", network.vpc_id)
pulumi.export("public_subnet_ids", network.public_subnet_ids)
pulumi.export("client_group_id", firewall.client_group_id)
pulumi.export("mysql_host", server.mysql_host)
pulumi.export("mysql_version", server.mysql_version)
pulumi.export("ca_certificate", server.ca_certificate)
