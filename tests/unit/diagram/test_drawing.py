"""A drawing, whatever the stack: legible, whole, without a secret, and the same for the same state."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from scripts.diagram import describe
from scripts.diagram.layout import laid_out
from scripts.diagram.model import Picture
from scripts.diagram.read import picture
from scripts.diagram.scene import FONTS, Arrow, Box, Text
from scripts.diagram.svg import svg
from scripts.stack import Stack
from tests.unit.diagram import states
from tests.unit.diagram.states import CANARY, Client, Rule, StackState, cidr, group, user

CARDS = {"host", "nat", "mysql", "source", "shut"}
SUBNETS = {"public", "private", "subnet"}
Area = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def read(state: StackState, backwards: bool = False) -> Picture:
    """Return a stack's picture."""

    class Deployed(Stack):
        def outputs(self) -> dict[str, object]:
            return state.outputs()

        def masked_resources(self) -> list[dict[str, object]]:
            return state.resources()[:: -1 if backwards else 1]

    return picture(Deployed("here"))


def drawn(state: StackState) -> str:
    return svg(laid_out(read(state)))


def area(box: Box) -> Area:
    return box.x, box.y, box.right, box.bottom


def text_area(text: Text) -> Area:
    start, end = text.extent
    size = FONTS[text.font].size
    return start, text.y - 0.78 * size, end, text.y + 0.24 * size


