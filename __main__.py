"""The program: a MySQL server and its client. Read it as a table of contents."""

import pulumi
import pulumi_aws as aws

import stack_config
from components import outputs
from components.addresses import client_address, host_subnet, server_address
from components.firewall import Firewall
from components.host import HostArgs
from components.mysql_client import MySqlClient
from components.mysql_server import MySqlServer
from components.mysql_user import MySqlUser
from components.naming import tags
from components.network import Network

config = stack_config.load()
subnet = host_subnet(config.network.vpc_cidr)

network = Network("network", {"vpc_cidr": str(config.network.vpc_cidr)})
firewall = Firewall("firewall", {"vpc_id": network.vpc_id, "operator_cidrs": config.network.operator_cidrs})
key_pair = aws.ec2.KeyPair("operators", public_key=config.ssh.public_key, tags=tags("operators"))


def host(kind: stack_config.HostConfig, private_ip: object, group: pulumi.Output[str]) -> HostArgs:
    """Return what a host of this kind is made from."""
    return {
        "instance_type": kind.instance_type,
        "ami": kind.ami,
        "subnet_id": network.subnet_id,
        "private_ip": str(private_ip),
        "security_group_id": group,
        "key_name": key_pair.key_name,
        "private_key": config.ssh.private_key,
        "network_ready": [network, firewall],
    }


server = MySqlServer("server", host(config.server, server_address(subnet), firewall.server_group_id))
clients = [MySqlClient("client-1", host(config.client, client_address(subnet, 1), firewall.client_group_id))]
user = MySqlUser(
    "user",
    {
        "server": server,
        "name": config.user.name,
        "host": str(config.network.vpc_cidr),
        "database": config.user.database,
        "password": config.user.password,
    },
)
for number, client in enumerate(clients, start=1):
    client.check_login(f"client-{number}-login", user, way_open=[firewall])

outputs.export(server, clients, user)
