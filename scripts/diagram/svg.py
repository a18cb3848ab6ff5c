"""Writes a scene as SVG: one file that needs nothing else, on its own ground, so that it is legible anywhere."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from scripts.diagram.scene import FONTS, Arrow, Box, Scene, Text

FAMILY = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
BOXES = {
    "ground": {"fill": "#ffffff", "stroke": "#d5dbe1", "rx": "12"},
    "vpc": {"fill": "#f7f9fb", "stroke": "#5b6b7b", "stroke-width": "2", "rx": "10"},
    "public": {"fill": "#eaf6ec", "stroke": "#7fb58a", "rx": "6"},
    "private": {"fill": "#e9f1fb", "stroke": "#86a9d3", "rx": "6"},
    "subnet": {"fill": "#eef0f3", "stroke": "#9aa5b1", "rx": "6"},
    "frame": {"fill": "none", "stroke": "#6b3fa0", "stroke-width": "1.6", "stroke-dasharray": "6 4", "rx": "6"},
    "host": {"fill": "#ffffff", "stroke": "#8794a1", "rx": "6"},
    "mysql": {"fill": "#fff7e6", "stroke": "#e0b252", "rx": "5"},
    "nat": {"fill": "#ffffff", "stroke": "#5b6b7b", "rx": "15"},
    "source": {"fill": "#ffffff", "stroke": "#5b6b7b", "rx": "6"},
    "shut": {"fill": "#fff5f4", "stroke": "#e0a29c", "rx": "6"},
    "outside": {"fill": "#ffffff", "stroke": "#5b6b7b", "rx": "13"},
    "chip": {"fill": "#f3edfa", "stroke": "#b79bd8", "rx": "9"},
    "port": {"fill": "#ffffff", "stroke": "#1f2933", "stroke-width": "1.4", "rx": "11"},
    "way": {"fill": "#ffffff", "stroke": "#5b6b7b", "stroke-dasharray": "3 3", "rx": "11"},
    "gate": {"fill": "#46566a", "stroke": "#46566a", "rx": "11"},
}
ARROWS = {
    "in": {"stroke": "#1f2933", "stroke-width": "1.8", "marker-end": "url(#in)"},
    "out": {"stroke": "#5b6b7b", "stroke-width": "1.5", "stroke-dasharray": "3 3", "marker-end": "url(#out)"},
    "refused": {"stroke": "#b42318", "stroke-width": "1.6", "stroke-dasharray": "5 4"},
}
HEADS = {"in": "#1f2933", "out": "#5b6b7b"}
HEAD = """
<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9"
        markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="{color}" /></marker>
"""


def svg(scene: Scene) -> str:
    """Return the drawing as text, the same for the same scene."""
    width, height = number(scene.width), number(scene.height)
    root = Xml.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height}",
            "width": width,
            "height": height,
            "role": "img",
            "aria-labelledby": "title description",
            "font-family": FAMILY,
        },
    )
    Xml.SubElement(root, "title", {"id": "title"}).text = scene.title
    Xml.SubElement(root, "desc", {"id": "description"}).text = scene.description
    _heads(root)
    for box in scene.boxes:
        _box(root, box)
    for arrow in scene.arrows:
        _arrow(root, arrow)
    for box in scene.labels:
        _box(root, box)
    for text in scene.texts:
        _text(root, text)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode") + "\n"


def number(value: float) -> str:
    """Return a length with at most one digit behind the point."""
    return f"{value:.1f}".removesuffix(".0")


def _heads(root: Xml.Element) -> None:
    definitions = Xml.SubElement(root, "defs")
    for name, color in HEADS.items():
        definitions.append(Xml.fromstring(HEAD.format(name=name, color=color)))  # noqa: S314  made here


def _box(root: Xml.Element, box: Box) -> None:
    place = {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
    made = Xml.SubElement(root, "rect", {**{key: number(value) for key, value in place.items()}, **BOXES[box.kind]})
    _tip(made, box.tip)


def _arrow(root: Xml.Element, arrow: Arrow) -> None:
    path = " ".join(f"{'L' if count else 'M'}{number(x)} {number(y)}" for count, (x, y) in enumerate(arrow.points))
    made = Xml.SubElement(root, "path", {"d": path, "fill": "none", **ARROWS[arrow.kind]})
    _tip(made, arrow.tip)


def _text(root: Xml.Element, text: Text) -> None:
    font = FONTS[text.font]
    words = {"x": number(text.x), "y": number(text.y), "font-size": number(font.size), "fill": font.color}
    if font.bold:
        words["font-weight"] = "600"
    if text.anchor != "start":
        words["text-anchor"] = text.anchor
    made = Xml.SubElement(root, "text", words)
    made.text = text.text
    _tip(made, text.tip)


def _tip(element: Xml.Element, tip: str) -> None:
    if tip:
        Xml.SubElement(element, "title").text = tip
