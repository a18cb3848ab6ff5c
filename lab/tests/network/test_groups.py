"""Security groups: who reaches whom inside a VPC, as a user of the hosts would see it."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import pytest

from lab.cloud.model import Instance, SecurityGroup, Subnet, Vpc
from lab.tests.network import probes
from lab.tests.network.probes import connects, dial, echoes, icmp_answers, listening, reaches, udp_reaches
from lab.tests.network.world import ANYWHERE, World

MYSQL = 3306


@dataclass
class Pair:
    """A server and a client in one subnet, each in a group of its own; out is open, in is not."""

    lab: World
    vpc: Vpc
    subnet: Subnet
    servers: SecurityGroup
    clients: SecurityGroup
    server: Instance
    client: Instance

    def reaches(self, port: int = MYSQL, client: Instance | None = None) -> bool:
        """Tell whether the client, or another, connects to the server by its private address."""
        source = self.lab.inside(client or self.client)
        return reaches(source, self.lab.inside(self.server), self.server.private_ip, port)


@pytest.fixture
def pair(lab: World) -> Pair:
    vpc = lab.vpc()
    subnet = lab.subnet(vpc)
    servers, clients = lab.group(vpc, egress=True), lab.group(vpc, egress=True)
    server, client = lab.host(subnet, servers), lab.host(subnet, clients)
    return Pair(lab, vpc, subnet, servers, clients, server, client)


def test_nothing_comes_in_by_default(pair: Pair) -> None:
    pair.lab.refresh()
    assert not pair.reaches()
    assert pair.lab.dropped(pair.server) > 0
    address = pair.server.private_ip
    assert not icmp_answers(pair.lab.inside(pair.client), address)
    assert not udp_reaches(pair.lab.inside(pair.client), pair.lab.inside(pair.server), address, 53)


def test_members_of_one_group_do_not_reach_each_other_without_a_rule(pair: Pair) -> None:
    twin = pair.lab.host(pair.subnet, pair.servers)
    pair.lab.refresh()
    assert not pair.reaches(client=twin)
    pair.lab.allow(pair.servers, pair.servers, "tcp", MYSQL)
    pair.lab.refresh()
    assert pair.reaches(client=twin)
    assert not pair.reaches()


def test_rule_that_names_a_group_lets_its_members_in_and_no_third_host_of_the_subnet(pair: Pair) -> None:
    third = pair.lab.host(pair.subnet, pair.lab.group(pair.vpc, egress=True))
    pair.lab.allow(pair.servers, pair.clients, "tcp", MYSQL)
    pair.lab.allow(pair.servers, ANYWHERE, "tcp", 22)
    pair.lab.refresh()
    assert pair.reaches()
    assert pair.lab.dropped(pair.server) == 0
    assert not pair.reaches(client=third)
    assert pair.lab.dropped(pair.server) > 0
    assert pair.reaches(22, client=third)


def test_rule_opens_its_port_alone(pair: Pair) -> None:
    pair.lab.allow(pair.servers, pair.clients, "tcp", MYSQL)
    pair.lab.refresh()
    assert not pair.reaches(MYSQL - 1)
    assert not pair.reaches(MYSQL + 1)
    assert not udp_reaches(pair.lab.inside(pair.client), pair.lab.inside(pair.server), pair.server.private_ip, MYSQL)


def test_group_is_followed_as_members_come_and_go(pair: Pair) -> None:
    pair.lab.allow(pair.servers, pair.clients, "tcp", MYSQL)
    late = pair.lab.host(pair.subnet)
    pair.lab.refresh()
    assert not pair.reaches(client=late)
    pair.lab.regroup(late, pair.clients)
    pair.lab.refresh()
    # Of no group but the clients', whose own egress is open.
    assert pair.reaches(client=late)
    pair.lab.regroup(late, pair.lab.group(pair.vpc, egress=True))
    pair.lab.refresh()
    assert not pair.reaches(client=late)
    assert pair.reaches()


def test_removed_rule_refuses_new_connections_and_lets_an_established_one_go_on(pair: Pair) -> None:
    rule = pair.lab.allow(pair.servers, pair.clients, "tcp", MYSQL)
    pair.lab.refresh()
    source, target = pair.lab.inside(pair.client), pair.lab.inside(pair.server)
    with listening(target, MYSQL) as server, dial(source, pair.server.private_ip, MYSQL) as client:
        accepted, _ = server.accept()
        with accepted:
            pair.lab.store.delete(rule)
            pair.lab.refresh()
            assert echoes(client, accepted)
            assert not connects(source, pair.server.private_ip, MYSQL)
            assert pair.lab.dropped(pair.server) > 0


def test_rule_by_address_lets_that_host_in_and_no_other(pair: Pair) -> None:
    other = pair.lab.host(pair.subnet, pair.clients)
    pair.lab.allow(pair.servers, f"{pair.client.private_ip}/32", "tcp", MYSQL)
    pair.lab.refresh()
    assert pair.reaches()
    assert not pair.reaches(client=other)
    assert pair.lab.dropped(pair.server) > 0


def test_rule_by_cidr_covers_a_subnet(pair: Pair) -> None:
    elsewhere = pair.lab.host(pair.lab.subnet(pair.vpc, 1), pair.clients)
    pair.lab.allow(pair.servers, pair.subnet.cidr_block, "tcp", MYSQL)
    pair.lab.refresh()
    assert pair.reaches()
    assert not pair.reaches(client=elsewhere)


def test_range_of_ports_includes_both_ends(pair: Pair) -> None:
    pair.lab.allow(pair.servers, pair.clients, "tcp", (8000, 8002))
    pair.lab.refresh()
    assert [port for port in range(7999, 8004) if pair.reaches(port)] == [8000, 8001, 8002]


def test_rules_of_all_groups_of_a_host_add_up(pair: Pair) -> None:
    web = pair.lab.group(pair.vpc)
    pair.lab.allow(web, ANYWHERE, "tcp", 80)
    pair.lab.allow(pair.servers, ANYWHERE, "tcp", 22)
    pair.lab.regroup(pair.server, pair.servers, web)
    pair.lab.refresh()
    assert pair.reaches(80)
    assert pair.reaches(22)
    assert not pair.reaches(81)


def test_udp_rule_opens_udp_and_its_answers_and_not_tcp(pair: Pair) -> None:
    pair.lab.allow(pair.servers, pair.clients, "udp", 53)
    pair.lab.refresh()
    ends = pair.lab.inside(pair.client), pair.lab.inside(pair.server), pair.server.private_ip
    assert udp_reaches(*ends, 53)
    assert not udp_reaches(*ends, 54)
    assert pair.lab.dropped(pair.server) > 0
    assert not pair.reaches(53)


def test_rule_for_all_protocols_opens_everything(pair: Pair) -> None:
    pair.lab.allow(pair.servers, pair.clients, "-1")
    pair.lab.refresh()
    ends = pair.lab.inside(pair.client), pair.lab.inside(pair.server), pair.server.private_ip
    assert pair.reaches(1)
    assert udp_reaches(*ends, 65535)
    assert icmp_answers(pair.lab.inside(pair.client), pair.server.private_ip)


@pytest.mark.parametrize(
    ("kind", "ping", "timestamp"),
    [
        ((8, -1), True, False),
        ((8, 0), True, False),
        ((8, 1), False, False),
        ((13, 0), False, True),
        ((-1, -1), True, True),
    ],
    ids=["echo-any-code", "echo-code-0", "echo-code-1", "timestamp", "all"],
)
def test_icmp_rule_opens_its_type_and_code(pair: Pair, kind: tuple[int, int], ping: bool, timestamp: bool) -> None:
    pair.lab.allow(pair.servers, pair.clients, "icmp", kind)
    pair.lab.refresh()
    source, address = pair.lab.inside(pair.client), pair.server.private_ip
    assert icmp_answers(source, address) is ping
    assert icmp_answers(source, address, probes.TIMESTAMP) is timestamp
    assert not pair.reaches(22)


def test_new_group_without_rules_lets_nothing_out(pair: Pair) -> None:
    silent = pair.lab.group(pair.vpc)
    pair.lab.allow(pair.servers, ANYWHERE, "-1")
    pair.lab.regroup(pair.client, silent)
    pair.lab.refresh()
    assert not pair.reaches()
    assert pair.lab.dropped(pair.client, "egress") > 0
    assert pair.lab.dropped(pair.server) == 0
    pair.lab.allow(silent, ANYWHERE, "-1", direction="egress")
    pair.lab.refresh()
    assert pair.reaches()


def test_answers_leave_through_a_closed_egress(pair: Pair) -> None:
    closed = pair.lab.group(pair.vpc)
    pair.lab.allow(closed, pair.clients, "tcp", MYSQL)
    pair.lab.allow(closed, pair.clients, "udp", 53)
    pair.lab.regroup(pair.server, closed)
    pair.lab.refresh()
    assert pair.reaches()
    assert udp_reaches(pair.lab.inside(pair.client), pair.lab.inside(pair.server), pair.server.private_ip, 53)


@pytest.mark.parametrize("by", ["group", "cidr"])
def test_egress_rule_opens_its_peer_and_port_alone(pair: Pair, by: str) -> None:
    narrow = pair.lab.group(pair.vpc)
    peer = pair.servers if by == "group" else f"{pair.server.private_ip}/32"
    pair.lab.allow(narrow, peer, "tcp", MYSQL, direction="egress")
    pair.lab.allow(pair.servers, ANYWHERE, "-1")
    other_group = pair.lab.group(pair.vpc)
    pair.lab.allow(other_group, ANYWHERE, "-1")
    other = pair.lab.host(pair.subnet, other_group)
    pair.lab.regroup(pair.client, narrow)
    pair.lab.refresh()
    assert pair.reaches()
    assert not pair.reaches(MYSQL + 1)
    source, target = pair.lab.inside(pair.client), pair.lab.inside(other)
    assert not reaches(source, target, other.private_ip, MYSQL)
    assert pair.lab.dropped(pair.client, "egress") > 0


def test_host_of_another_subnet_is_reached_by_the_same_rules(pair: Pair) -> None:
    far = pair.lab.host(pair.lab.subnet(pair.vpc, 7), pair.clients)
    stranger = pair.lab.host(pair.lab.subnet(pair.vpc, 8), pair.lab.group(pair.vpc, egress=True))
    pair.lab.allow(pair.servers, pair.clients, "tcp", MYSQL)
    pair.lab.refresh()
    assert pair.reaches(client=far)
    assert not pair.reaches(client=stranger)


def test_rule_that_names_a_group_of_another_vpc_lets_nobody_in(pair: Pair) -> None:
    elsewhere = pair.lab.vpc(pair.lab.vpcs[0].cidr_block)
    foreign = pair.lab.group(elsewhere, egress=True)
    pair.lab.host(pair.lab.subnet(elsewhere), foreign, private_ip=pair.client.private_ip)
    pair.lab.allow(pair.servers, foreign, "tcp", MYSQL)
    pair.lab.refresh()
    assert not pair.reaches()


def test_refused_connection_is_silent_and_a_closed_port_says_so(pair: Pair) -> None:
    pair.lab.allow(pair.servers, pair.clients, "tcp", MYSQL)
    pair.lab.refresh()
    source, address = pair.lab.inside(pair.client), pair.server.private_ip
    with pytest.raises(TimeoutError):
        dial(source, address, MYSQL + 1)
    with pytest.raises(ConnectionRefusedError):
        dial(source, address, MYSQL)


def test_closed_udp_port_says_so_through_the_firewall(pair: Pair) -> None:
    """ICMP that answers an allowed packet needs no rule of its own."""
    pair.lab.allow(pair.servers, pair.clients, "udp", 53)
    pair.lab.refresh()
    with probes.at(pair.lab.inside(pair.client)):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with client:
        client.settimeout(probes.deadline())
        client.connect((pair.server.private_ip, 53))
        client.send(b"anyone?")
        with pytest.raises(ConnectionRefusedError):
            client.recv(16)
