"""NAT gateways: hosts without a public address go out by one, are answered, and are never asked."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest

from lab.cloud.model import (
    Eip,
    Instance,
    NatGateway,
    Record,
    Route,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    Subnet,
)
from lab.machine import internet
from lab.tests.network.probes import (
    arrives,
    connects,
    datagrams,
    dial,
    echoes,
    icmp_answers,
    listening,
    peer_seen,
    reaches,
    send_as,
    udp_reaches,
)
from lab.tests.network.world import ANYWHERE, MIRROR, OUTSIDE_MACHINE, STRANGER, World

MACHINE = ""
"""The namespace that probes of the machine itself start in."""


@dataclass
class Site:
    """A public subnet with a NAT gateway and a host; a private subnet that leads to the gateway, with another."""

    lab: World
    public_route: Route
    nat: NatGateway
    table: RouteTable
    route: Route
    private: Subnet
    group: SecurityGroup
    public_host: Instance
    host: Instance

    @property
    def nat_address(self) -> str:
        """The address that the NAT gateway's hosts go out by."""
        return self.lab.store.get(Eip, self.nat.allocation_id).public_ip

    def goes_out(self) -> bool:
        """Tell whether the host's ping to the internet is answered."""
        return icmp_answers(self.lab.inside(self.host), str(self.lab.slot.machine_address))


@pytest.fixture
def site(lab: World) -> Site:
    vpc = lab.vpc()
    public, private = lab.subnet(vpc), lab.subnet(vpc, 1)
    public_route = lab.route(lab.main_table(vpc), lab.gateway(vpc))
    nat = lab.nat_gateway(public)
    table = lab.own_table(private)
    route = lab.route(table, nat)
    group = lab.group(vpc, egress=True)
    lab.allow(group, ANYWHERE, "-1")
    hosts = lab.host(public, group, public=True), lab.host(private, group)
    lab.refresh()
    return Site(lab, public_route, nat, table, route, private, group, *hosts)


def test_host_behind_nat_reaches_public_addresses_as_its_gateway(site: Site) -> None:
    source, target = site.lab.inside(site.host), site.lab.inside(site.public_host)
    assert peer_seen(source, target, site.lab.public_ip(site.public_host), 22) == site.nat_address
    assert udp_reaches(source, target, site.lab.public_ip(site.public_host), 53)
    assert site.goes_out()


def test_inside_the_vpc_nothing_is_translated(site: Site) -> None:
    source, target = site.lab.inside(site.host), site.lab.inside(site.public_host)
    assert peer_seen(source, target, site.public_host.private_ip, 22) == site.host.private_ip
    assert peer_seen(target, source, site.host.private_ip, 22) == site.public_host.private_ip


def test_host_behind_nat_reaches_the_mirror_and_nothing_else_outside(site: Site, outside: str) -> None:
    internet.open_way_to_mirror(site.lab.slot, {"mirror": [(MIRROR, 80)]})
    host = site.lab.inside(site.host)
    assert peer_seen(host, outside, MIRROR, 80) == OUTSIDE_MACHINE
    assert not reaches(host, outside, MIRROR, 81)
    assert not reaches(host, outside, STRANGER, 80)


def test_nobody_outside_reaches_a_host_through_the_gateway(site: Site) -> None:
    host, neighbour = site.lab.inside(site.host), site.lab.inside(site.public_host)
    assert site.goes_out()  # so that there is something to be mistaken for
    for source in (MACHINE, neighbour):
        assert not reaches(source, host, site.nat_address, 22)
        assert not icmp_answers(source, site.nat_address)
    with datagrams(host, 9999) as server:
        send_as(MACHINE, str(site.lab.slot.machine_address), site.nat_address, 9999)
        assert not arrives(server)


def test_two_hosts_share_the_gateway_and_are_told_apart(site: Site) -> None:
    twin = site.lab.host(site.private, site.group)
    site.lab.refresh()
    address = site.lab.public_ip(site.public_host)
    with ExitStack() as opened:
        server = opened.enter_context(listening(site.lab.inside(site.public_host), 22))
        for host in (site.host, twin):
            # Both from one port: the gateway has to find another for one of them.
            client = opened.enter_context(dial(site.lab.inside(host), address, 22, host.private_ip, 40000))
            accepted, peer = server.accept()
            opened.enter_context(accepted)
            assert peer[0] == site.nat_address
            assert echoes(client, accepted)


