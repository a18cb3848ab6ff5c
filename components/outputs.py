"""The stack's outputs: a contract that other projects read. Flat, no secret in a list, null where it does not apply."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.mysql_client import MySqlClient
from components.mysql_server import MySqlServer
from components.mysql_user import MySqlUser


def export(server: MySqlServer, clients: Sequence[MySqlClient], user: MySqlUser, jump_host: str | None) -> None:
    """Export everything; lists are in the order of the client groups, and of their hosts' numbers."""
    pulumi.export("server_instance_id", server.instance_id)
    pulumi.export("server_private_ip", server.private_ip)
    pulumi.export("server_public_ip", server.public_ip)
    pulumi.export("server_host_key", server.host_key)
    pulumi.export("client_names", [client.name for client in clients])
    pulumi.export("client_instance_ids", [client.instance_id for client in clients])
    pulumi.export("client_private_ips", [client.private_ip for client in clients])
    pulumi.export("client_public_ips", [client.public_ip for client in clients])
    pulumi.export("client_host_keys", [client.host_key for client in clients])
    pulumi.export("jump_host", jump_host)
    pulumi.export("mysql_host", server.mysql_host)
    pulumi.export("mysql_port", server.mysql_port)
    pulumi.export("mysql_version", server.mysql_version)
    pulumi.export("mysql_ca_certificate", server.ca_certificate)
    pulumi.export("connection_string", user.connection_string)
