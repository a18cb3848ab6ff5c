"""A lab's network: a router namespace a VPC, a namespace a host, and the machine as the internet.

    machine (198.18.N.1) ── uplink ── router of the VPC ── eth0 of each host

No bridge: each host hangs on its router by a link of its own, and the router answers for the others of its
subnet (proxy ARP), so that all of a VPC's traffic is forwarded, and filtered, in one place.
"""

from __future__ import annotations

import contextlib
import errno
import re
import socket
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

from pyroute2 import IPRoute, NetlinkError
from pyroute2.netlink.rtnl import rt_type

from lab.cloud.topology import HostPlan, VpcPlan
from lab.machine import firewall, namespaces
from lab.machine.image import Mirror
from lab.machine.slots import PUBLIC_RANGE, Slot
from lab.settings import RUN_FOLDER, LabError

LAST_RESORT = 4294967294
"""A route metric that any other route beats: 2³² minus 2."""

ONLINK = 4
"""RTNH_F_ONLINK: the next hop is on this link though no address of ours says so."""

HOST_LINK = "eth0"
"""The name of a host's one link, inside it."""

SAVED_FORWARDING = RUN_FOLDER / "forwarding-before"
"""A symbolic link a device of the machine, to its setting before the first lab: made whole and once only."""


def namespace(slot: Slot, record_id: str) -> str:
    """Return the name of a VPC's or an instance's network namespace."""
    return f"{slot.prefix}{record_id}"


def _uplink_name(slot: Slot, vpc_id: str) -> str:
    return f"lab{slot.number}v{vpc_id[-8:]}"


def _sysctl(space: str, **values: int) -> None:
    pairs = [f"net.ipv4.{key.replace('__', '.')}={value}" for key, value in values.items()]
    enter = ["nsenter", f"--net=/run/netns/{space}"] if space else []
    done = subprocess.run([*enter, "sysctl", "-qw", *pairs], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"the kernel refused a network setting of {space or 'this machine'}: {done.stderr.strip()}")


def _index(ip: IPRoute, name: str) -> int | None:
    indexes = ip.link_lookup(ifname=name)
    return indexes[0] if indexes else None


def _remove_link(ip: IPRoute, name: str) -> None:
    """Take a link away, and with it its far end; no fault if it is gone, or goes while being asked to."""
    index = _index(ip, name)
    if index is not None:
        with _tolerated(errno.ENODEV):
            ip.link("del", index=index)


@contextlib.contextmanager
def _tolerated(code: int) -> Iterator[None]:
    try:
        yield
    except NetlinkError as error:
        if error.code != code:
            raise


def _mtu(ip: IPRoute) -> int:
    """Return the MTU of the link of the machine's default route: what hosts send must fit through it."""
    for route in ip.get_default_routes(family=socket.AF_INET):
        return int(ip.get_links(route.get_attr("RTA_OIF"))[0].get_attr("IFLA_MTU"))
    return 1500


def fence(slot: Slot, cidrs: list[str]) -> None:
    """Make sure that nothing sent to these CIDRs or the lab's public pool can leave the machine.

    The fence is an unreachable route that any other of its length beats, so one that leads out of the
    machine is refused. It stays when the hosts, and the lab, are gone.

    Raises:
        LabError: a CIDR overlaps a network that this machine is connected to, or holds one that it has a
            route to.
    """
    with IPRoute() as ip:
        routes = ip.get_routes(family=socket.AF_INET, table=254, type=rt_type["unicast"])
        for cidr in map(IPv4Network, [str(slot.public_pool), *cidrs]):
            for route in routes:
                _refuse_overlap(cidr, route)
            ip.route("replace", dst=str(cidr), type="unreachable", priority=LAST_RESORT)


def _refuse_overlap(cidr: IPv4Network, route: Any) -> None:
    gateway = route.get_attr("RTA_GATEWAY")
    if not route.get_attr("RTA_DST") or (gateway and IPv4Address(gateway) in PUBLIC_RANGE):
        return  # the way out of the machine, which any fence beats, or a lab's own
    network = IPv4Network(f"{route.get_attr('RTA_DST')}/{route['dst_len']}")
    if network.subnet_of(cidr) or (not gateway and network.overlaps(cidr)):
        how = "has a route to" if gateway else "is connected to"
        raise LabError(f"{cidr} overlaps {network}, which this machine {how}: choose another vpcCidr")


