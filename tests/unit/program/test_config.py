"""A wrong config is told all at once, with the key and how to mend it, and without any secret."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest
import yaml  # type: ignore[import-untyped]

import stack_config
from components.firewall import PACKAGE_PORTS
from stack_config.aws import Aws, CloudError
from components.network import ExistingNetwork
from scripts.host.accounts.spec import *
from components.mysql_settings.contradictions import BUFFERS, PAIRS
from components.mysql_settings.tables import KNOWN, REFUSED
from stack_config.reach import PACKAGES
from tests.unit.program.configs import (
    DECLARED,
    DEFAULTS,
    GOOD,
    PASSWORD,
    ROOT,
    SECRET,
    FakeCloud,
    as_text,
    private_key,
    public_key,
    rsa_key,
)

ALL_ON_APP = {"database": "app", "privileges": ["ALL"]}


def user(key: str = "app", **fields: object) -> dict[str, object]:
    """Return the config of a user who may do everything in app, with these fields."""
    return {"users": {key: {"grants": [ALL_ON_APP], **fields}}, "primaryUser": key}


def grant(*privileges: str, **fields: object) -> dict[str, object]:
    """Return the config of a user with this grant."""
    return user(grants=[{"privileges": list(privileges), **fields}])


PRIVILEGES, TARGET = "users.app.grants[0].privileges", "users.app.grants[0].database"
READING = {"reading": {"grants": [{"database": "app", "privileges": ["SELECT"]}]}}

TWO = [{"name": "client"}, {"name": "app"}]
EXISTING: dict[str, object] = {
    "vpcId": "vpc-0a1b2c3d",
    "serverSubnetId": "subnet-0a1b2c3d",
    "clients": [{"name": "client", "subnetId": "subnet-0a1b2c3e"}],
}

# the keys that are wrong, the one that is told, what is said of it
FAULTS: list[tuple[dict[str, object], str, str]] = [
    # Network
    ({"vpcCidr": "10.20.0.0/33"}, "vpcCidr", "not an IPv4 range"),
    ({"vpcCidr": "10.20.0.1/16"}, "vpcCidr", "not an IPv4 range"),
    ({"vpcCidr": "10.0.0.0/8"}, "vpcCidr", "wrong size"),
    ({"vpcCidr": "10.20.0.0/25"}, "vpcCidr", "wrong size"),
    ({"zones": "many"}, "zones", "not a whole number"),
    ({"zones": 1}, "zones", "out of range"),
    ({"zones": 4}, "zones", "out of range"),
    ({"natGateway": "perhaps"}, "natGateway", "neither true nor false"),
    ({"natGateway": False}, "natGateway", "no way to their packages"),
    ({"serverSubnetCidr": "10.20.0.0/29"}, "serverSubnetCidr", "wrong size"),
    ({"serverSubnetCidr": "10.30.0.0/24"}, "serverSubnetCidr", "not within the VPC"),
    ({"serverSubnetCidr": "10.20.16.0/24"}, "publicSubnetCidrs", "overlaps 10.20.16.0/24"),
    ({"publicSubnetCidrs": ["10.20.16.0/24"]}, "publicSubnetCidrs", "1 ranges for 2 zones"),
    ({"publicSubnetCidrs": "10.20.16.0/24"}, "publicSubnetCidrs", "neither YAML's nor JSON's"),
    ({"publicSubnetCidrs": ["10.20.16.0/24", 7]}, "publicSubnetCidrs[1]", "not an IPv4 range"),
    ({"privateSubnetCidrs": ["10.20.144.0/24", "10.20.144.0/25"]}, "privateSubnetCidrs", "overlaps"),
    (
        {"vpcCidr": "10.20.0.0/24", "clients": [{"name": "client", "count": 11}]},
        "publicSubnetCidrs",
        "11 addresses for 12 hosts",
    ),
    ({**EXISTING, "vpcId": ""}, "vpcId", "is missing"),
    ({**EXISTING, "vpcId": "vpc"}, "vpcId", "not a VPC's id"),
    ({**EXISTING, "vpcId": "vpc-0123456789abcdef0"}, "vpcId", "AWS does not know"),
    ({**EXISTING, "serverSubnetId": ""}, "serverSubnetId", "is missing"),
    ({**EXISTING, "serverSubnetId": "subnet-0f0f0f0f"}, "serverSubnetId", "a subnet of vpc-0f0f0f0f"),
    ({**EXISTING, "zones": 2}, "zones", "belongs to a VPC of the program's own"),
    ({**EXISTING, "vpcCidr": "10.20.0.0/16"}, "vpcCidr", "belongs to a VPC of the program's own"),
    ({**EXISTING, "clients": [{"name": "client"}]}, "clients[0].subnetId", "is missing"),
    (
        {**EXISTING, "clients": [{"name": "client", "subnetId": "subnet-0f0f0f0f"}]},
        "clients[0].subnetId",
        "a subnet of vpc-0f0f0f0f",
    ),
    (
        {**EXISTING, "clients": [{"name": "client", "subnetId": "subnet-0a1b2c3e", "zone": 2}]},
        "clients[0].zone",
        "belongs to a VPC of the program's own",
    ),
    ({"clients": [{"name": "client", "subnetId": "subnet-0a1b2c3e"}]}, "clients[0].subnetId", "a VPC that is there"),
    ({"operatorCidrs": "203.0.113.7/32"}, "operatorCidrs", "neither YAML's nor JSON's"),
    ({"operatorCidrs": '"203.0.113.7/32"'}, "operatorCidrs", "not a list"),
    ({"operatorCidrs": []}, "operatorCidrs", "nobody could reach a host"),
    ({"operatorCidrs": [7]}, "operatorCidrs[0]", "not an address range"),
    ({"operatorCidrs": ["203.0.113.7/24"]}, "operatorCidrs[0]", "host bits zero"),
    ({"operatorCidrs": ["0.0.0.0/0"]}, "operatorCidrs[0]", "the whole internet"),
    ({"operatorCidrs": ["203.0.113.7/32", "::/0"]}, "operatorCidrs[1]", "the whole internet"),
    ({"operatorCidrs": ["128.0.0.0/1"]}, "operatorCidrs[0]", "broader than /8"),
    ({"operatorCidrs": ["2001:db8::/64"]}, "operatorCidrs[0]", "IPv4 addresses only"),
    ({"operatorCidrs": ["203.0.113.0/24", "203.0.113.7/32"]}, "operatorCidrs", "overlap"),
    ({"operatorCidrs": ["203.0.113.7/32", "203.0.113.7/32"]}, "operatorCidrs", "overlap"),
    ({"operatorCidrs": ["10.20.3.0/24"]}, "operatorCidrs", "10.20.3.0/24 overlaps the VPC's 10.20.0.0/16"),
    ({**EXISTING, "operatorCidrs": ["10.30.3.0/24"]}, "operatorCidrs", "overlaps the VPC's 10.30.0.0/16"),
    ({"operatorSecurityGroupIds": ["group"]}, "operatorSecurityGroupIds[0]", "not a security group's id"),
    ({"admittedSecurityGroupIds": ["0.0.0.0/0"]}, "admittedSecurityGroupIds[0]", "not a security group's id"),
    ({"admittedSecurityGroupIds": ["sg-0a1b2c3d", "sg-0a1b2c3d"]}, "admittedSecurityGroupIds", "is there twice"),
    ({"extraEgress": [{"cidr": "10.0.0.0/8", "protocol": "tcp"}]}, "extraEgress[0].ports", "is missing"),
    ({"extraEgress": [{"cidr": "0.0.0.0/0", "protocol": "tcp", "ports": "443"}]}, "extraEgress[0]", "open already"),
    ({"extraEgress": [{"cidr": "10.0.0.0/8", "protocol": "udp", "ports": 53}] * 2}, "extraEgress[1]", "open already"),
    ({"extraEgress": [{"cidr": "10.0.0.0/8", "protocol": "icmp", "ports": "1"}]}, "extraEgress[0].protocol", "neither"),
    ({"extraEgress": [{"cidr": "10.0.0.0/8", "protocol": "tcp", "ports": "9-2"}]}, "extraEgress[0].ports", "no port"),
    ({"extraEgress": [{"cidr": "10.0.0.0/8", "protocol": "tcp", "port": 9}]}, "extraEgress[0].port", "mean ports?"),
    # ssh
    ({"sshPublicKey": ""}, "sshPublicKey", "is missing"),
    ({"sshPublicKey": "ssh-ed25519"}, "sshPublicKey", "not an ed25519 or RSA public key"),
    ({"sshPublicKey": "ssh-ed25519 AAAA"}, "sshPublicKey", "cut off or damaged"),
    ({"sshPublicKey": "ssh-rsa AAAAB3NzaC1yc2EAAAABAw=="}, "sshPublicKey", "cut off or damaged"),
    ({"sshPublicKey": public_key()[:60]}, "sshPublicKey", "cut off or damaged"),
    ({"sshPublicKey": public_key().replace("ssh-ed25519 ", "ssh-rsa ")}, "sshPublicKey", "another algorithm"),
    ({"sshPublicKey": private_key()}, "sshPublicKey", "is a private key"),
    ({"sshPrivateKey": "no key"}, "sshPrivateKey", "not a private key file"),
    ({"sshPrivateKey": private_key(passphrase="s3cret")}, "sshPrivateKey", "has a passphrase"),
    ({"sshPrivateKey": private_key(seed=2)}, "sshPrivateKey", "does not belong to sshPublicKey"),
    ({"sshEndpoints": {"nobody": {"host": "127.0.0.1", "port": 2201}}}, "sshEndpoints.nobody", "no host of this stack"),
    ({"sshEndpoints": {"server": {"host": "127.0.0.1"}}}, "sshEndpoints.server.port", "is missing"),
    (
        {"sshEndpoints": {host: {"host": "127.0.0.1", "port": 2201} for host in ("server", "client-1")}},
        "sshEndpoints.client-1",
        "that of server too",
    ),
    ({"sshEndpoints": {"server": {"host": "a b", "port": 2201}}}, "sshEndpoints.server.host", "no host's name"),
    ({"sshEndpoints": {"server": {"host": "127.0.0.1", "port": 0}}}, "sshEndpoints.server.port", "out of range"),
    ({"sshHostKeys": {"server": rsa_key()}}, "sshHostKeys.server", "not an ed25519 key"),
    ({"sshHostKeys": {"server": private_key()}}, "sshHostKeys.server", "is a private key"),
    ({"sshHostKeys": {"client-2": public_key()}}, "sshHostKeys.client-2", "no host of this stack"),
    ({"instanceProfile": "arn:aws:iam::1:instance-profile/x"}, "instanceProfile", "not the name"),
    # Hosts
    ({"serverInstanceType": "small"}, "serverInstanceType", "not an instance type"),
    ({"serverInstanceType": ""}, "serverInstanceType", "is missing"),
    ({"serverInstanceType": "t3.colossal"}, "serverInstanceType", "AWS does not know t3.colossal"),
    ({"serverAmi": "ubuntu"}, "serverAmi", "not an image id"),
    ({"serverAmi": "ami-0a0a0a0a0a0a0a0a0"}, "serverAmi", "is an image for arm64, t3.small is x86_64"),
    ({"serverAmi": "ami-0bbbbbbbbbbbbbbbb"}, "serverAmi", "AWS does not know"),
    ({"serverPrivateIp": "10.20.0"}, "serverPrivateIp", "not an IPv4 address"),
    ({"serverPrivateIp": "10.20.16.10"}, "serverPrivateIp", "not in the server's subnet"),
    ({"serverPrivateIp": "10.20.0.3"}, "serverPrivateIp", "one that EC2 keeps"),
    ({"serverPrivateIp": "10.20.15.255"}, "serverPrivateIp", "one that EC2 keeps"),
    ({"serverPublic": "yes"}, "serverPublic", "neither true nor false"),
    ({"terminationProtection": 1}, "terminationProtection", "neither true nor false"),
    ({"serverVolumeSize": 7}, "serverVolumeSize", "8 to 16384 GiB"),
    ({"serverPackages": ["Percona"]}, "serverPackages[0]", "not a package's name"),
    ({"clients": []}, "clients", "nobody would reach the server"),
    ({"clients": {}}, "clients", "not a list"),
    ({"clients": ["client"]}, "clients[0]", "not a table"),
    ({"clients": [{"count": 1}]}, "clients[0].name", "is missing"),
    ({"clients": [{"name": "client", "count": 0}]}, "clients[0].count", "out of range"),
    ({"clients": [{"name": "client", "count": 101}]}, "clients[0].count", "out of range"),
    ({"clients": [*TWO, {"name": "app"}]}, "clients[2].name", "the name of clients[1] too"),
    ({"clients": [{"name": "App"}]}, "clients[0].name", "not a name for hosts"),
    ({"clients": [{"name": "a" * 31}]}, "clients[0].name", "31 characters"),
    ({"clients": [{"name": "server"}]}, "clients[0].name", "the server's name"),
    ({"clients": [{"name": "app-1"}]}, "clients[0].name", "like a host's number"),
    ({"clients": [{"name": "app", "cuont": 2}]}, "clients[0].cuont", "Did you mean count?"),
    ({"clients": [{"name": "app", "zone": 3}]}, "clients[0].zone", "is 3, and there are 2 zones"),
    (
        {"clients": [{"name": "app", "instanceType": "t4g.small", "ami": "ami-0123456789abcdef0"}]},
        "clients[0].ami",
        "x86_64",
    ),
    ({"clients": [{"name": "app", "packages": ["jq", "A"]}]}, "clients[0].packages[1]", "not a package's name"),
    ({"clients": [{"name": "app", "packages": "jq"}]}, "clients[0].packages", "neither YAML's nor JSON's"),
    ({"clients": [{"name": "app", "public": False}]}, "clients", "no jump host to server, app-1"),
    # MySQL
    ({"mysqlPort": 22}, "mysqlPort", "taken by ssh"),
    ({"mysqlPort": "9" * 5000}, "mysqlPort", "not a whole number"),
    ({"mysqlPort": 0}, "mysqlPort", "out of range"),
    ({"mysqlPort": 70000}, "mysqlPort", "out of range"),
    ({"mysqlPort": 443}, "mysqlPort", "does not run as root"),
    ({"mysqlPort": 33060, "xProtocol": True}, "mysqlPort", "the X protocol's"),
    ({"xProtocol": "on"}, "xProtocol", "neither true nor false"),
    ({"requireSecureTransport": "on"}, "requireSecureTransport", "neither true nor false"),
    ({"mysqlSettings": "max_connections=1"}, "mysqlSettings", "neither YAML's nor JSON's"),
    ({"mysqlSettings": {"max-connections": 1}}, "mysqlSettings.max-connections", "max_connections"),
    ({"mysqlSettings": {"max_connections": "many"}}, "mysqlSettings.max_connections", "not a whole number"),
    ({"mysqlSettings": {"max_connections": 0}}, "mysqlSettings.max_connections", "out of range"),
    ({"mysqlSettings": {"max_allowed_packet": "16Q"}}, "mysqlSettings.max_allowed_packet", "not a size"),
    ({"mysqlSettings": {"max_allowed_packet": "2G"}}, "mysqlSettings.max_allowed_packet", "out of range"),
    ({"mysqlSettings": {"slow_query_log": 2}}, "mysqlSettings.slow_query_log", "neither ON nor OFF"),
    ({"mysqlSettings": {"long_query_time": "soon"}}, "mysqlSettings.long_query_time", "not a number"),
    ({"mysqlSettings": {"gtid_mode": "YES"}}, "mysqlSettings.gtid_mode", "none of its values"),
    ({"mysqlSettings": {"sql_mode": 7}}, "mysqlSettings.sql_mode", "not text"),
    ({"mysqlSettings": {"sql_mode": "A\nB"}}, "mysqlSettings.sql_mode", "control characters"),
    ({"mysqlSettings": {"made_up": [1]}}, "mysqlSettings.made_up", "not one value"),
    ({"mysqlSettings": {"bind_address": "*"}}, "mysqlSettings.bind_address", "security groups do"),
    ({"mysqlSettings": {"datadir": "/data"}}, "mysqlSettings.datadir", "AppArmor"),
    ({"mysqlSettings": {"skip_grant_tables": True}}, "mysqlSettings.skip_grant_tables", "opens the server"),
    ({"mysqlSettings": {"general_log_file": "general.log"}}, "mysqlSettings.general_log_file", "moves files"),
    ({"mysqlSettings": {"mysqlx_ssl_key": "key.pem"}}, "mysqlSettings.mysqlx_ssl_key", "is the certificate's"),
    ({"mysqlSettings": {"skip_show_database": True}}, "mysqlSettings.skip_show_database", "login check"),
    ({"mysqlSettings": {"offline_mode": True}}, "mysqlSettings.offline_mode", "keeps every client out"),
    ({"mysqlSettings": {"log_raw": True}}, "mysqlSettings.log_raw", "passwords"),
    ({"mysqlSettings": {"port": 3307}}, "mysqlSettings.port", "Set mysqlPort"),
    ({"mysqlSettings": {"loose_max_connections": 9}}, "mysqlSettings.loose_max_connections", "prefix"),
    ({"mysqlSettings": {"innodb_buffer_pool_size": "64G"}}, "mysqlSettings.innodb_buffer_pool_size", "2048 MiB"),
    ({"mysqlSettings": {"max_connections": 2000}}, "mysqlSettings.max_connections", "more than the instance type's"),
    ({"mysqlSettings": {"gtid_mode": "ON"}}, "mysqlSettings.gtid_mode", "without enforce_gtid_consistency"),
    (
        {"mysqlSettings": {"innodb_io_capacity": 400, "innodb_io_capacity_max": 300}},
        "mysqlSettings.innodb_io_capacity",
        "more than innodb_io_capacity_max",
    ),
    (
        {"mysqlSettings": {"innodb_max_dirty_pages_pct_lwm": 90.5, "innodb_max_dirty_pages_pct": 90}},
        "mysqlSettings.innodb_max_dirty_pages_pct_lwm",
        "more than innodb_max_dirty_pages_pct",
    ),
    (
        {"mysqlSettings": {"innodb_log_file_size": "48M"}},
        "mysqlSettings.innodb_log_file_size",
        "innodb_redo_log_capacity",
    ),
    ({"mysqlSettings": {"super_read_only": True}}, "mysqlSettings.super_read_only", "making users"),
    # Databases
    ({"databases": "app"}, "databases", "neither YAML's nor JSON's"),
    ({"databases": ["app"]}, "databases", "not a table"),
    ({"databases": {"app": "x"}}, "databases.app", "not a table"),
    ({"databases": {"app": {"charzet": "x"}}}, "databases.app.charzet", "Did you mean charset?"),
    ({"databases": {"app": {"charset": "utf8mb5"}}}, "databases.app.charset", "Did you mean utf8mb4?"),
    ({"databases": {"app": {"charset": "utf8"}}}, "databases.app.charset", "old name of utf8mb3"),
    ({"databases": {"app": {"charset": 8}}}, "databases.app.charset", "no character set"),
    ({"databases": {"app": {"collation": "utf8mb4 bin"}}}, "databases.app.collation", "not the name of a collation"),
    ({"databases": {"app": {"collation": "latin1_bin"}}}, "databases.app.collation", "no collation of utf8mb4"),
    ({"databases": {"app": {"drop": "yes"}}}, "databases.app.drop", "neither true nor false"),
    ({"databases": {"app": {}, "mysql": {}}}, "databases.mysql", "a schema of MySQL's own"),
    ({"databases": {"app": {}, "SYS": {}}}, "databases.SYS", "a schema of MySQL's own"),
    ({"databases": {"app": {}, "a" * 65: {}}}, f"databases.{'a' * 65}", "MySQL allows 64"),
    ({"databases": {"app": {}, "a ": {}}}, 'databases["a "]', "ends with a space"),
    ({"databases": {"app": {}, "a\nb": {}}}, 'databases["a\\nb"]', "control characters"),
    ({"databases": {"app": {}, "a\0": {}}}, 'databases["a\\u0000"]', "control characters"),
    ({"databases": {"app": {}, "a\u202eb": {}}}, 'databases["a\\u202eb"]', "control characters"),
    ({"databases": {"app": {}, "𝄞": {}}}, "databases.𝄞", "beyond U+FFFF"),
    ({"databases": {"app": {}, "": {}}}, "databases.", "empty name"),
    # Roles and users
    ({"roles": ["reading"]}, "roles", "not a table"),
    ({"roles": {"reading": {"host": "%"}}}, "roles.reading.host", "not a field of it"),
    ({"roles": {"Reading": {}}}, "roles.Reading", "not a key"),
    ({"roles": {"reading": {"name": "mysql.sys"}}}, "roles.reading.name", "belongs to MySQL itself"),
    ({"roles": {"reading": {"grants": [{"privileges": ["SUPER"]}]}}}, "roles.reading.grants[0].privileges", "SUPER"),
    ({"users": "app"}, "users", "neither YAML's nor JSON's"),
    ({"users": {"app": ["x"]}}, "users.app", "not a table"),
    (user(grant=[]), "users.app.grant", "Did you mean grants?"),
    (user(password="hunter2"), "users.app.password", "no place for a secret"),
    (user(key="App"), "users.App", "not a key"),
    (user(key="app-"), "users.app-", "not a key"),
    (user(key="a.b"), 'users["a.b"]', "not a key"),
    (user(key="a" * 32), f"users.{'a' * 32}", "not a key"),
    (user(key="root"), "users.root.name", "belongs to MySQL itself"),
    (user(name="root"), "users.app.name", "belongs to MySQL itself"),
    (user(name="MySQL.Session"), "users.app.name", "belongs to MySQL itself"),
    (user(name=""), "users.app.name", "empty name"),
    (user(name=7), "users.app.name", "not text"),
    (user(name="a" * 33), "users.app.name", "MySQL allows 32"),
    (user(name="a\tb"), "users.app.name", "control characters"),
    (user(name="\ud800"), "users.app.name", "control characters"),
    (user(name="a𝄞"), "users.app.name", "beyond U+FFFF"),
    (user(name=" a"), "users.app.name", "begins with a space"),
    (user(name="a "), "users.app.name", "ends with a space"),
    (user(plugin="caching_sha2"), "users.app.plugin", "Did you mean caching_sha2_password?"),
    (user(plugin=["x"]), "users.app.plugin", "no plugin"),
    (user(locked="no"), "users.app.locked", "neither true nor false"),
    (user(adopt=1), "users.app.adopt", "neither true nor false"),
    (user(passwordLifetimeDays=65536), "users.app.passwordLifetimeDays", "from 0 to 65535 days"),
    (user(passwordLifetimeDays=-1), "users.app.passwordLifetimeDays", "from 0 to 65535 days"),
    (user(comment="a\nb"), "users.app.comment", "control characters"),
    (user(comment="x" * 513), "users.app.comment", "513 characters"),
    (user(comment=7), "users.app.comment", "not text"),
    (user(roles=["reeding"]) | {"roles": READING}, "users.app.roles[0]", "Did you mean reading?"),
    (user(roles=[["x"]]), "users.app.roles[0]", "not in roles"),
    (user(roles=["reading"] * 2) | {"roles": READING}, "users.app.roles", "there twice"),
    (user(roles=[], defaultRoles=["reading"]) | {"roles": READING}, "users.app.defaultRoles[0]", "not among"),
    (user(roles=["reading"], defaultRoles=["reading"] * 2) | {"roles": READING}, "users.app.defaultRoles", "twice"),
    (user(database="ap"), "users.app.database", "Did you mean app?"),
    (user(database="sys"), "users.app.database", "not in databases"),
    (user(database="a") | {"databases": {"app": {}, "a": {"drop": True}}}, "users.app.database", "is dropped"),
    (user(database="a") | {"databases": {"app": {}, "a": {}}}, "users.app.database", "nothing is granted"),
    ({"users": {"app": {"name": "b"}, "b": {}}}, "users.b", "'b'@'10.20.0.0/16', which users.app is too"),
    (user(name="r", host="%") | {"roles": {"r": {}}}, "users.app", "'r'@'%', which roles.r is too"),
    ({"roles": {"r": {}, "s": {"name": "r"}}}, "roles.s", "which roles.r is too"),
    ({"primaryUser": "ap"}, "primaryUser", "Did you mean app?"),
    ({"users": {}, "primaryUser": "app"}, "primaryUser", "not in users"),
    ({"users": {"b": {}, "a": {}}, "userPasswords": ""}, "primaryUser", "Set it to one of a, b"),
    (user(locked=True), "primaryUser", "app is locked"),
    (user(locked=True) | {"primaryUser": ""}, "users.app.locked", "app is locked"),
    # Grants
    (user(grants="ALL"), "users.app.grants", "neither YAML's nor JSON's"),
    (user(grants=["ALL"]), "users.app.grants[0]", "not a table"),
    (user(grants=[{"database": "app"}]), PRIVILEGES, "is missing"),
    (grant("SELECT", tabel="t", database="app"), "users.app.grants[0].tabel", "Did you mean table?"),
    (grant("SELECT", database="app", grantOption="x"), "users.app.grants[0].grantOption", "neither true nor false"),
    (grant("SELECT", database="ap"), TARGET, "Did you mean app?"),
    (grant("SELECT", database="a") | {"databases": {"app": {}, "a": {"drop": True}}}, TARGET, "is dropped"),
    (grant("SELECT", database="*"), TARGET, "Leave it out for the whole server"),
    (grant("SELECT", database="information_schema"), TARGET, "everyone sees"),
    (grant("SELECT", database="_" * 33) | {"databases": {"app": {}, "_" * 33: {}}}, TARGET, "has 66 characters"),
    (grant("SELECT", table="t"), "users.app.grants[0].table", "without database"),
    (grant("SELECT", database="app", table="*"), "users.app.grants[0].table", "all tables of the database"),
    (grant("SELECT", database="app", table="t" * 65), "users.app.grants[0].table", "MySQL allows 64"),
    (grant(database="app"), PRIVILEGES, "is empty"),
    (grant("SELCT", database="app"), f"{PRIVILEGES}[0]", "Did you mean SELECT?"),
    (grant("SELECT (id)", database="app", table="t"), f"{PRIVILEGES}[0]", "on columns"),
    (grant("GRANT OPTION", database="app"), f"{PRIVILEGES}[0]", "Set grantOption: true"),
    (grant("usage"), f"{PRIVILEGES}[0]", "a word for none"),
    (grant("PROXY"), f"{PRIVILEGES}[0]", "not managed"),
    (user(grants=[{"database": "app", "privileges": [7]}]), f"{PRIVILEGES}[0]", "not a privilege"),
    (grant("ALL", "SELECT", database="app"), PRIVILEGES, "others beside ALL"),
    (user(grants=[ALL_ON_APP, {**ALL_ON_APP, "privileges": ["SELECT"]}]), "users.app.grants[1]", "users.app.grants[0]"),
    # What would lock the program out of root's account
    (grant("SUPER"), PRIVILEGES, "CONNECTION_ADMIN or SYSTEM_VARIABLES_ADMIN"),
    (grant("SYSTEM_USER"), PRIVILEGES, "CREATE USER and ROLE_ADMIN"),
    *[
        (grant(name), PRIVILEGES, f'like {{"database": "app", "privileges": ["{name}"]}}')
        for name in ("ALL", "ALTER", "CREATE", "DELETE", "DROP", "INDEX", "INSERT", "UPDATE")
    ],
    (grant("ALL", database="mysql"), PRIVILEGES, "Grant SELECT there"),
    (grant("UPDATE", database="mysql", table="user"), PRIVILEGES, "Grant SELECT there"),
    (grant("TRIGGER", database="mysql"), PRIVILEGES, "Grant SELECT there"),
    (grant("UPDATE", database="performance_schema"), PRIVILEGES, "Grant SELECT there"),
    (grant("INSERT", database="sys"), PRIVILEGES, "Grant EXECUTE and SELECT there"),
    # Passwords
    ({"userPasswords": "app"}, "userPasswords", "not a table"),
    ({"userPasswords": ["x"]}, "userPasswords", "not a table"),
    ({"userPasswords": {"ap": "x"}}, "userPasswords.ap", "Did you mean app?"),
    ({"userPasswords": {"app": ""}}, "userPasswords.app", "is empty"),
    ({"userPasswords": {"app": 7}}, "userPasswords.app", "not text"),
    ({"userPasswords": {"app": "line\n"}}, "userPasswords.app", "control characters"),
    ({"userPasswords": {"app": "\udc00"}}, "userPasswords.app", "control characters"),
    ({"userPasswords": {"app": "é" * 65}}, "userPasswords.app", "longer than 128 bytes"),
    ({"passwordGenerations": [2]}, "passwordGenerations", "not a table"),
    ({"passwordGenerations": {"app": 0}}, "passwordGenerations.app", "out of range"),
    ({"passwordGenerations": {"app": "two"}}, "passwordGenerations.app", "not a whole number"),
    ({"passwordGenerations": {"ap": 2}}, "passwordGenerations.ap", "Did you mean app?"),
    ({"finishedGenerations": {"other": 0}}, "finishedGenerations.other", "no user"),
    ({"finishedGenerations": {"app": -1}}, "finishedGenerations.app", "out of range"),
    ({"finishedGenerations": {"app": 2}}, "finishedGenerations.app", "is of generation 1"),
    (
        {"finishedGenerations": {"app": 4}, "passwordGenerations": {"app": 3}},
        "finishedGenerations.app",
        "raise passwordGenerations.app",
    ),
    ({"databaseName": "app"}, "databaseName", "Name it in databases"),
    ({"userName": "app"}, "userName", "name of a user in users"),
    ({"userPassword": "x"}, "userPassword", "--path userPasswords.KEY"),
    # Tags and strangers
    ({"tags": ["Team"]}, "tags", "not a table"),
    ({"tags": {"Name": "x"}}, "tags.Name", "the program's own"),
    ({"tags": {"": "x"}}, "tags.", "without a key"),
    ({"tags": "[" * 100_000}, "tags", "neither YAML's nor JSON's"),
    ({"tags": {"aws:x": "x"}}, "tags.aws:x", "AWS's own"),
    ({"tags": {"Team": "x" * 257}}, "tags.Team", "too long"),
    ({"tags": {"Team": "a<b"}}, "tags.Team", "AWS refuses"),
    ({"tags": {f"k{n}": "x" for n in range(41)}}, "tags", "41 entries"),
    ({"userPasword": "x"}, "userPasword", "Did you mean userPasswords?"),
    ({"clientInstanceType": "t3.micro"}, "clientInstanceType", "instanceType of a group"),
    ({"colour": "red"}, "colour", "Remove it"),
]


def texts(changes: dict[str, object]) -> dict[str, str]:
    return {key: as_text(value) for key, value in changes.items()}


def messages(values: dict[str, str], secret: set[str] = SECRET) -> list[str]:
    """Return the faults of a config as they are shown."""
    with pytest.raises(stack_config.ConfigFaults) as caught:
        stack_config.parse(values, secret, FakeCloud())
    return [str(fault) for fault in caught.value.faults]


def parsed(**changes: object) -> stack_config.StackConfig:
    return stack_config.parse(GOOD | texts(changes), SECRET, FakeCloud())


@pytest.mark.parametrize(("changes", "key", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(changes: dict[str, object], key: str, said: str) -> None:
    found = messages(GOOD | texts(changes))
    assert [line for line in found if line.startswith(f"mysql-pair:{key}: ") and said in line], found


ALONE: dict[str, object] = {
    "vpcCidr": "nonsense", "zones": "many", "natGateway": "perhaps", "serverSubnetCidr": "x", "publicSubnetCidrs": "x",
    "privateSubnetCidrs": [7], "operatorCidrs": ["0.0.0.0/0"], "operatorSecurityGroupIds": "x",
    "admittedSecurityGroupIds": ["x"], "extraEgress": ["x"], "sshPublicKey": "x", "sshPrivateKey": "x",
    "sshEndpoints": {"nobody": {}}, "sshHostKeys": {"server": "x"}, "instanceProfile": "a b",
    "serverInstanceType": "small", "serverAmi": "ubuntu", "serverPrivateIp": "x", "serverPublic": "x",
    "terminationProtection": "x", "serverVolumeSize": "x", "serverPackages": ["X"], "clients": [{"name": "X"}],
    "mysqlPort": 22, "xProtocol": "x", "requireSecureTransport": "x", "mysqlSettings": {"port": 1},
    "databases": {"app": {}, "sys": {}}, "roles": {"R": {}}, "users": {"app": {"name": "root"}},
    "userPasswords": {"app": "\t"}, "passwordGenerations": {"app": 0}, "finishedGenerations": {"b": 0},
    "primaryUser": "nobody", "tags": {"Name": "x"}, "stranger": "x",
}  # fmt: skip
"""One fault in every key there is."""


def test_all_faults_are_told_together() -> None:
    found = messages(GOOD | texts(ALONE))
    told = {re.split(r"[\[.:]", line.removeprefix("mysql-pair:"))[0] for line in found}
    assert told == DECLARED.keys() - {"vpcId", "serverSubnetId"} | {"stranger"}


ELSEWHERE: dict[str, object] = {"serverSubnetCidr": "10.20.16.0/24"}
"""A server's subnet that is a part of the first public one."""
ENDPOINT = {"host": "127.0.0.1", "port": 2201}
ARM_IMAGE, NO_IMAGE = "ami-0a0a0a0a0a0a0a0a0", "ami-0bbbbbbbbbbbbbbbb"

