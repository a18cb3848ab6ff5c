"""Security groups as nftables: a VPC's whole table from its plan, in its router, out of the hosts' reach.

Everything a host sends or receives is forwarded by its VPC's router, other hosts of its subnet included, so
one forward chain sees it all: first whether the sender is who it says and has a route, as those bind
established connections too, then what the sender's groups let out, then what the receiver's groups let in.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

from lab.cloud.model import SecurityGroupRule
from lab.cloud.topology import BalancerPlan, HostPlan, VpcPlan
from lab.settings import LabError

TABLE = "vpc"
UPLINK = "uplink"
DROPPED = "dropped"
SPOOFED = "spoofed"
"""Counts what hosts sent as someone else, and what came from a link that is no host's any more."""

SOURCES = "sources"
METADATA = "169.254.169.254"
"""Where instances ask for what is said of them (lab.s3.metadata)."""
ANY = (None, -1)
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


def _permission(direction: str, chain: str, rule: SecurityGroupRule, known: set[str]) -> list[Json]:
    """Return what lets a packet through for one rule: nothing if it names a group of another VPC."""
    peer_field = "daddr" if direction == "egress" else "saddr"
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
        expressions.append(_match(_payload(rule.ip_protocol, "dport"), {"range": [rule.from_port, rule.to_port]}))
    if rule.ip_protocol == "icmp":  # EC2 keeps type and code where other protocols have their ports
        for name, value in (("type", rule.from_port), ("code", rule.to_port)):
            if value not in ANY:
                expressions.append(_match(_payload("icmp", name), value))
    # What its sender lets out is still for its receiver's groups to judge.
    return [_rule(chain, *expressions, {"return" if direction == "egress" else "accept": None})]


def _host_chains(vpc: VpcPlan, host: HostPlan) -> list[Json]:
    """Return the two chains of a host: each lets through what its groups allow and drops the rest, counted."""
    known = set(vpc.rules)
    commands: list[Json] = []
    for direction in ("egress", "ingress"):
        chain = f"{direction}_{host.link}"
        commands.append(_chain(chain))
        for group in host.groups:
            for rule in vpc.rules.get(group, ()):
                if rule.direction == direction:
                    commands += _permission(direction, chain, rule, known)
        commands.append(_rule(chain, {"counter": f"{DROPPED}_{direction}_{host.link}"}, {"drop": None}))
    return commands


def _source_check(vpc: VpcPlan) -> list[Json]:
    """Return EC2's source check: a host sends as itself alone, and nothing but the plan's hosts sends."""
    sources: Json = {
        "family": "inet",
        "table": TABLE,
        "name": SOURCES,
        "type": ["ifname", "ipv4_addr"],
    }
    if vpc.hosts:
        sources["elem"] = [{"concat": [host.link, host.private_ip]} for host in vpc.hosts]
    sender = {"concat": [_meta("iifname"), _payload("ip", "saddr")]}
    return [
        {"add": {"set": sources}},
        _rule(
            "forward",
            _match(_meta("iifname"), UPLINK, "!="),
            _match(sender, f"@{SOURCES}", "!="),
            {"counter": SPOOFED},
            {"drop": None},
        ),
    ]


def _verdicts(direction: str, hosts: tuple[HostPlan, ...], chain: str = "forward", target: str = "") -> Json:
    key = _meta("iifname" if direction == "egress" else "oifname")
    elements = [[host.link, {"jump": {"target": f"{target or direction}_{host.link}"}}] for host in hosts]
    return _rule(chain, {"vmap": {"key": key, "data": {"set": elements}}})


