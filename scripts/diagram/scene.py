"""What a drawing is made of: boxes, texts and arrows in pixels; and how wide a text is, as far as one can tell."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ELLIPSIS = "…"
STYLE = tomllib.loads(Path(__file__).with_name("style.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Font:
    """How a kind of text is set."""

    size: float
    bold: bool = False
    color: str = "#1f2933"


FONTS = {kind: Font(**font) for kind, font in STYLE["fonts"].items()}
LINE = 17
"""Pixels from a line of text to the next."""

_WIDTHS = (("iIjl|.,:;'!· ", 0.34), ('ftr()[]{}-/\\"`', 0.45), ("mMW@%w—…", 1.0), ("ABCDEFGHKNOPQRUVXY&<>=+~#", 0.8))
_EM = {sign: width for signs, width in _WIDTHS for sign in signs}
_BOLD = 1.1


@dataclass(frozen=True)
class Box:
    """A rectangle; `kind` says how it looks."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    tip: str = ""
    """What a pointer that rests on it is told."""

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """Half its height."""
        return self.y + self.height / 2


@dataclass(frozen=True)
class Text:
    """A line of text. `y` is its baseline, `x` its start, middle or end, as the anchor says."""

    font: str
    x: float
    y: float
    text: str
    within: Box | None = None
    anchor: str = "start"
    tip: str = ""

    @property
    def extent(self) -> tuple[float, float]:
        """Where it begins and ends, by the widest of the usual fonts."""
        width = text_width(self.text, self.font)
        start = self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return start, start + width


@dataclass(frozen=True)
class Arrow:
    """A line through points, with a head at its end if it has one."""

    kind: str
    points: Sequence[tuple[float, float]]
    tip: str = ""


@dataclass
class Scene:
    """A drawing. Later things lie on earlier ones: boxes, then arrows, then what labels them."""

    width: float
    title: str
    description: str
    height: float = 0
    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    labels: list[Box] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    def box(self, kind: str, x: float, y: float, width: float, height: float, tip: str = "") -> Box:
        """Add a box and return it."""
        box = Box(kind, x, y, width, height, tip)
        self.boxes.append(box)
        return box

    def text(
        self,
        font: str,
        x: float,
        y: float,
        text: str,
        box: Box,
        anchor: str = "start",
        tip: str = "",
        width: float | None = None,
    ) -> None:
        """Add a text in a box; one that is wider than it may be is cut, and the whole of it is its tip."""
        short = text if width is None else fitted(text, font, width)
        self.texts.append(Text(font, x, y, short, box, anchor, tip if short == text else text))

    def label(self, kind: str, x: float, y: float, font: str, text: str, tip: str = "") -> Box:
        """Add a small box around a text, centred at a point, and return it."""
        width = text_width(text, font) + 16
        box = Box(kind, x - width / 2, y - 11, width, 22, tip)
        self.labels.append(box)
        self.text(font, x, y + 4.5, text, box, "middle")
        return box


def text_width(text: str, font: str) -> float:
    """Return a text's width in pixels, estimated for DejaVu Sans: other usual fonts are narrower."""
    style = FONTS[font]
    return sum(map(_em, text)) * style.size * (_BOLD if style.bold else 1)


def fitted(text: str, font: str, width: float) -> str:
    """Return a text that is cut where it would be wider: in its middle, as names of a kind differ at their ends."""
    if text_width(text, font) <= width:
        return text
    for length in range(len(text) - 1, 0, -1):
        tail = length // 3
        short = text[: length - tail] + ELLIPSIS + text[len(text) - tail :]
        if text_width(short, font) <= width:
            return short
    return ELLIPSIS


def wrapped(text: str, font: str, width: float) -> list[str]:
    """Return a text in lines that are no wider, broken at spaces; a word that is too wide by itself is cut."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, font) <= width:
            lines[-1] = longer
        else:
            lines.append(fitted(word, font, width))
    return lines


def _em(sign: str) -> float:
    if sign in _EM:
        return _EM[sign]
    if ord(sign) < 0x250:
        return 0.65 if sign.isascii() else 0.8
    return 0.0 if unicodedata.combining(sign) else 1.1
