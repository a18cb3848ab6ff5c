"""Hosts that are cut off: their VPC's router drops what they send and what is sent to them, and they run on.

A table of its own, before the VPC's: a change of the VPC makes that one anew and leaves this one. It goes with the
router. Names of links are given once, so a host that is terminated while it is cut off leaves nothing that counts.
"""

from __future__ import annotations

import json
import subprocess

from lab.settings import LabError

TABLE = "cut"
RULES = f"""
add table inet {TABLE}
add set inet {TABLE} links {{ type ifname; }}
add chain inet {TABLE} forward {{ type filter hook forward priority -10; policy accept; }}
add chain inet {TABLE} input {{ type filter hook input priority -10; policy accept; }}
add chain inet {TABLE} output {{ type filter hook output priority -10; policy accept; }}
flush table inet {TABLE}
add rule inet {TABLE} forward iifname @links drop
add rule inet {TABLE} forward oifname @links drop
add rule inet {TABLE} input iifname @links drop
add rule inet {TABLE} output oifname @links drop
"""
"""Established connections are dropped too, and are not closed: neither end is told."""


def cut(router: str, link: str) -> None:
    """Drop all of a host's traffic from now on; nothing happens if it is cut off.

    Raises:
        LabError: nftables refused.
    """
    _nft(router, "--file", "-", stdin=f'{RULES}add element inet {TABLE} links {{ "{link}" }}\n')


def join(router: str, link: str) -> None:
    """Let a host's traffic through again; nothing happens if it is not cut off.

    Raises:
        LabError: nftables refused.
    """
    if link in cut_off(router):
        _nft(router, "delete", "element", "inet", TABLE, "links", f'{{ "{link}" }}')


def cut_off(router: str) -> set[str]:
    """Return the links of a VPC's hosts that are cut off.

    Raises:
        LabError: the router is not there.
    """
    listed = json.loads(_nft(router, "--json", "list", "sets", "inet"))["nftables"]
    sets = [item["set"] for item in listed if item.get("set", {}).get("table") == TABLE]
    return {link for found in sets for link in found.get("elem", ())}


def _nft(router: str, *arguments: str, stdin: str = "") -> str:
    command = ["nsenter", f"--net=/run/netns/{router}", "nft", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise LabError(f"the router {router} cut nobody off: {done.stderr.strip()[:1000]}")
    return done.stdout
