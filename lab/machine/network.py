"""A lab's network: a router namespace a VPC, a namespace a host, and the machine as the internet.

    machine (198.18.N.1) ── uplink ── router of the VPC ── eth0 of each host

No bridge: each host hangs on its router by a link of its own, and the router answers for the others of its
subnet (proxy ARP), so that all of a VPC's traffic is forwarded, and filtered, in one place.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from lab.cloud.topology import HostPlan, VpcPlan
from lab.machine import firewall, namespaces, netlink
from lab.machine.internet import LAST_RESORT, close_way_to_mirror, fence, keep_inside
from lab.machine.links import index_of, mtu_of_machine, namespace, remove_link, sysctl, uplink_name
from lab.machine.slots import Slot

if TYPE_CHECKING:
    from pyroute2 import IPRoute

ONLINK = 4
"""RTNH_F_ONLINK: the next hop is on this link though no address of this side says so."""

HOST_LINK = "eth0"
"""The name of a host's one link, inside it."""


def refresh(slot: Slot, vpc: VpcPlan) -> None:
    """Make namespaces, links, routes and firewall of a VPC what its plan says.

    Idempotent: what a killed run left half-made is finished, what is right is not touched, and connections
    of running hosts go on. The firewall is in force before a host's link is up.

    Raises:
        LabError: the CIDR overlaps a network of this machine, or the kernel refused a step.
    """
    router = namespace(slot, vpc.vpc_id)
    fence(slot, [vpc.cidr])
    namespaces.create(router)
    keep_inside(slot)
    with netlink.routes() as machine, namespaces.inside(router) as inside:
        mtu = mtu_of_machine(machine)
        _join_uplink(machine, inside, slot, vpc, mtu)
        _prepare_router(inside, slot, vpc)
        firewall.enforce(router, vpc)
        for host in vpc.hosts:
            _attach(inside, slot, vpc, host, mtu)
        _route_public_addresses(machine, slot, vpc)


def _join_uplink(machine: IPRoute, inside: IPRoute, slot: Slot, vpc: VpcPlan, mtu: int) -> None:
    """Lay the uplink between the machine, which is the internet, and a VPC's router."""
    name, router = uplink_name(slot, vpc.vpc_id), namespace(slot, vpc.vpc_id)
    if index_of(machine, name) is None or index_of(inside, firewall.UPLINK) is None:
        remove_link(machine, name)
        remove_link(inside, firewall.UPLINK)
        peer = {"ifname": firewall.UPLINK, "net_ns_fd": router, "mtu": mtu}
        machine.link("add", ifname=name, kind="veth", mtu=mtu, peer=peer)
    index = index_of(machine, name)
    machine.addr("replace", index=index, address=str(slot.machine_address), prefixlen=32)
    machine.link("set", index=index, state="up")
    sysctl("", **{f"conf__{name}__forwarding": 1, f"conf__{name}__send_redirects": 0})


def _prepare_router(inside: IPRoute, slot: Slot, vpc: VpcPlan) -> None:
    """Give the router its addresses (each subnet's second one) and routes: its VPC, and the internet."""
    sysctl(
        namespace(slot, vpc.vpc_id),
        ip_forward=1,
        conf__all__rp_filter=0,
        conf__default__rp_filter=0,
        conf__all__arp_ignore=0,
        conf__default__arp_ignore=0,
        conf__all__send_redirects=0,
        conf__default__send_redirects=0,
        conf__default__proxy_arp=1,
        **{f"conf__{firewall.UPLINK}__proxy_arp": 0},
    )
    loopback, uplink = index_of(inside, "lo"), index_of(inside, firewall.UPLINK)
    inside.link("set", index=loopback, state="up")
    inside.route("replace", dst=vpc.cidr, type="unreachable", priority=LAST_RESORT)
    balancers = {address for one in vpc.balancers for address in one.addresses}
    _address_gateways(inside, loopback, {host.gateway for host in vpc.hosts} | balancers)
    inside.addr("replace", index=loopback, address=firewall.METADATA, prefixlen=32)
    inside.addr("replace", index=uplink, address=str(slot.uplink_address), prefixlen=32)
    inside.link("set", index=uplink, state="up")
    inside.route("replace", dst="0.0.0.0/0", gateway=str(slot.machine_address), oif=uplink, flags=ONLINK)


