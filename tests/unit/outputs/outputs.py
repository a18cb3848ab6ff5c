"""A stack's outputs as they should be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from stack_outputs import contract, forms
from stack_outputs.forms import Login

CA_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
PASSWORD = "s3cret 'in $no message"
APP = Login("app", PASSWORD, "10.20.0.10", 3306, "shop", "/etc/mysql-pair/ca.pem")
ODD = Login("o:dd", PASSWORD, "10.20.0.10", 3306, None, "/etc/mysql-pair/ca.pem")
READING_APP = replace(APP, port=3307)
GOOD: dict[str, Any] = {
    "contract_version": 1.0,  # as the engine may hand it over
    "server_names": ["server"],
    "server_instance_ids": ["i-0a"],
    "server_private_ips": ["10.20.0.10"],
    "server_host_keys": ["ssh-ed25519 AAAA"],
    "server_instance_id": "i-0a",
    "server_private_ip": "10.20.0.10",
    "server_public_ip": None,
    "server_host_key": "ssh-ed25519 AAAA",
    "data_volume_id": "vol-0a",
    "client_names": ["client-1", "client-2"],
    "client_instance_ids": ["i-0b", "i-0c"],
    "client_private_ips": ["10.20.16.4", "10.20.16.5"],
    "client_public_ips": ["198.51.100.7", None],
    "client_host_keys": ["ssh-ed25519 BBBB", "ssh-ed25519 CCCC"],
    "jump_host": "client-1",
    "mysql_host": "10.20.0.10",
    "mysql_port": 3306.0,
    "mysql_read_port": 3307.0,
    "load_balancer_host": None,
    "mysql_version": "9.7.4",
    "mysql_ca_certificate": CA_CERTIFICATE,
    "backup_bucket": "mysql-pair-dev-backups-1a2b3c",
    "backup_prefix": "mysql-pair-dev",
    "backup_days": 7.0,
    "backup_key": f"key {PASSWORD}",
    "database_names": ["shop"],
    "user_names": ["app", "odd"],
    "primary_user": "app",
    "connection_string": forms.url(APP),
    "read_connection_string": forms.url(READING_APP),
    **forms.tables({"app": APP, "odd": ODD}),
    **forms.tables({"app": READING_APP, "odd": replace(ODD, port=3307)}, forms.READ),
}
SECRET = [output.name for output in contract.OUTPUTS if output.secret]