# the keys that are wrong, every key that is told: what one fault must not hide, and what must not follow from it
TOGETHER: list[tuple[dict[str, object], list[str]]] = [
    ({"natGateway": "perhaps", **ELSEWHERE}, ["natGateway", "publicSubnetCidrs"]),
    ({"natGateway": "perhaps", "serverPrivateIp": "10.99.0.1"}, ["natGateway", "serverPrivateIp"]),
    (
        {"vpcCidr": "x", "publicSubnetCidrs": ["10.20.1.0/24", "10.20.1.0/25"], "serverPrivateIp": "10.99.0.1"},
        ["vpcCidr", "publicSubnetCidrs"],
    ),
    ({"vpcCidr": "x", "serverSubnetCidr": "10.30.0.0/24"}, ["vpcCidr"]),
    ({"zones": "x", "publicSubnetCidrs": [f"10.20.{n}.0/24" for n in (16, 17, 18)]}, ["zones"]),
    ({"zones": "x", "clients": [{"name": "app", "zone": 3}]}, ["zones"]),
    ({"publicSubnetCidrs": ["10.20.0.0/24", 7]}, ["publicSubnetCidrs[1]", "publicSubnetCidrs"]),
    ({"serverPublic": "x", "natGateway": False}, ["serverPublic"]),
    (
        {"serverPublic": "x", "natGateway": False, "clients": [*TWO, {"name": "inner", "public": False}]},
        ["serverPublic", "natGateway"],
    ),
    ({"serverPrivateIp": "x", "mysqlSettings": {"innodb_buffer_pool_size": "64G"}}, ["serverPrivateIp", "pool"]),
    (
        {"serverSubnetCidr": "x", "mysqlSettings": {"innodb_buffer_pool_size": "64G"}},
        ["serverSubnetCidr", "pool"],
    ),
    (
        {"serverInstanceType": "t3.colossal", "serverAmi": NO_IMAGE, "mysqlPort": 22},
        ["serverInstanceType", "serverAmi", "mysqlPort"],
    ),
    ({"serverInstanceType": "small", "serverAmi": ARM_IMAGE}, ["serverInstanceType"]),
    (
        {"clients": [{"name": "app", "instanceType": "small", "ami": ARM_IMAGE}]},
        ["clients[0].instanceType"],
    ),
    (
        {"clients": [{"name": "app", "instanceType": "t3.colossal"}, {"name": "b", "instanceType": "t3.colossal"}]},
        ["clients[0].instanceType"],
    ),
    ({"clients": [{"name": "app", "count": 0, "zone": 3}]}, ["clients[0].count", "clients[0].zone"]),
    ({"clients": [{"name": "app", "count": 0}, {"name": "app"}]}, ["clients[0].count", "clients[1].name"]),
    ({"clients": [{"name": "app", "public": "x"}, {"name": "inner", "public": False}]}, ["clients[0].public"]),
    ({"clients": [{"name": "app", "count": 0}], "sshEndpoints": {"app-2": ENDPOINT}}, ["clients[0].count"]),
    (
        {"clients": [{"name": "app", "count": 0}], "sshEndpoints": {"nobody": ENDPOINT}},
        ["clients[0].count", "sshEndpoints.nobody"],
    ),
    ({"clients": "null"}, ["clients"]),
    ({**EXISTING, "clients": ["x", {"name": "app"}]}, ["clients[0]", "clients[1].subnetId"]),
    ({**EXISTING, "serverSubnetId": "subnet-0f0f0f0f", "serverPrivateIp": "10.99.0.1"}, ["serverSubnetId"]),
    ({**EXISTING, "vpcId": "vpc-0123456789abcdef0", "zones": 2}, ["zones", "vpcId"]),
    (
        {"clients": [{"name": "app", "public": False}], "sshEndpoints": {"server": {**ENDPOINT, "port": 0}}},
        ["sshEndpoints.server.port"],
    ),
    ({"operatorCidrs": [], "sshEndpoints": {"server": {**ENDPOINT, "port": 0}}}, ["sshEndpoints.server.port"]),
    ({"sshPublicKey": "", "clients": [{"name": "app", "public": False}]}, ["clients", "sshPublicKey"]),
    (
        {"mysqlSettings": {"gtid_mode": "ON", "enforce_gtid_consistency": "YES"}},
        ["mysqlSettings.enforce_gtid_consistency"],
    ),
    (
        {"mysqlSettings": {"sort_buffer_size": "64M", "max_connections": "few"}},
        ["mysqlSettings.max_connections"],
    ),
    # Of an unread table nothing is concluded, of one with faults only what is known
    ({"databases": "x"}, ["databases"]),
    ({"databases": {"app": {"drop": "x"}}}, ["databases.app.drop"]),
    ({"databases": {"app": "x"}}, ["databases.app"]),
    ({"databases": {"App": {"charset": "x"}}}, ["databases.App.charset", TARGET]),
    ({"databases": {"app": {"charset": "x", "collation": "latin1_bin"}}}, ["databases.app.charset"]),
    ({"roles": "x", **user(roles=["reading"], database="app")}, ["roles"]),
    ({"users": "x", "passwordGenerations": {"b": 2}, "primaryUser": "b"}, ["users"]),
    ({"users": {"app": "x"}, "passwordGenerations": {"b": 2}}, ["passwordGenerations.b", "users.app"]),
    (
        {"users": {"A b": {"grants": [{"privileges": ["SUPER"]}]}}, "userPasswords": ""},
        ['users["A b"]', 'users["A b"].grants[0].privileges'],
    ),
    ({"users": {"app": {}, "b": {"name": "app"}}}, ["users.b"]),
    ({"users": {"app": {}, "b": {"name": "app"}}, "vpcCidr": "x"}, ["vpcCidr"]),
    ({"users": {"app": {"host": "x y"}, "b": {"name": "app"}}}, ["users.app.host"]),
    (user(host="%", name="app") | {"vpcCidr": "x", "roles": {"app": {}}}, ["vpcCidr", "users.app"]),
    (user(roles=["reeding"], defaultRoles=["reading"]) | {"roles": READING}, ["users.app.roles[0]"]),
    (user(database="ap"), ["users.app.database"]),
    (user(roles=["r"], database="app", grants=[]) | {"roles": {"r": {"grants": "x"}}}, ["roles.r.grants"]),
    (user(grants=[{"database": 7, "privileges": ["PROCESS"]}] * 2), [TARGET, "users.app.grants[1].database"]),
    (grant("SELECT", "PROCESS", "SELCT", database="ap"), [f"{PRIVILEGES}[2]", TARGET, PRIVILEGES]),
    (grant("PROCESS", "SUPER", "EVENT", database="app", table="t"), [PRIVILEGES] * 3),
    (grant("ALL", "UPDATE"), [PRIVILEGES] * 3),
    (user(grants=[{"privileges": "x"}]), [PRIVILEGES]),
    ({"passwordGenerations": {"app": 0}, "finishedGenerations": {"app": 5}}, ["passwordGenerations.app"]),
    ({"passwordGenerations": "x", "finishedGenerations": {"app": 5}}, ["passwordGenerations"]),
    ({"primaryUser": "x", "users": {"b": {}, "a": {}}, "userPasswords": ""}, ["primaryUser"]),
]


