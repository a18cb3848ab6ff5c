"""A VPC's table as data: what each rule of a group becomes. Whether it holds is shown in tests/network."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from lab.cloud.model import SecurityGroupRule
from lab.cloud.topology import HostPlan, VpcPlan, Way
from lab.machine import firewall

ANYWHERE = "0.0.0.0/0"
SOURCE = {"payload": {"protocol": "ip", "field": "saddr"}}
TARGET = {"payload": {"protocol": "ip", "field": "daddr"}}
OUT = Way(ANYWHERE, (ANYWHERE,))
HOST = HostPlan("i-0abcdef0123456789", "10.0.1.4", "10.0.1.0/24", "198.18.0.10", (OUT,), ("sg-1",))
PEER = HostPlan("i-0abcdef0123456780", "10.0.1.5", "10.0.1.0/24", "", (OUT,), ("sg-2",))
BEHIND = HostPlan(
    "i-0abcdef0123456782",
    "10.0.1.7",
    "10.0.1.0/24",
    "198.18.0.11",
    (Way(ANYWHERE, ("192.0.2.0/24",), "198.18.0.12"),),
    (),
)


def rule(protocol: str, first: int | None, last: int | None, **peer: Any) -> SecurityGroupRule:
    """Return a rule of the host's group; in, and from anywhere, unless said otherwise."""
    direction = peer.pop("direction", "ingress")
    if not peer:
        peer = {"cidr_ipv4": ANYWHERE}
    return SecurityGroupRule("sgr-1", "sg-1", direction, protocol, first, last, **peer)


def vpc(*rules: SecurityGroupRule, hosts: tuple[HostPlan, ...] = (HOST, PEER)) -> VpcPlan:
    return VpcPlan("vpc-1", "10.0.0.0/16", hosts, {"sg-1": rules, "sg-2": ()})


def added(plan: VpcPlan, what: str) -> list[dict[str, Any]]:
    """Return every object of a kind that the table has."""
    commands = firewall.ruleset(plan)["nftables"]
    return [command["add"][what] for command in commands if what in command.get("add", {})]


def chain(plan: VpcPlan, name: str) -> list[list[dict[str, Any]]]:
    """Return the rules of a chain."""
    return [rule["expr"] for rule in added(plan, "rule") if rule["chain"] == name]


def equal(left: Any, right: Any) -> dict[str, Any]:
    return {"match": {"op": "==", "left": left, "right": right}}


def protocol(name: str) -> dict[str, Any]:
    return equal({"meta": {"key": "l4proto"}}, name)


def field(name: str, key: str, value: Any) -> dict[str, Any]:
    return equal({"payload": {"protocol": name, "field": key}}, value)


ACCEPT, DROP = {"accept": None}, {"drop": None}
CIDR = {"prefix": {"addr": "192.0.2.0", "len": 24}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (rule("-1", None, None), [ACCEPT]),
        (
            rule("tcp", 22, 22),
            [protocol("tcp"), field("tcp", "dport", {"range": [22, 22]}), ACCEPT],
        ),
        (
            rule("udp", 1000, 2000, cidr_ipv4="192.0.2.0/24"),
            [equal(SOURCE, CIDR), protocol("udp"), field("udp", "dport", {"range": [1000, 2000]}), ACCEPT],
        ),
        (
            rule("tcp", 3306, 3306, referenced_security_group_id="sg-2"),
            [
                equal(SOURCE, "@members_sg_2"),
                protocol("tcp"),
                field("tcp", "dport", {"range": [3306, 3306]}),
                ACCEPT,
            ],
        ),
        (rule("icmp", -1, -1), [protocol("icmp"), ACCEPT]),
        (rule("icmp", 8, -1), [protocol("icmp"), field("icmp", "type", 8), ACCEPT]),
        (
            rule("icmp", 3, 4),
            [protocol("icmp"), field("icmp", "type", 3), field("icmp", "code", 4), ACCEPT],
        ),
    ],
    ids=["all", "tcp", "udp-range-cidr", "group", "icmp", "icmp-type", "icmp-type-and-code"],
)
def test_ingress_rule(given: SecurityGroupRule, expected: list[dict[str, Any]]) -> None:
    permission, last = chain(vpc(given), f"ingress_{HOST.link}")
    assert permission == expected
    assert last == [{"counter": f"dropped_ingress_{HOST.link}"}, {"drop": None}]


def test_egress_rule_judges_the_target_and_leaves_the_last_word_to_the_receiver() -> None:
    permission, last = chain(
        vpc(rule("-1", None, None, cidr_ipv4="192.0.2.0/24", direction="egress")), f"egress_{HOST.link}"
    )
    assert permission == [equal(TARGET, CIDR), {"return": None}]
    assert last == [{"counter": f"dropped_egress_{HOST.link}"}, {"drop": None}]


