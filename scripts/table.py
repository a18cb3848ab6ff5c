"""Rows as a table, at a terminal as wide as that is."""

import sys
from collections.abc import Sequence

UNLIMITED = 100_000
"""Columns of a pipe or a file: whoever reads it there finds every cell whole, on lines of its own."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the table; a cell may have several lines, and none can do anything to the terminal."""
    from rich.console import Console  # here, as most commands have no table
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in head:
        grid.add_column(title, overflow="fold")
    for row in rows:
        # Texts are shown as they are: as strings they would be markup of rich's.
        grid.add_row(*(Text("\n".join(map(printable, cell.split("\n")))) for cell in row))
    terminal = sys.stdout.isatty()
    console = Console(force_terminal=terminal, width=None if terminal else UNLIMITED)
    with console.capture() as capture:
        console.print(grid)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def printable(text: str) -> str:
    """Return the text with everything that is no visible character as an escape: a MySQL name may have anything."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
