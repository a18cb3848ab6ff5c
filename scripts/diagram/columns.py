"""One column of a picture: subnets one below the other, their hosts, and the frame of the group that these are in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scripts.diagram import describe
from scripts.diagram.model import Host, Picture, Subnet
from scripts.diagram.scene import LINE, Box, Scene, fitted, text_width, wrapped

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


def card(scene: Scene, kind: str, x: float, y: float, width: float, lines: Iterable[Line], at_least: float = 0) -> Box:
    """Draw a box with lines in it, as high as they need, and return it."""
    broken = [(font, part, text) for font, text in lines for part in wrapped(text, font, width - 2 * PAD)]
    needed = len(broken) * LINE + sum(NAME_GAP for font, _, _ in broken if font == "name")
    box = scene.box(kind, x, y, width, max(needed + 14, at_least))
    baseline = y + (box.height - needed) / 2 - 4
    for font, part, whole in broken:
        baseline += LINE + (NAME_GAP if font == "name" else 0)
        scene.text(font, x + PAD, baseline, part, box, tip=whole if part not in whole else "")
    return box


class Column:
    """A column. `first` and `bottom` are known once it is drawn."""

    def __init__(
        self, scene: Scene, picture: Picture, x: float, width: float, hosts: Sequence[Host], empty_too: bool
    ) -> None:
        """Take what is drawn in it: these hosts' subnets, and those without hosts too if that is asked for."""
        self._scene, self._picture, self._x, self._width, self._hosts = scene, picture, x, width, hosts
        self.group_id = picture.common_group(hosts)
        self.hosts: dict[str, Box] = {}
        self.nats: list[Box] = []
        self.frame: Box | None = None
        self.first: Box | None = None
        self.bottom = 0.0
        subnet_ids = {host.subnet_id for host in hosts}
        if empty_too:
            subnet_ids |= {subnet.id for subnet in picture.subnets} - {host.subnet_id for host in picture.hosts}
        self._subnets = sorted((subnet for subnet in picture.subnets if subnet.id in subnet_ids), key=self._order)
        self._frame_top = 0.0

    def _order(self, subnet: Subnet) -> tuple[int, bool]:
        """Return the order: those with hosts in one run, as a frame goes around it, and the NAT gateway above it."""
        nat = any(nat.subnet_id == subnet.id for nat in self._picture.nats)
        members = [host for host in self._hosts if host.subnet_id == subnet.id]
        place = {(True, False): 0, (True, True): 1, (False, True): 2, (False, False): 3}[nat, bool(members)]
        return place, not any(host.jump for host in members)

    def draw(self, y: float) -> None:
        """Draw it from there on down."""
        self.bottom = y
        for subnet in self._subnets:
            place = len(self._scene.boxes)
            self.bottom = self._content(subnet, y)
            kind = {True: "public", False: "private", None: "subnet"}[subnet.public]
            box = Box(kind, self._x, y, self._width, self.bottom - y, subnet.id)
            self._scene.boxes.insert(place, box)
            self.first = self.first or box
            left, right, room = box.x + HOST_IN, box.right - HOST_IN, box.width - 2 * HOST_IN
            room_for_name = room - text_width(subnet.zone, "quiet") - 8
            self._scene.text("head", left, y + 20, subnet.name, box, width=room_for_name)
            self._scene.text("quiet", right, y + 20, subnet.zone, box, "end")
            self._scene.text("quiet", left, y + 37, subnet.words, box, width=room)
            y = self.bottom + GAP

    def _content(self, subnet: Subnet, y: float) -> float:
        """Draw what is in a subnet; return its lower edge."""
        inner = y + SUBNET_HEAD
        for nat in self._picture.nats:
            if nat.subnet_id == subnet.id:
                box = self._scene.box("nat", self._x + HOST_IN, inner, self._width - 2 * HOST_IN, NAT_HEIGHT)
                words = f"NAT gateway {nat.public_ip}"
                self._scene.text("text", box.x + box.width / 2, box.middle + 4.5, words, box, "middle")
                self.nats.append(box)
                inner = box.bottom + GAP
        for host in self._hosts:
            if host.subnet_id == subnet.id:
                if self.group_id and not self.hosts:
                    self._frame_top = inner
                    inner += FRAME_HEAD
                inner = self._host(host, inner).bottom + GAP
                if self.group_id and len(self.hosts) == len(self._hosts):
                    inner = self._close_frame(self.group_id, inner).bottom + GAP
        return inner if inner > y + SUBNET_HEAD else inner - 2

    def _close_frame(self, group_id: str, y: float) -> Box:
        """Draw the frame around all hosts and return it; the ways out stand in it from `y` on."""
        x, width = self._x + FRAME_IN, self._width - 2 * FRAME_IN
        ways = describe.ways_out(self._picture, [group_id])
        lines = [line for way in ways for line in wrapped(f"out: {way}", "ways", width - 2 * PAD)]
        bottom = y + len(lines) * LINE + (2 if lines else 0)
        self.frame = frame = self._scene.box("frame", x, self._frame_top, width, bottom - self._frame_top, group_id)
        title = f"security group {describe.group(self._picture, group_id)}"
        self._scene.text("frame", x + PAD, frame.y + 17, title, frame, tip=group_id, width=width - 2 * PAD)
        for count, line in enumerate(lines):
            self._scene.text("ways", x + PAD, y + 9 + count * LINE, line, frame)
        return frame

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
        self._scene.text("head", x + PAD, y + 20, host.name, box, width=room)
        self._scene.text("quiet", box.right - PAD, y + 20, host.instance_type, box, "end")
        for count, line in enumerate(lines):
            self._scene.text("text", x + PAD, y + 37 + count * LINE, line, box)
        self.hosts[host.name] = box
        return box

    def _chips(self, marks: Sequence[str], x: float, y: float, room: float) -> float:
        """Draw labels in rows; return where they end."""
        at, top = x, y
        for mark in marks:
            width = text_width(fitted(mark, "chip", room - 14), "chip") + 14
            if at > x and at + width > x + room:
                at, top = x, top + CHIP_HEIGHT + 4
            box = Box("chip", at, top, width, CHIP_HEIGHT, mark)
            self._scene.labels.append(box)
            self._scene.text("chip", at + width / 2, top + 14, mark, box, "middle", width=room - 14)
            at += width + 6
        return top + CHIP_HEIGHT if marks else y - 4

    def _mysql(self, x: float, y: float, width: float) -> Box:
        """Draw MySQL, its databases and users, and return its box."""
        mysql = self._picture.mysql
        databases = list(mysql.databases[:DATABASES])
        if len(mysql.databases) > DATABASES:
            databases.append(f"and {len(mysql.databases) - DATABASES} more")
        tls = "TLS required" if mysql.tls_required else "TLS offered"
        lines: list[Line] = [
            ("head", f"MySQL {mysql.version}"),
            ("quiet", f"port {mysql.port}, {tls}, identity checked"),
            ("text", f"databases: {', '.join(databases) or 'none'}"),
            ("text", "users:" if mysql.users else "users: none"),
        ]
        for user in mysql.users[:USERS]:
            lines += [("name", user.key), ("quiet", f"from {user.host}"), ("quiet", user.access)]
            lines += [("mark", mark) for mark in user.marks]
        if len(mysql.users) > USERS:
            lines.append(("text", f"and {len(mysql.users) - USERS} more"))
        return card(self._scene, "mysql", x, y, width, lines)