def inside(inner: Area, outer: Area) -> bool:
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def meet(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def segments(arrows: Sequence[Arrow]) -> list[Area]:
    """Return every straight piece of these arrows as a thin area, without its ends."""
    pieces = []
    for arrow in arrows:
        for (x, y), (to_x, to_y) in zip(arrow.points, arrow.points[1:], strict=False):
            left, right, top, bottom = min(x, to_x), max(x, to_x), min(y, to_y), max(y, to_y)
            assert left == right or top == bottom, "arrows run straight"
            pieces.append(
                (left + 1, top - 0.5, right - 1, bottom + 0.5)
                if top == bottom
                else (left - 0.5, top + 1, right + 0.5, bottom - 1)
            )
    return pieces


@pytest.fixture(params=list(states.ALL.values()), ids=list(states.ALL))
def state(request: pytest.FixtureRequest) -> StackState:
    found: StackState = request.param
    return found


def test_it_is_well_formed_and_tells_a_screen_reader_all(state: StackState) -> None:
    root = Xml.fromstring(drawn(state))  # noqa: S314  made here
    assert root.attrib["role"] == "img"
    title, description = (root.find(f"{{http://www.w3.org/2000/svg}}{tag}") for tag in ("title", "desc"))
    assert title is not None and description is not None and description.text
    assert root.attrib["aria-labelledby"].split() == [title.attrib["id"], description.attrib["id"]]
    found = read(state)
    for word in (
        *(
            word
            for host in found.hosts
            for word in (f"Host {host.name}", host.private_ip, host.public_ip or "no public")
        ),
        *(
            word
            for rule in (*found.ways_in, *found.ways_out)
            for word in (found.label(rule), describe.group(found, rule.peer))
        ),
        *(rule.peer for rule in found.ways_in if not rule.by_group),
        *found.mysql.databases,
        *(word for one in found.mysql.users for word in (one.key, one.host, one.access, *one.marks)),
    ):
        assert word in description.text


def test_no_secret_is_in_it(state: StackState) -> None:
    assert CANARY in str(state.resources())
    assert CANARY not in drawn(state)


def test_the_same_state_gives_the_same_bytes_in_whatever_order_it_was_made(state: StackState) -> None:
    assert drawn(state) == drawn(state) == svg(laid_out(read(state, backwards=True)))


def test_no_text_is_wider_than_its_box(state: StackState) -> None:
    scene = laid_out(read(state))
    assert [text.text for text in scene.texts if text.within is None] == ["✕"]
    assert [text.text for text in scene.texts if text.within and not inside(text_area(text), area(text.within))] == []
    known = {id(box) for box in [*scene.boxes, *scene.labels]} | {id(None)}
    assert [text.text for text in scene.texts if id(text.within) not in known] == []


def test_no_texts_overlap(state: StackState) -> None:
    texts = laid_out(read(state)).texts
    assert [(a.text, b.text) for a, b in combinations(texts, 2) if meet(text_area(a), text_area(b))] == []


def test_boxes_lie_beside_or_in_each_other(state: StackState) -> None:
    scene = laid_out(read(state))
    page = (0, 0, scene.width, scene.height)
    assert [box for box in [*scene.boxes, *scene.labels] if not inside(area(box), page)] == []
    for one, other in combinations(scene.boxes, 2):
        if {one.kind, other.kind} & {"frame"} and {one.kind, other.kind} & SUBNETS:
            continue  # a group reaches over subnets
        a, b = area(one), area(other)
        assert not meet(a, b) or inside(a, b) or inside(b, a), (one, other)
    for label in scene.labels:
        hidden = [box for box in [*scene.boxes, *scene.labels] if box.kind in CARDS | {"port", "chip", "gate", "way"}]
        for box in hidden:
            assert box is label or not meet(area(label), area(box)) or label.kind == "chip", (label, box)


def test_no_arrow_passes_through_a_card_or_a_text(state: StackState) -> None:
    scene = laid_out(read(state))
    labels = {id(label) for label in scene.labels}
    for piece in segments(scene.arrows):
        assert [box for box in scene.boxes if box.kind in CARDS and meet(piece, area(box))] == []
        texts = [text for text in scene.texts if text.within and id(text.within) not in labels]
        assert [text.text for text in texts if meet(piece, text_area(text))] == []


def test_no_two_arrows_share_a_stretch_or_an_end(state: StackState) -> None:
    scene = laid_out(read(state))
    arrows = [arrow for arrow in scene.arrows if arrow.kind == "in"]
    for one, other in combinations(arrows, 2):
        assert one.points[-1] != other.points[-1]
        for piece, beside in product(segments([one]), segments([other])):
            assert flat(piece) != flat(beside) or not meet(piece, beside), (one, other)


def flat(piece: Area) -> bool:
    return piece[3] - piece[1] <= 1


def test_a_frame_is_around_the_hosts_of_its_group_and_nothing_else(state: StackState) -> None:
    found = read(state)
    scene = laid_out(found)
    for frame in (box for box in scene.boxes if box.kind == "frame"):
        held = {box.tip for box in scene.boxes if box.kind == "host" and meet(area(box), area(frame))}
        assert held == {host.name for host in found.members(frame.tip)}
        assert not [box for box in scene.boxes if box.kind == "nat" and meet(area(box), area(frame))]
        assert all(inside(area(box), area(frame)) for box in scene.boxes if box.tip in held and box.kind == "host")


def test_the_pair_is_all_there() -> None:
    scene = laid_out(read(StackState()))
    texts = [text.text for text in scene.texts]
    for words in (
        "VPC 10.20.0.0/16", "internet gateway", "NAT gateway 198.51.100.1", "public-1", "private-2", "server-subnet",
        "public subnet, 10.20.16.0/20", "eu-central-1b", "security group client", "security group server",
        "group jump", "jump host", "client-1", "private 10.20.16.4", "public 198.51.100.4", "t3.micro", "server",
        "no public address", "operators", "203.0.113.7/32", "everyone else", "no way in", "MySQL 9.7.4-2",
        "databases: app", "app", "from 10.20.0.0/16", "all of app", "80, 443", "out: 80, 443 to 0.0.0.0/0",
    ):  # fmt: skip
        assert words in texts, words
    assert sorted(text.text for text in scene.texts if text.font == "port") == [
        "22 ssh",
        "22 ssh",
        "3306 MySQL",
        "80, 443",
    ]
    assert {arrow.tip for arrow in scene.arrows if arrow.kind == "in"} == {
        "203.0.113.7/32 to 22 ssh of client",
        "group jump to 22 ssh of server",
        "group client to 3306 MySQL of server",
    }


def test_every_host_and_rule_of_a_large_stack_is_seen() -> None:
    found = read(states.LARGE)
    scene = laid_out(found)
    seen = {word for text in scene.texts for word in (text.text, text.tip)}
    assert {host.name for host in found.hosts} <= seen
    assert {f"private {host.private_ip}" for host in found.hosts} <= seen
    assert {rule.peer for rule in found.ways_in if found.outsiders(rule)} <= seen
    assert len({text.text for text in scene.texts if text.tip.startswith("reports-of-a")}) == 2, "not cut to the same"
    inner = [arrow.tip for arrow in scene.arrows if arrow.tip.startswith("group ") and "sg-" not in arrow.tip]
    assert sorted(inner) == [
        "group client to 3306 MySQL of server; group client to 33060 mysqlx of server",
        "group jump to 22 ssh of client",
        "group jump to 22 ssh of server",
    ]
    assert "and 18 more" in seen and "and 6 more" in seen


def test_a_crowd_is_counted() -> None:
    seen = [text.text for text in laid_out(read(states.CROWD)).texts]
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
        (states.PAIR_RULES, {"no way in", "No address range", "reaches server."}),
        (
            [Rule("server", cidr("0.0.0.0/0"), 3306)],
            {"no way in but 3306", "MySQL", "anyone at all", "No address range"},
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
    texts = {text.text for text in laid_out(read(StackState(rules=rules))).texts}
    assert seen <= texts, texts


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
    texts = {text.text for text in laid_out(read(StackState(rules=(), more=more))).texts}
    assert seen <= texts, texts


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
    scene = laid_out(read(StackState(users=(user("app", **more),))))
    assert [text.text for text in scene.texts if text.font == "mark"] == marks


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
