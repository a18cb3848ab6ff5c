"""Config of who may ssh, who may reach MySQL and which ways lead out."""

from __future__ import annotations

import pytest

from tests.unit.program.configs import (
    EXISTING,
    assert_told,
    parsed,
)

# the keys that are wrong, the one that is told, what is said of it
FAULTS: list[tuple[dict[str, object], str, str]] = [
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
    ({"admittedSecurityGroupIds": ["12345/sg-0a1b2c3d"]}, "admittedSecurityGroupIds[0]", "like 123456789012/sg-"),
    ({"admittedCidrs": ["0.0.0.0/0"]}, "admittedCidrs[0]", "the whole internet"),
    ({"admittedCidrs": ["64.0.0.0/2"]}, "admittedCidrs[0]", "broader than /8"),
    ({"admittedCidrs": ["10.40.0.0/16", "10.40.0.0/16"]}, "admittedCidrs", "is there twice"),
    ({"admittedPrefixListIds": ["sg-0a1b2c3d"]}, "admittedPrefixListIds[0]", "not a prefix list's id"),
    ({"operatorPrefixListIds": "pl-0a1b2c3d"}, "operatorPrefixListIds", "neither YAML's nor JSON's"),
    ({"admittedSecurityGroupIds": ["sg-0a1b2c3d", "sg-0a1b2c3d"]}, "admittedSecurityGroupIds", "is there twice"),
    ({"extraEgress": [{"cidr": "10.0.0.0/8", "protocol": "tcp"}]}, "extraEgress[0].ports", "is missing"),
    ({"extraEgress": [{"cidr": "0.0.0.0/0", "protocol": "tcp", "ports": "443"}]}, "extraEgress[0]", "open already"),
    ({"extraEgress": [{"cidr": "10.0.0.0/8", "protocol": "udp", "ports": 53}] * 2}, "extraEgress[1]", "open already"),
    ({"extraEgress": [{"cidr": "10.0.0.0/8", "protocol": "icmp", "ports": "1"}]}, "extraEgress[0].protocol", "neither"),
    ({"extraEgress": [{"cidr": "10.0.0.0/8", "protocol": "tcp", "ports": "9-2"}]}, "extraEgress[0].ports", "no port"),
    ({"extraEgress": [{"cidr": "10.0.0.0/8", "protocol": "tcp", "port": 9}]}, "extraEgress[0].port", "mean ports?"),
]


@pytest.mark.parametrize(("changes", "key", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(changes: dict[str, object], key: str, said: str) -> None:
    assert_told(changes, key, said)


def test_who_may_reach_what_is_what_the_firewall_takes() -> None:
    clients = [{"name": "client"}, {"name": "app", "public": False}]
    config = parsed(
        xProtocol=True,
        mysqlPort=3307,
        clients=clients,
        extraEgress=[{"cidr": "10.0.0.0/8", "protocol": "tcp", "ports": "8000-8010"}],
    )
    assert config.reach == {
        "operator_cidrs": ("203.0.113.7/32", "198.51.100.0/24"),
        "operator_group_ids": (),
        "operator_prefix_list_ids": (),
        "server_public": False,
        "jump_to_server": True,
        "jump_to_clients": True,
        "mysql_ports": [3307, 33060],
        "admitted_group_ids": (),
        "admitted_cidrs": (),
        "admitted_prefix_list_ids": (),
        "extra_egress": ({"cidr": "10.0.0.0/8", "protocol": "tcp", "ports": "8000-8010"},),
        "load_balanced": False,
    }


# the server's and the clients' publicity, the jump host, whether it leads to the server and to clients
JUMPS = [
    (False, [True, True], "a-1", True, False),
    (False, [False, True], "b-1", True, True),
    (True, [True, True], None, False, False),
    (True, [True, False], "a-1", False, True),
]


@pytest.mark.parametrize(("server", "clients", "jump", "to_server", "to_clients"), JUMPS)
def test_the_jump_host_is_the_first_public_client_if_there_are_private_hosts(
    server: bool, clients: list[bool], jump: str | None, to_server: bool, to_clients: bool
) -> None:
    groups = [{"name": name, "public": public} for name, public in zip("ab", clients, strict=True)]
    config = parsed(serverPublic=server, clients=groups)
    assert config.jump_host == jump
    assert (config.reach.get("jump_to_server"), config.reach.get("jump_to_clients")) == (to_server, to_clients)


def test_operators_in_a_prefix_list_need_no_range() -> None:
    config = parsed(operatorCidrs=[], operatorPrefixListIds=["pl-0a1b2c3d"])
    assert config.reach.get("operator_prefix_list_ids") == ("pl-0a1b2c3d",)


def test_hosts_behind_tunnels_need_neither_operators_nor_a_jump_host() -> None:
    tunnels = {host: {"host": "127.0.0.1", "port": port} for host, port in (("server", 2201), ("client-1", 2202))}
    config = parsed(operatorCidrs=[], sshEndpoints=tunnels, clients=[{"name": "client", "public": False}])
    assert (config.reach["operator_cidrs"], config.jump_host) == ((), None)
