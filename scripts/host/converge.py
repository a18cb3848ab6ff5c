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

import files
import host
import mysql_initialization
import packages
import trust_store
from files import File
from mysql_values import Value


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
        host.must(command)
    install = partial(packages.converge, document["packages"])
    if document["mysql"] is None:
        install()
    else:
        mysql_initialization.mended(install)
    files.converge(document["files"])
    trust_store.converge()
    if document["authorized_keys"] is not None:
        files.authorize(document["authorized_keys"])
    return {} if document["mysql"] is None else converge_mysql(document["mysql"])


def converge_mysql(mysql: Mysql) -> dict[str, Any]:
    """Do a server's part."""
    # Only here: a client has no driver, and a server has it from the packages just installed.
    import mysql_hygiene
    import mysql_server
    import mysql_settings
    import mysql_time_zones

    try:
        # First, if it can be: the settings may name a time zone.
        if running := mysql_server.start():
            mysql_time_zones.converge()
        mysql_settings.converge(Path(mysql["option_file"]), mysql["content"], mysql["settings"])
        if not running:
            mysql_time_zones.converge()
        mysql_hygiene.converge()
        version = mysql_server.Server().one("SELECT VERSION()")
    except mysql_server.Error as error:
        raise host.HostError(mysql_server.said(error)) from error
    return {"mysql_version": version}


def main() -> int:
    """Read the document and make it so; return the exit code."""
    return host.answer(converge)


if __name__ == "__main__":
    sys.exit(main())
