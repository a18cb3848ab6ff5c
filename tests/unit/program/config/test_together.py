"""All faults are told together: none hides another, and none is told that only follows from one."""

from __future__ import annotations

import re

import pytest

from tests.unit.program.configs import (
    DECLARED,
    ENDPOINT,
    EXISTING,
    GOOD,
    PRIVILEGES,
    READING,
    TARGET,
    TWO,
    grant,
    messages,
    texts,
    user,
)

ALONE: dict[str, object] = {
    "vpcCidr": "nonsense", "zones": "many", "availabilityZones": ["X"], "natGateway": "perhaps",
    "serverSubnetCidr": "x", "memberSubnetCidrs": "x", "publicSubnetCidrs": "x", "privateSubnetCidrs": [7],
    "operatorCidrs": ["0.0.0.0/0"], "operatorSecurityGroupIds": "x",
    "admittedSecurityGroupIds": ["x"], "admittedCidrs": ["x"], "admittedPrefixListIds": ["x"],
    "operatorPrefixListIds": ["x"], "extraEgress": ["x"], "sshPublicKey": "x", "sshPrivateKey": "x",
    "sshEndpoints": {"nobody": {}}, "sshHostKeys": {"server": "x"}, "instanceProfile": "a b", "ubuntuRelease": "7",
    "serverUbuntuRelease": "7",
    "servers": 2, "serverInstanceType": "small", "serverAmi": "ubuntu", "serverPrivateIp": "x",
    "serverPrivateIps": "x", "serverPublic": "x",
    "terminationProtection": "x", "serverVolumeSize": "x", "serverPackages": ["X"],
    "dataVolumeSize": "x", "dataVolumeIops": 1, "dataVolumeThroughput": 1, "dataVolumeKmsKey": "x",
    "dataVolumeKeep": "x", "loadBalancer": "x", "dataVolumeId": "x", "dataVolumeSnapshot": "x",
    "clients": [{"name": "X"}],
    "mysqlPort": 22, "xProtocol": "x", "requireSecureTransport": "x", "serverCertificateNames": ["X"],
    "clientProxy": "x",
    "lowerCaseTableNames": 2, "mysqlSettings": {"port": 1},
    "databases": {"app": {}, "sys": {}}, "roles": {"R": {}}, "users": {"app": {"name": "root"}},
    "userPasswords": {"app": "\t"}, "passwordGenerations": {"app": 0}, "finishedGenerations": {"b": 0},
    "backupDays": "x", "backupSchedule": "noon", "drillSchedule": "x", "backupBucket": "X", "backupKeep": "x",
    "backupKey": "short", "restoreFrom": {"at": "x"}, "restoreKey": "short",
    "snapshotSchedule": "daily", "snapshotCount": -1,
    "primaryUser": "nobody", "tags": {"Name": "x"}, "stranger": "x",
}  # fmt: skip
"""One fault in every key there is."""


def test_all_faults_are_told_together() -> None:
    faults = messages(GOOD | texts(ALONE))
    told = {re.split(r"[\[.:]", line.removeprefix("mysql-pair:"))[0] for line in faults}
    assert told == DECLARED.keys() - {"vpcId", "serverSubnetId", "serverSubnetIds"} | {"stranger"}


ELSEWHERE: dict[str, object] = {"serverSubnetCidr": "10.20.16.0/24"}
"""A server's subnet that is a part of the first public one."""


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
    ({"serverPrivateIp": "x", "mysqlSettings": {"innodb_buffer_pool_size": "64G"}}, ["pool", "serverPrivateIp"]),
    (
        {"serverSubnetCidr": "x", "mysqlSettings": {"innodb_buffer_pool_size": "64G"}},
        ["pool", "serverSubnetCidr"],
    ),
    (
        {"serverInstanceType": "t3.colossal", "serverAmi": NO_IMAGE, "mysqlPort": 22},
        ["mysqlPort", "serverInstanceType", "serverAmi"],
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
        ['users["A b"]', 'users["A b"].grants[0].privileges[0]'],
    ),
    ({"users": {"app": {}, "b": {"name": "app"}}}, ["users.b"]),
    ({"users": {"app": {}, "b": {"name": "app"}}, "vpcCidr": "x"}, ["vpcCidr"]),
    ({"users": {"app": {"host": "x y"}, "b": {"name": "app"}}}, ["users.app.host"]),
    (user(host="%", name="app") | {"vpcCidr": "x", "roles": {"app": {}}}, ["vpcCidr", "users.app"]),
    (user(roles=["reeding"], defaultRoles=["reading"]) | {"roles": READING}, ["users.app.roles[0]"]),
    (user(database="ap"), ["users.app.database"]),
    (user(roles=["r"], database="app", grants=[]) | {"roles": {"r": {"grants": "x"}}}, ["roles.r.grants"]),
    (user(grants=[{"database": 7, "privileges": ["PROCESS"]}] * 2), [TARGET, "users.app.grants[1].database"]),
    (grant("SELECT", "PROCESS", "SELCT", database="ap"), [f"{PRIVILEGES}[2]", PRIVILEGES, TARGET]),
    (grant("PROCESS", "SUPER", "EVENT", database="app", table="t"), [f"{PRIVILEGES}[1]", PRIVILEGES, PRIVILEGES]),
    (grant("ALL", "UPDATE"), [PRIVILEGES] * 3),
    (user(grants=[{"privileges": "x"}]), [PRIVILEGES]),
    ({"passwordGenerations": {"app": 0}, "finishedGenerations": {"app": 5}}, ["passwordGenerations.app"]),
    ({"passwordGenerations": "x", "finishedGenerations": {"app": 5}}, ["passwordGenerations"]),
    ({"primaryUser": "x", "users": {"b": {}, "a": {}}, "userPasswords": ""}, ["primaryUser"]),
]


@pytest.mark.parametrize(("changes", "keys"), TOGETHER)
def test_a_fault_hides_no_other_and_brings_none_about(changes: dict[str, object], keys: list[str]) -> None:
    faults = messages(GOOD | texts(changes))
    told = [line.removeprefix("mysql-pair:").split(": ")[0] for line in faults]
    assert told == ["mysqlSettings.innodb_buffer_pool_size" if key == "pool" else key for key in keys], faults
