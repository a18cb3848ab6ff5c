"""Public addresses, internet gateways and route tables: who reaches whom through the internet, and as whom.

The machine is the lab's internet; it speaks to hosts from its slot's machine_address.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace

import pytest

from lab.cloud.model import EipAssociation, Instance, InternetGateway, Route, SecurityGroup, Subnet, Vpc
from lab.tests.network.probes import connects, dial, echoes, icmp_answers, listening, peer_seen, reaches
from lab.tests.network.world import ANYWHERE, World

MACHINE = ""
"""The namespace that probes of the machine itself start in."""


@dataclass
class Site:
    """A public subnet with one host that lets port 22 in from anywhere."""

    lab: World
    vpc: Vpc
    subnet: Subnet
    gateway: InternetGateway
    route: Route
    group: SecurityGroup
    host: Instance

    def reached(self) -> bool:
        """Tell whether the machine connects to the host by its public address."""
        return reaches(MACHINE, self.lab.inside(self.host), self.lab.public_ip(self.host), 22)

    def goes_out(self) -> bool:
        """Tell whether the host's ping to the internet is answered."""
        return icmp_answers(self.lab.inside(self.host), str(self.lab.slot.machine_address))


@pytest.fixture
def site(lab: World) -> Site:
    vpc = lab.vpc()
    subnet, gateway = lab.subnet(vpc), lab.gateway(vpc)
    route = lab.route(lab.main_table(vpc), gateway)
    group = lab.group(vpc, egress=True)
    lab.allow(group, ANYWHERE, "tcp", 22)
    return Site(lab, vpc, subnet, gateway, route, group, lab.host(subnet, group, public=True))


def test_machine_reaches_a_public_address_as_one_outside_the_vpc(site: Site) -> None:
    site.lab.refresh()
    seen = peer_seen(MACHINE, site.lab.inside(site.host), site.lab.public_ip(site.host), 22)
    assert seen == str(site.lab.slot.machine_address)
    assert site.goes_out()


def test_rule_for_the_operators_address_lets_the_machine_in_and_no_other(site: Site) -> None:
    site.lab.allow(site.group, f"{site.lab.slot.machine_address}/32", "tcp", 3306)
    site.lab.allow(site.group, "192.0.2.77/32", "tcp", 3307)
    site.lab.refresh()
    target, address = site.lab.inside(site.host), site.lab.public_ip(site.host)
    assert reaches(MACHINE, target, address, 3306)
    assert not reaches(MACHINE, target, address, 3307)
    assert site.lab.dropped(site.host) > 0


def test_host_without_a_public_address_has_no_way_in_or_out(site: Site) -> None:
    private = site.lab.host(site.subnet, site.group)
    site.lab.refresh()
    assert not icmp_answers(site.lab.inside(private), str(site.lab.slot.machine_address))
    assert not connects(site.lab.inside(private), site.lab.public_ip(site.host), 22)
    assert reaches(site.lab.inside(private), site.lab.inside(site.host), site.host.private_ip, 22)


def test_no_internet_gateway_no_way_in_or_out(site: Site) -> None:
    site.lab.store.delete(site.route)
    site.lab.store.delete(site.gateway)
    site.lab.refresh()
    assert not site.reached()
    assert not site.goes_out()


def test_detached_internet_gateway_no_way_in_or_out(site: Site) -> None:
    site.lab.put(replace(site.gateway, vpc_id=""))
    site.lab.refresh()
    assert not site.reached()
    assert not site.goes_out()
    site.lab.put(site.gateway)
    site.lab.refresh()
    assert site.reached()
    assert site.goes_out()


def test_subnet_with_an_own_table_does_not_follow_the_main_one(site: Site) -> None:
    table = site.lab.own_table(site.subnet)
    sibling = site.lab.host(site.lab.subnet(site.vpc, 1), site.group, public=True)
    site.lab.refresh()
    assert not site.reached()
    assert not site.goes_out()
    target = site.lab.inside(sibling)
    assert reaches(MACHINE, target, site.lab.public_ip(sibling), 22)
    site.lab.route(table, site.gateway)
    site.lab.store.delete(site.route)
    site.lab.refresh()
    assert site.reached()
    assert not reaches(MACHINE, target, site.lab.public_ip(sibling), 22)


def test_route_to_a_narrower_cidr_leads_there_and_nowhere_else(site: Site) -> None:
    site.lab.store.delete(site.route)
    machine = f"{site.lab.slot.machine_address}/32"
    elsewhere = site.lab.route(site.lab.main_table(site.vpc), site.gateway, "192.0.2.0/24")
    site.lab.refresh()
    assert not site.reached()
    assert not site.goes_out()
    site.lab.put(replace(elsewhere, destination_cidr_block=machine))
    site.lab.refresh()
    assert site.reached()
    assert site.goes_out()


def test_removed_route_cuts_established_connections_too(site: Site) -> None:
    """Unlike a removed rule: routes hold for every packet."""
    site.lab.refresh()
    target, address = site.lab.inside(site.host), site.lab.public_ip(site.host)
    with listening(target, 22) as server, dial(MACHINE, address, 22) as client:
        accepted, _ = server.accept()
        with accepted:
            assert echoes(client, accepted)
            site.lab.store.delete(site.route)
            site.lab.refresh()
            assert not echoes(client, accepted)