def _address_gateways(inside: IPRoute, loopback: int | None, gateways: set[str]) -> None:
    current = {str(address.get_attr("IFA_ADDRESS")) for address in inside.get_addr(index=loopback, prefixlen=32)}
    for gateway in current - gateways - {firewall.METADATA}:
        inside.addr("del", index=loopback, address=gateway, prefixlen=32)
    for gateway in gateways - current:
        inside.addr("add", index=loopback, address=gateway, prefixlen=32)


def _attach(inside: IPRoute, slot: Slot, vpc: VpcPlan, host: HostPlan, mtu: int) -> None:
    """Hang a host on its router: its end has the subnet's prefix, the router's a route to that address."""
    space, router = namespace(slot, host.instance_id), namespace(slot, vpc.vpc_id)
    namespaces.create(space)
    with namespaces.inside(space) as own:
        if index_of(inside, host.link) is None or index_of(own, HOST_LINK) is None:
            remove_link(inside, host.link)
            remove_link(own, HOST_LINK)
            peer = {"ifname": HOST_LINK, "net_ns_fd": space, "mtu": mtu}
            inside.link("add", ifname=host.link, kind="veth", mtu=mtu, peer=peer)
            sysctl(router, **{f"neigh__{host.link}__proxy_delay": 0})
            sysctl(space, conf__all__rp_filter=0)
        for name in ("lo", HOST_LINK):
            own.link("set", index=index_of(own, name), state="up")
        prefix = IPv4Network(host.subnet_cidr).prefixlen
        own.addr("replace", index=index_of(own, HOST_LINK), address=host.private_ip, prefixlen=prefix)
        index = index_of(inside, host.link)
        inside.link("set", index=index, state="up")
        own.route("replace", dst="0.0.0.0/0", gateway=host.gateway)
    inside.route("replace", dst=f"{host.private_ip}/32", oif=index)


def _route_public_addresses(machine: IPRoute, slot: Slot, vpc: VpcPlan) -> None:
    """Let the machine find exactly those public addresses that hosts of this VPC answer to, or go out by."""
    index = index_of(machine, uplink_name(slot, vpc.vpc_id))
    for route in machine.get_routes(family=socket.AF_INET, table=254, oif=index):
        if route.get_attr("RTA_DST") not in vpc.outside_addresses:
            machine.route("del", dst=f"{route.get_attr('RTA_DST')}/32", oif=index)
    for address in vpc.outside_addresses:
        machine.route(
            "replace",
            dst=f"{address}/32",
            gateway=str(slot.uplink_address),
            oif=index,
            flags=ONLINK,
            prefsrc=str(slot.machine_address),
        )


def has_router(slot: Slot, vpc_id: str) -> bool:
    """Tell whether a VPC's router is there, whole or half-made."""
    return namespace(slot, vpc_id) in namespaces.listed()


def remove_host(slot: Slot, instance_id: str) -> None:
    """Take a host's namespace away, and with it its link; nothing happens if it is gone."""
    namespaces.remove(namespace(slot, instance_id))


def remove_vpc(slot: Slot, vpc_id: str) -> None:
    """Take a VPC's router away, and with it its uplink and routes; nothing happens if it is gone."""
    with netlink.routes() as machine:
        remove_link(machine, uplink_name(slot, vpc_id))
    namespaces.end_processes(namespace(slot, vpc_id))
    namespaces.remove(namespace(slot, vpc_id))


def remove_everything(slot: Slot) -> None:
    """Take away every namespace, link and table that carries the lab's number; its fence stays."""
    spaces, links = leftovers(slot)
    with netlink.routes() as machine:
        for link in links:  # first: a namespace's own links go some time after it, and not when asked
            remove_link(machine, link)
    for space in spaces:
        if space.startswith(namespace(slot, "vpc-")):
            namespaces.end_processes(space)  # those of load balancers
        namespaces.remove(space)
    close_way_to_mirror(slot)


def leftovers(slot: Slot) -> tuple[list[str], list[str]]:
    """Return the names of namespaces and of links that the lab has on this machine."""
    with netlink.routes() as machine:
        links = [str(link.get_attr("IFLA_IFNAME")) for link in machine.get_links()]
    spaces = [name for name in namespaces.listed() if name.startswith(slot.prefix)]
    return spaces, [name for name in links if name.startswith(uplink_name(slot, ""))]
