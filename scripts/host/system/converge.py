#!/usr/bin/env python3
"""Make this host be as a JSON document on standard input describes it, from whatever state it is in.

Usage: converge.py <DOCUMENT, as root. The document has commands (those of every boot, which change nothing the second
time), packages, files, authorized_keys and mysql; the modules of those names say more. Run twice, or again after it
was cut off anywhere, it ends in the same place. Prints one JSON object; exits with 1 and the reason on standard error.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

from scripts.host.client import trust_store
from scripts.host.common import process, stdin
from scripts.host.common.errors import HostError
from scripts.host.mysql import initialization
from scripts.host.mysql.values import Value
from scripts.host.system import files, packages
from scripts.host.system.files import File


class Mysql(TypedDict):
    """A server's part."""

    option_file: str
    content: str
    settings: dict[str, Value]


class Document(TypedDict):
    """What a host is to be."""

    commands: list[list[str]]
    packages: list[str]
    files: list[File]
    authorized_keys: str | None
    mysql: Mysql | None


def converge(document: Document) -> dict[str, Any]:
    """Do it, part by part, and return what the caller wants to know of the host.

    Raises:
        HostError: a part failed, and the parts after it were not begun.
    """
    for command in document["commands"]:
        process.must(command)
    install = partial(packages.converge, document["packages"])
    if document["mysql"] is None:
        install()
    else:
        initialization.mended(install)
    files.converge(document["files"])
    trust_store.converge()
    if document["authorized_keys"] is not None:
        files.authorize(document["authorized_keys"])
    return {} if document["mysql"] is None else converge_mysql(document["mysql"])


def converge_mysql(mysql: Mysql) -> dict[str, Any]:
    """Do a server's part."""
    # Only here: a client has no driver, and a server has it from the packages just installed.
    from scripts.host.mysql import secure_installation, server, settings, time_zones

    try:
        # First, if it can be: the settings may name a time zone.
        if running := server.start():
            time_zones.converge()
        settings.converge(Path(mysql["option_file"]), mysql["content"], mysql["settings"])
        if not running:
            time_zones.converge()
        secure_installation.converge()
        version = server.Server().one("SELECT VERSION()")
    except server.Error as error:
        raise HostError(server.said(error)) from error
    return {"mysql_version": version}


def main() -> int:
    """Read the document and make it so; return the exit code."""
    return stdin.answer(converge)


if __name__ == "__main__":
    sys.exit(main())
