"""A drawing, whatever the stack: whole, without a secret, and the same for the same state."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from scripts.diagram.arrows import arrows, columns
from scripts.diagram.model import Picture
from scripts.diagram.read import picture
from scripts.diagram.svg import SVG, description, graph, svg
from scripts.stack import OperatorError, Stack
from tests.unit.diagram import states
from tests.unit.diagram.states import CANARY, Client, Rule, StackState, cidr, group, resource, user


def read(state: StackState, backwards: bool = False) -> Picture:
    """Return a stack's picture."""

    class Deployed(Stack):
        def outputs(self) -> dict[str, object]:
            return state.outputs()

        def masked_resources(self) -> list[dict[str, object]]:
            return state.resources()[:: -1 if backwards else 1]

    return picture(Deployed("here"))


DRAWN: dict[str, str] = {}
"""Drawings by their state, as Graphviz takes a while for each."""


def drawn(state: StackState) -> str:
    if repr(state) not in DRAWN:
        DRAWN[repr(state)] = svg(read(state))
    return DRAWN[repr(state)]


def parsed(state: StackState) -> Xml.Element:
    return Xml.fromstring(drawn(state))  # noqa: S314  made here


def texts(state: StackState) -> list[str]:
    """Return what is seen, line by line."""
    return [text.text or "" for text in parsed(state).iter(f"{SVG}text")]


def tips(state: StackState) -> set[str]:
    """Return what a pointer is told."""
    return {title.text or "" for title in parsed(state).iter(f"{SVG}title")}


def column(found: Picture, node: str) -> Xml.Element:
    """Return a column's label."""
    match = re.search(rf"^{node} \[label=<(.*?)>\]$", graph(found), re.DOTALL | re.MULTILINE)
    assert match
    return Xml.fromstring(match[1])  # noqa: S314  made here


@pytest.fixture(params=list(states.ALL.values()), ids=list(states.ALL))
def state(request: pytest.FixtureRequest) -> StackState:
    found: StackState = request.param
    return found


def test_it_is_well_formed_and_tells_a_screen_reader_all(state: StackState) -> None:
    root = parsed(state)
    assert root.attrib["role"] == "img"
    title, description = (root.find(f"{SVG}{tag}") for tag in ("title", "desc"))
    assert title is not None and description is not None and description.text
    assert root.attrib["aria-labelledby"].split() == [title.attrib["id"], description.attrib["id"]]
    found = read(state)
    for word in (
        *(
            word
            for host in found.hosts
            for word in (f"Host {host.name}", host.private_ip, host.public_ip or "no public")
        ),
        *(word for rule in (*found.ways_in, *found.ways_out) for word in (found.label(rule), found.group(rule.peer))),
        *(rule.peer for rule in found.ways_in if not rule.by_group),
        *found.mysql.databases,
        *(word for one in found.mysql.users for word in (one.key, one.host, one.access, *one.marks)),
    ):
        assert word in description.text


def test_no_secret_is_in_it(state: StackState) -> None:
    assert CANARY in str(state.resources())
    assert CANARY not in drawn(state)


def test_the_same_state_gives_the_same_bytes_in_whatever_order_it_was_made(state: StackState) -> None:
    assert drawn(state) == svg(read(state, backwards=True))


