"""A host that is cut off: it reaches nobody and nobody reaches it, until it may join again."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lab.cloud.model import Instance, SecurityGroup, Subnet, Vpc
from lab.machine import cuts
from lab.tests.network.probes import dial, echoes, icmp_answers, listening, reaches
from lab.tests.network.world import ANYWHERE, World


@dataclass
class Site:
    """Three hosts that let everything in and out."""

    lab: World
    vpc: Vpc
    subnet: Subnet
    group: SecurityGroup
    first: Instance
    second: Instance
    third: Instance

    def link(self, host: Instance) -> str:
        """Return the name of a host's link at the router."""
        return next(plan.link for plan in self.lab.plan(self.vpc).hosts if plan.instance_id == host.id)

    def cut(self, host: Instance) -> None:
        """Cut a host off."""
        cuts.cut(self.lab.router(self.vpc), self.link(host))

    def join(self, host: Instance) -> None:
        """Let it have its network again."""
        cuts.join(self.lab.router(self.vpc), self.link(host))

    def reach(self, source: Instance, target: Instance) -> bool:
        """Tell whether one host opens a connection to another."""
        return reaches(self.lab.inside(source), self.lab.inside(target), target.private_ip, 3306)


@pytest.fixture
def site(lab: World) -> Site:
    vpc = lab.vpc()
    subnet = lab.subnet(vpc)
    lab.route(lab.main_table(vpc), lab.gateway(vpc))
    group = lab.group(vpc, egress=True)
    lab.allow(group, ANYWHERE, "-1")
    hosts = (lab.host(subnet, group, public=True) for _ in range(3))
    lab_site = Site(lab, vpc, subnet, group, *hosts)
    lab.refresh()
    return lab_site


def test_host_that_is_cut_off_is_alone_and_the_others_are_not(site: Site) -> None:
    site.cut(site.first)
    assert not site.reach(site.first, site.second)
    assert not site.reach(site.second, site.first)
    assert not reaches("", site.lab.inside(site.first), site.lab.public_ip(site.first), 22)
    assert not icmp_answers(site.lab.inside(site.first), str(site.lab.slot.machine_address))
    assert site.reach(site.second, site.third)


def test_open_connection_is_silent_while_its_host_is_cut_off_and_goes_on_afterwards(site: Site) -> None:
    target, source = site.lab.inside(site.first), site.lab.inside(site.second)
    with listening(target, 3306) as server, dial(source, site.first.private_ip, 3306) as client:
        accepted, _ = server.accept()
        with accepted:
            site.cut(site.first)
            assert not echoes(client, accepted)
            site.join(site.first)
            accepted.settimeout(60)  # TCP sends again what was dropped, later each time
            assert accepted.recv(4) == b"ping"


def test_it_stays_cut_off_while_its_vpc_changes(site: Site) -> None:
    site.cut(site.first)
    site.lab.host(site.subnet, site.group)
    site.lab.refresh()
    assert not site.reach(site.second, site.first)
    site.join(site.first)
    assert site.reach(site.second, site.first)


def test_cut_and_join_twice_are_as_once_and_each_is_by_itself(site: Site) -> None:
    router = site.lab.router(site.vpc)
    site.join(site.first)
    assert cuts.cut_off(router) == set()
    for _ in range(2):
        site.cut(site.first)
        site.cut(site.second)
    assert cuts.cut_off(router) == {site.link(site.first), site.link(site.second)}
    for _ in range(2):
        site.join(site.first)
    assert cuts.cut_off(router) == {site.link(site.second)}
    assert site.reach(site.first, site.third)
