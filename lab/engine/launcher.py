"""Launchers: two-line shell scripts by which the engine, or a user's shell, reaches Python of this work tree."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.cloud.store import write_atomically

MARK = "# made by the lab of mysql-pair; every run writes it anew"
"""How a file of ours is told from a user's or an official one, which is never overwritten."""


def write_launcher(path: Path, command: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
    """Write an executable that becomes `command`, with the caller's arguments after its own.

    Args:
        path: the file to write; its folder is made.
        command: program and first arguments, taken literally.
        variables: what is added to the caller's environment.
    """
    exports = [f"export {name}={shlex.quote(value)}" for name, value in (variables or {}).items()]
    text = "\n".join(["#!/bin/sh", MARK, *exports, f'exec {shlex.join(command)} "$@"', ""])
    write_atomically(path, text, mode=0o755)


def is_launcher(path: Path) -> bool:
    """Say whether a file is one of ours."""
    try:
        with path.open("rb") as file:
            return MARK.encode() in file.read(256)
    except OSError:
        return False
