"""Namespaces, links and routes of a lab: a router namespace a VPC, a namespace a host, and the machine as the internet.

    machine (198.18.N.1) ── uplink ── router of the VPC ── eth0 of each host

No bridge: each host hangs on its router by a link of its own, and the router answers for the others of its subnet
(proxy ARP), so that all of a VPC's traffic is forwarded, and filtered, in one place.
"""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
from ipaddress import IPv4Network
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from pyroute2 import IPRoute, NetNS, netns
from pyroute2.netlink.rtnl import rt_type

from lab import firewall
from lab.image import Mirror
from lab.settings import LabError
from lab.slots import Slot
from lab.topology import HostPlan, VpcPlan

LAST_RESORT = 4294967294
"""A route metric that any other route beats: 2³² minus 2."""

ONLINK = 4
"""RTNH_F_ONLINK: the next hop is on this link though no address of ours says so."""

SAVED_FORWARDING = Path("/run/mysql-pair/forwarding")


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
        raise LabError(
            f"the kernel refused a network setting of {space or 'this machine'}: {done.stderr.strip()}"
        )


def _index(ip: IPRoute | NetNS, name: str) -> int | None:
    found = ip.link_lookup(ifname=name)
    return found[0] if found else None


def _machine_mtu(ip: IPRoute) -> tuple[str, int]:
    """Return name and MTU of the link of the machine's default route; a lab without one reaches no mirror."""
    for route in ip.get_default_routes(family=socket.AF_INET):
        link = ip.get_links(route.get_attr("RTA_OIF"))[0]
        return str(link.get_attr("IFLA_IFNAME")), int(link.get_attr("IFLA_MTU"))
    return "", 1500


def fence(slot: Slot, cidrs: list[str]) -> None:
    """Make sure that nothing sent to these CIDRs or the lab's public pool can leave the machine by another route.

    The fence stays when the hosts, and the lab, are gone.

    Raises:
        LabError: a CIDR overlaps a network that this machine is connected to.
    """
    with IPRoute() as ip:
        connected = [
            IPv4Network(f"{route.get_attr('RTA_DST')}/{route['dst_len']}")
            for route in ip.get_routes(family=socket.AF_INET, table=254, type=rt_type["unicast"])
            if route.get_attr("RTA_DST") and not route.get_attr("RTA_GATEWAY")
        ]
        for cidr in [str(slot.public_pool), *cidrs]:
            for network in connected:
                if IPv4Network(cidr).overlaps(network):
                    raise LabError(
                        f"{cidr} overlaps {network}, which this machine is connected to: choose another vpcCidr"
                    )
            ip.route("replace", dst=cidr, type="unreachable", priority=LAST_RESORT)