def _balancer_chains(vpc: VpcPlan) -> list[Json]:
    """Return what stands before load balancers, and between them and their targets.

    A connection to one is judged when it comes in, as that of its sender with the load balancer; then lab.machine's
    balancer gives it a target, and it is judged as that of the load balancer with the target, though it has its
    sender's address. Health checks are the load balancer's own. Source: User Guide for Network Load Balancers, "Update
    the security groups for your Network Load Balancer".
    """
    if not vpc.balancers:
        return []
    commands = [_chain("balanced", **{**_base("prerouting"), "prio": -110, "policy": "accept"})]
    commands += [_chain("output", **{**_base("output"), "policy": "accept"})]
    sender = {"concat": [_meta("iifname"), _payload("ip", "saddr")]}
    new = _match({"ct": {"key": "state"}}, "new", "in")
    for one in vpc.balancers:
        label, own = one.label, {"set": list(one.addresses)}
        to, by = _match(_payload("ip", "daddr"), own), _match(_payload("ip", "saddr"), own)
        commands += [_chain(f"{part}_{label}") for part in ("to", "in", "out", "onward", "check")]
        # What comes to it.
        commands += [_rule("balanced", new, to, {"goto": {"target": f"to_{label}"}})]
        commands += [_rule(f"to_{label}", _match(sender, f"@{SOURCES}", "!="), {"counter": SPOOFED}, {"drop": None})]
        commands += [_verdicts("egress", vpc.hosts, f"to_{label}")] if vpc.hosts else []
        commands += [_rule(f"to_{label}", {"goto": {"target": f"in_{label}"}})]
        commands += _permissions(vpc, one.groups, "ingress", f"in_{label}")
        commands += _permissions(vpc, one.groups, "egress", f"out_{label}")
        # What it sends on, with its clients' addresses, and of itself.
        for host in vpc.hosts:
            chain = f"from_{label}_{host.link}"
            rules = [_as_from(one, rule) for group in host.groups for rule in vpc.rules.get(group, ())]
            permitted = [rule for rule in rules if rule and rule.direction == "ingress"]
            commands += [_chain(chain)]
            commands += [each for rule in permitted for each in _permission("ingress", chain, rule, set())]
            commands += [_rule(chain, {"counter": f"{DROPPED}_ingress_{host.link}"}, {"drop": None})]
        out: Json = {"jump": {"target": f"out_{label}"}}
        commands += [_rule(f"onward_{label}", out), _rule(f"check_{label}", out)]
        if vpc.hosts:
            commands += [_verdicts("ingress", vpc.hosts, f"onward_{label}", f"from_{label}")]
            commands += [_verdicts("ingress", vpc.hosts, f"check_{label}")]
        commands += [_rule(f"{part}_{label}", {"drop": None}) for part in ("onward", "check")]
        commands += [_rule("output", new, by, {"goto": {"target": f"check_{label}"}})]
    return commands


def _permissions(vpc: VpcPlan, groups: tuple[str, ...], direction: str, chain: str) -> list[Json]:
    """Return the rules of groups that let something through a chain, and the end of it."""
    rules = [rule for group in groups for rule in vpc.rules.get(group, ()) if rule.direction == direction]
    known = set(vpc.rules)
    return [
        *(each for rule in rules for each in _permission(direction, chain, rule, known)),
        _rule(chain, {"drop": None}),
    ]


def _as_from(balancer: BalancerPlan, rule: SecurityGroupRule) -> SecurityGroupRule | None:
    """Return a rule as it holds for what a load balancer sends on: by its groups, or by its client's address."""
    if not rule.referenced_security_group_id:
        return rule
    if rule.referenced_security_group_id not in balancer.groups:
        return None
    return replace(rule, referenced_security_group_id="", cidr_ipv4="0.0.0.0/0")


def _by_balancer(balancer: BalancerPlan) -> Json:
    """Return what tells a connection that was opened to a load balancer."""
    return _match({"ct": {"key": "ip daddr", "dir": "original"}}, {"set": list(balancer.addresses)})


def _internet_rules(vpc: VpcPlan) -> list[Json]:
    """Return who may cross the uplink: a host outward where its route table says so, and what may come in to it.

    A subnet's route table is for what leaves the subnet, so packets come in to a public address whatever their
    source; a sender that the table has no route to gets no answer. By a NAT gateway hosts are answered, never
    asked: it knows nothing of a connection that came in another way.
    """
    commands = []
    for host in vpc.hosts:
        sender = _match(_payload("ip", "saddr"), host.private_ip)
        for way in host.ways:
            asks = [_direction("original")] if way.nat else []
            for cidr in way.open if way.nat or host.public_ip else ():
                commands.append(_rule("outward", sender, *_to(cidr), *asks, {"return": None}))
            commands.append(_rule("outward", sender, *_to(way.cidr), {"drop": None}))
        receiver = _match(_payload("ip", "daddr"), host.private_ip)
        if host.known_outside:
            commands.append(_rule("inward", receiver, {"return": None}))
        elif any(way.nat and way.open for way in host.ways):
            commands.append(_rule("inward", receiver, _direction("reply"), {"return": None}))
    return [*commands, _rule("outward", {"drop": None}), _rule("inward", {"drop": None})]


