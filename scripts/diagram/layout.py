"""Lays a picture out: who comes from outside at the left, client hosts in the middle, the server at the right.

Every place follows by arithmetic from what stands above and left of it. A security group that all client hosts are in,
or the server, is a frame around them; of other groups each member has a label.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policy.rules.security_groups import Rule
from scripts.diagram import columns, describe
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


@dataclass(frozen=True)
class _End:
    """Where arrows of a security group end or begin: its frame, or the hosts that are labelled with it."""

    box: Box
    column: str


class _Layout:
    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.scene = Scene(WIDTH, describe.title(picture), describe.description(picture))
        self.top = VPC_Y if picture.internet_gateway else VPC_Y_ALONE
        self.middle = columns.Column(
            self.scene, picture, MIDDLE_X, MIDDLE_WIDTH, picture.clients, empty_too=True
        )
        self.right = columns.Column(self.scene, picture, SERVER_X, SERVER_WIDTH, (picture.server,), empty_too=False)
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
        self.scene.texts.append(Text("quiet", LEFT_X + 8, bottom + GAP + 16, FOOT, ground))

    def _head(self, ground: Box, vpc: Box) -> None:
        """Draw the title, the internet, the VPC's name and its gateways."""
        picture, texts = self.picture, self.scene.texts
        place = [f"stack {picture.stack}", picture.region, f"MySQL {picture.mysql.version}"]
        texts.append(Text("title", LEFT_X + 8, TITLE_Y, "A MySQL server and its clients", ground))
        self.scene.text("quiet", VPC_RIGHT - 8, TITLE_Y, " · ".join(filter(None, place)), ground, "end", width=500)
        name = f"VPC {picture.vpc_cidr}" if picture.vpc_cidr else f"VPC {picture.vpc_id}, not of this stack"
        texts.append(Text("head", VPC_RIGHT - 16, self.top + 28, name, vpc, "end", picture.vpc_id))
        if picture.internet_gateway:
            gate = self.scene.label("gate", MIDDLE_X + 50, VPC_Y, "gate", "internet gateway")
            internet = self.scene.label(
                "outside", gate.x + gate.width / 2, INTERNET_Y, "quiet", "the internet, for packages"
            )
            x = internet.x + internet.width / 2
            self.scene.arrows.append(Arrow("out", [(x, VPC_Y - 11), (x, INTERNET_Y + 12)]))
            for nat in self.middle.nats:
                path = [(nat.x, nat.middle), (OUT_X, nat.middle), (OUT_X, VPC_Y + 12)]
                self.scene.arrows.append(Arrow("out", path, "out by the internet gateway"))

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
        """Return where the arrows of the first of these groups begin or end."""
        for group_id in group_ids:
            for column, name in ((self.middle, "middle"), (self.right, "right")):
                if column.group_id == group_id and column.frame:
                    return _End(column.frame, name)
            members = self.picture.members(group_id)
            if members:
                first = members[0]
                own = self.right if first == self.picture.server else self.middle
                return _End(own.hosts[first.name], "right" if own is self.right else "middle")
        return _End(self.right.hosts[self.picture.server.name], "right")

    def _inside(self) -> float:
        """Draw what the stack's own hosts reach, from above to below; return where the lowest ends."""
        pairs: dict[tuple[str, str], list[Rule]] = {}
        for rule in self.picture.ways_in:
            if not self.picture.outsiders(rule) and self.picture.members(rule.group):
                pairs.setdefault((rule.peer, rule.group), []).append(rule)
        ends = [(self._end([peer]), self._end([group]), rules) for (peer, group), rules in pairs.items()]
        wishes = [(self._wish(start.box, end.box), start.column == end.column) for start, end, _ in ends]
        lowest = 0.0
        for (wish, _), (start, end, rules) in sorted(zip(wishes, ends, strict=True), key=lambda wished: wished[0]):
            lowest = self._between(start, end, rules, wish, lowest)
        return max(lowest, self.middle.bottom, self.right.bottom)

    def _wish(self, start: Box, end: Box) -> float:
        """Return how high an arrow is to begin: of a frame, where it can run straight to its end."""
        if start not in self._frames():
            return start.y + 20
        top, bottom = max(start.y, end.y), min(start.bottom, end.bottom)
        return (top + bottom) / 2 + 8 if bottom - top > 2 * PORT_STEP else start.middle

    def _frames(self) -> list[Box]:
        return [frame for frame in (self.middle.frame, self.right.frame) if frame]

    def _between(self, start: _End, end: _End, rules: Sequence[Rule], wish: float, above: float) -> float:
        """Draw an arrow from one group to another, below those above it; return its lower end."""
        step = PORT_STEP * (len(rules) - 1) / 2
        y = max(wish, above + PORT_STEP + step)
        tip = "; ".join(self._sentence(rule) for rule in rules)
        if start.column == end.column:
            side = -1 if start.column == "right" else 1
            edge, to = (start.box.x, end.box.x) if side < 0 else (start.box.right, end.box.right)
            turn, y2 = LANE - side * 24, y + 40 + 2 * step
            if y2 > end.box.bottom - 8:  # a frame that is too low: into its upper part
                y, y2 = y2, y
            path = [(edge, y), (turn, y), (turn, y2), (to + side, y2)]
            self._ports(turn, (y + y2) / 2, rules, tip)
            lower = max(y, y2) + step
        else:
            leftward = start.column == "right"
            edge, to = (start.box.x, end.box.right + 1) if leftward else (start.box.right, end.box.x - 1)
            path = [(edge, y), (to, y)]
            if not end.box.y + 12 <= y <= self._lowest_end(end.box):
                turn = MIDDLE_X + MIDDLE_WIDTH + 12 if leftward else ENTER_X - self.turned * TURN_STEP
                y2 = self._lowest_end(end.box) if y > end.box.y + 12 else end.box.y + 12
                path = [(edge, y), (turn, y), (turn, y2), (to, y2)]
                self.turned += 1
            self._ports(LANE, y, rules, tip)
            lower = y + 13 + step
        self.scene.arrows.append(Arrow("in", path, tip))
        return lower

    def _lowest_end(self, box: Box) -> float:
        """Return how low an arrow may end: above those that have turned up to there already."""
        return box.bottom - TRACK_STEP * (1 + self.turned)

    def _ports(self, x: float, y: float, rules: Sequence[Rule], tip: str) -> None:
        top = y - PORT_STEP * (len(rules) - 1) / 2
        for count, rule in enumerate(rules):
            clear = LEFT_X + LEFT_WIDTH + 14 + text_width(self.picture.label(rule), "port") / 2  # of who is outside
            self.scene.label("port", max(x, clear), top + count * PORT_STEP, "port", self.picture.label(rule), tip)

    def _sentence(self, rule: Rule) -> str:
        peer, group = describe.peer(self.picture, rule), describe.group(self.picture, rule.group)
        return f"{peer} to {self.picture.label(rule)} of {group}"

    # Arrows from outside -----------------------------------------------------------------------------------------

    def _outside(self) -> float:
        """Draw who is outside and what they reach; return where the lowest ends."""
        near, far = self._split(cards(self.picture))
        top = self.middle.frame or self.middle.first or self.right.first
        y = top.y if top else self.top + VPC_HEAD
        tracks: list[tuple[float, list[Rule]]] = []
        entry, bent = y, 0
        for source in near:
            box, lanes = self._card(source, y)
            y = box.bottom + GAP
            for (group_id, rules), at in zip(source.targets, lanes, strict=True):
                end = self._end([group_id])
                if end.column == "middle":
                    entry = max(entry + 14, min(at, end.box.bottom - 12))
                    self._enter(at, entry, end.box, rules, UP_X + bent * BESIDE)
                    bent += at != entry
                else:
                    tracks.append((at, rules))
        y = self._refused(y) + GAP
        below = self.middle.bottom + GAP + 14
        for source in far:
            # Its arrows begin below the tracks of those above it, and below the clients.
            box, lanes = self._card(source, max(y, below + (len(tracks) - 1) * TRACK_STEP - (4 if tracks else 0)))
            y = box.bottom + GAP
            tracks += [(at, rules) for (_, rules), at in zip(source.targets, lanes, strict=True)]
        lowest = y - GAP
        for count, (at, rules) in enumerate(tracks):
            lowest = max(lowest, self._track(at, max(at, below + count * TRACK_STEP), count, len(tracks), rules))
        self.turned = len(tracks)
        return lowest

    def _split(self, sources: Sequence[Source]) -> tuple[list[Source], list[Source]]:
        """Return the sources that reach clients, and those that reach the server alone."""
        near: list[Source] = []
        far: list[Source] = []
        for source in sources:
            reached = {self._end([group_id]).column for group_id, _ in source.targets}
            (near if "middle" in reached else far).append(source)
        return near, far

    def _card(self, source: Source, y: float) -> tuple[Box, list[float]]:
        """Draw a card; return it, and where its arrows begin."""
        heights = [PORT_STEP * len(rules) for _, rules in source.targets]
        box = columns.card(
            self.scene, "source", LEFT_X, y, LEFT_WIDTH, [("head", source.title), *source.lines], sum(heights) + 4
        )
        at, starts = box.middle - sum(heights) / 2, []
        for height in heights:
            starts.append(at + height / 2)
            at += height
        return box, starts

    def _enter(self, at: float, entry: float, end: Box, rules: Sequence[Rule], turn: float) -> None:
        tip = "; ".join(map(self._sentence, rules))
        straight = [(LEFT_X + LEFT_WIDTH, at), (end.x - 1, at)]
        turning = [(LEFT_X + LEFT_WIDTH, at), (turn, at), (turn, entry), (end.x - 1, entry)]
        self.scene.arrows.append(Arrow("in", straight if at == entry else turning, tip))
        self._ports(VPC_X, at, rules, tip)

    def _track(self, at: float, below: float, count: int, total: int, rules: Sequence[Rule]) -> float:
        """Draw an arrow that passes below the clients to the server; return how low it goes.

        The highest track turns up first and ends highest, so that no two cross.
        """
        end, tip = self._end([rules[0].group]).box, "; ".join(map(self._sentence, rules))
        path, later = [(LEFT_X + LEFT_WIDTH, at)], total - 1 - count
        if at != below:
            turn = DOWN_X - count * BESIDE
            path += [(turn, at), (turn, below)]
        entry = min(below, end.bottom - TRACK_STEP * (1 + later))
        if entry != below:
            turn = ENTER_X - later * TURN_STEP
            path += [(turn, below), (turn, entry)]
        self.scene.arrows.append(Arrow("in", [*path, (end.x - 1, entry)], tip))
        self._ports(VPC_X, at, rules, tip)
        return below + PORT_STEP * len(rules) / 2

    def _refused(self, y: float) -> float:
        """Draw everyone else, whom nothing lets in; return where that ends."""
        picture, open_ports = self.picture, self.picture.open_to_anyone
        lines = [("alarm", f"no way in but {', '.join(open_ports)}" if open_ports else "no way in")]
        if picture.sealed:
            lines.append(("quiet", f"No address range reaches {', '.join(host.name for host in picture.sealed)}."))
        box = columns.card(self.scene, "shut", LEFT_X, y, LEFT_WIDTH, [("head", "everyone else"), *lines], 40)
        at = box.y + 22
        self.scene.arrows.append(Arrow("refused", [(box.right, at), (VPC_X - 12, at)], "refused"))
        self.scene.texts.append(Text("cross", VPC_X - 9, at + 6, "✕", None, "middle"))
        return box.bottom