def mirror_endpoints(mirror: Mirror) -> dict[str, list[tuple[str, int]]]:
    """Return what hosts may reach outside the lab: addresses and ports by name, of the mirror or of the apt proxy.

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
            found = socket.getaddrinfo(name, port, socket.AF_INET, socket.SOCK_STREAM)
        except OSError as error:
            raise LabError(
                f"this machine's package mirror does not resolve ({error.strerror}): "
                "hosts install their packages from it; check `apt-get update`"
            ) from error
        endpoints[name] = sorted({(str(item[4][0]), port) for item in found})
    return endpoints


def open_way_to_mirror(slot: Slot, endpoints: dict[str, list[tuple[str, int]]]) -> None:
    """Let the lab's hosts reach the package mirror, each other's public addresses, and nothing else outside.

    The rules are a table of their own, made anew each time.

    Raises:
        LabError: nftables refused them; what was in force before stays.
    """
    mirror = ", ".join(f"{address} . {port}" for found in endpoints.values() for address, port in found)
    template = Template(Path(__file__).with_name("machine.nft").read_text(encoding="utf-8"))
    rules = template.substitute(
        lab=f"lab{slot.number}",
        links=f'"{_uplink_name(slot, "*")}"',
        pool=slot.public_pool,
        mirror=f"{{ {mirror} }}",
    )
    done = subprocess.run(["nft", "--file", "-"], input=rules, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"the lab's way to the mirror was not opened: {done.stderr.strip()[:500]}")


def close_way_to_mirror(slot: Slot) -> None:
    """Take the lab's table out of the machine's nftables; no fault if it is not there."""
    subprocess.run(["nft", "delete", "table", "ip", f"lab{slot.number}"], capture_output=True, check=False)


def refresh(slot: Slot, vpc: VpcPlan) -> None:
    """Make namespaces, links, routes and firewall of a VPC what its plan says. Idempotent.

    The firewall is in force before a link is up, so there is no moment without one.
    """
    router = namespace(slot, vpc.vpc_id)
    fence(slot, [vpc.cidr])
    with IPRoute() as machine:
        if router not in netns.listnetns():
            netns.create(router)
        _join_uplink(machine, slot, vpc)
        _, mtu = _machine_mtu(machine)
        with NetNS(router) as inside:
            _prepare_router(inside, slot, vpc)
            firewall.enforce(router, vpc)
            for host in vpc.hosts:
                _attach(machine, inside, slot, vpc, host, mtu)
        _route_public_addresses(machine, slot, vpc)


def _join_uplink(machine: IPRoute, slot: Slot, vpc: VpcPlan) -> None:
    name, router = _uplink_name(slot, vpc.vpc_id), namespace(slot, vpc.vpc_id)
    if _index(machine, name) is not None:
        return
    device, mtu = _machine_mtu(machine)
    peer = {"ifname": firewall.UPLINK, "net_ns_fd": router, "mtu": mtu}
    machine.link("add", ifname=name, kind="veth", mtu=mtu, peer=peer)
    index = _index(machine, name)
    machine.addr("replace", index=index, address=str(slot.machine_address), prefixlen=32)
    machine.link("set", index=index, state="up")
    _sysctl("", **{f"conf__{name}__forwarding": 1, f"conf__{name}__send_redirects": 0})
    if device:
        _remember_forwarding(device)
        _sysctl("", **{f"conf__{device}__forwarding": 1})


def _remember_forwarding(device: str) -> None:
    """Note how forwarding was on the machine's own link, for `restore_forwarding`."""
    if not SAVED_FORWARDING.exists():
        before = Path(f"/proc/sys/net/ipv4/conf/{device}/forwarding").read_text().strip()
        SAVED_FORWARDING.parent.mkdir(parents=True, exist_ok=True)
        SAVED_FORWARDING.write_text(f"{device} {before}")


def restore_forwarding() -> None:
    """Put forwarding on the machine's own link back to what it was before the first lab."""
    if SAVED_FORWARDING.exists():
        device, before = SAVED_FORWARDING.read_text().split()
        with contextlib.suppress(LabError):  # the link may be gone
            _sysctl("", **{f"conf__{device}__forwarding": int(before)})
        SAVED_FORWARDING.unlink()


def _prepare_router(inside: NetNS, slot: Slot, vpc: VpcPlan) -> None:
    """Give the router its addresses (each subnet's second one) and routes: its VPC, and the internet."""
    _sysctl(
        namespace(slot, vpc.vpc_id),
        ip_forward=1,
        conf__all__rp_filter=0,
        conf__default__rp_filter=0,
        conf__all__send_redirects=0,
        conf__default__send_redirects=0,
        conf__default__proxy_arp=1,
    )
    loopback, uplink = _index(inside, "lo"), _index(inside, firewall.UPLINK)
    inside.link("set", index=loopback, state="up")
    inside.route("replace", dst=vpc.cidr, type="unreachable", priority=LAST_RESORT)
    for gateway in {host.gateway for host in vpc.hosts}:
        inside.addr("replace", index=loopback, address=gateway, prefixlen=32)
    _sysctl(namespace(slot, vpc.vpc_id), **{f"conf__{firewall.UPLINK}__proxy_arp": 0})
    inside.addr("replace", index=uplink, address=str(slot.uplink_address), prefixlen=32)
    inside.link("set", index=uplink, state="up")
    inside.route("replace", dst="0.0.0.0/0", gateway=str(slot.machine_address), oif=uplink, flags=ONLINK)


