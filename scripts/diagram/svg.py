"""Has Graphviz draw a picture: one SVG file that needs nothing else, with words for those who do not see it."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as Xml

from scripts.diagram.arrows import arrows, cards, columns, port
from scripts.diagram.model import Picture
from scripts.stack import OperatorError
from scripts.template import template

SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
SECONDS = 60
"""How long Graphviz may take; a hundred client hosts take it half a second."""
ELLIPSIS = "…"
FOLDER = Path(__file__).parent


def svg(picture: Picture) -> str:
    """Return the drawing as text: the same for the same picture, drawn by the same Graphviz.

    Raises:
        OperatorError: Graphviz is not installed, or fails.
    """
    root = Xml.fromstring(_drawn(graph(picture)))  # noqa: S314  Graphviz's; a comment with its version is dropped
    _set_tips(root, [arrow.tip for arrow in arrows(picture)])
    root.attrib |= {"role": "img", "aria-labelledby": "title description"}
    root.insert(0, _element("title", f"{picture.title}: stack {picture.stack}", id="title"))
    root.insert(1, _element("desc", description(picture), id="description"))
    Xml.register_namespace("", SVG.strip("{}"))
    return Xml.tostring(root, encoding="unicode") + "\n"


def graph(picture: Picture) -> str:
    """Return the picture in Graphviz's language."""
    dot = template(FOLDER, "picture.dot.j2", cut=cut, port=port)
    return dot.render(picture=picture, columns=columns(picture), cards=cards(picture), arrows=arrows(picture))


def description(picture: Picture) -> str:
    """Return all that the picture shows, one sentence a line."""
    return template(FOLDER, "description.txt.j2").render(picture=picture)


def cut(text: str, length: int) -> str:
    """Return a text that is cut where it is longer: in its middle, as names of a kind differ at their ends."""
    tail = length // 3
    return text if len(text) <= length else text[: length - tail - 1] + ELLIPSIS + text[-tail:]


def _drawn(source: str) -> str:
    try:
        done = subprocess.run(
            ["dot", "-Tsvg"], input=source, capture_output=True, encoding="utf-8", check=False, timeout=SECONDS
        )
    except FileNotFoundError:
        hint = "on Debian and Ubuntu: `sudo apt-get install graphviz`"
        raise OperatorError(f"Graphviz draws the diagram, and there is no `dot` on PATH; {hint}") from None
    except subprocess.TimeoutExpired:
        raise OperatorError(f"Graphviz did not finish the diagram in {SECONDS} seconds") from None
    if done.returncode:
        raise OperatorError(f"Graphviz cannot draw the diagram:\n{done.stderr.strip()}")
    return done.stdout


def _set_tips(root: Xml.Element, arrows: Sequence[str]) -> None:
    """Make a title, which is shown as a tip, of each of Graphviz's links, and none of the names of its nodes."""
    for element in root.iter():
        for title in element.findall(f"{SVG}title"):
            element.remove(title)
    for element in list(root.iter(f"{SVG}a")):
        tip = element.attrib[f"{LINK}title"]
        is_number = f"{LINK}href" not in element.attrib and tip.isdigit()
        element.tag, element.attrib = f"{SVG}g", {}
        element.insert(0, _element("title", arrows[int(tip)] if is_number else tip))


def _element(tag: str, text: str, **attributes: str) -> Xml.Element:
    element = Xml.Element(f"{SVG}{tag}", attributes)
    element.text = text
    return element
