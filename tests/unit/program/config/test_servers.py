"""Config of several servers: how many, where they are, and what is told before anything is made."""

from __future__ import annotations

from typing import Any

import pytest

import stack_config
from components.mysql.memory import POOL, derived
from components.network import ExistingNetwork
from scripts.host.group.spec import MemberSpec
from stack_config.aws import AddressFacts, HostFacts
from tests.unit.program.configs import (
    ENDPOINT,
    EXISTING,
    GOOD,
    SECRET,
    FakeCloud,
    assert_told,
    messages,
    parsed,
    texts,
)

A, B, C = FakeCloud.ZONES
THREE: dict[str, Any] = {"servers": 3}
SUBNETS = ["subnet-0a1b2c3d", "subnet-0a1b2c0b", "subnet-0a1b2c0c"]
"""One in each zone."""
ADDRESSES = ["10.30.1.10", "10.30.11.10", "10.30.12.10"]
THERE: dict[str, Any] = {
    "servers": 3,
    "vpcId": EXISTING["vpcId"],
    "clients": EXISTING["clients"],
    "serverSubnetIds": SUBNETS,
    "serverPrivateIps": ADDRESSES,
}
"""Three servers in a VPC that is there."""

# the keys that are wrong, the one that is told, what is said of it
FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"servers": 2}, "servers", "is 2. Write 1, 3 or 5: a group goes on as long as more than half of its servers do"),
    ({"servers": 4}, "servers", "a fourth one outlasts no more than the third does"),
    ({"servers": 7}, "servers", "Write 1, 3 or 5"),
    ({"servers": "many"}, "servers", "is many"),
    ({**THREE, "dataVolumeSize": 0}, "dataVolumeSize", "each of several servers keeps its data on a volume of its own"),
    ({**THREE, "serverInstanceType": "t3.micro"}, "serverInstanceType", "has 1024 MiB, too little for a member"),
    ({**THREE, "mysqlPort": 33061}, "mysqlPort", "33061 is Group Replication's"),
    ({**THREE, "mysqlPort": 33065}, "mysqlPort", "33065 is the one that says each server's role"),
    ({**THREE, "mysqlPort": 65535}, "mysqlPort", "the port for reading is the next one"),
    ({**THREE, "clientProxy": False}, "clientProxy", "is false, and there are several servers: only a proxy leads to"),
    ({"clientProxy": True, "mysqlPort": 65535}, "mysqlPort", "the port for reading is the next one"),
    ({**THREE, "serverPrivateIp": "10.20.0.10"}, "serverPrivateIp", "is of one server, and there are 3"),
    ({**THREE, "serverPrivateIps": ["10.20.0.10"]}, "serverPrivateIps", "has 1 entries for 3 servers"),
    ({**THREE, "serverPrivateIps": "10.20.0.10"}, "serverPrivateIps", "neither YAML's nor JSON's"),
    ({"serverPrivateIps": ["10.20.0.10"]}, "serverPrivateIps", "there is one. Set serverPrivateIp in its place"),
    (
        {**THREE, "serverPrivateIps": ["10.20.0.10", "10.20.64.10", "10.20.64.11"]},
        "serverPrivateIps[2]",
        "10.20.64.11 is not in server-3's subnet 10.20.80.0/20",
    ),
    (
        {**THREE, "serverPrivateIps": ["10.20.0.10", "10.20.64.3", "10.20.80.10"]},
        "serverPrivateIps[1]",
        "10.20.64.3 is one that EC2 keeps of 10.20.64.0/20",
    ),
    (
        {**THREE, "zones": 2, "serverPrivateIps": ["10.20.0.10", "10.20.64.10", "10.20.0.10"]},
        "serverPrivateIps[2]",
        "10.20.0.10 is that of serverPrivateIps[0] too",
    ),
    ({**THREE, "memberSubnetCidrs": ["10.20.64.0/24"]}, "memberSubnetCidrs", "has 1 ranges for 2 zones"),
    ({"loadBalancer": True}, "loadBalancer", "is for several servers, and there is one"),
    ({**THREE, "loadBalancer": "perhaps"}, "loadBalancer", "'perhaps' is neither true nor false"),
    ({**THREE, "memberSubnetCidrs": ["10.20.64.0/24", 7]}, "memberSubnetCidrs[1]", "not an IPv4 range"),
    ({**THREE, "memberSubnetCidrs": ["10.20.0.0/24", "10.20.64.0/24"]}, "memberSubnetCidrs", "overlaps 10.20.0.0/20"),
    ({**THREE, "memberSubnetCidrs": ["10.9.0.0/24", "10.20.64.0/24"]}, "memberSubnetCidrs", "not within the VPC"),
    ({"memberSubnetCidrs": ["10.20.64.0/24"]}, "memberSubnetCidrs", "is of several servers, and there is one"),
    ({**THREE, **EXISTING}, "serverSubnetId", "is of one server, and there are 3"),
    ({**EXISTING, "serverSubnetIds": SUBNETS}, "serverSubnetIds", "Set serverSubnetId in its place"),
    ({**THERE, "serverSubnetIds": ""}, "serverSubnetIds", "is missing"),
    ({**THERE, "serverSubnetIds": SUBNETS[:2]}, "serverSubnetIds", "has 2 entries for 3 servers"),
    ({**THERE, "serverSubnetIds": [*SUBNETS[:2], "x"]}, "serverSubnetIds[2]", "not a subnet's id"),
    ({**THERE, "serverSubnetIds": [*SUBNETS[:2], "subnet-0f0f0f0f"]}, "serverSubnetIds[2]", "a subnet of vpc-0f0f0f0f"),
    ({**THERE, "serverPrivateIps": ""}, "serverPrivateIps", "is missing, and in a VPC that is there others may have"),
    ({**THERE, "serverPrivateIps": [*ADDRESSES[:2], "10.30.1.11"]}, "serverPrivateIps[2]", "not in server-3's subnet"),
    ({**THERE, "memberSubnetCidrs": ["10.20.64.0/24"]}, "memberSubnetCidrs", "belongs to a VPC of the program's own"),
    ({**THREE, "sshEndpoints": {"server-4": ENDPOINT}}, "sshEndpoints.server-4", "Its hosts are client-1, server, "),
    ({"sshEndpoints": {"server-2": ENDPOINT}}, "sshEndpoints.server-2", "is no host of this stack"),
    ({**THREE, "clients": [{"name": "server"}]}, "clients[0].name", "is the server's name"),
    ({**THREE, "clients": [{"name": "server-2"}]}, "clients[0].name", "ends like a host's number"),
    ({**THREE, "clients": [{"name": "app", "public": False}]}, "clients", "no jump host to server, server-2, server-3"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "key", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(changes: dict[str, Any], key: str, said: str) -> None:
    assert_told(changes, key, said)


# the keys that are wrong, every key that is told: nothing follows from a number of servers that is not known
ALONE: list[tuple[dict[str, Any], list[str]]] = [
    ({"servers": 2, "serverPrivateIps": ["10.20.0.10", "10.20.0.11"]}, ["servers"]),
    ({"servers": 2, "memberSubnetCidrs": ["10.20.64.0/24"]}, ["servers"]),
    ({"servers": 2, "clientProxy": False}, ["servers"]),
    ({**THREE, "clientProxy": "x"}, ["clientProxy"]),
    ({"servers": 2, "sshEndpoints": {"server-2": ENDPOINT}}, ["servers"]),
    ({"servers": 2, "sshEndpoints": {"servers-2": ENDPOINT}}, ["servers", "sshEndpoints.servers-2"]),
    ({**THERE, "servers": 2}, ["servers"]),
    ({**THERE, "servers": 2, "serverSubnetIds": ["x"]}, ["servers", "serverSubnetIds[0]"]),
    ({**THREE, "zones": "x", "memberSubnetCidrs": ["10.20.64.0/24"]}, ["zones"]),
    ({**THREE, "memberSubnetCidrs": ["x", "y"], "serverPrivateIps": ADDRESSES},
     ["memberSubnetCidrs[0]", "memberSubnetCidrs[1]", "serverPrivateIps[0]"]),
    ({**THERE, "serverSubnetIds": ["x", *SUBNETS[1:]]}, ["serverSubnetIds[0]"]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "keys"), ALONE)
def test_a_fault_hides_no_other_and_brings_none_about(changes: dict[str, Any], keys: list[str]) -> None:
    told = [line.removeprefix("mysql-pair:").split(": ")[0] for line in messages(GOOD | texts(changes))]
    assert told == keys


# the number of servers, the number of zones if it is set, each server's address
PLACES: list[tuple[int, int | None, list[str]]] = [
    (1, None, ["10.20.0.10"]),
    (3, None, ["10.20.0.10", "10.20.64.10", "10.20.80.10"]),
    (5, None, ["10.20.0.10", "10.20.64.10", "10.20.80.10", "10.20.0.11", "10.20.64.11"]),
    (3, 2, ["10.20.0.10", "10.20.64.10", "10.20.0.11"]),
    (5, 2, ["10.20.0.10", "10.20.64.10", "10.20.0.11", "10.20.64.11", "10.20.0.12"]),
]


@pytest.mark.parametrize(("count", "zones", "addresses"), PLACES)
def test_servers_are_spread_over_the_zones_and_each_has_an_address_that_it_keeps(
    count: int, zones: int | None, addresses: list[str]
) -> None:
    config = parsed(servers=count, **({"zones": zones} if zones else {}))
    names = ["server", "server-2", "server-3", "server-4", "server-5"][:count]
    assert config.members == tuple(MemberSpec(*pair) for pair in zip(names, addresses, strict=True))
    assert [server.get("private_ip") for server in config.servers] == addresses


def test_one_server_has_no_key_more_than_before() -> None:
    one = parsed()
    assert "client_proxy" not in one.server
    assert one.servers == (one.server,) and one.data_volumes == (one.data_volume,)
    network: Any = one.network
    assert "in_group" not in one.reach and "member_subnet_cidrs" not in network
    assert network["zones"] == (A, B)


def test_the_rules_of_a_former_group_stay_until_its_first_server_has_left_it() -> None:
    second = HostFacts("ami-0123456789abcdef0", "10.20.64.10", "subnet-0d0d0d0d", is_protected=False)
    for there, shrinks in ((FakeCloud(server_2=(second, "x86_64")), True), (FakeCloud(), None)):
        assert stack_config.parse(GOOD, SECRET, there).reach.get("shrinks") is shrinks


def test_three_servers_have_a_subnet_and_a_volume_in_a_zone_each() -> None:
    config = parsed(**THREE, dataVolumeSize=40)
    network: Any = config.network
    assert (network["zones"], network["member_subnet_cidrs"]) == ((A, B, C), ["10.20.64.0/20", "10.20.80.0/20"])
    assert len(network["public_subnet_cidrs"]) == len(network["private_subnet_cidrs"]) == 3
    assert [(volume.get("size_gib"), volume["zone"]) for volume in config.data_volumes] == [(40, A), (40, B), (40, C)]
    assert config.reach.get("in_group") is True


# config, whether client hosts have a proxy
PROXIES: list[tuple[dict[str, Any], bool | None]] = [
    ({}, None), ({"clientProxy": False}, False), ({"clientProxy": True}, True), (THREE, True),
    ({**THREE, "clientProxy": True}, True),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "has_proxy"), PROXIES)