@pytest.mark.parametrize(("changes", "keys"), TOGETHER)
def test_a_fault_hides_no_other_and_brings_none_about(changes: dict[str, object], keys: list[str]) -> None:
    found = messages(GOOD | texts(changes))
    told = [line.removeprefix("mysql-pair:").split(": ")[0] for line in found]
    assert told == ["mysqlSettings.innodb_buffer_pool_size" if key == "pool" else key for key in keys], found


# what the SDK raises, what is told of it
REFUSALS = [
    (
        "invoke of getAmi failed: invocation of getAmi returned an error: No results. Try again.",
        "No results. Try again",
    ),
    ("no valid credential sources found", "no valid credential sources found"),
    ("one line\nanother", "another"),
    ("", "RuntimeError"),
]


@pytest.mark.parametrize(("raised", "told"), REFUSALS)
def test_a_lookup_that_fails_is_told_in_awss_words(monkeypatch: pytest.MonkeyPatch, raised: str, told: str) -> None:
    def refuse(**_: object) -> None:
        raise RuntimeError(raised)

    monkeypatch.setattr("pulumi_aws.ec2.get_ami", refuse)
    with pytest.raises(CloudError) as caught:
        Aws().image_architecture("ami-0123456789abcdef0")
    assert str(caught.value) == told


