"""Putting records in force: again, side by side, after a kill, and when the kernel refuses."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pyroute2 import netns

from lab.cloud.model import Instance, SecurityGroup, Subnet, Vpc
from lab.machine import firewall, internet, links, namespaces, network
from lab.settings import LabError
from lab.tests.network.probes import dial, echoes, icmp_answers, listening, reaches
from lab.tests.network.world import ANYWHERE, World, ip, nft


@dataclass
class Site:
    """Two hosts with public addresses; port 22 is open to all, 3306 to the group's members."""

    lab: World
    vpc: Vpc
    subnet: Subnet
    group: SecurityGroup
    server: Instance
    client: Instance

    def works(self) -> bool:
        """Tell whether every way that should be open is open, and one that should be closed is closed."""
        source, target = self.lab.inside(self.client), self.lab.inside(self.server)
        private, public = self.server.private_ip, self.lab.public_ip(self.server)
        return (
            reaches(source, target, private, 3306)
            and reaches("", target, public, 22)
            and not reaches("", target, public, 3306)
            and icmp_answers(source, str(self.lab.slot.machine_address))
        )


@pytest.fixture
def site(lab: World) -> Site:
    vpc = lab.vpc()
    subnet = lab.subnet(vpc)
    lab.route(lab.main_table(vpc), lab.gateway(vpc))
    group = lab.group(vpc, egress=True)
    lab.allow(group, ANYWHERE, "tcp", 22)
    lab.allow(group, group, "tcp", 3306)
    hosts = (lab.host(subnet, group, public=True) for _ in range(2))
    return Site(lab, vpc, subnet, group, *hosts)


def state(site: Site) -> tuple[str, ...]:
    """Return links, addresses, routes and rules of the machine, the router and both hosts."""
    spaces = [site.lab.router(site.vpc), site.lab.inside(site.server), site.lab.inside(site.client)]
    uplink = links.uplink_name(site.lab.slot, site.vpc.id)
    shown = [ip("-4", "address", "show", "dev", uplink), ip("-4", "route", "show", "dev", uplink)]
    for space in spaces:
        shown += [ip("-4", "address", inside=space), ip("-4", "route", inside=space)]
    return (*shown, nft("--stateless", "list", "ruleset", inside=spaces[0]))


def test_refresh_twice_changes_nothing(site: Site) -> None:
    site.lab.refresh()
    before = state(site)
    site.lab.refresh()
    assert state(site) == before
    assert site.works()


def test_connections_of_running_hosts_outlive_every_refresh(site: Site) -> None:
    site.lab.refresh()
    target = site.lab.inside(site.server)
    source, address = site.lab.inside(site.client), site.server.private_ip
    with listening(target, 3306) as server, dial(source, address, 3306) as client:
        accepted, _ = server.accept()
        with accepted:
            for _ in range(2):
                site.lab.host(site.subnet, site.group)
                site.lab.refresh()
                assert echoes(client, accepted)


def in_threads(*calls: Callable[[], Any]) -> list[BaseException]:
    """Run calls at once and return what they raised."""
    faults: list[BaseException] = []

    def run(call: Callable[[], Any]) -> None:
        try:
            call()
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return faults


def test_refreshes_side_by_side_end_in_what_the_records_say(site: Site) -> None:
    def change(port: int) -> None:
        with site.lab.store.locked():
            site.lab.allow(site.group, site.group, "tcp", port)
            network.refresh(site.lab.slot, site.lab.plan(site.vpc))

    ports = range(9000, 9004)
    assert in_threads(*((lambda port=port: change(port)) for port in ports)) == []
    source, target = site.lab.inside(site.client), site.lab.inside(site.server)
    assert all(reaches(source, target, site.server.private_ip, port) for port in ports)
    assert site.works()


def test_two_labs_come_up_side_by_side(site: Site, other_lab: World) -> None:
    vpc = other_lab.vpc()
    other_lab.route(other_lab.main_table(vpc), other_lab.gateway(vpc))
    group = other_lab.group(vpc)
    other_lab.allow(group, ANYWHERE, "tcp", 22)
    far = other_lab.host(other_lab.subnet(vpc), group, public=True)
    assert in_threads(site.lab.refresh, other_lab.refresh) == []
    assert site.works()
    assert reaches("", other_lab.inside(far), other_lab.public_ip(far), 22)


