"""The stack's outputs, as stack_outputs.contract lists them: flat, typed, what does not apply is null."""

from collections.abc import Sequence
from operator import itemgetter

import pulumi

from components.backups.backups import Backups
from components.data_volume import DataVolume
from components.mysql.accounts import MySqlAccounts
from components.mysql.client import MySqlClient
from components.mysql.server import MySqlServer
from stack_outputs import contract, forms


def export(
    server: MySqlServer,
    volume: DataVolume | None,
    clients: Sequence[MySqlClient],
    accounts: MySqlAccounts,
    backups: Backups,
    primary_user: str | None,
    jump_host: str | None,
) -> None:
    """Export everything; lists are in the order of the client groups, and of their hosts' numbers.

    Raises:
        ValueError: an output is not in the contract, or one of the contract's is missing.
    """
    tables = accounts.logins.apply(forms.tables)
    primary = accounts.connection_strings.apply(lambda urls: urls[primary_user]) if primary_user else None
    outputs = {
        "contract_version": contract.VERSION,
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
        "mysql_host": server.mysql_host,
        "mysql_port": server.mysql_port,
        "mysql_version": server.mysql_version,
        "mysql_ca_certificate": server.ca_certificate,
        "backup_bucket": backups.bucket,
        "backup_prefix": backups.prefix,
        "backup_days": backups.days,
        "backup_key": backups.key,
        "database_names": sorted(database.name for database in accounts.spec.databases if not database.drop),
        "user_names": sorted(user.key for user in accounts.spec.users),
        "primary_user": primary_user,
        "connection_string": primary,
        **{form.output: tables.apply(itemgetter(form.output)) for form in forms.FORMS},
    }
    contract.check_names(outputs)
    for name, value in outputs.items():
        pulumi.export(name, value)