def test_each_thing_is_looked_up_once() -> None:
    cloud = FakeCloud()
    group = {"subnetId": "subnet-0a1b2c3e", "ami": "ami-0123456789abcdef0", "instanceType": "t3.small"}
    changes = {**EXISTING, "serverAmi": group["ami"], "clients": [{"name": "a", **group}, {"name": "b", **group}]}
    stack_config.parse(GOOD | texts(changes), SECRET, cloud)
    assert sorted(cloud.asked) == sorted({*cloud.asked})
    assert len(cloud.asked) == 5


def test_a_secret_in_plain_text_is_a_fault_and_is_not_repeated() -> None:
    found = messages(GOOD, secret={"sshPrivateKey"})
    assert found and "stored unencrypted" in found[0]
    assert PASSWORD not in "".join(found)


# the raw value of userPasswords, all of which holds a secret: in the place of a table, of a password, and beside one
LEAKS = [
    "secret value",
    '["secret value"]',
    '"secret value"',
    '{"app": "secret value',
    '{"app": ["secret value"]}',
    '{"app": {"secret value": 1}}',
    '{"app": "secret value\\n"}',
    '{"nobody": "secret value"}',
    json.dumps({"app": "secret value" * 11}),
    '{"app": 7777777}',
    json.dumps({"app": private_key() + "secret value"}),
]