def _attach(machine: IPRoute, inside: NetNS, slot: Slot, vpc: VpcPlan, host: HostPlan, mtu: int) -> None:
    """Hang a host on its router: its end has the subnet's prefix, the router's a route to that one address."""
    space, router = namespace(slot, host.instance_id), namespace(slot, vpc.vpc_id)
    if space not in netns.listnetns():
        netns.create(space)
    if _index(inside, host.link) is not None:
        return
    peer = {"ifname": "eth0", "net_ns_fd": space, "mtu": mtu}
    inside.link("add", ifname=host.link, kind="veth", mtu=mtu, peer=peer)
    index = _index(inside, host.link)
    prefix = IPv4Network(host.subnet_cidr).prefixlen
    _sysctl(router, **{f"neigh__{host.link}__proxy_delay": 0})
    with NetNS(space) as own:
        _sysctl(space, conf__all__rp_filter=0)
        for name in ("lo", "eth0"):
            own.link("set", index=_index(own, name), state="up")
        own.addr("replace", index=_index(own, "eth0"), address=host.private_ip, prefixlen=prefix)
        inside.link("set", index=index, state="up")
        own.route("replace", dst="0.0.0.0/0", gateway=host.gateway)
    inside.route("replace", dst=f"{host.private_ip}/32", oif=index)


def _route_public_addresses(machine: IPRoute, slot: Slot, vpc: VpcPlan) -> None:
    """Let the machine find exactly those public addresses that a host of this VPC answers to."""
    index = _index(machine, _uplink_name(slot, vpc.vpc_id))
    for route in machine.get_routes(family=socket.AF_INET, table=254, oif=index):
        if route.get_attr("RTA_DST") not in vpc.public:
            machine.route("del", dst=f"{route.get_attr('RTA_DST')}/32", oif=index)
    for address in vpc.public:
        machine.route(
            "replace",
            dst=f"{address}/32",
            gateway=str(slot.uplink_address),
            oif=index,
            flags=ONLINK,
            prefsrc=str(slot.machine_address),
        )


def remove_host(slot: Slot, instance_id: str) -> None:
    """Take a host's namespace away, and with it its link; no fault if it is gone."""
    _remove_namespace(namespace(slot, instance_id))


def remove_vpc(slot: Slot, vpc_id: str) -> None:
    """Take a VPC's router away, and with it its uplink and routes; no fault if it is gone."""
    _remove_namespace(namespace(slot, vpc_id))
    with IPRoute() as machine:
        index = _index(machine, _uplink_name(slot, vpc_id))
        if index is not None:
            machine.link("del", index=index)


def _remove_namespace(name: str) -> None:
    if name in netns.listnetns():
        netns.remove(name)


def remove_everything(slot: Slot) -> None:
    """Take away every namespace, link and table that carries the lab's number; its fence stays."""
    for space in leftovers(slot)[0]:
        _remove_namespace(space)
    with IPRoute() as machine:
        for link in leftovers(slot)[1]:
            machine.link("del", index=_index(machine, link))
    close_way_to_mirror(slot)


def leftovers(slot: Slot) -> tuple[list[str], list[str]]:
    """Return the names of namespaces and of links that the lab has on this machine."""
    with IPRoute() as machine:
        links = [str(link.get_attr("IFLA_IFNAME")) for link in machine.get_links()]
    spaces = [name for name in netns.listnetns() if name.startswith(slot.prefix)]
    return spaces, [name for name in links if name.startswith(_uplink_name(slot, ""))]
