"""Security groups as nftables: a VPC's whole table from its plan, in the router's namespace, out of the hosts' reach.

Everything a host sends or receives is forwarded by its VPC's router, other hosts of its subnet included, so one
forward chain sees it all: first what the sender's groups let out, then what the receiver's groups let in.
"""

from __future__ import annotations

import json
import subprocess
from ipaddress import IPv4Network
from typing import Any

from lab.model import SecurityGroupRule
from lab.settings import LabError
from lab.topology import HostPlan, VpcPlan

TABLE = "vpc"
UPLINK = "uplink"
DROPPED = "dropped"
Json = dict[str, Any]


def _match(left: Json | str, right: Any, operator: str = "==") -> Json:
    return {"match": {"op": operator, "left": left, "right": right}}


def _meta(key: str) -> Json:
    return {"meta": {"key": key}}


def _payload(protocol: str, name: str) -> Json:
    return {"payload": {"protocol": protocol, "field": name}}


def _prefix(cidr: str) -> Json:
    network = IPv4Network(cidr)
    return {"prefix": {"addr": str(network.network_address), "len": network.prefixlen}}


def set_name(group_id: str) -> str:
    """Return the nftables set that holds a group's members."""
    return f"members_{group_id.replace('-', '_')}"


def _rule(chain: str, *expressions: Json) -> Json:
    return {"add": {"rule": {"family": "inet", "table": TABLE, "chain": chain, "expr": list(expressions)}}}


def _chain(name: str, **hook: Any) -> Json:
    return {"add": {"chain": {"family": "inet", "table": TABLE, "name": name, **hook}}}


def _permission(chain: str, rule: SecurityGroupRule, peer_field: str, known: set[str]) -> list[Json]:
    """Return what lets a packet through for one rule: nothing if it names a group of another VPC."""
    expressions: list[Json] = []
    if rule.referenced_security_group_id:
        if rule.referenced_security_group_id not in known:
            return []
        members = f"@{set_name(rule.referenced_security_group_id)}"
        expressions.append(_match(_payload("ip", peer_field), members))
    elif rule.cidr_ipv4 != "0.0.0.0/0":
        expressions.append(_match(_payload("ip", peer_field), _prefix(rule.cidr_ipv4)))
    if rule.ip_protocol != "-1":
        expressions.append(_match(_meta("l4proto"), rule.ip_protocol))
    if rule.ip_protocol in ("tcp", "udp") and rule.from_port is not None:
        expressions.append(
            _match(_payload(rule.ip_protocol, "dport"), {"range": [rule.from_port, rule.to_port]})
        )
    if rule.ip_protocol == "icmp" and rule.from_port not in (None, -1):
        expressions.append(_match(_payload("icmp", "type"), rule.from_port))
    return [_rule(chain, *expressions, {"return": None})]


def _host_chains(vpc: VpcPlan, host: HostPlan) -> list[Json]:
    """Return the two chains of a host: each returns what is allowed and drops the rest, counted."""
    known = set(vpc.rules)
    commands: list[Json] = []
    for direction, peer_field in (("egress", "daddr"), ("ingress", "saddr")):
        chain = f"{direction}_{host.link}"
        commands.append(_chain(chain))
        if direction == "egress":  # EC2's source check: a host cannot send as another
            commands.append(
                _rule(chain, _match(_payload("ip", "saddr"), host.private_ip, "!="), {"drop": None})
            )
        for group in host.groups:
            for rule in vpc.rules.get(group, ()):
                if rule.direction == direction:
                    commands += _permission(chain, rule, peer_field, known)
        commands.append(_rule(chain, {"counter": f"{DROPPED}_{direction}_{host.link}"}, {"drop": None}))
    return commands


def _verdicts(direction: str, hosts: tuple[HostPlan, ...]) -> Json:
    key = _meta("iifname" if direction == "egress" else "oifname")
    elements = [[host.link, {"jump": {"target": f"{direction}_{host.link}"}}] for host in hosts]
    return _rule("forward", {"vmap": {"key": key, "data": {"set": elements}}})


def _internet_rules(vpc: VpcPlan) -> list[Json]:
    """Return who may cross the uplink: a host with a public address, where its route table says so."""
    commands = []
    for host in vpc.hosts:
        if not host.public_ip:
            continue
        for cidr in host.internet:
            for chain, own, peer in (("outward", "saddr", "daddr"), ("inward", "daddr", "saddr")):
                anywhere = cidr == "0.0.0.0/0"
                far = [] if anywhere else [_match(_payload("ip", peer), _prefix(cidr))]
                near = _match(_payload("ip", own), host.private_ip)
                commands.append(_rule(chain, near, *far, {"return": None}))
    return commands


