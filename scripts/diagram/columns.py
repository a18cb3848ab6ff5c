"""One column of a picture: subnets one below the other, their hosts, and the frame of the group that these are in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from policy.rules.security_groups import Rule
from scripts.diagram import describe
from scripts.diagram.model import Host, Picture, Subnet, ports
from scripts.diagram.scene import LINE, Box, Scene, Text, fitted, text_width, wrapped

PAD, GAP = 10, 10
FRAME_IN, HOST_IN = 8, 18
"""From a subnet's edge to the frame, and to a host."""
SUBNET_HEAD, FRAME_HEAD, NAT_HEIGHT, CHIP_HEIGHT = 46, 24, 28, 20
NAME_GAP = 6
"""Above the name of one of several things in a box."""
USERS, DATABASES = 12, 8
"""How many are shown; the rest are counted."""

Line = tuple[str, str]
"""Kind of text, and the text."""


class Cut(NamedTuple):
    """A text that fits, and the whole one if it had to be cut."""

    text: str
    tip: str


def cut(font: str, text: str, width: float) -> Cut:
    """Return a text that is no wider."""
    short = fitted(text, font, width)
    return Cut(short, "" if short == text else text)


def card(scene: Scene, kind: str, x: float, y: float, width: float, lines: Iterable[Line], at_least: float = 0) -> Box:
    """Draw a box with lines in it, as high as they need, and return it."""
    broken = [(font, part, text) for font, text in lines for part in wrapped(text, font, width - 2 * PAD)]
    needed = len(broken) * LINE + sum(NAME_GAP for font, _, _ in broken if font == "name")
    box = scene.box(kind, x, y, width, max(needed + 14, at_least))
    baseline = y + (box.height - needed) / 2 - 4
    for font, part, whole in broken:
        baseline += LINE + (NAME_GAP if font == "name" else 0)
        scene.texts.append(Text(font, x + PAD, baseline, part, box, tip=whole if part not in whole else ""))
    return box


def to_range(rule: Rule, group_ids: Iterable[str]) -> bool:
    """Tell whether a rule is a way out of these groups to addresses."""
    return rule.group in group_ids and not rule.by_group


def ways_out(picture: Picture, group_ids: Iterable[str]) -> list[str]:
    """Return to which addresses these groups may go, and to which ports there."""
    held, by_peer = list(group_ids), dict[str, list[str]]()
    for rule in picture.ways_out:
        if to_range(rule, held) and ports(rule) not in by_peer.setdefault(rule.peer, []):
            by_peer[rule.peer].append(ports(rule))
    return [f"{', '.join(reached)} to {peer}" for peer, reached in by_peer.items()]