def mirror_endpoints(mirror: Mirror) -> dict[str, list[tuple[str, int]]]:
    """Return what hosts may reach outside the lab: addresses and ports by name, of mirror or apt proxy.

    Raises:
        LabError: the name does not resolve.
    """
    proxies = [
        match[1]
        for option in mirror.apt_options
        if (match := re.fullmatch(r'Acquire::https?::Proxy "([^"]+)";', option)) and match[1] != "DIRECT"
    ]
    endpoints = {}
    for url in proxies or [mirror.uri]:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        name = parts.hostname or ""
        try:
            answers = socket.getaddrinfo(name, port, socket.AF_INET, socket.SOCK_STREAM)
        except OSError as error:
            raise LabError(
                f"this machine's package mirror does not resolve ({error.strerror}): "
                "hosts install their packages from it; check `apt-get update`"
            ) from error
        endpoints[name] = sorted({(str(item[4][0]), port) for item in answers})
    return endpoints


def open_way_to_mirror(slot: Slot, endpoints: dict[str, list[tuple[str, int]]]) -> None:
    """Let the lab's hosts reach the package mirror, each other's public addresses, and nothing else outside.

    The rules are a table of their own, made anew each time.

    Raises:
        LabError: nftables refused them; what was in force before stays.
    """
    anew = f"add table ip {_table(slot)}\ndelete table ip {_table(slot)}\n"
    done = _machine_rules(slot, anew, [end for addresses in endpoints.values() for end in addresses])
    if done.returncode != 0:
        raise LabError(f"the lab's way to the mirror was not opened: {done.stderr.strip()[:500]}")
    with IPRoute() as machine:
        for address in {address for addresses in endpoints.values() for address, _ in addresses}:
            route = machine.route("get", dst=address)[0]
            device = machine.get_links(route.get_attr("RTA_OIF"))[0].get_attr("IFLA_IFNAME")
            if device != "lo":
                _let_answers_in(str(device))


def _let_answers_in(device: str) -> None:
    """Make the machine pass on what comes in by one of its links, noting how it was before."""
    before = Path(f"/proc/sys/net/ipv4/conf/{device}/forwarding").read_text().strip()
    SAVED_FORWARDING.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (SAVED_FORWARDING / device).symlink_to(before)
    _sysctl("", **{f"conf__{device}__forwarding": 1})


def restore_forwarding() -> None:
    """Put forwarding on the machine's own links back to what it was before the first lab."""
    for saved in SAVED_FORWARDING.glob("*"):
        with contextlib.suppress(LabError, FileNotFoundError):  # the link may be gone; another lab's end does it too
            _sysctl("", **{f"conf__{saved.name}__forwarding": int(str(saved.readlink()))})
        saved.unlink(missing_ok=True)


def _table(slot: Slot) -> str:
    return f"lab{slot.number}"


def _machine_rules(slot: Slot, begin: str, mirror: list[tuple[str, int]]) -> subprocess.CompletedProcess[str]:
    elements = ", ".join(f"{address} . {port}" for address, port in mirror)
    template = Template(Path(__file__).with_name("machine.nft").read_text(encoding="utf-8"))
    rules = begin + template.substitute(
        lab=_table(slot),
        links=f'"{_uplink_name(slot, "*")}"',
        pool=slot.public_pool,
        mirror=f"elements = {{ {elements} }}" if elements else "",
    )
    return subprocess.run(["nft", "--file", "-"], input=rules, capture_output=True, text=True, check=False)


def _keep_inside(slot: Slot) -> None:
    """Make sure that hosts reach nothing outside until a way is opened to them; one that is open stays so."""
    done = _machine_rules(slot, f"create table ip {_table(slot)}\n", [])
    if done.returncode != 0 and "File exists" not in done.stderr:
        raise LabError(f"the lab was not closed to the outside: {done.stderr.strip()[:500]}")


def close_way_to_mirror(slot: Slot) -> None:
    """Take the lab's table out of the machine's nftables; no fault if it is not there."""
    subprocess.run(["nft", "delete", "table", "ip", _table(slot)], capture_output=True, check=False)


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
    _keep_inside(slot)
    with IPRoute() as machine, namespaces.inside(router) as inside:
        mtu = _mtu(machine)
        _join_uplink(machine, inside, slot, vpc, mtu)
        _prepare_router(inside, slot, vpc)
        firewall.enforce(router, vpc)
        for host in vpc.hosts:
            _attach(inside, slot, vpc, host, mtu)
        _route_public_addresses(machine, slot, vpc)


