"""The program: a MySQL server and its clients. Read it as a table of contents."""

import pulumi_aws as aws

import arguments
import stack_config
from components import outputs
from components.firewall import Firewall
from components.mysql_accounts import MySqlAccounts
from components.mysql_client import MySqlClient
from components.mysql_database import MySqlDatabase
from components.mysql_role import MySqlRole
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
databases = [MySqlDatabase(f"database-{one.name}", arguments.database_args(one)) for one in config.accounts.databases]
roles = {one.key: MySqlRole(f"role-{one.key}", arguments.role_args(one)) for one in config.accounts.roles}
users = [MySqlUser(f"user-{one.key}", arguments.user_args(one, roles)) for one in config.accounts.users]
accounts = MySqlAccounts(
    "accounts", {"server": server, "databases": databases, "roles": list(roles.values()), "users": users}
)
for name, client in clients.items():
    trusted = client.trust(server)
    client.check_logins(f"{name}-logins", accounts, ready=[firewall, trusted])

outputs.export(server, site.in_order(clients), accounts, config.accounts.primary_user, config.jump_host)
