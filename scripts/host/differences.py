#!/usr/bin/env python3
"""Print, as a JSON list, where this host is not as a JSON document on standard input describes it; change nothing.

Usage: differences.py <DOCUMENT, as root. The document has what the stack's commands were given: `converged`, the
document of converge.py; `certificate`, null or the identity for certify.py and the authority that it printed; `tools`,
the files beside this one by name. What is compared, and how, is in the modules that put it right. MySQL's accounts are
compared by accounts.py. Exits with 1 and the reason on standard error if it could not tell.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

import files
import host
import packages
from converge import Document, Mysql
from host import Difference
from tls import Identity

TOOLS = Path(__file__).resolve().parent


class Certificate(TypedDict):
    """A server's certificate."""

    identity: Identity
    authority: str


class Wanted(TypedDict):
    """What a host is to be."""

    converged: Document
    certificate: Certificate | None
    tools: dict[str, str]


def differences(wanted: Wanted) -> list[Difference]:
    """Return all there are.

    Raises:
        HostError: something could not be told.
    """
    document = wanted["converged"]
    rows = tool_differences(wanted["tools"])
    rows += packages.differences(document["packages"])
    rows += files.differences(document["files"])
    if document["authorized_keys"] is not None:
        rows += files.key_differences(document["authorized_keys"])
    if document["mysql"] is not None:
        rows += mysql_differences(document["mysql"], wanted["certificate"])
    return rows


def tool_differences(tools: Mapping[str, str]) -> list[Difference]:
    """Return which of these scripts are not as they were put here."""
    rows = []
    for name, text in tools.items():
        path = TOOLS / name
        found = host.digest(path.read_bytes()) if path.exists() else "missing"
        if found != (expected := host.digest(text.encode())):
            rows.append(host.difference("file", str(path), "content", expected, found))
    return rows


def mysql_differences(mysql: Mysql, certificate: Certificate | None) -> list[Difference]:
    """Return those of a server's part."""
    # Only here: a client has no driver. One that was removed from the server is in the list of packages already.
    try:
        import mysql_server
    except ImportError as error:
        raise host.HostError(f"what MySQL has cannot be read: {error}") from error
    import certify
    import mysql_hygiene
    import mysql_settings
    import mysql_time_zones
    import mysql_tls

    try:
        rows = mysql_settings.file_differences(Path(mysql["option_file"]), mysql["content"])
        server = mysql_server.Server() if mysql_server.is_up() else None
        if server is None:
            state = host.run(["systemctl", "is-active", mysql_server.SERVICE]).stdout.strip()
            rows.append(host.difference("service", mysql_server.SERVICE, "state", "active", state or "unknown"))
        else:
            rows += mysql_settings.differences(server, mysql["settings"])
            rows += mysql_hygiene.differences(server)
            rows += mysql_time_zones.differences(server)
        if certificate is not None:
            rows += mysql_tls.differences(server, certificate["identity"], certificate["authority"])
            rows += certify.differences()
    except mysql_server.Error as error:
        raise host.HostError(mysql_server.said(error)) from error
    return rows


def main() -> int:
    """Read the document and compare; return the exit code."""
    return host.answer(differences)


if __name__ == "__main__":
    sys.exit(main())