class Column:
    """A column. `first` and `bottom` are known once it is drawn."""

    def __init__(
        self, scene: Scene, picture: Picture, x: float, width: float, hosts: Sequence[Host], without: str | None
    ) -> None:
        """Take what is drawn in it: these hosts' subnets; and all that stay empty, but for one, if there is one."""
        self._scene, self._picture, self._x, self._width, self._hosts = scene, picture, x, width, hosts
        self.group_id = picture.common_group(hosts)
        self.hosts: dict[str, Box] = {}
        self.nats: list[Box] = []
        self.frame: Box | None = None
        self.first: Box | None = None
        self.bottom = 0.0
        self._subnets = sorted(self._of(without), key=self._order)
        self._left = len(hosts)
        self._frame_top = 0.0

    def _of(self, without: str | None) -> list[Subnet]:
        own = {host.subnet_id for host in self._hosts}
        taken = {host.subnet_id for host in self._picture.hosts}
        empty = set() if without is None else {subnet.id for subnet in self._picture.subnets} - taken
        return [subnet for subnet in self._picture.subnets if subnet.id in own | empty]

    def _order(self, subnet: Subnet) -> tuple[int, bool]:
        """Return the order: those with hosts in one run, as a frame goes around it, and the NAT gateway above it."""
        nat = any(nat.subnet_id == subnet.id for nat in self._picture.nats)
        here = [host for host in self._hosts if host.subnet_id == subnet.id]
        place = {(True, False): 0, (True, True): 1, (False, True): 2, (False, False): 3}[nat, bool(here)]
        return place, not any(host.jump for host in here)

    def draw(self, y: float) -> None:
        """Draw it from there on down."""
        self.bottom = y
        for subnet in self._subnets:
            place = len(self._scene.boxes)
            self.bottom = self._subnet(subnet, y)
            kind = {True: "public", False: "private", None: "subnet"}[subnet.public]
            box = Box(kind, self._x, y, self._width, self.bottom - y, subnet.id)
            self._scene.boxes.insert(place, box)
            self.first = self.first or box
            self._subnet_head(subnet, box)
            y = self.bottom + GAP

    def _subnet_head(self, subnet: Subnet, box: Box) -> None:
        room = box.width - 2 * HOST_IN
        zone = Text("quiet", box.right - HOST_IN, box.y + 20, subnet.zone, box, "end")
        name = cut("head", subnet.name, room - text_width(subnet.zone, "quiet") - 8)
        words = cut("quiet", subnet.words, room)
        self._scene.texts += [
            Text("head", box.x + HOST_IN, box.y + 20, name.text, box, tip=name.tip),
            zone,
            Text("quiet", box.x + HOST_IN, box.y + 37, words.text, box, tip=words.tip),
        ]

    def _subnet(self, subnet: Subnet, y: float) -> float:
        """Draw what is in a subnet; return its lower edge."""
        inner = y + SUBNET_HEAD
        for nat in self._picture.nats:
            if nat.subnet_id == subnet.id:
                box = self._scene.box("nat", self._x + HOST_IN, inner, self._width - 2 * HOST_IN, NAT_HEIGHT)
                words = f"NAT gateway {nat.public_ip}"
                self._scene.texts.append(Text("text", box.x + box.width / 2, box.middle + 4.5, words, box, "middle"))
                self.nats.append(box)
                inner = box.bottom + GAP
        here = [host for host in self._hosts if host.subnet_id == subnet.id]
        for host in here:
            if self._left == len(self._hosts) and self.group_id:
                self._frame_top = inner
                inner += FRAME_HEAD
            inner = self._host(host, inner).bottom + GAP
            self._left -= 1
            if self._left == 0 and self.group_id:
                inner = self._close_frame(inner) + GAP
        return inner - (0 if here or inner > y + SUBNET_HEAD else 2)

    def _close_frame(self, y: float) -> float:
        """Draw the frame around all hosts; return its lower edge."""
        group_id = self.group_id or ""
        x, width = self._x + FRAME_IN, self._width - 2 * FRAME_IN
        lines = [part for way in ways_out(self._picture, [group_id]) for part in self._way_lines(way, width - 2 * PAD)]
        bottom = y + len(lines) * LINE + (2 if lines else 0)
        self.frame = self._scene.box("frame", x, self._frame_top, width, bottom - self._frame_top, group_id)
        title = cut("frame", f"security group {describe.group(self._picture, group_id)}", width - 2 * PAD)
        texts = self._scene.texts
        texts.append(Text("frame", x + PAD, self._frame_top + 17, title.text, self.frame, tip=title.tip or group_id))
        for count, line in enumerate(lines):
            texts.append(Text("ways", x + PAD, y + 9 + count * LINE, line, self.frame))
        return bottom

    def _way_lines(self, way: str, width: float) -> list[str]:
        return wrapped(f"out: {way}", "ways", width)

    def _host(self, host: Host, y: float) -> Box:
        """Draw a host, and what runs on it, and return its box."""
        place, width = len(self._scene.boxes), self._width - 2 * HOST_IN
        x, lines = self._x + HOST_IN, [f"private {host.private_ip}"]
        lines.append(f"public {host.public_ip}" if host.public_ip else "no public address")
        inner = y + 28 + len(lines) * LINE
        others = [group_id for group_id in host.group_ids if group_id != self.group_id]
        marks = ["jump host"] if host.jump else []
        marks += [f"group {describe.group(self._picture, group_id)}" for group_id in others]
        inner = self._chips(marks, x + PAD, inner, width - 2 * PAD)
        if host == self._picture.server:
            inner = self._mysql(x + 7, inner + 4, width - 14).bottom + 1
        box = Box("host", x, y, width, inner + 8 - y, host.name)
        self._scene.boxes.insert(place, box)
        room = width - 2 * PAD - text_width(host.instance_type, "quiet") - 8
        name, texts = cut("head", host.name, room), self._scene.texts
        texts.append(Text("head", x + PAD, y + 20, name.text, box, tip=name.tip))
        texts.append(Text("quiet", box.right - PAD, y + 20, host.instance_type, box, "end"))
        for count, line in enumerate(lines):
            texts.append(Text("text", x + PAD, y + 37 + count * LINE, line, box))
        self.hosts[host.name] = box
        return box

    def _chips(self, marks: Sequence[str], x: float, y: float, room: float) -> float:
        """Draw labels in rows; return where they end."""
        at, top = x, y
        for mark in marks:
            short = cut("chip", mark, room - 14)
            width = text_width(short.text, "chip") + 14
            if at > x and at + width > x + room:
                at, top = x, top + CHIP_HEIGHT + 4
            box = Box("chip", at, top, width, CHIP_HEIGHT, mark)
            self._scene.labels.append(box)
            self._scene.texts.append(Text("chip", at + width / 2, top + 14, short.text, box, "middle", short.tip))
            at += width + 6
        return top + CHIP_HEIGHT if marks else y - 4

    def _mysql(self, x: float, y: float, width: float) -> Box:
        """Draw MySQL, its databases and users, and return its box."""
        mysql = self._picture.mysql
        shown = list(mysql.databases[:DATABASES])
        if len(mysql.databases) > DATABASES:
            shown.append(f"and {len(mysql.databases) - DATABASES} more")
        tls = "TLS required" if mysql.tls_required else "TLS offered"
        lines: list[Line] = [
            ("head", f"MySQL {mysql.version}"),
            ("quiet", f"port {mysql.port}, {tls}, identity checked"),
            ("text", f"databases: {', '.join(shown) or 'none'}"),
            ("text", "users:" if mysql.users else "users: none"),
        ]
        for user in mysql.users[:USERS]:
            lines += [("name", user.key), ("quiet", f"from {user.host}"), ("quiet", user.access)]
            lines += [("mark", mark) for mark in user.marks]
        if len(mysql.users) > USERS:
            lines.append(("text", f"and {len(mysql.users) - USERS} more"))
        return card(self._scene, "mysql", x, y, width, lines)
