"""Links of the machine and of its namespaces: their names in a lab, and what is asked of the kernel for them."""

from __future__ import annotations

import contextlib
import errno
import socket
import subprocess
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab.machine.slots import Slot
from lab.settings import LabError

if TYPE_CHECKING:
    from pyroute2 import IPRoute


def namespace(slot: Slot, record_id: str) -> str:
    """Return the name of a VPC's or an instance's network namespace."""
    return f"{slot.prefix}{record_id}"


def uplink_name(slot: Slot, vpc_id: str) -> str:
    """Return the name of the machine's end of the link to a VPC's router; of all of a lab's, with a `*`."""
    return f"lab{slot.number}v{vpc_id[-8:]}"


def sysctl(space: str, **values: int) -> None:
    """Make network settings (net.ipv4, `__` for a dot) of a namespace; "" is the machine's own.

    Raises:
        LabError: the kernel refused one.
    """
    pairs = [f"net.ipv4.{key.replace('__', '.')}={value}" for key, value in values.items()]
    enter = ["nsenter", f"--net=/run/netns/{space}"] if space else []
    done = subprocess.run([*enter, "sysctl", "-qw", *pairs], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"the kernel refused a network setting of {space or 'this machine'}: {done.stderr.strip()}")


def index_of(ip: IPRoute, name: str) -> int | None:
    """Return a link's number, or None if there is no such link."""
    indexes = ip.link_lookup(ifname=name)
    return indexes[0] if indexes else None


def remove_link(ip: IPRoute, name: str) -> None:
    """Take a link away, and with it its far end; nothing happens if it is gone, or goes meanwhile."""
    index = index_of(ip, name)
    if index is not None:
        with tolerated(errno.ENODEV):
            ip.link("del", index=index)


@contextlib.contextmanager
def tolerated(code: int) -> Iterator[None]:
    """Take one of the kernel's refusals, by its errno, for done."""
    from pyroute2 import NetlinkError

    try:
        yield
    except NetlinkError as error:
        if error.code != code:
            raise


def mtu_of_machine(ip: IPRoute) -> int:
    """Return the MTU of the link of the machine's default route: what hosts send must fit through it."""
    for route in ip.get_default_routes(family=socket.AF_INET):
        return int(ip.get_links(route.get_attr("RTA_OIF"))[0].get_attr("IFLA_MTU"))
    return 1500
