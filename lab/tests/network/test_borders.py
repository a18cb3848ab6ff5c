"""What a host, even its root, cannot get at: the machine, the world outside, other labs, its own firewall."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_interface

import pytest

from lab.cloud.model import Instance, SecurityGroup, Subnet, Vpc
from lab.machine import internet, network
from lab.settings import LabError
from lab.tests.network.probes import (
    arrives,
    connects,
    datagrams,
    dial,
    icmp_answers,
    listening,
    peer_seen,
    reaches,
    send_as,
    udp_reaches,
)
from lab.tests.network.world import ANYWHERE, MIRROR, OUTSIDE_MACHINE, STRANGER, World, ip, nft


@dataclass
class Site:
    """A public subnet with two hosts that let everything in and out."""

    lab: World
    vpc: Vpc
    subnet: Subnet
    group: SecurityGroup
    host: Instance
    twin: Instance


def open_site(lab: World) -> Site:
    vpc = lab.vpc()
    subnet = lab.subnet(vpc)
    lab.route(lab.main_table(vpc), lab.gateway(vpc))
    group = lab.group(vpc, egress=True)
    lab.allow(group, ANYWHERE, "-1")
    hosts = (lab.host(subnet, group, public=True) for _ in range(2))
    return Site(lab, vpc, subnet, group, *hosts)


@pytest.fixture
def site(lab: World) -> Site:
    opened = open_site(lab)
    lab.refresh()
    return opened


def test_host_reaches_the_mirror_as_the_machine_and_nothing_else_outside(site: Site, outside: str) -> None:
    internet.open_way_to_mirror(site.lab.slot, {"mirror": [(MIRROR, 80)]})
    host = site.lab.inside(site.host)
    assert peer_seen(host, outside, MIRROR, 80) == OUTSIDE_MACHINE
    assert not reaches(host, outside, MIRROR, 81)
    assert not reaches(host, outside, STRANGER, 80)
    assert not udp_reaches(host, outside, MIRROR, 80)
    assert not icmp_answers(host, MIRROR)


def test_before_a_way_is_opened_nothing_outside_is_reached(site: Site, outside: str) -> None:
    internet._let_answers_in(f"lab{site.lab.slot.number}out")  # as another lab, with its way open, would have
    host = site.lab.inside(site.host)
    assert not reaches(host, outside, MIRROR, 80)
    internet.open_way_to_mirror(site.lab.slot, {"mirror": [(MIRROR, 80)]})
    site.lab.refresh()
    assert reaches(host, outside, MIRROR, 80)


def test_mirror_is_out_of_reach_without_a_route_to_an_internet_gateway(site: Site, outside: str) -> None:
    internet.open_way_to_mirror(site.lab.slot, {"mirror": [(MIRROR, 80)]})
    site.lab.own_table(site.subnet)
    site.lab.refresh()
    assert not reaches(site.lab.inside(site.host), outside, MIRROR, 80)


def test_world_outside_reaches_no_host(site: Site, outside: str) -> None:
    """Not even with a packet that asks for no answer."""
    internet.open_way_to_mirror(site.lab.slot, {"mirror": [(MIRROR, 80)]})
    address = site.lab.public_ip(site.host)
    assert not reaches(outside, site.lab.inside(site.host), address, 22)
    with datagrams(site.lab.inside(site.host), 9999) as server:
        send_as("", str(site.lab.slot.machine_address), address, 9999)
        assert arrives(server)
        server.recv(64)
        send_as(outside, MIRROR, address, 9999)
        assert not arrives(server)


def test_forwarding_of_the_machines_own_links_is_put_back(
    site: Site, outside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(internet, "SAVED_FORWARDING", site.lab.lab.folder / "forwarding")
    assert outside
    setting = f"net.ipv4.conf.lab{site.lab.slot.number}out.forwarding"

    def current() -> str:
        return subprocess.run(["sysctl", "-n", setting], capture_output=True, text=True, check=True).stdout

    before = current()
    for _ in range(2):
        internet.open_way_to_mirror(site.lab.slot, {"mirror": [(MIRROR, 80)]})
    assert current() == "1\n"
    internet.restore_forwarding()
    assert current() == before == "0\n"


def test_host_reaches_no_service_of_the_machine(site: Site, outside: str) -> None:
    assert outside
    host = site.lab.inside(site.host)
    for address in (str(site.lab.slot.machine_address), OUTSIDE_MACHINE):
        with listening("", 8765, address):
            assert connects("", address, 8765)
            assert not connects(host, address, 8765)


def test_host_reaches_nothing_on_its_router(site: Site) -> None:
    host, router = site.lab.inside(site.host), site.lab.router(site.vpc)
    gateway = next(host.gateway for host in site.lab.plan(site.vpc).hosts)
    for address in (gateway, str(site.lab.slot.uplink_address)):
        assert not reaches(host, router, address, 8765)


def test_root_of_a_host_neither_sees_nor_changes_the_firewall(lab: World) -> None:
    vpc = lab.vpc()
    subnet = lab.subnet(vpc)
    source, target = lab.host(subnet, lab.group(vpc, egress=True)), lab.host(subnet, lab.group(vpc))
    lab.refresh()
    for host in (source, target):
        inside = lab.inside(host)
        assert nft("list", "ruleset", inside=inside) == ""
        nft("flush", "ruleset", inside=inside)
        nft("add", "table", "inet", "vpc", inside=inside)
        nft("delete", "table", "inet", "vpc", inside=inside)
    assert not reaches(lab.inside(source), lab.inside(target), target.private_ip, 22)
    assert lab.dropped(target) > 0
    # And opening all of its own firewall's doors does not let out what its groups keep in.
    assert not reaches(lab.inside(target), lab.inside(source), source.private_ip, 22)
    assert lab.dropped(target, "egress") > 0


def test_packet_with_a_source_that_is_not_the_senders_is_dropped(site: Site) -> None:
    third = site.lab.host(site.subnet, site.group)
    site.lab.refresh()
    with datagrams(site.lab.inside(site.twin), 9999) as server:
        send_as(site.lab.inside(site.host), site.host.private_ip, site.twin.private_ip, 9999)
        assert arrives(server)
        server.recv(64)
        for source in (third.private_ip, "192.0.2.9", str(site.lab.slot.machine_address)):
            send_as(site.lab.inside(site.host), source, site.twin.private_ip, 9999)
        assert not arrives(server)
    assert site.lab.spoofed(site.vpc) == 3


def test_root_that_takes_its_neighbours_address_gets_nothing_meant_for_it(site: Site) -> None:
    third = site.lab.host(site.subnet, site.group)
    site.lab.refresh()
    thief = site.lab.inside(site.twin)
    ip("address", "add", f"{third.private_ip}/24", "dev", "eth0", inside=thief)
    assert not reaches(site.lab.inside(site.host), thief, third.private_ip, 8765)
    assert reaches(site.lab.inside(site.host), site.lab.inside(third), third.private_ip, 8765)
    with listening(site.lab.inside(site.host), 8765), pytest.raises(OSError):
        dial(thief, site.host.private_ip, 8765, source=third.private_ip)
    assert site.lab.spoofed(site.vpc) > 0


def test_two_vpcs_with_one_cidr_do_not_meet(site: Site) -> None:
    vpc = site.lab.vpc(site.vpc.cidr_block)
    group = site.lab.group(vpc, egress=True)
    site.lab.allow(group, ANYWHERE, "-1")
    subnet = site.lab.subnet(vpc)
    alone = site.lab.host(subnet, group)
    double = site.lab.host(subnet, group, private_ip=site.twin.private_ip)
    site.lab.refresh()
    source = site.lab.inside(alone)
    assert not reaches(source, site.lab.inside(site.host), site.host.private_ip, 22)
    assert not reaches(source, site.lab.inside(site.twin), site.twin.private_ip, 22)
    assert reaches(source, site.lab.inside(double), site.twin.private_ip, 22)


def test_two_labs_with_one_cidr_do_not_meet_even_by_public_addresses(site: Site, other_lab: World) -> None:
    vpc = other_lab.vpc(site.vpc.cidr_block)
    other_lab.route(other_lab.main_table(vpc), other_lab.gateway(vpc))
    group = other_lab.group(vpc, egress=True)
    other_lab.allow(group, ANYWHERE, "-1")
    far = other_lab.host(other_lab.subnet(vpc), group, public=True)
    other_lab.refresh()
    source, target = site.lab.inside(site.host), other_lab.inside(far)
    assert not reaches(source, target, far.private_ip, 22)
    assert not reaches(source, target, other_lab.public_ip(far), 22)
    assert not reaches(target, source, site.lab.public_ip(site.host), 22)
    # Both answer the machine.
    assert reaches("", source, site.lab.public_ip(site.host), 22)
    assert reaches("", target, other_lab.public_ip(far), 22)


def test_addresses_are_fenced_before_a_host_is_there_and_when_the_lab_is_gone(lab: World) -> None:
    cidr = "198.51.100.0/24"  # RFC 5737's TEST-NET-2, which no lab before this one has fenced
    assert ip("route", "show", cidr) == ""
    lab.vpc(cidr)
    try:
        lab.refresh()
        assert_unreachable_at_once("198.51.100.4", str(lab.slot.public_pool[9]))
        network.remove_everything(lab.slot)
        assert_unreachable_at_once("198.51.100.4", str(lab.slot.public_pool[9]))
    finally:
        ip("route", "del", "unreachable", cidr, "metric", str(internet.LAST_RESORT))


def test_private_and_public_address_of_a_host_are_fenced_when_the_lab_is_gone(site: Site) -> None:
    addresses = [site.host.private_ip, site.lab.public_ip(site.host)]
    network.remove_everything(site.lab.slot)
    assert_unreachable_at_once(*addresses)


def assert_unreachable_at_once(*addresses: str) -> None:
    for address in addresses:
        with pytest.raises(OSError) as refused:
            dial("", address, 22)
        assert refused.value.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH)


@contextmanager
def connected(lab: World, address: str) -> Iterator[str]:
    """Give the machine a link of its own with this address."""
    link = f"lab{lab.slot.number}own"
    ip("link", "add", link, "type", "veth", "peer", f"{link}2")
    try:
        ip("address", "add", address, "dev", link)
        ip("link", "set", link, "up")
        yield link
    finally:
        ip("link", "del", link)


@pytest.mark.parametrize(
    ("vpc", "machine"),
    [("198.51.100.0/24", "198.51.100.65/28"), ("198.51.100.64/28", "198.51.100.1/24")],
    ids=["around-it", "inside-it"],
)
def test_vpc_cidr_that_overlaps_a_network_of_the_machine_is_refused(lab: World, vpc: str, machine: str) -> None:
    lab.vpc(vpc)
    with connected(lab, machine), pytest.raises(LabError) as refused:
        lab.refresh()
    network_of_it = ip_interface(machine).network
    assert f"{vpc} overlaps {network_of_it}, which this machine is connected to" in str(refused.value)
    assert "choose another CIDR" in str(refused.value)
    assert network.leftovers(lab.slot) == ([], [])


def test_vpc_cidr_that_holds_a_network_behind_a_gateway_is_refused(lab: World) -> None:
    """Such a route is narrower than the fence, and packets for the lab would leave the machine by it."""
    behind = f"10.{100 + lab.slot.number}.9.0/24"
    lab.vpc()
    with connected(lab, "198.51.100.1/30"):
        ip("route", "add", behind, "via", "198.51.100.2")
        with pytest.raises(LabError, match=f"overlaps {behind}, which this machine has a route to"):
            lab.refresh()