def test_security_groups_of_a_host_behind_nat_hold(site: Site) -> None:
    strict = site.lab.group(site.lab.vpcs[0])
    site.lab.allow(strict, ANYWHERE, "tcp", 80, direction="egress")
    site.lab.regroup(site.host, strict)
    site.lab.refresh()
    source, target, address = (
        site.lab.inside(site.host),
        site.lab.inside(site.public_host),
        site.lab.public_ip(site.public_host),
    )
    assert reaches(source, target, address, 80)
    assert not reaches(source, target, address, 81)
    assert site.lab.dropped(site.host, "egress") > 0


def test_rule_for_the_gateways_address_lets_its_hosts_in(site: Site) -> None:
    server = site.lab.group(site.lab.vpcs[0])
    site.lab.allow(server, f"{site.nat_address}/32", "tcp", 22)
    site.lab.regroup(site.public_host, server)
    site.lab.refresh()
    source, target = site.lab.inside(site.host), site.lab.inside(site.public_host)
    assert reaches(source, target, site.lab.public_ip(site.public_host), 22)
    assert not reaches(source, target, site.public_host.private_ip, 22)


def test_host_with_a_public_address_goes_out_by_nat_and_is_not_reached(site: Site) -> None:
    site.lab.put(replace(site.host, auto_public_ip=site.lab.public_address()))
    site.lab.refresh()
    host, address = site.lab.inside(site.host), site.lab.public_ip(site.host)
    peer = peer_seen(host, site.lab.inside(site.public_host), site.lab.public_ip(site.public_host), 22)
    assert peer == site.nat_address != address
    assert not reaches(MACHINE, host, address, 22)


def test_narrower_route_by_the_hosts_own_address_holds_for_its_part_alone(site: Site) -> None:
    site.lab.put(replace(site.host, auto_public_ip=site.lab.public_address()))
    target, other = site.public_host, site.lab.host(site.private, site.group)
    site.lab.put(
        replace(
            site.public_route,
            id="r-narrow",
            route_table_id=site.table.id,
            destination_cidr_block=f"{site.lab.public_ip(target)}/32",
        )
    )
    site.lab.refresh()
    host, own = site.lab.inside(site.host), site.lab.public_ip(site.host)
    assert peer_seen(host, site.lab.inside(target), site.lab.public_ip(target), 22) == own
    assert reaches(site.lab.inside(target), host, own, 22)
    # What comes from elsewhere would be answered through the NAT gateway, which knows nothing of it.
    assert not reaches(MACHINE, host, own, 22)
    assert site.goes_out()
    assert not connects(site.lab.inside(other), site.lab.public_ip(target), 22)


@pytest.mark.parametrize("gone", ["route", "gateway", "gateway's own way out"])
def test_no_way_out_once_a_part_of_it_is_gone(site: Site, gone: str) -> None:
    parts: dict[str, Record] = {
        "route": site.route,
        "gateway": site.nat,
        "gateway's own way out": site.public_route,
    }
    target, address = site.lab.inside(site.public_host), site.lab.public_ip(site.public_host)
    with listening(target, 22) as server, dial(site.lab.inside(site.host), address, 22) as client:
        accepted, _ = server.accept()
        with accepted:
            assert echoes(client, accepted)
            site.lab.store.delete(parts[gone])
            site.lab.refresh()
            assert not echoes(client, accepted)
    assert not site.goes_out()


def test_subnet_moved_to_another_route_table_follows_it_at_once(site: Site) -> None:
    """The association is changed in place, as a change of its routeTableId does."""
    dead_end = RouteTable("rtb-dead", site.private.vpc_id)
    site.lab.put(dead_end)
    (association,) = site.lab.store.all(RouteTableAssociation)
    site.lab.put(replace(association, route_table_id=dead_end.id))
    site.lab.refresh()
    assert not site.goes_out()
    site.lab.put(association)
    site.lab.refresh()
    assert site.goes_out()


def test_route_turned_from_the_internet_to_nat_cuts_the_host_off_from_outside(site: Site) -> None:
    site.lab.put(replace(site.host, auto_public_ip=site.lab.public_address()))
    site.lab.put(replace(site.route, gateway_id=site.public_route.gateway_id, nat_gateway_id=""))
    site.lab.refresh()
    host, address = site.lab.inside(site.host), site.lab.public_ip(site.host)
    with listening(host, 22) as server, dial(MACHINE, address, 22) as client:
        accepted, _ = server.accept()
        with accepted:
            assert echoes(client, accepted)
            site.lab.put(site.route)
            site.lab.refresh()
            assert not echoes(client, accepted)
    assert site.goes_out()