def test_client_hosts_of_several_servers_have_a_proxy_and_of_one_if_asked_for(
    changes: dict[str, Any], has_proxy: bool | None
) -> None:
    assert {server.get("client_proxy") for server in parsed(**changes).servers} == {has_proxy}


def test_what_all_servers_have_is_read_once() -> None:
    first, *others = parsed(**THREE, serverInstanceType="m5.xlarge", serverPackages=["jq"]).servers
    for other in others:
        assert {**first, "private_ip": ""} == {**other, "private_ip": ""}


def test_addresses_and_subnets_of_ones_own_are_taken() -> None:
    given = ["10.20.0.20", "10.20.4.20", "10.20.5.20"]
    ranges = {"serverSubnetCidr": "10.20.0.0/24", "memberSubnetCidrs": ["10.20.4.0/24", "10.20.5.0/24"]}
    config = parsed(**THREE, **ranges, serverPrivateIps=given)
    assert [member.address for member in config.members] == given


def test_servers_in_a_vpc_that_is_there_have_a_subnet_each() -> None:
    config = parsed(**THERE)
    assert config.network == ExistingNetwork(
        "vpc-0a1b2c3d", SUBNETS[0], more_subnet_ids=tuple(SUBNETS[1:]), balancer_subnet_ids=tuple(SUBNETS)
    )
    assert [member.address for member in config.members] == ADDRESSES
    assert [volume["zone"] for volume in config.data_volumes] == [A, B, C]


