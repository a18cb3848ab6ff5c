"""Text with holes: Jinja templates that lie beside the module that fills them."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Template


@cache
def template(folder: Path, name: str, **filters: Callable[..., Any]) -> "Template":
    """Return a template; every value in one of Graphviz's is escaped as XML has it.

    Args:
        folder: where it lies.
        name: its file's.
        filters: what it calls by a name of its own.
    """
    import jinja2  # here, as few commands fill a template

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=jinja2.select_autoescape(["dot.j2"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment.get_template(name)