def _join_uplink(machine: IPRoute, inside: IPRoute, slot: Slot, vpc: VpcPlan, mtu: int) -> None:
    """Lay the uplink between the machine, which is the internet, and a VPC's router."""
    name, router = _uplink_name(slot, vpc.vpc_id), namespace(slot, vpc.vpc_id)
    if _index(machine, name) is None or _index(inside, firewall.UPLINK) is None:
        _remove_link(machine, name)
        _remove_link(inside, firewall.UPLINK)
        peer = {"ifname": firewall.UPLINK, "net_ns_fd": router, "mtu": mtu}
        machine.link("add", ifname=name, kind="veth", mtu=mtu, peer=peer)
    index = _index(machine, name)
    machine.addr("replace", index=index, address=str(slot.machine_address), prefixlen=32)
    machine.link("set", index=index, state="up")
    _sysctl("", **{f"conf__{name}__forwarding": 1, f"conf__{name}__send_redirects": 0})


def _prepare_router(inside: IPRoute, slot: Slot, vpc: VpcPlan) -> None:
    """Give the router its addresses (each subnet's second one) and routes: its VPC, and the internet."""
    _sysctl(
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
    loopback, uplink = _index(inside, "lo"), _index(inside, firewall.UPLINK)
    inside.link("set", index=loopback, state="up")
    inside.route("replace", dst=vpc.cidr, type="unreachable", priority=LAST_RESORT)
    _address_gateways(inside, loopback, {host.gateway for host in vpc.hosts})
    inside.addr("replace", index=uplink, address=str(slot.uplink_address), prefixlen=32)
    inside.link("set", index=uplink, state="up")
    inside.route("replace", dst="0.0.0.0/0", gateway=str(slot.machine_address), oif=uplink, flags=ONLINK)


def _address_gateways(inside: IPRoute, loopback: int | None, gateways: set[str]) -> None:
    current = {str(address.get_attr("IFA_ADDRESS")) for address in inside.get_addr(index=loopback, prefixlen=32)}
    for gateway in current - gateways:
        inside.addr("del", index=loopback, address=gateway, prefixlen=32)
    for gateway in gateways - current:
        inside.addr("add", index=loopback, address=gateway, prefixlen=32)


def _attach(inside: IPRoute, slot: Slot, vpc: VpcPlan, host: HostPlan, mtu: int) -> None:
    """Hang a host on its router: its end has the subnet's prefix, the router's a route to that address."""
    space, router = namespace(slot, host.instance_id), namespace(slot, vpc.vpc_id)
    namespaces.create(space)
    with namespaces.inside(space) as own:
        if _index(inside, host.link) is None or _index(own, HOST_LINK) is None:
            _remove_link(inside, host.link)
            _remove_link(own, HOST_LINK)
            peer = {"ifname": HOST_LINK, "net_ns_fd": space, "mtu": mtu}
            inside.link("add", ifname=host.link, kind="veth", mtu=mtu, peer=peer)
            _sysctl(router, **{f"neigh__{host.link}__proxy_delay": 0})
            _sysctl(space, conf__all__rp_filter=0)
        for name in ("lo", HOST_LINK):
            own.link("set", index=_index(own, name), state="up")
        prefix = IPv4Network(host.subnet_cidr).prefixlen
        own.addr("replace", index=_index(own, HOST_LINK), address=host.private_ip, prefixlen=prefix)
        index = _index(inside, host.link)
        inside.link("set", index=index, state="up")
        own.route("replace", dst="0.0.0.0/0", gateway=host.gateway)
    inside.route("replace", dst=f"{host.private_ip}/32", oif=index)


def _route_public_addresses(machine: IPRoute, slot: Slot, vpc: VpcPlan) -> None:
    """Let the machine find exactly those public addresses that hosts of this VPC answer to, or go out by."""
    index = _index(machine, _uplink_name(slot, vpc.vpc_id))
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
    """Take a host's namespace away, and with it its link; no fault if it is gone."""
    namespaces.remove(namespace(slot, instance_id))


def remove_vpc(slot: Slot, vpc_id: str) -> None:
    """Take a VPC's router away, and with it its uplink and routes; no fault if it is gone."""
    with IPRoute() as machine:
        _remove_link(machine, _uplink_name(slot, vpc_id))
    namespaces.remove(namespace(slot, vpc_id))


def remove_everything(slot: Slot) -> None:
    """Take away every namespace, link and table that carries the lab's number; its fence stays."""
    spaces, links = leftovers(slot)
    with IPRoute() as machine:
        for link in links:  # first: a namespace's own links go some time after it, and not when asked
            _remove_link(machine, link)
    for space in spaces:
        namespaces.remove(space)
    close_way_to_mirror(slot)


def leftovers(slot: Slot) -> tuple[list[str], list[str]]:
    """Return the names of namespaces and of links that the lab has on this machine."""
    with IPRoute() as machine:
        links = [str(link.get_attr("IFLA_IFNAME")) for link in machine.get_links()]
    spaces = [name for name in namespaces.listed() if name.startswith(slot.prefix)]
    return spaces, [name for name in links if name.startswith(_uplink_name(slot, ""))]
