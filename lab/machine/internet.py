"""The machine as a lab's internet: what hosts reach outside their VPC, and that nothing else leaves the machine."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

from lab.machine import netlink
from lab.machine.links import sysctl, uplink_name
from lab.machine.mirror import Mirror
from lab.machine.slots import PUBLIC_RANGE, Slot
from lab.settings import RUN_FOLDER, LabError

LAST_RESORT = 4294967294
"""A route metric that any other route beats: 2³² minus 2."""
UNICAST = 1
"""RTN_UNICAST (rtnetlink(7)): a route that leads somewhere."""

SAVED_FORWARDING = RUN_FOLDER / "forwarding-before"
"""A symbolic link a device of the machine, to its setting before the first lab: made whole and once only."""


def fence(slot: Slot, cidrs: list[str]) -> None:
    """Make sure that nothing sent to these CIDRs or the lab's public pool can leave the machine.

    The fence is an unreachable route that any other of its length beats, so one that leads out of the
    machine is refused. It stays when the hosts, and the lab, are gone.

    Raises:
        LabError: a CIDR overlaps a network that this machine is connected to, or holds one that it has a
            route to.
    """
    with netlink.routes() as ip:
        routes = ip.get_routes(family=socket.AF_INET, table=254, type=UNICAST)
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
        raise LabError(f"{cidr} overlaps {network}, which this machine {how}: choose another CIDR for the VPC")


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
    with netlink.routes() as machine:
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
    sysctl("", **{f"conf__{device}__forwarding": 1})


def restore_forwarding() -> None:
    """Put forwarding on the machine's own links back to what it was before the first lab."""
    for saved in SAVED_FORWARDING.glob("*"):
        with contextlib.suppress(LabError, FileNotFoundError):  # the link may be gone; another lab's end does it too
            sysctl("", **{f"conf__{saved.name}__forwarding": int(str(saved.readlink()))})
        saved.unlink(missing_ok=True)


def _table(slot: Slot) -> str:
    return f"lab{slot.number}"


def _machine_rules(slot: Slot, begin: str, mirror: list[tuple[str, int]]) -> subprocess.CompletedProcess[str]:
    elements = ", ".join(f"{address} . {port}" for address, port in mirror)
    template = Template(Path(__file__).with_name("machine.nft").read_text(encoding="utf-8"))
    rules = begin + template.substitute(
        lab=_table(slot),
        links=f'"{uplink_name(slot, "*")}"',
        pool=slot.public_pool,
        mirror=f"elements = {{ {elements} }}" if elements else "",
    )
    return subprocess.run(["nft", "--file", "-"], input=rules, capture_output=True, text=True, check=False)


def keep_inside(slot: Slot) -> None:
    """Make sure that hosts reach nothing outside until a way is opened to them; one that is open stays so."""
    done = _machine_rules(slot, f"create table ip {_table(slot)}\n", [])
    if done.returncode != 0 and "File exists" not in done.stderr:
        raise LabError(f"the lab was not closed to the outside: {done.stderr.strip()[:500]}")


def close_way_to_mirror(slot: Slot) -> None:
    """Take the lab's table out of the machine's nftables; nothing happens if there is none."""
    subprocess.run(["nft", "delete", "table", "ip", _table(slot)], capture_output=True, check=False)
