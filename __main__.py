"""The program: a MySQL server and its clients. Read it as a table of contents."""

import pulumi_aws as aws

import arguments
import stack_config
from components import outputs
from components.firewall import Firewall
from components.mysql_client import MySqlClient
from components.mysql_server import MySqlServer
from components.mysql_user import MySqlUser
from components.naming import tags

config = stack_config.load()

place = arguments.place(config, "network")
firewall = Firewall("firewall", arguments.firewall_args(config, place))
key_pair = aws.ec2.KeyPair("operators", public_key=config.ssh.public_key, tags=tags("operators", config.tags))
site = arguments.Site(config, place, firewall, key_pair)

# The jump host first: what is private is reached through it.
clients: dict[str, MySqlClient] = {}
for host in site.client_hosts:
    clients[host.name] = MySqlClient(host.name, site.client_args(host, clients))
server = MySqlServer("server", site.server_args(clients))
user = MySqlUser(
    "user",
    {
        "server": server,
        "name": config.user.name,
        "host": str(config.network.vpc.cidr),
        "database": config.user.database,
        "password": config.user.password,
    },
)
for name, client in clients.items():
    trusted = client.trust(server)
    client.check_login(f"{name}-login", user, ready=[firewall, trusted])

outputs.export(server, site.in_order(clients), user, config.jump_host)