def test_a_single_server_whose_address_ec2_chooses_has_none_yet() -> None:
    assert parsed(**EXISTING).members == (MemberSpec("server", ""),)


def test_a_volume_or_snapshot_that_is_there_is_the_first_servers_and_the_others_are_made_as_large() -> None:
    given = parsed(**THREE, dataVolumeId="vol-0a0a0a0a").data_volumes
    assert [(volume.get("volume_id"), volume.get("size_gib")) for volume in given] == [
        ("vol-0a0a0a0a", 20), (None, 20), (None, 20)
    ]  # fmt: skip
    made = parsed(**THREE, dataVolumeSnapshot="snap-0a0a0a0a", dataVolumeSize=100, dataVolumeIops=4000).data_volumes
    assert [(volume.get("snapshot_id"), volume.get("size_gib"), volume.get("iops")) for volume in made] == [
        ("snap-0a0a0a0a", 100, 4000), (None, 100, 4000), (None, 100, 4000)
    ]  # fmt: skip


# config, the key of the warning, what is said; empty for none
ZONES: list[tuple[dict[str, Any], str, str]] = [
    (THREE, "zones", ""),
    ({"servers": 5}, "zones", ""),
    ({**THREE, "zones": 2}, "zones", f"in {A} (server, server-3): while that zone is out, the others are no"),
    ({"servers": 5, "zones": 2}, "zones", f"puts 3 of 5 servers in {A} (server, server-3, server-5)"),
    (THERE, "serverSubnetIds", ""),
    ({**THERE, "serverSubnetIds": [SUBNETS[0], SUBNETS[1], SUBNETS[1]],
      "serverPrivateIps": [*ADDRESSES[:2], "10.30.11.11"]}, "serverSubnetIds", f"puts 2 of 3 servers in {B}"),
    ({**THERE, "serverSubnetIds": [SUBNETS[0]] * 3, "serverPrivateIps": [f"10.30.1.1{n}" for n in range(3)]},
     "serverSubnetIds", f"puts 3 of 3 servers in {A} (server, server-2, server-3): while that zone is out, there"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "key", "said"), ZONES)
