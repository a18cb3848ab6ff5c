"""The stack's outputs, as stack_outputs.contract lists them: flat, typed, what does not apply is null."""

from collections.abc import Sequence
from functools import partial
from operator import itemgetter
from typing import Any

import pulumi

from components.backups.backups import Backups
from components.mysql.accounts import MySqlAccounts
from components.mysql.client import MySqlClient
from components.mysql.servers import Servers
from stack_outputs import contract, forms
from stack_outputs.forms import Login


def export(
    servers: Servers,
    clients: Sequence[MySqlClient],
    accounts: MySqlAccounts,
    backups: Backups,
    primary_user: str | None,
    jump_host: str | None,
) -> None:
    """Export everything; lists are in the order of the servers, and of the client groups and their hosts' numbers.

    Raises:
        ValueError: an output is not in the contract, or one of the contract's is missing.
    """
    server, volume, balancer = servers.first, servers.volume, servers.load_balancer
    outputs = {
        "contract_version": contract.VERSION,
        "server_names": [member.name for member in servers.each],
        "server_instance_ids": [member.instance_id for member in servers.each],
        "server_private_ips": [member.private_ip for member in servers.each],
        "server_host_keys": [member.host_key for member in servers.each],
        "server_instance_id": server.instance_id,
        "server_private_ip": server.private_ip,
        "server_public_ip": server.public_ip,
        "server_host_key": server.host_key,
        "data_volume_id": volume.volume_id if volume else None,
        "client_names": [client.name for client in clients],
        "client_instance_ids": [client.instance_id for client in clients],
        "client_private_ips": [client.private_ip for client in clients],
        "client_public_ips": [client.public_ip for client in clients],
        "client_host_keys": [client.host_key for client in clients],
        "jump_host": jump_host,
        "mysql_host": accounts.endpoint.host,
        "mysql_port": accounts.endpoint.port,
        "mysql_read_port": accounts.endpoint.read_port,
        "load_balancer_host": balancer.host if balancer else None,
        "mysql_version": server.mysql_version,
        "mysql_ca_certificate": server.ca_certificate,
        "backup_bucket": backups.bucket,
        "backup_prefix": backups.prefix,
        "backup_days": backups.days,
        "backup_key": backups.key,
        "database_names": sorted(database.name for database in accounts.spec.databases if not database.drop),
        "user_names": sorted(user.key for user in accounts.spec.users),
        "primary_user": primary_user,
        **_logins(accounts.logins, primary_user),
        **_logins(accounts.read_logins, primary_user, forms.READ),
    }
    contract.check_names(outputs)
    for name, value in outputs.items():
        pulumi.export(name, value)


def _logins(logins: pulumi.Output[dict[str, Login]], primary_user: str | None, prefix: str = "") -> dict[str, Any]:
    """Return the outputs that logins are written in, each with a prefix to its name."""
    tables = logins.apply(partial(forms.tables, prefix=prefix))
    primary = logins.apply(lambda known: forms.url(known[primary_user])) if primary_user else None
    outputs = {prefix + form.output: tables.apply(itemgetter(prefix + form.output)) for form in forms.FORMS}
    return {f"{prefix}connection_string": primary, **outputs}