def test_names_are_text_and_nothing_else(state: StackState) -> None:
    root = parsed(state)
    known = {"svg", "title", "desc", "g", "text", "path", "polygon", "polyline"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= known
    assert not [element for element in root.iter() if any("href" in name for name in element.attrib)]


def test_it_stands_on_a_ground_of_its_own(state: StackState) -> None:
    ground = parsed(state).find(f"{SVG}g/{SVG}polygon")
    assert ground is not None and ground.attrib["fill"] == "#ffffff"


def test_a_frame_is_around_the_hosts_of_its_group_and_nothing_else(state: StackState) -> None:
    found = read(state)
    for drawn_column in columns(found):
        if group_id := drawn_column.frame:
            frames = [
                table for table in column(found, drawn_column.node).iter("TABLE") if table.get("COLOR") == "#6b3fa0"
            ]
            framed = [text for frame in frames for text in frame.itertext()]
            assert f"security group {found.group(group_id)}" in framed
            members = sorted(f"private {host.private_ip}" for host in drawn_column.hosts)
            assert sorted(text for text in framed if text.startswith("private ")) == members
            assert not [text for text in framed if text.startswith("NAT gateway")]


def test_the_pair_is_all_there() -> None:
    seen = texts(StackState())
    for words in (
        "VPC 10.20.0.0/16", "internet gateway", "NAT gateway 198.51.100.1", "public-1", "private-2", "server-subnet",
        "public subnet, 10.20.16.0/20", "eu-central-1b", "security group client", "security group server",
        "group jump", "jump host", "client-1", "private 10.20.16.4", "public 198.51.100.4", "t3.micro", "server",
        "no public address", "operators", "203.0.113.7/32", "everyone else", "no way in", "MySQL 9.7.4-2",
        "databases: app", "app", "from 10.20.0.0/16", "all of app", "80, 443", "out: 80, 443 to 0.0.0.0/0",
        "mysql-pair-here-backups-1a2b3c, 7", "days",
    ):  # fmt: skip
        assert words in seen, words
    found = arrows(read(StackState()))
    assert sorted(label for arrow in found for label in arrow.labels) == ["22 ssh", "22 ssh", "3306 MySQL", "80, 443"]
    assert {arrow.tip for arrow in found if arrow.kind == "in"} == {
        "203.0.113.7/32 to 22 ssh of client",
        "group jump to 22 ssh of server",
        "group client to 3306 MySQL of server",
    }


def test_every_host_and_rule_of_a_large_stack_is_seen() -> None:
    found = read(states.LARGE)
    seen = {*texts(states.LARGE), *tips(states.LARGE)}
    assert {host.name for host in found.hosts} <= seen
    assert {f"private {host.private_ip}" for host in found.hosts} <= seen
    assert {rule.peer for rule in found.ways_in if found.outsiders(rule)} <= seen
    inner = [arrow.tip for arrow in arrows(found) if arrow.tip.startswith("group ") and "sg-" not in arrow.tip]
    assert sorted(inner) == [
        "group client to 3306 MySQL of server; group client to 33060 mysqlx of server",
        "group jump to 22 ssh of client",
        "group jump to 22 ssh of server",
    ]
    said = " ".join(texts(states.LARGE))
    assert "team-12 from 10.20.0.0/16 reads app and 18 more" in said and "archive_2015 and 6 more" in said


def test_a_name_that_is_too_long_is_cut_and_told_whole() -> None:
    names = [f"reports-of-a-very-long-name-{number}" for number in (1, 2)]
    state = StackState(clients=[Client(name) for name in names], jump=None)
    assert {*names} <= tips(state)
    assert {"reports-of-a-ve…g-name-1", "reports-of-a-ve…g-name-2"} <= {*texts(state)}
    whole = {"from " + "m" * 60, "databases: " + ", ".join(map(str, states.AWKWARD.databases)).replace("\x1b", "\\x1b")}
    assert whole <= tips(states.AWKWARD)


def test_what_graphviz_would_read_as_something_else_is_shown_as_it_is() -> None:
    names = ["\\N", "\\\\G", "a&amp;b", "&#65;", "<b>", '"', "]]>", "-->", "%s{{ 1 }}"]
    seen = texts(StackState(users=[user(name) for name in names]))
    assert [name for name in names if name not in seen] == []
    prefix_list = 'pl-\\E&amp;"<1>'
    state = StackState(rules=[Rule("client", {"prefixListId": prefix_list}, 22)])
    assert f"{prefix_list} to 22 ssh of client" in tips(state) and prefix_list in texts(state)


def test_a_crowd_is_counted() -> None:
    seen = texts(states.CROWD)
    assert seen.count("and 5 more") == 1  # 13 operators
    assert seen.count("and 4 more") == 1  # 12 groups


def test_another_client_and_another_rule_change_it() -> None:
    pair = drawn(StackState())
    grown = drawn(StackState(clients=(Client("client-1"), Client("client-2"))))
    assert "client-2" in grown and "client-2" not in pair
    opened = drawn(StackState(rules=(*states.PAIR_RULES, Rule("server", group("sg-0123456789abcdef0"), 3306))))
    assert "sg-0123456789abcdef0" in opened and "sg-0123456789abcdef0" not in pair
    assert opened.count("3306 MySQL</text>") != pair.count("3306 MySQL</text>")


@pytest.mark.parametrize(
    ("rules", "seen"),
    [
        (states.PAIR_RULES, {"no way in", "No address range reaches server."}),
        (
            [Rule("server", cidr("0.0.0.0/0"), 3306)],
            {"no way in but 3306 MySQL", "anyone at all", "No address range reaches client-1."},
        ),
        ([Rule("client", cidr("10.0.0.0/8"), 0, protocol="-1")], {"addresses", "10.0.0.0/8", "all ports"}),
        ([Rule("client", cidr("10.0.0.0/8"), 8000, 8100)], {"8000-8100"}),
        ([Rule("client", cidr("10.0.0.0/8"), 53, protocol="udp")], {"udp 53"}),
        ([Rule("client", {"cidrIpv6": "::/0"}, 22)], {"anyone at all", "::/0"}),
        (
            [Rule("client", cidr("0.0.0.0/1"), 22), Rule("client", cidr("128.0.0.0/1"), 22)],
            {"anyone at all", "0.0.0.0/1", "128.0.0.0/1", "no way in but 22 ssh"},
        ),
        ([Rule("client", {"prefixListId": "pl-1"}, 22)], {"operators", "pl-1"}),
    ],
)
def test_who_gets_in_and_who_does_not(rules: list[Rule], seen: set[str]) -> None:
    said = " ".join(texts(StackState(rules=rules)))
    assert [words for words in seen if words not in said] == []


def ssh_rule(**more: Any) -> dict[str, Any]:
    return {"protocol": "tcp", "fromPort": 22, "toPort": 22, **more}


def old_rule(**more: Any) -> dict[str, Any]:
    kind = "aws:ec2/securityGroupRule:SecurityGroupRule"
    return states.resource(kind, "firewall-old", type="ingress", securityGroupId="sg-client", **ssh_rule(**more))


def inline_group(*rules: dict[str, Any]) -> dict[str, Any]:
    """Return the clients' group once more, with inline rules; its outputs list those that are resources too."""
    group = states.resource("aws:ec2/securityGroup:SecurityGroup", "firewall-client", "sg-client", vpcId="vpc-1")
    listed = [*rules, ssh_rule(cidrBlocks=["192.0.2.0/24"])]
    return {**group, "inputs": {"ingress": list(rules)}, "outputs": {**group["outputs"], "ingress": listed}}


def offices(*cidrs: str) -> dict[str, Any]:
    entries = [{"cidr": cidr} for cidr in cidrs]
    return states.resource("aws:ec2/managedPrefixList:ManagedPrefixList", "offices", "pl-1", entries=entries)


def entry(cidr: str) -> dict[str, Any]:
    kind = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"
    return states.resource(kind, "office", "pl-1,x", cidr=cidr, prefixListId="pl-1")


def by_offices() -> dict[str, Any]:
    return Rule("client", {"prefixListId": "pl-1"}, 22).resource(99)


@pytest.mark.parametrize(
    ("more", "seen"),
    [
        ([old_rule(cidrBlocks=["10.0.0.0/8", "11.0.0.0/8"])], {"operators", "10.0.0.0/8", "11.0.0.0/8"}),
        ([old_rule(sourceSecurityGroupId="sg-0123456789abcdef0")], {"operators' groups", "sg-0123456789abcdef0"}),
        ([inline_group(ssh_rule(cidrBlocks=["10.0.0.0/8"]))], {"operators", "10.0.0.0/8"}),
        ([offices("10.0.0.0/8"), by_offices()], {"operators", "10.0.0.0/8"}),
        ([offices("0.0.0.0/1", "128.0.0.0/1"), by_offices()], {"anyone at all", "0.0.0.0/0", "no way in but 22 ssh"}),
        ([offices("0.0.0.0/1"), entry("128.0.0.0/1"), by_offices()], {"anyone at all", "0.0.0.0/0"}),
    ],
)
def test_rules_of_every_form_are_read(more: list[dict[str, Any]], seen: set[str]) -> None:
    assert seen <= {*texts(StackState(rules=(), more=more))}


@pytest.mark.parametrize(
    ("more", "marks"),
    [
        ({}, []),
        ({"locked": True}, ["locked"]),
        ({"generation": 2, "finished_generation": 2}, []),
        ({"generation": 2.0, "finished_generation": 0.0}, ["rotation under way"]),
        ({"generation": 3, "finished_generation": 2, "locked": True}, ["locked", "rotation under way"]),
    ],
)
def test_what_is_out_of_the_ordinary_about_a_user(more: dict[str, Any], marks: list[str]) -> None:
    seen = texts(StackState(users=(user("app", **more),)))
    assert [text for text in seen if text in ("locked", "rotation under way")] == marks


def test_the_volume_that_the_data_are_on_is_shown() -> None:
    made = resource("aws:ebs/volume:Volume", "server-data-volume", "vol-1", size=16)
    assert "data volume vol-1, 16 GiB" in texts(StackState(volume="vol-1", more=[made]))
    assert "data volume vol-2" in texts(StackState(volume="vol-2"))
    assert not [line for line in texts(StackState()) if "data volume" in line]


def test_every_server_of_a_group_is_drawn_with_its_volume_and_what_is_in_mysql_once() -> None:
    found, seen = read(states.GROUP), texts(states.GROUP)
    assert [server.name for server in found.servers] == ["server", "server-2", "server-3"]
    assert [server.data_volume for server in found.servers] == ["vol-1", "vol-2, 16 GiB", "vol-3, 16 GiB"]
    assert "MySQL servers and their clients" in seen and "A MySQL server and its clients" not in seen
    assert (seen.count("one of a group of 3"), seen.count("databases: app")) == (3, 1)
    assert {"data volume vol-1", "data volume vol-2, 16 GiB", "data volume vol-3, 16 GiB"} <= {*seen}
    assert {"33061 group", "33065 role"} <= {*seen}
    told = description(found)
    assert "A group of 3 servers, one of which is the primary: server, server-2, server-3." in told
    assert "The data of server-3 are on volume vol-3, 16 GiB." in told


def test_what_is_about_to_be_deleted_is_left_out() -> None:
    gone = states.resource("aws:ec2/instance:Instance", "gone-instance", "i-gone", subnetId="subnet-public-1")
    assert drawn(StackState(more=[{**gone, "delete": True}])) == drawn(StackState())


@pytest.mark.parametrize("name", ["bastion", "web-instance"])
def test_a_host_is_called_by_its_component_or_by_its_own_name(name: str) -> None:
    alone = states.resource("aws:ec2/instance:Instance", name, "i-more", subnetId="subnet-public-1")
    found = read(StackState(more=[{**alone, "parent": states.ROOT}]))
    assert [host.name for host in found.hosts] == ["client-1", name, "server"]


def test_grants_that_a_former_program_left_as_text_are_not_guessed() -> None:
    assert read(StackState(users=(user("app", grants={"app.*": "ALL"}),))).mysql.users[0].access == "not known"


def test_without_graphviz_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = read(StackState())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperatorError, match=r"no `dot` on PATH; on Debian and Ubuntu: `sudo apt-get install graphviz`"):
        svg(found)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'syntax error' >&2; exit 1", r"cannot draw the diagram:\nsyntax error"),
        ("exec sleep 60", r"did not finish"),
    ],
)
def test_a_graphviz_that_fails_or_hangs_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, said: str
) -> None:
    found = read(StackState())
    (tmp_path / "dot").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("scripts.diagram.svg.SECONDS", 0.2)
    with pytest.raises(OperatorError, match=said):
        svg(found)
