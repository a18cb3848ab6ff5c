"""Launchers: two-line shell scripts by which the engine, or a user's shell, reaches the lab's Python."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.cloud.store import write_atomically

FIRST_LINE = "# made by the lab of mysql-pair; every run writes it anew"
"""How a launcher is told from a user's file or an official plugin, which are never overwritten."""


def write_launcher(path: Path, command: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
    """Write an executable that becomes `command`, with the caller's arguments after its own.

    Args:
        path: the file to write; its folder is made.
        command: program and first arguments, taken literally.
        variables: what is added to the caller's environment.
    """
    exports = [f"export {name}={shlex.quote(value)}" for name, value in (variables or {}).items()]
    text = "\n".join(["#!/bin/sh", FIRST_LINE, *exports, f'exec {shlex.join(command)} "$@"', ""])
    write_atomically(path, text, mode=0o755)


def is_launcher(path: Path) -> bool:
    """Tell whether a file is a launcher."""
    try:
        with path.open("rb") as file:
            return FIRST_LINE.encode() in file.read(256)
    except OSError:
        return False
