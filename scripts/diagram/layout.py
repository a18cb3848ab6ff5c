"""Lays a picture out: who comes from outside at the left, client hosts in the middle, the server at the right.

Every place follows by arithmetic from what stands above and left of it. A security group that all client hosts are in,
or the server, is a frame around them; of other groups each member has a label.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from policy.rules.security_groups import Rule
from scripts.diagram import describe
from scripts.diagram.columns import Column, card
from scripts.diagram.model import Picture
from scripts.diagram.scene import Arrow, Box, Scene, Text, text_width
from scripts.diagram.sources import Source, cards

WIDTH, EDGE, GAP = 1000, 16, 12
LEFT_X, LEFT_WIDTH = 16, 170
VPC_X, VPC_RIGHT = 240, 984
MIDDLE_X, MIDDLE_WIDTH = 292, 274
SERVER_X, SERVER_WIDTH = 690, 278
LANE = (MIDDLE_X + MIDDLE_WIDTH + SERVER_X) / 2
"""The middle of the lane between clients and server, where its ports stand."""
TITLE_Y, INTERNET_Y = 38, 78
VPC_Y, VPC_Y_ALONE = 132, 66
"""The VPC's upper edge, below the internet, and where the stack has no gateway to it."""
VPC_HEAD = 46
OUT_X = MIDDLE_X - 20
"""Where the way out leaves the VPC: between its edge and the subnets."""
DOWN_X, UP_X, BESIDE = MIDDLE_X - 16, MIDDLE_X - 11, 4
"""Where an arrow from outside turns down to pass below the clients, and up to them; and the next one beside it."""
ENTER_X = SERVER_X - 12
"""Where it turns up to the server."""
WAY_WIDTH = 86
"""Of the ports on the way out."""
PORT_STEP = 26
"""From one port's label to the next below it."""
TRACK_STEP, TURN_STEP = 14, 8
"""From one arrow that passes below the clients to the next."""
FOOT = (
    "An arrow is a rule: the security group at its end lets its start in, to that port. Dotted: the way out. "
    "There are no other ways."
)


def laid_out(picture: Picture) -> Scene:
    """Return the drawing of a stack."""
    return _Layout(picture).scene


class _End(NamedTuple):
    """Where arrows of a security group end or begin: its frame, or the first host that is labelled with it."""

    box: Box
    column: Column