def test_traffic_to_a_public_address_arrives_from_the_senders_public_address(site: Site) -> None:
    sender = site.lab.host(site.subnet, site.group, public=True)
    site.lab.refresh()
    source, target = site.lab.inside(sender), site.lab.inside(site.host)
    assert peer_seen(source, target, site.lab.public_ip(site.host), 22) == site.lab.public_ip(sender)
    assert peer_seen(source, target, site.host.private_ip, 22) == sender.private_ip


def test_group_rule_does_not_match_what_comes_by_the_public_address(site: Site) -> None:
    clients = site.lab.group(site.vpc, egress=True)
    sender = site.lab.host(site.subnet, clients, public=True)
    site.lab.allow(site.group, clients, "tcp", 3306)
    site.lab.refresh()
    source, target = site.lab.inside(sender), site.lab.inside(site.host)
    assert reaches(source, target, site.host.private_ip, 3306)
    assert not reaches(source, target, site.lab.public_ip(site.host), 3306)
    assert site.lab.dropped(site.host) > 0


def test_rule_for_the_clients_public_address_matches_no_traffic_to_the_private_one(site: Site) -> None:
    sender = site.lab.host(site.subnet, site.lab.group(site.vpc, egress=True), public=True)
    site.lab.allow(site.group, f"{site.lab.public_ip(sender)}/32", "tcp", 3306)
    site.lab.refresh()
    source, target = site.lab.inside(sender), site.lab.inside(site.host)
    assert not reaches(source, target, site.host.private_ip, 3306)
    assert site.lab.dropped(site.host) > 0
    assert reaches(source, target, site.lab.public_ip(site.host), 3306)


def test_host_reaches_itself_by_its_own_public_address(site: Site) -> None:
    site.lab.refresh()
    own, address = site.lab.inside(site.host), site.lab.public_ip(site.host)
    assert peer_seen(own, own, address, 22) == address


def test_hosts_of_two_vpcs_of_a_lab_meet_by_public_addresses_alone(site: Site) -> None:
    vpc = site.lab.vpc(site.vpc.cidr_block)
    site.lab.route(site.lab.main_table(vpc), site.lab.gateway(vpc))
    group = site.lab.group(vpc, egress=True)
    far = site.lab.host(site.lab.subnet(vpc), group, public=True)
    site.lab.refresh()
    source, target = site.lab.inside(far), site.lab.inside(site.host)
    assert peer_seen(source, target, site.lab.public_ip(site.host), 22) == site.lab.public_ip(far)
    assert not reaches(source, target, site.host.private_ip, 22)


def test_stopped_host_gives_its_public_address_up_and_starts_with_another(site: Site) -> None:
    site.lab.refresh()
    assert site.reached()
    before = site.lab.public_ip(site.host)
    site.lab.put(replace(site.host, auto_public_ip=""))
    site.lab.refresh()
    target = site.lab.inside(site.host)
    assert not reaches(MACHINE, target, before, 22)
    assert not site.goes_out()
    site.lab.put(replace(site.host, auto_public_ip=site.lab.public_address()))
    site.lab.refresh()
    assert site.lab.public_ip(site.host) != before
    assert site.reached()
    assert not reaches(MACHINE, target, before, 22)


def test_elastic_ip_takes_the_automatic_address_place_and_stays_over_a_stop(site: Site) -> None:
    automatic = site.lab.public_ip(site.host)
    elastic = site.lab.elastic(site.host)
    site.lab.refresh()
    target = site.lab.inside(site.host)
    assert reaches(MACHINE, target, elastic, 22)
    assert not reaches(MACHINE, target, automatic, 22)
    site.lab.put(replace(site.host, auto_public_ip=""))
    site.lab.refresh()
    assert reaches(MACHINE, target, elastic, 22)


def test_elastic_ip_moves_to_another_host_at_once(site: Site) -> None:
    address = site.lab.elastic(site.host)
    other = site.lab.host(site.subnet, site.group)
    site.lab.refresh()
    association = site.lab.store.all(EipAssociation)[0]
    site.lab.put(replace(association, instance_id=other.id))
    site.lab.refresh()
    assert reaches(MACHINE, site.lab.inside(other), address, 22)
    assert not reaches(MACHINE, site.lab.inside(site.host), address, 22)


def test_elastic_ip_moves_to_a_host_of_another_vpc(site: Site) -> None:
    address = site.lab.elastic(site.host)
    vpc = site.lab.vpc(site.vpc.cidr_block)
    site.lab.route(site.lab.main_table(vpc), site.lab.gateway(vpc))
    group = site.lab.group(vpc)
    site.lab.allow(group, ANYWHERE, "tcp", 22)
    other = site.lab.host(site.lab.subnet(vpc), group)
    site.lab.refresh()
    association = site.lab.store.all(EipAssociation)[0]
    for holder in (other, site.host):
        site.lab.put(replace(association, instance_id=holder.id))
        site.lab.refresh()
        assert reaches(MACHINE, site.lab.inside(holder), address, 22)


def test_machine_does_not_reach_private_addresses_and_is_told_so_at_once(site: Site) -> None:
    site.lab.refresh()
    with listening(site.lab.inside(site.host), 22), pytest.raises(OSError) as refused:
        dial(MACHINE, site.host.private_ip, 22)
    assert refused.value.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH)
