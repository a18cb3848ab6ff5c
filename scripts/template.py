"""Text with holes: Jinja templates that lie beside the module that fills them."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape


@cache
def template(folder: Path, name: str, **filters: Callable[..., Any]) -> Template:
    """Return a template; every value in one of Graphviz's is escaped as XML has it.

    Args:
        folder: where it lies.
        name: its file's.
        filters: what it calls by a name of its own.
    """
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(["dot.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment.get_template(name)