def _address_translation(vpc: VpcPlan) -> list[Json]:
    """Return the maps between public and private addresses, used at the uplink only."""
    commands = [
        _chain("prerouting", type="nat", hook="prerouting", prio=-100, policy="accept"),
        _chain("postrouting", type="nat", hook="postrouting", prio=100, policy="accept"),
    ]
    if not vpc.public:
        return commands
    inward = [[public, private] for public, private in sorted(vpc.public.items())]
    outward = [[private, public] for public, private in sorted(vpc.public.items())]
    for chain, key, verb, field, pairs in (
        ("prerouting", "iifname", "dnat", "daddr", inward),
        ("postrouting", "oifname", "snat", "saddr", outward),
    ):
        mapped = {"map": {"key": _payload("ip", field), "data": {"set": pairs}}}
        commands.append(_rule(chain, _match(_meta(key), UPLINK), {verb: {"family": "ip", "addr": mapped}}))
    return commands


def ruleset(vpc: VpcPlan) -> Json:
    """Return a VPC's table as one nftables transaction: the old table out and the new one in at once.

    Established connections go on when the rule that let them in is gone, as on EC2: they are connection
    tracking's, which outlives the table.
    """
    table = {"table": {"family": "inet", "name": TABLE}}
    commands: list[Json] = [{"add": table}, {"delete": table}, {"add": table}]
    for group in sorted(vpc.rules):
        members: Json = {"family": "inet", "table": TABLE, "name": set_name(group), "type": "ipv4_addr"}
        if addresses := vpc.members(group):
            members["elem"] = addresses
        commands.append({"add": {"set": members}})
    for host in vpc.hosts:
        for direction in ("egress", "ingress"):
            name = f"{DROPPED}_{direction}_{host.link}"
            commands.append({"add": {"counter": {"family": "inet", "table": TABLE, "name": name}}})
    commands += [_chain("outward"), _chain("inward"), _chain("forward", **_base("forward"))]
    for host in vpc.hosts:
        commands += _host_chains(vpc, host)
    commands += _internet_rules(vpc)
    commands += [_rule("outward", {"drop": None}), _rule("inward", {"drop": None})]
    established = _match({"ct": {"key": "state"}}, ["established", "related"], "in")
    commands += [
        _rule("forward", established, {"accept": None}),
        _rule("forward", _match(_meta("oifname"), UPLINK), {"jump": {"target": "outward"}}),
        _rule("forward", _match(_meta("iifname"), UPLINK), {"jump": {"target": "inward"}}),
    ]
    if vpc.hosts:
        commands += [_verdicts("egress", vpc.hosts), _verdicts("ingress", vpc.hosts)]
    commands.append(_rule("forward", {"accept": None}))
    # Nothing on the router itself is for anyone to reach.
    commands.append(_chain("input", **_base("input")))
    commands += _address_translation(vpc)
    return {"nftables": commands}


def _base(hook: str) -> Json:
    return {"type": "filter", "hook": hook, "prio": 0, "policy": "drop"}


def _nft(namespace: str, *arguments: str, stdin: str = "") -> str:
    command = ["nsenter", f"--net=/run/netns/{namespace}", "nft", "--json", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise LabError(f"the firewall of {namespace} was not changed: {done.stderr.strip()[:1000]}")
    return done.stdout


def enforce(namespace: str, vpc: VpcPlan) -> None:
    """Put a VPC's table in force in its router's namespace, all of it or nothing.

    Raises:
        LabError: nftables refused it; the table before stays in force.
    """
    _nft(namespace, "--file", "-", stdin=json.dumps(ruleset(vpc)))


def dropped(namespace: str, host: HostPlan) -> dict[str, int]:
    """Return how many packets a host's groups refused since its VPC's last change, by direction."""
    listed = json.loads(_nft(namespace, "list", "counters", "table", "inet", TABLE))["nftables"]
    counters = {item["counter"]["name"]: item["counter"]["packets"] for item in listed if "counter" in item}
    return {
        direction: counters.get(f"{DROPPED}_{direction}_{host.link}", 0)
        for direction in ("ingress", "egress")
    }