def test_rule_binds_the_groups_members_alone() -> None:
    plan = vpc(rule("tcp", 22, 22))
    assert len(chain(plan, f"ingress_{HOST.link}")) == 2
    assert len(chain(plan, f"ingress_{PEER.link}")) == 1
    assert len(chain(plan, f"egress_{HOST.link}")) == 1


def test_rule_that_names_an_unknown_group_allows_nothing() -> None:
    plan = vpc(rule("tcp", 22, 22, referenced_security_group_id="sg-elsewhere"))
    assert len(chain(plan, f"ingress_{HOST.link}")) == 1


def test_rule_that_names_its_own_group_binds_members_of_three_subnets_alike() -> None:
    hosts = tuple(
        HostPlan(f"i-0abcdef012345678{number}", f"10.0.{number}.4", f"10.0.{number}.0/24", "", (OUT,), ("sg-1",))
        for number in (1, 2, 3)
    )
    group = {"referenced_security_group_id": "sg-1"}
    plan = vpc(rule("tcp", 1, 2, **group), rule("tcp", 1, 2, direction="egress", **group), hosts=(*hosts, PEER))
    members = {item["name"]: item.get("elem") for item in added(plan, "set")}["members_sg_1"]
    assert members == ["10.0.1.4", "10.0.2.4", "10.0.3.4"]
    for host in hosts:
        for way, peer in (("ingress", SOURCE), ("egress", TARGET)):
            permission, _ = chain(plan, f"{way}_{host.link}")
            assert permission[0] == equal(peer, "@members_sg_1")
    assert len(chain(plan, f"ingress_{PEER.link}")) == 1


def test_each_group_is_a_set_of_its_members_addresses() -> None:
    sets = {item["name"]: item.get("elem") for item in added(vpc(hosts=(HOST,)), "set")}
    assert sets["members_sg_1"] == ["10.0.1.4"]
    assert sets["members_sg_2"] is None


def test_table_is_replaced_in_one_transaction_and_closed_by_default() -> None:
    commands = firewall.ruleset(vpc())["nftables"]
    assert [next(iter(command)) for command in commands[:3]] == ["add", "delete", "add"]
    assert all(next(iter(command)) == "add" for command in commands[3:])
    bases = {chain["name"]: chain["policy"] for chain in added(vpc(), "chain") if chain.get("type") == "filter"}
    assert bases == {"forward": "drop", "input": "drop"}


def test_only_hosts_with_address_and_way_out_are_known_outside() -> None:
    lonely = HostPlan("i-0abcdef0123456781", "10.0.1.6", "10.0.1.0/24", "198.18.0.11", (), ())
    plan = vpc(hosts=(HOST, PEER, lonely))
    own, nobody = equal(SOURCE, "10.0.1.4"), equal(SOURCE, "10.0.1.5")
    assert chain(plan, "outward") == [[own, {"return": None}], [own, DROP], [nobody, DROP], [DROP]]
    assert chain(plan, "inward") == [[equal(TARGET, "10.0.1.4"), {"return": None}], [DROP]]
    (((_, translation),), ((_, *back),)) = chain(plan, "prerouting"), chain(plan, "postrouting")
    assert translation["dnat"]["addr"]["map"]["data"]["set"] == [["198.18.0.10", "10.0.1.4"]]
    assert back == [own, {"snat": {"family": "ip", "addr": "198.18.0.10"}}]


def test_host_behind_nat_asks_by_its_gateways_address_and_is_only_answered() -> None:
    plan = vpc(hosts=(BEHIND,))
    own, part = equal(SOURCE, "10.0.1.7"), equal(TARGET, CIDR)
    assert chain(plan, "outward") == [
        [own, part, equal({"ct": {"key": "direction"}}, "original"), {"return": None}],
        [own, DROP],
        [DROP],
    ]
    reply = equal({"ct": {"key": "direction"}}, "reply")
    assert chain(plan, "inward") == [[equal(TARGET, "10.0.1.7"), reply, {"return": None}], [DROP]]
    assert chain(plan, "prerouting") == []
    assert [back for _, *back in chain(plan, "postrouting")] == [
        [own, {"snat": {"family": "ip", "addr": "198.18.0.12"}}]
    ]


@pytest.mark.parametrize(
    "hosts", [(), (HOST,), (HOST, PEER), (HOST, BEHIND)], ids=["none", "one", "two", "one-behind-nat"]
)
def test_nftables_takes_the_table(hosts: tuple[HostPlan, ...]) -> None:
    """Checked only, in a namespace that ends with the command; as any user, where the kernel lets one."""
    plan = vpc(rule("icmp", 8, -1), rule("tcp", 1, 2, referenced_security_group_id="sg-2"), hosts=hosts)
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", "nft", "--json", "--check", "--file", "-"],
        input=json.dumps(firewall.ruleset(plan)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