@pytest.mark.parametrize("value", LEAKS, ids=range(len(LEAKS)))
@pytest.mark.parametrize("secret", [SECRET, SECRET - {"userPasswords"}])
def test_no_message_repeats_a_password(value: str, secret: set[str]) -> None:
    found = messages(GOOD | {"userPasswords": value}, secret)
    assert all(line.startswith("mysql-pair:userPasswords") for line in found), found
    assert not re.search("secret value|7777777", "".join(found))


def test_a_table_of_passwords_without_entries_need_not_be_a_secret() -> None:
    assert stack_config.parse(GOOD | {"userPasswords": "{}"}, SECRET - {"userPasswords"}, FakeCloud())


@pytest.mark.parametrize("key", sorted(SECRET))
def test_no_message_repeats_a_secret(key: str) -> None:
    value = "very\tsecret value"
    assert "secret value" not in "".join(messages(GOOD | {key: value}, secret=set()))


@pytest.mark.parametrize("key", sorted(DECLARED.keys() - SECRET))
def test_a_private_key_under_another_key_is_not_repeated(key: str) -> None:
    found = "".join(messages(GOOD | {key: private_key()}))
    assert f"mysql-pair:{key}: is a private key" in found
    assert private_key()[50:80] not in found


@pytest.mark.parametrize("key", sorted(DECLARED.keys() - SECRET))
def test_what_is_stored_encrypted_is_not_shown(key: str) -> None:
    found = "".join(messages(GOOD | {key: "hidden-value"}, SECRET | {key}))
    assert f"mysql-pair:{key}: is stored encrypted" in found
    assert "hidden-value" not in found