class _Layout:
    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.scene = Scene(WIDTH, describe.title(picture), describe.description(picture))
        self.top = VPC_Y if picture.internet_gateway else VPC_Y_ALONE
        self.middle = Column(self.scene, picture, MIDDLE_X, MIDDLE_WIDTH, picture.clients, empty_too=True)
        self.right = Column(self.scene, picture, SERVER_X, SERVER_WIDTH, (picture.server,), empty_too=False)
        self.turned = 0
        """How many arrows have come to the server from below."""
        self._draw()

    def _draw(self) -> None:
        self.middle.draw(self.top + VPC_HEAD)
        self.right.draw(self.top + VPC_HEAD)
        bottom = max(self._outside(), self._inside()) + GAP
        self.scene.height = bottom + GAP + 34
        ground = Box("ground", 0.5, 0.5, WIDTH - 1, self.scene.height - 1)
        vpc = Box("vpc", VPC_X, self.top, VPC_RIGHT - VPC_X, bottom - self.top)
        self.scene.boxes[:0] = [ground, vpc]
        self._head(ground, vpc)
        self._way_by_nat()
        self.scene.text("quiet", LEFT_X + 8, bottom + GAP + 16, FOOT, ground)

    def _head(self, ground: Box, vpc: Box) -> None:
        """Draw the title, the internet, the VPC's name and its gateways."""
        picture, scene = self.picture, self.scene
        place = [f"stack {picture.stack}", picture.region, f"MySQL {picture.mysql.version}"]
        scene.text("title", LEFT_X + 8, TITLE_Y, "A MySQL server and its clients", ground)
        scene.text("quiet", VPC_RIGHT - 8, TITLE_Y, " · ".join(filter(None, place)), ground, "end", width=500)
        name = f"VPC {picture.vpc_cidr}" if picture.vpc_cidr else f"VPC {picture.vpc_id}, not of this stack"
        scene.text("head", VPC_RIGHT - 16, self.top + 28, name, vpc, "end", picture.vpc_id)
        if picture.internet_gateway:
            gate = scene.label("gate", MIDDLE_X + 50, VPC_Y, "gate", "internet gateway")
            x = gate.x + gate.width / 2
            scene.label("outside", x, INTERNET_Y, "quiet", "the internet, for packages")
            scene.arrows.append(Arrow("out", [(x, VPC_Y - 11), (x, INTERNET_Y + 12)]))
            for nat in self.middle.nats:
                path = [(nat.x, nat.middle), (OUT_X, nat.middle), (OUT_X, VPC_Y + 12)]
                scene.arrows.append(Arrow("out", path, "out by the internet gateway"))

    def _way_by_nat(self) -> None:
        server, nats = self.picture.server, self.middle.nats
        subnet = next(subnet for subnet in self.picture.subnets if subnet.id == server.subnet_id)
        ways = describe.ways_out(self.picture, server.group_ids)
        if not (subnet.nat_routed and nats and ways):
            return
        nat, start = nats[0], self._end(server.group_ids).box
        y = nat.middle
        self.scene.arrows.append(Arrow("out", [(start.x, y), (nat.right + 1, y)], "; ".join(ways)))
        reached = {port for ports in self.picture.ranges_reached(server.group_ids).values() for port in ports}
        label = ", ".join(sorted(reached, key=lambda text: (len(text), text)))
        label = label if text_width(label, "port") <= WAY_WIDTH else "ways out"
        self.scene.label("way", LANE, y, "port", label, "; ".join(ways))

    # Arrows between the stack's own groups -----------------------------------------------------------------------

    def _end(self, group_ids: Iterable[str]) -> _End:
        """Return where the arrows of the first of these groups that has hosts begin or end."""
        for group_id in group_ids:
            for host in self.picture.members(group_id):
                column = self.right if host == self.picture.server else self.middle
                frame = column.frame if column.group_id == group_id else None
                return _End(frame or column.hosts[host.name], column)
        return _End(self.right.hosts[self.picture.server.name], self.right)

    def _inside(self) -> float:
        """Draw what the stack's own hosts reach, from above to below; return where the lowest ends."""
        pairs: dict[tuple[str, str], list[Rule]] = {}
        for rule in self.picture.ways_in:
            if not self.picture.outsiders(rule) and self.picture.members(rule.group):
                pairs.setdefault((rule.peer, rule.group), []).append(rule)
        arrows = []
        for (peer, group), rules in pairs.items():
            start, end = self._end([peer]), self._end([group])
            order = self._wish(start.box, end.box), start.column is end.column
            arrows.append((order, start, end, rules))
        lowest = 0.0
        for (wish, _), start, end, rules in sorted(arrows, key=lambda arrow: arrow[0]):
            lowest = self._between(start, end, rules, wish, lowest)
        return max(lowest, self.middle.bottom, self.right.bottom)

    def _wish(self, start: Box, end: Box) -> float:
        """Return how high an arrow is to begin: of a frame, where it can run straight to its end."""
        if start not in (self.middle.frame, self.right.frame):
            return start.y + 20
        top, bottom = max(start.y, end.y), min(start.bottom, end.bottom)
        return (top + bottom) / 2 + 8 if bottom - top > 2 * PORT_STEP else start.middle

    def _between(self, start: _End, end: _End, rules: Sequence[Rule], wish: float, above: float) -> float:
        """Draw an arrow from one group to another, below those above it; return its lower end."""
        step = PORT_STEP * (len(rules) - 1) / 2
        y = max(wish, above + PORT_STEP + step)
        if start.column is end.column:
            side = -1 if start.column is self.right else 1
            edge, to = (start.box.x, end.box.x) if side < 0 else (start.box.right, end.box.right)
            turn, y2 = LANE - side * 24, y + 40 + 2 * step
            if y2 > end.box.bottom - 8:  # a frame that is too low: into its upper part
                y, y2 = y2, y
            path = [(edge, y), (turn, y), (turn, y2), (to + side, y2)]
            self._arrow(path, rules, turn, (y + y2) / 2)
            lower = max(y, y2) + step
        else:
            leftward = start.column is self.right
            edge, to = (start.box.x, end.box.right + 1) if leftward else (start.box.right, end.box.x - 1)
            path = [(edge, y), (to, y)]
            if not end.box.y + 12 <= y <= self._lowest_end(end.box):
                turn = MIDDLE_X + MIDDLE_WIDTH + 12 if leftward else ENTER_X - self.turned * TURN_STEP
                y2 = self._lowest_end(end.box) if y > end.box.y + 12 else end.box.y + 12
                path = [(edge, y), (turn, y), (turn, y2), (to, y2)]
                self.turned += 1
            self._arrow(path, rules, LANE, y)
            lower = y + 13 + step
        return lower

    def _lowest_end(self, box: Box) -> float:
        """Return how low an arrow may end: above those that have turned up to there already."""
        return box.bottom - TRACK_STEP * (1 + self.turned)

    def _arrow(self, path: Sequence[tuple[float, float]], rules: Sequence[Rule], x: float, y: float) -> None:
        """Draw an arrow, and the ports of its rules one below the other around a point."""
        tip = "; ".join(describe.reach(self.picture, rule) for rule in rules)
        self.scene.arrows.append(Arrow("in", path, tip))
        top = y - PORT_STEP * (len(rules) - 1) / 2
        for count, rule in enumerate(rules):
            label = self.picture.label(rule)
            clear = LEFT_X + LEFT_WIDTH + 14 + text_width(label, "port") / 2  # of who is outside
            self.scene.label("port", max(x, clear), top + count * PORT_STEP, "port", label, tip)

    # Arrows from outside -----------------------------------------------------------------------------------------

    def _outside(self) -> float:
        """Draw who is outside and what they reach; return where the lowest ends."""
        near, far = list[Source](), list[Source]()
        for source in cards(self.picture):
            reached = [self._end([rules[0].group]).column for rules in source.targets]
            (near if self.middle in reached else far).append(source)
        top = self.middle.frame or self.middle.first or self.right.first
        y = top.y if top else self.top + VPC_HEAD
        tracks: list[tuple[float, list[Rule]]] = []
        entry, bent = y, 0
        for source in near:
            y, lanes = self._card(source, y)
            for at, rules in lanes:
                end = self._end([rules[0].group])
                if end.column is self.middle:
                    entry = max(entry + 14, min(at, end.box.bottom - 12))
                    self._enter(at, entry, end.box, rules, UP_X + bent * BESIDE)
                    bent += at != entry
                else:
                    tracks.append((at, rules))
        y = self._refused(y) + GAP
        below = self.middle.bottom + GAP + 14
        for source in far:
            # Its arrows begin below the tracks of those above it, and below the clients.
            y, lanes = self._card(source, max(y, below + (len(tracks) - 1) * TRACK_STEP - (4 if tracks else 0)))
            tracks += lanes
        lowest = y - GAP
        for count, (at, rules) in enumerate(tracks):
            lowest = max(lowest, self._track(at, max(at, below + count * TRACK_STEP), count, len(tracks), rules))
        self.turned = len(tracks)
        return lowest

    def _card(self, source: Source, y: float) -> tuple[float, list[tuple[float, list[Rule]]]]:
        """Draw a card; return where the next one may stand, and where the arrows of each target begin."""
        height = sum(PORT_STEP * len(rules) for rules in source.targets)
        lines = [("head", source.title), *source.lines]
        box = card(self.scene, "source", LEFT_X, y, LEFT_WIDTH, lines, height + 4)
        top, lanes = box.middle - height / 2, []
        for rules in source.targets:
            lanes.append((top + PORT_STEP * len(rules) / 2, rules))
            top += PORT_STEP * len(rules)
        return box.bottom + GAP, lanes

    def _enter(self, at: float, entry: float, end: Box, rules: Sequence[Rule], turn: float) -> None:
        """Draw an arrow to clients: straight, or with a turn to where it enters."""
        bend = [(turn, at), (turn, entry)] if at != entry else []
        self._arrow([(LEFT_X + LEFT_WIDTH, at), *bend, (end.x - 1, entry)], rules, VPC_X, at)

    def _track(self, at: float, below: float, count: int, total: int, rules: Sequence[Rule]) -> float:
        """Draw an arrow that passes below the clients to the server; return how low it goes.

        The highest track turns up first and ends highest, so that no two cross.
        """
        end = self._end([rules[0].group]).box
        path, later = [(LEFT_X + LEFT_WIDTH, at)], total - 1 - count
        if at != below:
            turn = DOWN_X - count * BESIDE
            path += [(turn, at), (turn, below)]
        entry = min(below, end.bottom - TRACK_STEP * (1 + later))
        if entry != below:
            turn = ENTER_X - later * TURN_STEP
            path += [(turn, below), (turn, entry)]
        self._arrow([*path, (end.x - 1, entry)], rules, VPC_X, at)
        return below + PORT_STEP * len(rules) / 2

    def _refused(self, y: float) -> float:
        """Draw everyone else, whom nothing lets in; return where that ends."""
        picture, open_ports = self.picture, self.picture.open_to_anyone
        lines = [("alarm", f"no way in but {', '.join(open_ports)}" if open_ports else "no way in")]
        if picture.sealed:
            lines.append(("quiet", f"No address range reaches {', '.join(host.name for host in picture.sealed)}."))
        box = card(self.scene, "shut", LEFT_X, y, LEFT_WIDTH, [("head", "everyone else"), *lines], 40)
        at = box.y + 22
        self.scene.arrows.append(Arrow("refused", [(box.right, at), (VPC_X - 12, at)], "refused"))
        self.scene.texts.append(Text("cross", VPC_X - 9, at + 6, "✕", None, "middle"))
        return box.bottom
