"""The program: MySQL servers and their clients. Read it as a table of contents."""

import pulumi_aws as aws

from components import lean
from components.ahead import Ahead

lean.begin()

with Ahead() as ahead:
    ahead.begin(aws.get_region)  # the provider starts while the rest is imported, which takes about as long
    import stack_config
    from components import outputs
    from components.backups.backups import Backups
    from components.backups.snapshots import snapshots_of
    from components.component import Component, tags
    from components.firewall import Firewall
    from components.mysql.accounts import MySqlAccounts, ServedArgs, describe
    from components.mysql.client import MySqlClient
    from components.mysql.servers import the_servers
    from components.network import a_network
    from components.placement import Placement
    from components.protection import TerminationProtection

    config = stack_config.load(ahead)

described = describe(config.accounts, config.passwords)  # first, so that the provider of commands starts meanwhile
network = a_network("network", config.network, config.tags)
firewall = Firewall("firewall", {**config.reach, "vpc_id": network.vpc_id, "tags": config.tags})
key_pair = aws.ec2.KeyPair("operators", public_key=config.ssh.public_key, tags=tags("operators", config.tags))
backups = Backups("backups", {**config.backups, "tags": config.tags})
who = (config.ssh, config.jump_host, config.instance_profile, config.tags, config.ubuntu_release)
placement = Placement(network, firewall, key_pair.key_name, *who)

groups = {name: group for group in config.clients for name in group.hosts}
clients: dict[str, MySqlClient] = {}
# The jump host first: what is private is reached through it.
for name, group in sorted(groups.items(), key=lambda item: item[0] != config.jump_host):
    place = placement.client(name, clients, group.instance["public"], group.zone, group.subnet_id)
    clients[name] = MySqlClient(name, {**group.instance, **place})
parts = (config.members, config.servers, config.data_volumes, config.data)
servers = the_servers(*parts, placement, clients, backups, config.there)
firewall.claim(servers.first.ready)
snapshots = snapshots_of("snapshots", config.snapshots, servers.volume, config.tags)

where: ServedArgs = {"servers": servers.each, "endpoint": servers.endpoint, "after": servers.restored}
accounts = MySqlAccounts("accounts", {**described, **where})
for server in servers.each:
    backups.set_up(server, accounts.applied)

for name, client in clients.items():
    trusted = client.trust(servers.first, servers.proxy)
    client.check_logins(f"{name}-logins", accounts, ready=[*firewall.ready, trusted])
accounts.warn_of_untried({name: client.private_ip for name, client in clients.items()})
optional = [part for part in (network, snapshots) if isinstance(part, Component)]
everything = [*optional, firewall, key_pair, backups, *clients.values(), *servers.components]
everything += [*accounts.described, accounts]
TerminationProtection("terminationProtection", config.protected, everything)
in_order = [clients[name] for name in groups]
outputs.export(servers, in_order, accounts, backups, config.primary_user, config.jump_host)