def test_what_is_open_already_is_what_the_firewall_opens() -> None:
    assert [(way.from_port, way.to_port) for way in PACKAGES] == [(port, port) for port in PACKAGE_PORTS]


@pytest.mark.parametrize("name", sorted({name for pair in PAIRS for name in pair} | {*BUFFERS, "gtid_mode"}))
def test_what_is_compared_is_of_a_known_type(name: str) -> None:
    assert name in KNOWN and name not in REFUSED


def test_nothing_is_both_known_and_refused() -> None:
    assert not KNOWN.keys() & REFUSED.keys()


def test_a_server_may_be_read_only_for_all_but_its_administrators() -> None:
    assert parsed(mysqlSettings={"read_only": True}).mysql.settings == {"read_only": True}


def test_a_good_config_arrives_typed() -> None:
    config = parsed()
    assert config.network.operator_cidrs == ("203.0.113.7/32", "198.51.100.0/24")
    assert [(one.name, one.database) for one in config.accounts.users] == [("app", "app")]
    assert config.server.ami is None
    assert (str(config.server.private_ip), config.server.public, config.server.termination_protection) == (
        "10.20.0.10",
        False,
        True,
    )
    assert isinstance(config.network.vpc, OwnVpc) and config.network.vpc.nat_gateway
    assert [group.hosts for group in config.clients] == [("client-1",)]
    assert config.jump_host == "client-1"