def test_a_zone_that_takes_the_majority_along_is_a_warning(
    changes: dict[str, Any], key: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr("pulumi.warn", warned.append)
    parsed(**changes)
    assert len(warned) == bool(said), warned
    assert all(line.startswith(f"mysql-pair:{key}: ") and said in line for line in warned)


def test_each_servers_zone_offers_its_instance_type() -> None:
    network: Any = stack_config.parse(GOOD | texts(THREE), SECRET, FakeCloud({"t3.micro": [C]})).network
    assert network["zones"] == (C, A, B), "the client's type is in one zone only"
    (fault,) = messages(GOOD | texts(THREE), cloud=FakeCloud({"t3.small": [A, B]}))
    assert fault.startswith("mysql-pair:zones: AWS does not offer what is asked for") and "t3.small in zone 3" in fault
    (fault,) = messages(GOOD | texts(THERE), cloud=FakeCloud({"t3.small": [A, B]}))
    assert f"t3.small is not offered in {C}, where subnet-0a1b2c0c is" in fault
    (fault,) = messages(GOOD | texts(THREE), cloud=FakeCloud(zones=(A, B)))
    assert fault.startswith("mysql-pair:zones: is 3, and the region has")


def test_every_server_counts_among_vcpus_and_public_addresses() -> None:
    cloud = FakeCloud()
    cloud.vcpus = 7
    (fault,) = messages(GOOD | texts(THREE), cloud=cloud)
    assert "the hosts have 8 vCPUs, and the account may run 7" in fault
    cloud.vcpus, cloud.addresses = None, AddressFacts(3, 0, is_told=True)
    (fault,) = messages(GOOD | texts({**THREE, "serverPublic": True}), cloud=cloud)
    assert "4 Elastic IPs are needed (server, server-2, server-3, client-1)" in fault


def test_a_member_of_a_group_has_memory_left_for_it() -> None:
    assert parsed(**THREE).server["derived_settings"][POOL] == derived(2048, in_group=True)[POOL]
    assert int(derived(2048, in_group=True)[POOL]) < int(derived(2048)[POOL])


def test_several_servers_are_reached_by_tunnels_and_known_by_their_keys() -> None:
    names = ("server", "server-2", "server-3", "client-1")
    tunnels = {name: {"host": "127.0.0.1", "port": 2201 + number} for number, name in enumerate(names)}
    config = parsed(**THREE, sshEndpoints=tunnels, operatorCidrs=[])
    assert config.jump_host is None and set(config.ssh.endpoints) == {*names}
    del tunnels["server-3"]
    assert parsed(**THREE, sshEndpoints=tunnels).jump_host == "client-1"