def test_faulty_rules_leave_the_old_ones_in_force(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.lab.refresh()
    before = nft("--stateless", "list", "ruleset", inside=site.lab.router(site.vpc))
    whole = firewall.ruleset

    def faulty(vpc: Any) -> Any:
        rules = whole(vpc)
        rules["nftables"].append({"add": {"rule": {"family": "inet", "table": "vpc", "chain": "no-such"}}})
        return rules

    monkeypatch.setattr(firewall, "ruleset", faulty)
    site.lab.allow(site.group, ANYWHERE, "-1")
    with pytest.raises(LabError, match="was not changed"):
        site.lab.refresh()
    assert nft("--stateless", "list", "ruleset", inside=site.lab.router(site.vpc)) == before
    assert site.works()


def test_a_firewall_flushed_behind_the_labs_back_comes_back(site: Site) -> None:
    site.lab.refresh()
    nft("flush", "ruleset", inside=site.lab.router(site.vpc))
    assert not site.works()
    site.lab.refresh()
    assert site.works()


Damage = Callable[[Site], object]


def _router(site: Site) -> str:
    return site.lab.router(site.vpc)


def _host(site: Site) -> str:
    return site.lab.inside(site.server)


def _uplink(site: Site) -> str:
    return links.uplink_name(site.lab.slot, site.vpc.id)


def _link(site: Site) -> str:
    return next(host.link for host in site.lab.plan(site.vpc).hosts if host.instance_id == site.server.id)


BEFORE: dict[str, Damage] = {
    "router's namespace alone": lambda site: netns.create(_router(site)),
    "host's namespace alone": lambda site: netns.create(_host(site)),
    "file in place of the router's namespace": lambda site: (namespaces.FOLDER / _router(site)).touch(),
    "file in place of the host's namespace": lambda site: (namespaces.FOLDER / _host(site)).touch(),
}

AFTER: dict[str, Damage] = {
    "uplink without address": lambda site: ip("address", "flush", "dev", _uplink(site)),
    "uplink down": lambda site: ip("link", "set", _uplink(site), "down"),
    "uplink without address at the router": lambda site: ip("address", "flush", "dev", "uplink", inside=_router(site)),
    "uplink down at the router": lambda site: ip("link", "set", "uplink", "down", inside=_router(site)),
    "uplink gone": lambda site: ip("link", "del", _uplink(site)),
    "router that does not forward": lambda site: links.sysctl(_router(site), ip_forward=0),
    "host's link without address": lambda site: ip("address", "flush", "dev", "eth0", inside=_host(site)),
    "host's link down": lambda site: ip("link", "set", "eth0", "down", inside=_host(site)),
    "host's link down at the router": lambda site: ip("link", "set", _link(site), "down", inside=_router(site)),
    "host's link gone": lambda site: ip("link", "del", "eth0", inside=_host(site)),
    "host without a default route": lambda site: ip("route", "del", "default", inside=_host(site)),
    "host without a route to it": lambda site: ip("route", "del", f"{site.server.private_ip}/32", inside=_router(site)),
    "host's namespace gone": lambda site: netns.remove(_host(site)),
    "router's namespace gone": lambda site: netns.remove(_router(site)),
}


@pytest.mark.parametrize("damage", BEFORE.values(), ids=BEFORE.keys())
def test_what_a_killed_run_left_half_made_is_finished(site: Site, damage: Damage) -> None:
    namespaces.FOLDER.mkdir(exist_ok=True)
    damage(site)
    site.lab.refresh()
    assert site.works()


@pytest.mark.parametrize("damage", AFTER.values(), ids=AFTER.keys())
def test_what_is_broken_is_mended(site: Site, damage: Damage) -> None:
    site.lab.refresh()
    damage(site)
    site.lab.refresh()
    assert site.works()


def test_machines_rules_flushed_behind_the_labs_back_come_back(site: Site) -> None:
    site.lab.refresh()
    internet.close_way_to_mirror(site.lab.slot)
    site.lab.refresh()
    own = str(site.lab.slot.machine_address)
    assert reaches("", "", own, 8766)
    assert not reaches(site.lab.inside(site.client), "", own, 8766)


def test_routers_namespace_gone_while_something_still_holds_it(site: Site) -> None:
    """A process that outlives the name keeps the old router, and the links in it, alive."""
    site.lab.refresh()
    with subprocess.Popen(["nsenter", f"--net={namespaces.FOLDER / _router(site)}", "sleep", "30"]) as holder:
        try:
            netns.remove(_router(site))
            site.lab.refresh()
            assert site.works()
        finally:
            holder.kill()


def test_host_whose_record_is_gone_is_cut_off_at_once(site: Site) -> None:
    """Between its record's end and its namespace's, a host must not go on without a group."""
    site.lab.refresh()
    site.lab.store.delete(site.client)
    site.lab.refresh()
    source, target = site.lab.inside(site.client), site.lab.inside(site.server)
    assert not reaches(source, target, site.server.private_ip, 22)
    assert not icmp_answers(source, str(site.lab.slot.machine_address))


def test_replaced_host_keeps_its_private_address(site: Site) -> None:
    site.lab.refresh()
    site.lab.store.delete(site.server)
    site.lab.refresh()
    network.remove_host(site.lab.slot, site.server.id)
    site.server = site.lab.host(site.subnet, site.group, public=True, private_ip=site.server.private_ip)
    site.lab.refresh()
    assert site.works()


def test_vpc_removed_takes_its_router_and_uplink_away_and_no_other(site: Site) -> None:
    other = site.lab.vpc(site.vpc.cidr_block)
    site.lab.refresh()
    for _ in range(2):
        network.remove_vpc(site.lab.slot, other.id)
    spaces, links = network.leftovers(site.lab.slot)
    assert sorted(spaces) == sorted([_router(site), _host(site), site.lab.inside(site.client)])
    assert links == [_uplink(site)]
    assert site.works()


def test_everything_removed_twice_is_no_fault(site: Site) -> None:
    site.lab.refresh()
    (namespaces.FOLDER / f"{site.lab.slot.prefix}half-made").touch()
    for _ in range(2):
        network.remove_everything(site.lab.slot)
        assert network.leftovers(site.lab.slot) == ([], [])