# a host part, what is said of it; None for one that is legal
HOST_PARTS: list[tuple[object, str | None]] = [
    ("%", None),
    ("localhost", None),
    ("client-1.example.org", None),
    ("%.example.org", None),
    ("app_.example.org", None),
    ("10.20.%", None),
    ("10.20.0.7", None),
    ("10.20.0.7/32", None),
    ("10.0.0.0/16", None),
    ("10.128.0.0/9", None),
    ("10.0.0.0/255.255.0.0", None),
    ("10.96.0.0/255.240.0.0", None),
    ("::1", None),
    ("2001:db8::1", None),
    ("2001:db8:%", None),
    ("a" * 63 + ".%", None),
    ("", "reads as %"),
    (7, "not text"),
    (".".join(["a" * 60] * 5), "MySQL allows 255"),
    ("a" * 64, "no host part"),
    ("Client.Example.org", "Write 'client.example.org'"),
    ("2001:DB8::1", "Write '2001:db8::1'"),
    ("a b", "no host part"),
    ("a@b", "no host part"),
    ("a'b", "no host part"),
    ('a"b', "no host part"),
    ("a`b", "no host part"),
    ("a\nb", "no host part"),
    ("a\n", "no host part"),
    ("bücher.example", "no host part"),
    ("a..b", "no host part"),
    (".a", "no host part"),
    ("a-.b", "no host part"),
    ("10.0.0.300", "no IPv4 address"),
    ("10.0.0", "no IPv4 address"),
    ("10.0.0.01", "no IPv4 address"),
    ("10.0.0.0/33", "no range"),
    ("10.0.0.0/", "no range"),
    ("10.0.0.0/8\n", "no range"),
    ("10.%/16", "no range"),
    ("localhost/24", "no range"),
    ("10.0.0.0/255.0.255.0", "no range"),
    ("10.0.0.0/0.0.255.255", "mask"),
    ("10.0.0.0/016", "Write 10.0.0.0/16"),
    ("10.0.1.0/16", "Write 10.0.0.0/16"),
    ("10.0.1.0/255.255.0.0", "Write 10.0.0.0/16"),
    ("0.0.0.0/0", "Write '%'"),
    ("fd00::/64", "no range of IPv4"),
    ("fd00:0::1", "Write fd00::1"),
    ("::ffff:10.0.0.1", "Write 10.0.0.1"),
    ("[::1]", "no IPv6 address"),
    ("10.0.0.1:3306", "no IPv6 address"),
    ("app_:3306", "no host part"),
]


@pytest.mark.parametrize(("host", "said"), HOST_PARTS)
def test_a_host_part_is_one_that_mysql_matches_clients_with(host: object, said: str | None) -> None:
    if said is None:
        assert parsed(**user(host=host)).accounts.users[0].host == host
    else:
        (found,) = messages(GOOD | texts(user(host=host)))
        assert found.startswith("mysql-pair:users.app.host: ") and said in found


# a privilege, and the levels that MySQL 9.7 takes it at: tried on a server
LEVELS = [
    ("SELECT", "global database table"),
    ("SHOW VIEW", "global database table"),
    ("CREATE VIEW", "global database table"),
    ("REFERENCES", "global database table"),
    ("TRIGGER", "global database table"),
    ("ALL", "database table"),
    ("INSERT", "database table"),
    ("INDEX", "database table"),
    ("CREATE TEMPORARY TABLES", "global database"),
    ("LOCK TABLES", "global database"),
    ("EVENT", "global database"),
    ("EXECUTE", "global database"),
    ("CREATE ROUTINE", "global database"),
    ("ALTER ROUTINE", "global database"),
    ("PROCESS", "global"),
    ("RELOAD", "global"),
    ("FILE", "global"),
    ("CREATE USER", "global"),
    ("CREATE TABLESPACE", "global"),
    ("REPLICATION CLIENT", "global"),
    ("SHOW DATABASES", "global"),
    ("ROLE_ADMIN", "global"),
    ("BACKUP_ADMIN", "global"),
    ("SET_USER_ID", "global"),
    ("FLUSH_PRIVILEGES", "global"),
]
TARGETS: dict[str, dict[str, object]] = {
    "global": {},
    "database": {"database": "app"},
    "table": {"database": "app", "table": "orders"},
}


@pytest.mark.parametrize(("name", "levels"), LEVELS)
def test_a_privilege_is_granted_where_mysql_has_it(name: str, levels: str) -> None:
    for level, target in TARGETS.items():
        if level in levels.split():
            assert parsed(**grant(name, **target)).accounts.users[0].grants[0].privileges == (name,)
        else:
            found = messages(GOOD | texts(grant(name, **target)))
            assert [line.split(": ")[0] for line in found] == [f"mysql-pair:{PRIVILEGES}"]


# what of the server's own schemas may be granted
READABLE = [("mysql", "SELECT"), ("performance_schema", "SELECT"), ("sys", "SELECT"), ("sys", "EXECUTE")]


@pytest.mark.parametrize(("schema", "name"), READABLE)
def test_the_servers_own_schemas_may_be_read(schema: str, name: str) -> None:
    found = parsed(**grant(name, database=schema)).accounts.users[0]
    assert (found.grants[0].database, found.database) == (schema, None)


def test_accounts_arrive_typed() -> None:
    found = parsed(
        databases={
            "app": {},
            "a/b\\c.d 'e'": {"charset": "LATIN1", "collation": "latin1_bin"},
            "old": {"drop": "true"},
        },
        roles={**READING, "writing": {"name": "w r"}},
        users={
            "app": {"roles": ["writing", "reading"], "database": "app"},
            "report": {
                "name": 'o\'neil@"x"',
                "host": "%",
                "plugin": "sha256_password",
                "grants": [
                    {"database": "app", "privileges": ["update", "Create  View", "SELECT"], "grantOption": "true"},
                    {"database": "app", "table": "orders", "privileges": ["all privileges"]},
                    {"database": "performance_schema", "privileges": ["SELECT"]},
                    {"privileges": ["PROCESS"]},
                ],
                "roles": ["reading", "writing"],
                "defaultRoles": ["writing"],
                "locked": "true",
                "passwordLifetimeDays": "0",
                "comment": "Jürgen's 📊",
                "adopt": True,
            },
        },
        passwordGenerations={"report": "3"},
        finishedGenerations={"report": 3},
    ).accounts
    assert found.databases == (
        DatabaseConfig("app", "utf8mb4", None, False),
        DatabaseConfig("a/b\\c.d 'e'", "latin1", "latin1_bin", False),
        DatabaseConfig("old", "utf8mb4", None, True),
    )
    assert found.roles == (
        RoleConfig("reading", "reading", (Grant(("SELECT",), "app", None, False),)),
        RoleConfig("writing", "w r", ()),
    )
    app, report = found.users
    assert (app.name, app.host, app.plugin, app.roles) == (
        "app",
        "10.20.0.0/16",
        "caching_sha2_password",
        ("writing", "reading"),
    )
    assert (app.default_roles, app.locked, app.password_lifetime_days, app.comment) == (app.roles, False, None, None)
    assert (app.adopt, app.generation, app.finished_generation, app.database) == (False, 1, 0, "app")
    assert app.password is not None
    assert dataclasses.astuple(report) == (
        "report",
        'o\'neil@"x"',
        "%",
        "sha256_password",
        (
            (("CREATE VIEW", "SELECT", "UPDATE"), "app", None, True),
            (("ALL",), "app", "orders", False),
            (("SELECT",), "performance_schema", None, False),
            (("PROCESS",), None, None, False),
        ),
        ("reading", "writing"),
        ("writing",),
        True,
        0,
        "Jürgen's 📊",
        "app",
        True,
        3,
        3,
        None,
    )
    assert found.primary_user == "app"


