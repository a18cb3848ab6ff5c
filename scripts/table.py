"""Rows as a table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

GAP = "  "


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the table; a cell may have several lines, and none can do anything to the terminal."""
    cells = [[cell.split("\n") for cell in row] for row in [head, *rows]]
    cells = [[[printable(line) for line in cell] for cell in row] for row in cells]
    widths = [max(len(line) for row in cells for line in row[column]) for column in range(len(head))]
    return "\n".join(line for row in cells for line in _lines(row, widths))


def printable(text: str) -> str:
    """Return the text with everything that is no visible character as an escape: a MySQL name may have anything."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _lines(row: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    height = max(map(len, row))
    padded = [[*cell, *[""] * (height - len(cell))] for cell in row]
    return [
        GAP.join(cell[number].ljust(width) for cell, width in zip(padded, widths, strict=True)).rstrip()
        for number in range(height)
    ]
