"""Config of the VPC and its subnets: what is refused, and how it arrives."""

from __future__ import annotations

import pytest

import stack_config
from components.network import ExistingNetwork
from stack_config.aws import HostFacts
from tests.unit.program.configs import EXISTING, GOOD, SECRET, FakeCloud, assert_told, parsed, texts

# the keys that are wrong, the one that is told, what is said of it
FAULTS: list[tuple[dict[str, object], str, str]] = [
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
]


@pytest.mark.parametrize(("changes", "key", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(changes: dict[str, object], key: str, said: str) -> None:
    assert_told(changes, key, said)


def test_a_vpc_that_is_there_is_looked_up() -> None:
    config = parsed(**EXISTING)
    assert config.network == ExistingNetwork("vpc-0a1b2c3d", "subnet-0a1b2c3d")
    assert config.clients[0].subnet_id == "subnet-0a1b2c3e"


def test_in_a_subnet_of_somebody_elses_the_server_takes_no_address_that_may_be_taken() -> None:
    """EC2 refuses one in use: InvalidIPAddress.InUse (EC2 API Reference, "Error codes")."""
    assert "private_ip" not in parsed(**EXISTING).server
    assert parsed(**EXISTING, serverPrivateIp="10.30.1.20").server["private_ip"] == "10.30.1.20"


@pytest.mark.parametrize(("subnet", "kept"), [("subnet-0a1b2c3d", "10.30.1.10"), ("subnet-02020203", None)])
def test_a_server_that_is_there_keeps_its_address_in_its_subnet(subnet: str, kept: str | None) -> None:
    cloud = FakeCloud(server=(HostFacts("ami-0123456789abcdef0", "10.30.1.10", subnet, is_protected=False), "x86_64"))
    config = stack_config.parse(
        GOOD | texts({**EXISTING, "terminationProtection": False, "dataVolumeSize": 0}), SECRET, cloud
    )
    assert config.server.get("private_ip") == kept


def test_a_private_host_in_a_subnet_that_gives_public_addresses_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Source: VPC User Guide, "Modify the IP addressing attributes of your subnet"."""
    warned: list[str] = []
    monkeypatch.setattr("pulumi.warn", warned.append)
    cloud = FakeCloud()
    cloud.gives_public_addresses = True
    stack_config.parse(GOOD | texts(EXISTING), SECRET, cloud)
    assert [line.partition(": ")[0] for line in warned if "public address" in line] == ["mysql-pair:serverSubnetId"]