def test_a_host_part_that_is_not_set_is_the_range_of_the_vpc_that_is_there() -> None:
    assert parsed(**EXISTING).accounts.users[0].host == "10.30.0.0/16"


# users, the primary one
PRIMARY: list[tuple[dict[str, object], str | None]] = [
    ({}, None),
    ({"report": {}}, "report"),
    ({"report": {}, "app": {}}, "app"),
]


@pytest.mark.parametrize(("users", "primary"), PRIMARY)
def test_the_connection_string_is_for_the_only_user_or_for_app(users: dict[str, object], primary: str | None) -> None:
    assert parsed(users=users, userPasswords="").accounts.primary_user == primary


# the databases that grants name, the one that the connection string has
CONNECTED: list[tuple[list[str], str | None]] = [
    ([], None),
    (["app"], "app"),
    (["app", "sys"], "app"),
    (["app", "shop"], None),
]


@pytest.mark.parametrize(("named", "database"), CONNECTED)
def test_the_connection_string_has_the_only_database_that_is_granted(named: list[str], database: str | None) -> None:
    grants = [{"database": name, "privileges": ["SELECT"]} for name in named]
    found = parsed(**user(grants=grants), databases={"app": {}, "shop": {}})
    assert found.accounts.users[0].database == database


KEYS = ("databases", "roles", "users", "userPasswords", "passwordGenerations", "finishedGenerations", "primaryUser")


def test_keys_that_are_absent_mean_what_is_declared_as_their_default() -> None:
    without = {key: value for key, value in GOOD.items() if key not in KEYS}
    assert {*KEYS} <= DECLARED.keys()
    declared = without | {key: DEFAULTS[key] for key in KEYS}
    found = stack_config.parse(without, SECRET, FakeCloud()).accounts
    assert found == stack_config.parse(declared, SECRET, FakeCloud()).accounts
    assert [(one.name, one.database, one.password) for one in found.users] == [("app", "app", None)]


def test_memory_settings_follow_the_instance_type() -> None:
    gib = 1024**3
    assert parsed().mysql.derived == {"innodb_buffer_pool_size": gib, "innodb_redo_log_capacity": gib // 4}
    assert parsed(serverInstanceType="t3.micro").mysql.derived["innodb_buffer_pool_size"] == gib // 2


# as written, as mysqld shows it
VALUES: list[tuple[str, object, object]] = [
    ("innodb_buffer_pool_size", "1G", 1024**3),
    ("sort_buffer_size", 262144, 262144),
    ("slow_query_log", "ON", True),
    ("slow_query_log", 0, False),
    ("long_query_time", "0.5", 0.5),
    ("long_query_time", 2.0, 2),
    ("gtid_mode", "off", "OFF"),
    ("gtid_mode", False, "OFF"),
    ("some_plugin_option", "text", "text"),
]


@pytest.mark.parametrize(("name", "written", "value"), VALUES)
def test_settings_arrive_as_mysqld_shows_them(name: str, written: object, value: object) -> None:
    found = parsed(mysqlSettings={name: written}).mysql.settings[name]
    assert (found, type(found)) == (value, type(value))


def test_a_vpc_that_is_there_is_looked_up() -> None:
    config = parsed(**EXISTING)
    assert isinstance(config.network.vpc, ExistingVpc)
    assert (str(config.network.vpc.cidr), str(config.server.private_ip)) == ("10.30.0.0/16", "10.30.1.10")
    assert config.clients[0].subnet_id == "subnet-0a1b2c3e"


def test_hosts_behind_tunnels_need_neither_operators_nor_a_jump_host() -> None:
    tunnels = {host: {"host": "127.0.0.1", "port": port} for host, port in (("server", 2201), ("client-1", 2202))}
    config = parsed(operatorCidrs=[], sshEndpoints=tunnels, clients=[{"name": "client", "public": False}])
    assert (config.network.operator_cidrs, config.jump_host) == ((), None)


def test_without_a_private_key_the_agent_is_asked() -> None:
    assert parsed(sshPrivateKey="").ssh.private_key is None


# what the agent holds, whether that is a fault
AGENTS: list[tuple[set[str] | None, bool]] = [
    (None, False),
    (set(), True),
    ({public_key(seed=2).split()[1]}, True),
    ({public_key().split()[1]}, False),
]


@pytest.mark.parametrize(("held", "faulty"), AGENTS)
def test_an_agent_without_the_key_is_told_before_anything_is_made(held: set[str] | None, faulty: bool) -> None:
    values = GOOD | {"sshPrivateKey": ""}
    if not faulty:
        stack_config.parse(values, SECRET, FakeCloud(), lambda: held)
        return
    with pytest.raises(stack_config.ConfigFaults, match="ssh-add"):
        stack_config.parse(values, SECRET, FakeCloud(), lambda: held)


def test_with_a_private_key_in_config_no_agent_is_asked() -> None:
    stack_config.parse(GOOD, SECRET, FakeCloud(), lambda: set())


def test_every_key_is_declared_with_a_description() -> None:
    assert all(entry["description"].strip() for entry in DECLARED.values())
    with pytest.raises(stack_config.ConfigFaults) as caught:
        stack_config.parse(GOOD | {"stranger": "x"}, SECRET, FakeCloud())
    assert [fault.key for fault in caught.value.faults] == ["stranger"]


@pytest.mark.parametrize("name", ["Pulumi.lab.yaml", "Pulumi.dev.yaml"])
def test_a_committed_stack_file_has_only_known_keys_and_a_region(name: str) -> None:
    config = yaml.safe_load((ROOT / name).read_text())["config"]
    own = {key.removeprefix("mysql-pair:") for key in config if key.startswith("mysql-pair:")}
    assert own <= DECLARED.keys() - SECRET
    assert config["aws:region"]


def test_the_example_has_every_key_and_each_commented_one_parses() -> None:
    text = (ROOT / "Pulumi.dev.yaml").read_text()
    assert set(re.findall(r"^ +#? ?mysql-pair:(\w+):", text, re.M)) == DECLARED.keys()
    example = yaml.safe_load(re.sub(r"^  # (?=mysql-pair:|  +(- \{|\w+:) ?)", "  ", text, flags=re.M))["config"]
    assert example["mysql-pair:mysqlSettings"]["innodb_buffer_pool_size"] == "1G"
    left_out = {*SECRET, "sshPublicKey", "sshHostKeys", "vpcId", "serverSubnetId"}
    given = {key.removeprefix("mysql-pair:"): as_text(value) for key, value in example.items()}
    kept = {key: value for key, value in given.items() if key not in left_out and key != "aws:region"}
    stack_config.parse(GOOD | kept, SECRET, FakeCloud())
