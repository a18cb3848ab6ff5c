"""Config of the server: its instance and address, and mysqld's ports."""

from __future__ import annotations

import pytest

import stack_config
from components.args import hints_of
from components.backups.log_settings import GTIDS
from components.mysql.disk import fitted
from components.mysql.memory import derived
from components.mysql.server import ServerArgs
from stack_config.server import KEYS
from tests.unit.program.configs import GOOD, SECRET, FakeCloud, assert_told, grant, parsed

ALONE = ("operatorCidrs", "sshPublicKey", "sshPrivateKey", "userPasswords")
"""The keys without which nothing works, and the passwords."""

# the keys that are wrong, the one that is told, what is said of it
FAULTS: list[tuple[dict[str, object], str, str]] = [
    ({"serverInstanceType": "small"}, "serverInstanceType", "not an instance type"),
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
    ({"serverCertificateNames": ["DB.example.org"]}, "serverCertificateNames[0]", "not a DNS name in lower case"),
    ({"serverCertificateNames": ["10.20.0.10"]}, "serverCertificateNames[0]", "not a DNS name in lower case"),
    ({"serverCertificateNames": ["a." * 127 + "org"]}, "serverCertificateNames[0]", "has 257 characters"),
    ({"lowerCaseTableNames": 2}, "lowerCaseTableNames", "from 0 to 1"),
    ({"lowerCaseTableNames": 1, "databases": {"app": {}, "Shop": {}}}, "databases.Shop", "has capitals"),
    (
        {"lowerCaseTableNames": 1, **grant("SELECT", database="app", table="Orders")},
        "users.app.grants[0].table",
        "has capitals",
    ),
    (
        {"lowerCaseTableNames": 1, **grant("SELECT", database="Dev%", pattern=True)},
        "users.app.grants[0].database",
        "has capitals",
    ),
    ({"mysqlSettings": {"lower_case_table_names": 1}}, "mysqlSettings.lower_case_table_names", "a key of its own"),
    ({"serverPackages": ["Percona"]}, "serverPackages[0]", "not a package's name"),
]


@pytest.mark.parametrize(("changes", "key", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(changes: dict[str, object], key: str, said: str) -> None:
    assert_told(changes, key, said)


def test_a_good_config_is_what_the_components_take() -> None:
    config = parsed()
    assert config.server == {
        "instance_type": "t3.small",
        "public": False,
        "packages": (),
        "volume_gib": 16,
        "private_ip": "10.20.0.10",
        "termination_protection": False,  # the data volume's is in its place
        "mysql_port": 3306,
        "x_protocol": False,
        "require_secure_transport": True,
        "certificate_names": (),
        "lower_case_table_names": 0,
        "derived_settings": {**fitted(derived(2048), 16, 3000), "skip_name_resolve": True, **GTIDS},
        "settings": {},
    }
    assert config.network == {
        "vpc_cidr": "10.20.0.0/16",
        "zones": ("eu-central-1a", "eu-central-1b"),
        "server_subnet_cidr": "10.20.0.0/20",
        "public_subnet_cidrs": ["10.20.16.0/20", "10.20.32.0/20"],
        "private_subnet_cidrs": ["10.20.144.0/20", "10.20.160.0/20"],
        "server_public": False,
        "nat_gateway": True,
        "s3_endpoint": True,
    }
    assert config.clients[0].hosts == ("client-1",)
    assert config.clients[0].instance == {"instance_type": "t3.micro", "public": True, "ami": None, "packages": ()}


def test_a_key_that_is_empty_or_absent_has_the_default_of_pulumi_yaml() -> None:
    empty = parsed(serverInstanceType="", terminationProtection="", mysqlPort=" ", serverPackages="", databases="")
    absent = stack_config.parse({key: GOOD[key] for key in ALONE}, SECRET, FakeCloud())
    for config in (empty, absent):
        assert (config.server, config.accounts, config.clients) == (
            parsed().server,
            parsed().accounts,
            parsed().clients,
        )


def test_every_field_of_the_server_is_a_key_of_config_or_derived() -> None:
    concluded = {"private_ip", "settings", "derived_settings"}
    assert {*KEYS.values()} | concluded == hints_of(ServerArgs).keys()
