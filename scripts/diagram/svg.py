"""Writes a scene as SVG: one file that needs nothing else, on its own ground, so that it is legible anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as Xml

from scripts.diagram.scene import FONTS, STYLE, Arrow, Box, Scene, Text


def svg(scene: Scene) -> str:
    """Return the drawing as text, the same for the same scene."""
    width, height = number(scene.width), number(scene.height)
    size = {"viewBox": f"0 0 {width} {height}", "width": width, "height": height}
    root = Xml.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, **STYLE["svg"]})
    Xml.SubElement(root, "title", {"id": "title"}).text = scene.title
    Xml.SubElement(root, "desc", {"id": "description"}).text = scene.description
    definitions = Xml.SubElement(root, "defs")
    for name, color in STYLE["head-colors"].items():
        marker = Xml.SubElement(definitions, "marker", {"id": name, **STYLE["head"]})
        Xml.SubElement(marker, "path", {"d": "M0 0 L10 5 L0 10 z", "fill": color})
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


def _box(root: Xml.Element, box: Box) -> None:
    place = {"x": number(box.x), "y": number(box.y), "width": number(box.width), "height": number(box.height)}
    _add(root, "rect", {**place, **STYLE["boxes"][box.kind]}, box.tip)


def _arrow(root: Xml.Element, arrow: Arrow) -> None:
    path = " ".join(f"{'L' if count else 'M'}{number(x)} {number(y)}" for count, (x, y) in enumerate(arrow.points))
    _add(root, "path", {"d": path, "fill": "none", **STYLE["arrows"][arrow.kind]}, arrow.tip)


def _text(root: Xml.Element, text: Text) -> None:
    font = FONTS[text.font]
    words = {"x": number(text.x), "y": number(text.y), "font-size": number(font.size), "fill": font.color}
    if font.bold:
        words["font-weight"] = "600"
    if text.anchor != "start":
        words["text-anchor"] = text.anchor
    _add(root, "text", words, text.tip, text.text)


def _add(root: Xml.Element, tag: str, attributes: Mapping[str, str], tip: str, content: str | None = None) -> None:
    element = Xml.SubElement(root, tag, dict(attributes))
    element.text = content
    if tip:
        Xml.SubElement(element, "title").text = tip