def _direction(of: str) -> Json:
    return _match({"ct": {"key": "direction"}}, of)


def _to(cidr: str) -> list[Json]:
    return [] if cidr == "0.0.0.0/0" else [_match(_payload("ip", "daddr"), _prefix(cidr))]


def _address_translation(vpc: VpcPlan) -> list[Json]:
    """Return which address stands for another at the uplink: a host's own outside, or its NAT gateway's."""
    commands = [
        _chain("prerouting", type="nat", hook="prerouting", prio=-100, policy="accept"),
        _chain("postrouting", type="nat", hook="postrouting", prio=100, policy="accept"),
    ]
    if vpc.public:
        pairs = [[public, private] for public, private in sorted(vpc.public.items())]
        mapped = {"map": {"key": _payload("ip", "daddr"), "data": {"set": pairs}}}
        translate = {"dnat": {"family": "ip", "addr": mapped}}
        commands.append(_rule("prerouting", _match(_meta("iifname"), UPLINK), translate))
    out = _match(_meta("oifname"), UPLINK)
    for host in vpc.hosts:
        sender = _match(_payload("ip", "saddr"), host.private_ip)
        for way in host.ways:
            if address := way.nat or host.public_ip:
                translate = {"snat": {"family": "ip", "addr": address}}
                commands.append(_rule("postrouting", out, sender, *_to(way.cidr), translate))
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
    counters = [f"{DROPPED}_{way}_{host.link}" for host in vpc.hosts for way in ("egress", "ingress")]
    for name in [SPOOFED, *counters]:
        commands.append({"add": {"counter": {"family": "inet", "table": TABLE, "name": name}}})
    commands += [_chain("outward"), _chain("inward"), _chain("forward", **_base("forward"))]
    for host in vpc.hosts:
        commands += _host_chains(vpc, host)
    commands += _internet_rules(vpc)
    commands += _source_check(vpc)
    commands += _balancer_chains(vpc)
    commands += [
        _rule("forward", _match(_meta("oifname"), UPLINK), {"jump": {"target": "outward"}}),
        _rule("forward", _match(_meta("iifname"), UPLINK), {"jump": {"target": "inward"}}),
        _rule(
            "forward",
            _match({"ct": {"key": "state"}}, ["established", "related"], "in"),
            {"accept": None},
        ),
    ]
    commands += [
        _rule("forward", _by_balancer(one), {"goto": {"target": f"onward_{one.label}"}}) for one in vpc.balancers
    ]
    if vpc.hosts:
        commands += [_verdicts("egress", vpc.hosts), _verdicts("ingress", vpc.hosts)]
    commands.append(_rule("forward", _match(_meta("oifname"), UPLINK), {"accept": None}))
    # Of the router itself, hosts reach the metadata service, which no security group stands before.
    commands += [_chain("input", **_base("input")), *_metadata_rules()]
    answers = _match({"ct": {"key": "state"}}, ["established", "related"], "in")
    for one in vpc.balancers:
        own = _match(_payload("ip", "daddr"), {"set": list(one.addresses)})
        commands.append(_rule("input", own, answers, {"accept": None}))
    commands += _address_translation(vpc)
    return {"nftables": commands}


def _metadata_rules() -> list[Json]:
    sender = {"concat": [_meta("iifname"), _payload("ip", "saddr")]}
    service = [_match(_payload("ip", "daddr"), METADATA), _match(_payload("tcp", "dport"), 80)]
    return [_rule("input", _match(sender, f"@{SOURCES}"), *service, {"accept": None})]


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
    return {direction: counters.get(f"{DROPPED}_{direction}_{host.link}", 0) for direction in ("ingress", "egress")}
